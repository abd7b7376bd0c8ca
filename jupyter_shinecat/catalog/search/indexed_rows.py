"""Hits from the index, joined with what changed since, and checked on the documents.

The index is a little behind the store. What changed after its state is taken out of its answer and judged on the
documents themselves, so that every answer is that of one moment of the store: a caller's own write is in it, and access
that was narrowed is narrow at once.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

from tantivy import FieldType, Occur, Order, Query

from jupyter_shinecat.catalog.access import Visible
from jupyter_shinecat.catalog.search.about import no_note
from jupyter_shinecat.catalog.search.compile import Compiled, Compiler
from jupyter_shinecat.catalog.search.condition import Always, And, Condition, OneOf, Or, both
from jupyter_shinecat.catalog.search.file_names import Judge
from jupyter_shinecat.catalog.search.options import Limits, sort_value
from jupyter_shinecat.catalog.search.ordering import Order as Sort
from jupyter_shinecat.catalog.search.ordering import Rank, rank_of
from jupyter_shinecat.catalog.search.patience import kept, timed
from jupyter_shinecat.catalog.search.read_before import ReadBefore, Values
from jupyter_shinecat.catalog.search.sort_columns import SortColumns
from jupyter_shinecat.catalog.search.view import View
from jupyter_shinecat.catalog.store.documents import Doc, Row, Snapshot

MAX_PENDING = 1000
_PAGE = 500
# Beyond so many, what has to be read before a page is remembered.
_FAR, _CONFIRMED_AT_ONCE = 1_000, 5_000
_LARGE_PAGE = 50_000
_BY_TIME: dict[tuple[tuple[str, bool], ...], Order] = {
    (("creationTime", True),): Order.Desc,
    (("creationTime", False),): Order.Asc,
}

Key = Callable[[Row], Rank]
NUMBER = {"value_count": {"field": "seq"}}


class Doubt(Exception):
    """The index said something that the documents deny."""


class Behind(Exception):
    """The index is too far behind to be joined with what changed."""


class IndexedRows:
    """Searches of datasets at one moment.

    Parameters
    ----------
    view
        State of the index, taken before ``snapshot``.
    snapshot
        The moment that answers are of.
    visible
        What the caller may see.
    read_before
        Values to order by that were read before.
    """

    def __init__(self, view: View, snapshot: Snapshot, visible: Visible, read_before: ReadBefore) -> None:
        self._read_before = read_before
        self._view = view
        self._snapshot = snapshot
        self._visible = visible
        self._compiler = Compiler(view, partial(snapshot.seqs_changed_since, "dataset"))
        self._compiled: dict[int, tuple[Condition, Compiled]] = {}
        behind = snapshot.last_change() != view.change
        self._pending = snapshot.changed_since("dataset", view.change, MAX_PENDING + 1) if behind else []
        gone = [seq for _change, seq in snapshot.deleted_since("dataset", view.change)] if behind else []
        if len(self._pending) + len(gone) > MAX_PENDING:
            raise Behind
        self._outdated = sorted({row.seq for row in self._pending} | set(gone))

    def _visibly(self, where: Condition) -> Compiled:
        """The query of a condition and of the caller's rights; each is made once."""
        known = self._compiled.get(id(where))
        if known is None or known[0] is not where:
            known = self._compiled[id(where)] = where, self._compiler.compile(both(where, self._visible.condition))
        return known[1]

    def _query(self, where: Condition) -> tuple[Query, bool]:
        """The index's part of the answer: condition, rights, without what changed since."""
        compiled = self._visibly(where)
        schema = self._view.schema
        without = [no_note(schema)]
        if self._outdated:
            without.append((Occur.MustNot, Query.term_set_query(schema, "seq", self._outdated)))
        exact = compiled.exact and self._visible.belongs is None
        return Query.boolean_query([(Occur.Must, compiled.query), *without]), exact

    def _shown(self, judge: Judge, doc: Doc) -> bool:
        return judge(self._snapshot, doc) and self._visible.shows(self._snapshot, doc)

    def _fresh(self, where: Condition) -> list[Row]:
        judge = Judge(where)
        return [row for row in self._pending if self._shown(judge, row.doc)]

    def _proposed(
        self, where: Condition, field: str, order: Order, wanted: int = _PAGE, start: int = 0
    ) -> Iterator[Row]:
        return timed(self._pages(where, field, order, wanted, start))

    def _pages(self, where: Condition, field: str, order: Order, wanted: int, start: int) -> Iterator[Row]:
        """What the index finds, page by page in its order, each checked on the document; ``wanted`` are likely used."""
        query, exact = self._query(where)
        offset, page = start, min(max(wanted, 10), _LARGE_PAGE)
        while True:
            seqs = self._seqs(query, where, field, order, page, offset)
            yield from self._checked(where, seqs, exact=exact)
            if len(seqs) < page:
                return
            offset += page
            page = min(page * 4, _LARGE_PAGE)

    def _checked(self, where: Condition, seqs: Sequence[int], *, exact: bool) -> Iterator[Row]:
        """Documents of entries that fulfil the condition; with ``exact`` all of them must."""
        judge = Judge(where)
        rows = self._snapshot.rows("dataset", seqs)
        for seq in seqs:
            row = rows.get(seq)
            if row is None:
                raise Doubt(f"entry {seq} has no document")
            if self._shown(judge, row.doc):
                yield row
            elif exact:
                raise Doubt(f"entry {seq} does not agree with its document")

    def _seqs(self, query: Query, where: Condition, field: str, order: Order, page: int, offset: int) -> list[int]:
        """One page of what the index finds; it remembers the small ones."""
        question = self._question(where, field, order == Order.Desc, page, offset)

        def find() -> list[int]:
            newest = field == "order" and order == Order.Desc and not offset and _broad(where)
            for place in self._view.newest if newest else ():
                begin = Query.range_query(self._view.schema, "order", FieldType.Unsigned, place, None)
                found = self._page(Query.boolean_query([(Occur.Must, query), (Occur.Must, begin)]), field, order, page)
                if len(found) == page:
                    return found
            return self._page(query, field, order, page, offset)

        return self._view.memory.recall(question, find, len)

    def _page(self, query: Query, field: str, order: Order, page: int, offset: int = 0) -> list[int]:
        searcher = self._view.searcher
        hits = searcher.search(query, page, count=False, order_by_field=field, offset=offset, order=order).hits
        values = searcher.fast_field_values("seq", [address for _key, address in hits])
        return [int(value) for value in values if value is not None]

    def _question(self, where: Condition, *rest: Any) -> Any:
        """What an answer of this state of the index depends on. As texts: 1, 1.0 and true are different questions."""
        return repr(where), repr(self._visible.condition), tuple(self._outdated), *rest

    def rows(self, where: Condition, limits: Limits) -> list[Row]:
        """Rows in order, within the limits."""
        key = rank_of("dataset", limits.order)
        fresh = sorted(self._fresh(where), key=key)
        end, exact = limits.skip + limits.limit, self._query(where)[1]
        # So many entries are surely before the page, however many of the fresh ones are.
        start = max(0, limits.skip - len(fresh))
        if limits.order and limits.order not in _BY_TIME:
            seqs = self._in_order(where, limits.order)
            rows = self._checked(where, seqs[start:end], exact=True)
        elif exact or limits.skip < _FAR:
            start = start if exact else 0
            field, order = ("order", _BY_TIME[limits.order]) if limits.order else ("seq", Order.Asc)
            rows = self._proposed(where, field, order, end - start, start)
        else:
            seqs = self._confirmed(where, limits.order, end)
            rows = self._checked(where, seqs[start:end], exact=True)
        return list(kept(_page(rows, fresh, key, start, limits)))

    def behind(self, where: Condition, order: Sort, after: Rank | None, number: int) -> list[Row]:
        """The first rows behind a place in an order by fields."""
        key = rank_of("dataset", order)
        fresh = [row for row in self._fresh(where) if after is None or key(row) > after]
        seqs, place = self._in_order(where, order), 0
        if after is not None:
            place = bisect_right(seqs, after, key=lambda seq: key(self._snapshot.rows("dataset", [seq])[seq]))
        rows = self._checked(where, seqs[place : place + number], exact=True)
        return list(kept(islice(heapq.merge(rows, sorted(fresh, key=key), key=key), number)))

    # -- all hits in order --

    def _in_order(self, where: Condition, order: Sort) -> array[int]:
        """Entries of all hits in an order by fields, without those that changed since."""

        def find() -> tuple[array[int], frozenset[int]]:
            query, exact = self._query(where)
            if exact:
                columns = SortColumns(self._view, self._snapshot, query, self._read_before)
                seqs, values = columns.seqs, [columns.of(path) for path, _descending in order]
            else:
                seqs, values = self._read_values(where, order)
            for (_path, descending), of in reversed(list(zip(order, values, strict=True))):
                seqs.sort(key=of.__getitem__, reverse=descending)
            return array("Q", seqs), frozenset(self._outdated)

        question = repr(where), repr(self._visible.condition), order
        found, left_out = self._view.orders.recall(question, find, lambda found: len(found[0]))
        if not left_out <= set(self._outdated):
            found, left_out = find()  # found for a later moment, just now
        changed = set(self._outdated) - left_out
        return array("Q", (seq for seq in found if seq not in changed)) if changed else found

    def _read_values(self, where: Condition, order: Sort) -> tuple[list[int], list[Values]]:
        seqs: list[int] = []
        values: list[Values] = [{} for _ in order]
        for row in self._proposed(where, "seq", Order.Asc):
            seqs.append(row.seq)
            for (path, _descending), of in zip(order, values, strict=True):
                of[row.seq] = sort_value(row.doc, path)
        return seqs, values

    def _confirmed(self, where: Condition, order: Sort, number: int) -> array[int]:
        """Entries of at least so many hits by time, all of them read at some time: what was read is remembered."""
        field, way = ("order", _BY_TIME[order]) if order else ("seq", Order.Asc)
        question = self._question(where, "confirmed", order)
        known: tuple[array[int], int] = self._view.orders.recall(question, lambda: (array("Q"), 0), lambda _: 0)
        seqs, offset = known
        while len(seqs) < number and offset >= 0:
            query, _exact = self._query(where)
            page = self._page(query, field, way, _CONFIRMED_AT_ONCE, offset)
            seqs = seqs + array("Q", (row.seq for row in timed(self._checked(where, page, exact=False))))
            offset = offset + len(page) if len(page) == _CONFIRMED_AT_ONCE else -1
            self._view.orders.put(question, (seqs, offset), len(seqs))
        return seqs

    def count(self, where: Condition) -> int:
        """How many there are."""
        query, exact = self._query(where)
        fresh = len(self._fresh(where))
        if exact:
            return self._number(query) + fresh
        return fresh + sum(1 for _ in self._proposed(where, "seq", Order.Asc))

    def all_rows(self, where: Condition) -> Iterator[Row]:
        """Every row, in no order."""
        yield from self._proposed(where, "seq", Order.Asc)
        yield from self._fresh(where)

    def _number(self, query: Query) -> int:
        found: Any = self._view.searcher.aggregate(query, {"all": NUMBER})
        return int(found["all"]["value"])


def _page(rows: Iterator[Row], fresh: list[Row], key: Key, start: int, limits: Limits) -> Iterator[Row]:
    """The page of a list: ``rows`` are those of the index from place ``start`` on, ``fresh`` come in between."""
    before = 0
    if start:
        first = next(rows, None)
        if first is None:
            return iter(())  # the page is behind the end
        before = bisect_left(fresh, key(first), key=key)
        rows = chain([first], rows)
    place = start + before
    merged = heapq.merge(rows, fresh[before:], key=key)
    return islice(merged, limits.skip - place, limits.skip + limits.limit - place)


def _broad(where: Condition) -> bool:
    """Whether this is likely true of many: then the newest are found fastest among the new ones."""
    if isinstance(where, (And, Or)):
        return all(_broad(part) for part in where.parts)
    return isinstance(where, (Always, OneOf))
