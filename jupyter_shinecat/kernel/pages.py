"""What a query finds, fetched page by page as it is looked at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from jupyter_shinecat.scicat import BadRequest, CatalogClient, CatalogError, Query
from jupyter_shinecat.scicat import Dataset as Record
from jupyter_shinecat.scicat.paging import FEATURE, page_behind

from . import session
from .refused import at_its_place

PAGE_ROWS = 100
_WALK_ROWS = 500
_PAGES_KEPT = 50

T = TypeVar("T")


class Pages:
    """The records of one query.

    Parameters
    ----------
    query
        What to find; its ``limit`` and ``skip`` are not used.
    limit
        At most so many; None for all.
    typed
        The text that the query was read from, where there is one: places in errors are in it.
    """

    def __init__(self, query: Query, limit: int | None = None, typed: str = "") -> None:
        self.query = query
        self.limit = limit
        self._typed = typed
        self._kept: OrderedDict[int, list[Record]] = OrderedDict()
        self._total: int | None = None
        self._checked = False

    @property
    def total(self) -> int:
        """How many datasets fit, the limit apart; asked once."""
        if self._total is None:
            first = self._kept.get(0)
            if first is not None and len(first) < self._wanted(0, PAGE_ROWS) and (self.limit or PAGE_ROWS) > len(first):
                self._total = len(first)
            else:
                self._total = self.counts(())[0]
        return self._total

    def __len__(self) -> int:
        return self.total if self.limit is None else min(self.total, self.limit)

    def record(self, index: int) -> Record:
        """The record at a place counted from 0; `IndexError` where there is none."""
        page, place = divmod(index, PAGE_ROWS)
        return self.page(page)[place]

    def known(self, pid: str) -> Record | None:
        """The record with this PID, if it was fetched already."""
        return next((one for page in self._kept.values() for one in page if one.pid == pid), None)

    def page(self, number: int) -> list[Record]:
        """The records of one page."""
        if number in self._kept:
            self._kept.move_to_end(number)
            return self._kept[number]
        start = number * PAGE_ROWS
        found = self._fetch(start, self._wanted(start, PAGE_ROWS))
        self._kept[number] = found
        if len(self._kept) > _PAGES_KEPT:
            self._kept.popitem(last=False)
        return found

    def walk(self) -> Iterator[Record]:
        """All records in their order, each once, even where datasets arrive meanwhile."""
        seen: set[str] = set()
        for found in self._pages():
            for one in found:
                if one.pid not in seen:
                    if self.limit is not None and len(seen) >= self.limit:
                        return
                    seen.add(one.pid)
                    yield one

    def _pages(self) -> Iterator[list[Record]]:
        first = self.page(0)
        yield first
        wanted = self._wanted(0, PAGE_ROWS)
        if len(first) < wanted or self.limit == wanted:
            return
        if FEATURE in session.features():
            yield from self._pages_by_cursor(first[-1].pid)
        else:
            yield from self._pages_skipping(len(first))

    def _pages_by_cursor(self, last: str) -> Iterator[list[Record]]:
        """From the beginning, without what stands before the record ``last``, the end of the first page."""
        query, cursor = msgspec.structs.replace(self.query, limit=_WALK_ROWS), ""
        begun = False
        while True:
            found, cursor = self._ask(partial(page_behind, query=query, cursor=cursor))
            if not begun:
                place = next((number for number, one in enumerate(found) if one.pid == last), -1)
                found, begun = found[place + 1 :], True
            yield found
            if not cursor:
                return

    def _pages_skipping(self, skip: int) -> Iterator[list[Record]]:
        while True:
            wanted = self._wanted(skip, _WALK_ROWS)
            found = self._fetch(skip, wanted)
            yield found
            skip += len(found)
            if len(found) < wanted or wanted == 0:
                return

    def counts(self, names: Sequence[str]) -> tuple[int, dict[str, dict[str, int]]]:
        """Number of datasets that fit, and counts by value of the named fields."""
        self._check()
        self._total, counted = self._ask(lambda catalog: catalog.facets(self.query, names))
        if self._total == 0 and self.query.conditions:
            self.page(0)  # of conditions that nothing can fulfil, only a search says so
        return self._total, counted

    def _wanted(self, skip: int, rows: int) -> int:
        return rows if self.limit is None else max(0, min(rows, self.limit - skip))

    def _fetch(self, skip: int, limit: int) -> list[Record]:
        if limit == 0:
            return []
        self._check()
        query = msgspec.structs.replace(self.query, skip=skip, limit=limit)
        return self._ask(lambda catalog: _as_stored(catalog, query))

    def _ask(self, call: Callable[[CatalogClient], T]) -> T:
        """Ask the catalog; a refusal that names a condition points at it."""
        try:
            return session.ask(call)
        except BadRequest as cause:
            pointed = at_its_place(cause, self.query.conditions, self._typed)
            if pointed is None:
                raise
            raise pointed from None

    def _check(self) -> None:
        if self.query.conditions and not self._checked:
            self.query.check(session.features())
            self._checked = True


def _as_stored(catalog: CatalogClient, query: Query) -> list[Record]:
    found = catalog.search(query)
    if not any(condition.unit for condition in query.conditions) or session.features():
        return found
    # A real SciCat rewrites the values that a condition names into its unit, rounded to three digits.
    pids = [one.pid for one in found]
    stored = {one.pid: one for one in catalog.find({"pid": {"inq": pids}}, limit=len(pids))} if pids else {}
    return [stored.get(one.pid, one) for one in found]


def instruments_named(catalog: CatalogClient, names: Sequence[str]) -> tuple[str, ...]:
    """The names, and the identifiers of instruments called so."""
    from jupyter_shinecat.scicat import operations

    ids = list(names)
    for name in names:
        try:
            known = catalog.send(operations.listed("instruments", {"or": [{"name": name}, {"uniqueName": name}]}))
        except CatalogError:
            continue  # not for everybody to list; places tell it too
        ids += [str(one["pid"]) for one in known if one.get("pid")]
    return tuple(dict.fromkeys(ids))
