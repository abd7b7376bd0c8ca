"""Answers from the index, joined with what changed since, and checked on the documents.

The index is a little behind the store. What changed after its state is taken out of its answer and judged on the
documents themselves, so that every answer is that of one moment of the store: a caller's own write is in it, and access
that was narrowed is narrow at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from tantivy import Occur, Order, Query

from jupyter_shinecat.catalog.access import Visible
from jupyter_shinecat.catalog.search.asked_facets import Facet
from jupyter_shinecat.catalog.search.compile import Compiler
from jupyter_shinecat.catalog.search.condition import Condition, both
from jupyter_shinecat.catalog.search.entry import DATE_FACETS, FACETS, KEYS, exists_term, order_key
from jupyter_shinecat.catalog.search.facets import MAX_VALUES, Tally, tallied
from jupyter_shinecat.catalog.search.index import View
from jupyter_shinecat.catalog.search.notes import Step
from jupyter_shinecat.catalog.search.options import Limits, sort_value
from jupyter_shinecat.catalog.search.patience import kept, timed
from jupyter_shinecat.catalog.store.documents import Doc, Row, Snapshot

MAX_PENDING = 1000
MAX_DAYS = 20_000  # more than fifty years, counted by day and added up to months and years
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
        self._compiler = Compiler(view.index)
        self._pending = snapshot.changed_since("dataset", view.change, MAX_PENDING + 1)
        gone = [seq for _change, seq in snapshot.deleted_since("dataset", view.change)]
        if len(self._pending) + len(gone) > MAX_PENDING:
            raise Behind
        self._outdated = sorted({row.seq for row in self._pending} | set(gone))

    def _query(self, where: Condition) -> tuple[Query, bool]:
        """The index's part of the answer: condition, rights, without what changed since."""
        compiled = self._compiler.compile(both(where, self._visible.condition))
        schema = self._view.index.schema
        without = [(Occur.MustNot, Query.term_query(schema, "state", "state", "basic"))]
        if self._outdated:
            without.append((Occur.MustNot, Query.term_set_query(schema, "seq", self._outdated)))
        exact = compiled.exact and self._visible.belongs is None
        return Query.boolean_query([(Occur.Must, compiled.query), *without]), exact

    def _shown(self, where: Condition, doc: Doc) -> bool:
        return where.matches(doc) and self._visible.shows(self._snapshot, doc)

    def _fresh(self, where: Condition) -> list[Row]:
        return [row for row in self._pending if self._shown(where, row.doc)]

    def _proposed(self, where: Condition, field: str, order: Order, wanted: int = _PAGE) -> Iterator[Row]:
        return timed(self._pages(where, field, order, wanted))

    def _pages(self, where: Condition, field: str, order: Order, wanted: int) -> Iterator[Row]:
        """What the index finds, page by page in its order, each checked on the document; ``wanted`` are likely used."""
        query, exact = self._query(where)
        searcher, offset, page = self._view.searcher, 0, min(max(wanted, 10), _LARGE_PAGE)
        while True:
            hits = searcher.search(query, page, count=False, order_by_field=field, offset=offset, order=order).hits
            values = searcher.fast_field_values("seq", [address for _key, address in hits])
            seqs = [int(value) for value in values if value is not None]
            rows = self._snapshot.rows("dataset", seqs)
            for seq in seqs:
                row = rows.get(seq)
                if row is None:
                    raise Doubt(f"entry {seq} has no document")
                if self._shown(where, row.doc):
                    yield row
                elif exact:
                    raise Doubt(f"entry {seq} does not agree with its document")
            if len(hits) < page:
                return
            offset += page
            page = min(page * 4, _LARGE_PAGE)

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

    def facets(self, where: Condition, facets: list[Facet]) -> tuple[dict[str, Any], int]:
        """Counts by value for each facet, and how many documents there are."""
        query, exact = self._query(where)
        result: dict[str, Any] = {}
        if exact:
            result = {one.name: found for one in facets if (found := self._facet(query, where, one)) is not None}
        missing = [facet for facet in facets if facet.name not in result]
        if exact and not missing:
            return result, self._number(query) + len(self._fresh(where))
        counted, total = tallied(self.all_rows(where), missing)
        return {**result, **counted}, total

    def _facet(self, query: Query, where: Condition, facet: Facet) -> list[dict[str, Any]] | None:
        """Counts by value, or None when they have to be made from the documents."""
        name = facet.field
        if name not in (*FACETS, *DATE_FACETS, KEYS) or facet.numeric:
            return None
        size = MAX_DAYS if name in DATE_FACETS else MAX_VALUES
        buckets = self._terms(query, name, size)
        if len(buckets) >= size:
            return None
        tally = Tally(facet)
        for text, number in buckets.items():
            tally.put(_value(name, text), number)
        if name != KEYS:
            schema = self._view.index.schema
            there = Query.term_query(schema, "eq", exists_term(name), "basic")
            missing = Query.boolean_query([(Occur.Must, query), (Occur.MustNot, there)])
            tally.put(None, self._number(missing))
        for row in self._fresh(where):
            tally.add(row.doc)
        return tally.counts()

    def explain(self, where: Condition, step: Step) -> None:
        """Say how the index answers."""
        query, exact = self._query(where)
        step.say(way="index", exact=exact)
        step.confide(proposed=self._number(query), behind=len(self._outdated), query=str(query)[:1000])

    def metadata_keys(self, where: Condition) -> list[str] | None:
        """Names of metadata keys, or None when they have to be found in the documents."""
        query, exact = self._query(where)
        if not exact:
            return None
        buckets = self._terms(query, KEYS)
        if len(buckets) >= MAX_VALUES:
            return None
        fresh = {key for row in self._fresh(where) for key in row.doc.get("scientificMetadata") or {}}
        return sorted(fresh | set(buckets))

    def _number(self, query: Query) -> int:
        found: Any = self._view.searcher.search(query, 1, count=True)
        return int(found.count)

    def _terms(self, query: Query, name: str, size: int = MAX_VALUES) -> dict[str, int]:
        wanted = {"a": {"terms": {"field": f"f_{name}", "size": size, "segment_size": 10 * size}}}
        buckets = self._view.searcher.aggregate(query, wanted)["a"]["buckets"]
        return {str(bucket["key"]): int(bucket["doc_count"]) for bucket in buckets}


def _value(name: str, text: str) -> Any:
    if name == "isPublished":
        return text == "True"
    if name in DATE_FACETS:
        year, month, day = text.split("-")
        return int(year), int(month), int(day)
    return text
