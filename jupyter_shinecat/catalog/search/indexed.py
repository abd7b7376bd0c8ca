"""Answers from the index, joined with what changed since, and checked on the documents.

The index is a little behind the store. What changed after its state is taken out of its answer and judged on the
documents themselves, so that every answer is that of one moment of the store: a caller's own write is in it, and access
that was narrowed is narrow at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Any

from tantivy import FieldType, Occur, Order, Query

from jupyter_shinecat.catalog.access import Visible
from jupyter_shinecat.catalog.search.about import no_note
from jupyter_shinecat.catalog.search.asked_facets import Facet
from jupyter_shinecat.catalog.search.compile import Compiler
from jupyter_shinecat.catalog.search.condition import Always, And, Condition, OneOf, Or, both
from jupyter_shinecat.catalog.search.entry import order_key
from jupyter_shinecat.catalog.search.facet_texts import NOTHING, TOO_LONG, value_of
from jupyter_shinecat.catalog.search.facets import Tally, anywhere, tallied
from jupyter_shinecat.catalog.search.file_names import Judge
from jupyter_shinecat.catalog.search.notes import Step
from jupyter_shinecat.catalog.search.options import Limits, sort_value
from jupyter_shinecat.catalog.search.patience import kept, timed
from jupyter_shinecat.catalog.search.schema import DATE_FACETS, FACETS, KEYS
from jupyter_shinecat.catalog.search.view import View
from jupyter_shinecat.catalog.store.documents import Doc, Row, Snapshot

MAX_PENDING = 1000
MAX_DAYS = 20_000  # more than fifty years, counted by day and added up to months and years
MAX_COUNTED = 5_000
_COUNTED = frozenset((*FACETS, *DATE_FACETS, KEYS))
# tantivy counts without the interpreter's lock.
_COUNTERS = ThreadPoolExecutor(2, "catalog-counts")
_PAGE = 500
_LARGE_PAGE = 50_000
_BY_TIME: dict[tuple[tuple[str, bool], ...], Order] = {
    (("creationTime", True),): Order.Desc,
    (("creationTime", False),): Order.Asc,
}


class Doubt(Exception):
    """The index said something that the documents deny."""


class Behind(Exception):
    """The index is too far behind to be joined with what changed."""


class IndexedSearch:
    """Searches of datasets at one moment.

    Parameters
    ----------
    view
        State of the index, taken before ``snapshot``.
    snapshot
        The moment that answers are of.
    """

    def __init__(self, view: View, snapshot: Snapshot, visible: Visible) -> None:
        self._view = view
        self._snapshot = snapshot
        self._visible = visible
        self._compiler = Compiler(view)
        behind = snapshot.last_change() != view.change
        self._pending = snapshot.changed_since("dataset", view.change, MAX_PENDING + 1) if behind else []
        gone = [seq for _change, seq in snapshot.deleted_since("dataset", view.change)] if behind else []
        if len(self._pending) + len(gone) > MAX_PENDING:
            raise Behind
        self._outdated = sorted({row.seq for row in self._pending} | set(gone))

    def _query(self, where: Condition) -> tuple[Query, bool]:
        """The index's part of the answer: condition, rights, without what changed since."""
        compiled = self._compiler.compile(both(where, self._visible.condition))
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

    def _proposed(self, where: Condition, field: str, order: Order, wanted: int = _PAGE) -> Iterator[Row]:
        return timed(self._pages(where, field, order, wanted))

    def _pages(self, where: Condition, field: str, order: Order, wanted: int) -> Iterator[Row]:
        """What the index finds, page by page in its order, each checked on the document; ``wanted`` are likely used."""
        query, exact = self._query(where)
        judge = Judge(where)
        offset, page = 0, min(max(wanted, 10), _LARGE_PAGE)
        while True:
            seqs = self._seqs(query, where, field, order, page, offset)
            rows = self._snapshot.rows("dataset", seqs)
            for seq in seqs:
                row = rows.get(seq)
                if row is None:
                    raise Doubt(f"entry {seq} has no document")
                if self._shown(judge, row.doc):
                    yield row
                elif exact:
                    raise Doubt(f"entry {seq} does not agree with its document")
            if len(seqs) < page:
                return
            offset += page
            page = min(page * 4, _LARGE_PAGE)

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
        fresh = self._fresh(where)
        end = limits.skip + limits.limit
        by_time = _BY_TIME.get(limits.order)
        if by_time is not None:
            sign = -1 if by_time == Order.Desc else 1

            def key(row: Row) -> int:
                return sign * order_key(row.doc.get("creationTime"), row.seq)

            merged = heapq.merge(self._proposed(where, "order", by_time, end), sorted(fresh, key=key), key=key)
            return list(kept(islice(merged, limits.skip, end)))
        proposed = self._proposed(where, "seq", Order.Asc, end)
        if not limits.order:
            merged = heapq.merge(proposed, sorted(fresh, key=lambda row: row.seq), key=lambda row: row.seq)
            return list(kept(islice(merged, limits.skip, end)))
        found = sorted(kept(chain(proposed, fresh)), key=lambda row: row.seq)
        docs = [(row, row.doc) for row in found]
        for path, descending in reversed(limits.order):
            docs.sort(key=lambda pair: sort_value(pair[1], path), reverse=descending)
        return [row for row, _doc in docs[limits.skip : end]]

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

    def facets_of(self, asked: list[tuple[Condition, list[Facet]]]) -> list[tuple[dict[str, Any], int]]:
        """:meth:`facets` of several conditions; the index counts them at the same time."""
        counting: list[Future[Any]] = []
        for where, facets in asked[1:]:
            query, exact = self._query(where)
            if exact:
                counting.append(_COUNTERS.submit(self._counted, query, where, _ready(facets)))
        first = self.facets(*asked[0])
        for future in counting:
            future.result()
        return [first, *(self.facets(where, facets) for where, facets in asked[1:])]  # which are remembered now

    def facets(self, where: Condition, facets: list[Facet]) -> tuple[dict[str, Any], int]:
        """Counts by value for each facet, and how many documents there are."""
        query, exact = self._query(where)
        missing, result, total = facets, {}, None
        if exact:
            counted, total = self._counted(query, where, _ready(facets))
            fresh = self._fresh(where)
            total += len(fresh)
            result = {
                facet.name: _tallied(facet, buckets, fresh)
                for facet in facets
                if not facet.numeric and (buckets := counted.get(facet.field)) is not None
            }
            missing = [facet for facet in facets if facet.name not in result]
        if total is None:
            read, total = tallied(self.all_rows(where), missing)
            return {**result, **read}, total
        if missing:
            # What has none of these fields is not read, only counted.
            read, _number = tallied(self.all_rows(both(where, anywhere(missing))), missing, total)
            result.update(read)
        return result, total

    def _counted(
        self, query: Query, where: Condition, names: tuple[str, ...]
    ) -> tuple[dict[str, dict[str, int] | None], int]:
        """Documents by the texts of fields (None where there are too many), and their number, in one pass."""

        def count() -> tuple[dict[str, dict[str, int] | None], int]:
            wanted: dict[str, Any] = {"": {"value_count": {"field": "seq"}}}
            for name in names:
                size = _size(name)
                wanted[name] = {"terms": {"field": f"f_{name}", "size": size, "segment_size": size}}
            found = self._view.searcher.aggregate(query, wanted)
            total = int(found.pop("")["value"])
            return {name: _complete(name, found[name]["buckets"]) for name in names}, total

        return self._view.memory.recall(
            self._question(where, "counts", names),
            count,
            lambda found: sum(len(buckets or ()) for buckets in found[0].values()),
        )

    def explain(self, where: Condition, step: Step) -> None:
        """Say how the index answers."""
        query, exact = self._query(where)
        step.say(way="index", exact=exact)
        step.confide(proposed=self._number(query), behind=len(self._outdated), condition=repr(where)[:1000])

    def metadata_keys(self, where: Condition) -> list[str] | None:
        """Names of metadata keys, or None when they have to be found in the documents."""
        query, exact = self._query(where)
        if not exact:
            return None
        buckets = self._counted(query, where, (KEYS,))[0][KEYS]
        if buckets is None:
            return None
        fresh = {key for row in self._fresh(where) for key in row.doc.get("scientificMetadata") or {}}
        return sorted(fresh | {value_of(text) for text in buckets if text != NOTHING})

    def _number(self, query: Query) -> int:
        found: Any = self._view.searcher.aggregate(query, {"all": {"value_count": {"field": "seq"}}})
        return int(found["all"]["value"])


def _broad(where: Condition) -> bool:
    """Whether this is likely true of many: then the newest are found fastest among the new ones."""
    if isinstance(where, (And, Or)):
        return all(_broad(part) for part in where.parts)
    return isinstance(where, (Always, OneOf))


def _ready(facets: list[Facet]) -> tuple[str, ...]:
    """Fields that the index counts."""
    return tuple(facet.field for facet in facets if facet.field in _COUNTED and not facet.numeric)


def _size(name: str) -> int:
    return MAX_DAYS if name in DATE_FACETS else MAX_COUNTED


def _complete(name: str, buckets: list[dict[str, Any]]) -> dict[str, int] | None:
    """Counts by text; None when there are more than were asked for, or some that are not in the index."""
    found = {str(bucket["key"]): int(bucket["doc_count"]) for bucket in buckets}
    return None if len(found) >= _size(name) or TOO_LONG in found else found


def _tallied(facet: Facet, buckets: dict[str, int], fresh: list[Row]) -> list[dict[str, Any]]:
    tally = Tally(facet)
    for text, number in buckets.items():
        if text != NOTHING:
            tally.put(value_of(text), number)
    for row in fresh:
        tally.add(row.doc)
    return tally.counts()
