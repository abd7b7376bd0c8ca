"""Counts from the index, joined with what changed since: by value, by day, by metadata key, in bins."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from tantivy import Query

from jupyter_shinecat.catalog.search.asked_facets import Facet
from jupyter_shinecat.catalog.search.condition import Condition, Marked, both
from jupyter_shinecat.catalog.search.facet_texts import NOTHING, TOO_LONG, value_of
from jupyter_shinecat.catalog.search.facets import Tally, anywhere, tallied
from jupyter_shinecat.catalog.search.indexed_counts import IndexedCounts, NotTold, marks_of
from jupyter_shinecat.catalog.search.indexed_rows import NUMBER, Behind, Doubt, IndexedRows
from jupyter_shinecat.catalog.search.notes import Step
from jupyter_shinecat.catalog.search.one_walk import OneWalk
from jupyter_shinecat.catalog.search.schema import DATE_FACETS, FACETS, KEYS
from jupyter_shinecat.catalog.store.documents import Row

__all__ = ["Behind", "Doubt", "IndexedSearch"]

MAX_DAYS = 20_000  # more than fifty years, counted by day and added up to months and years
MAX_COUNTED = 5_000
_MAX_KEYS = 300_000
_COUNTED = frozenset((*FACETS, *DATE_FACETS, KEYS))
# tantivy counts without the interpreter's lock.
_COUNTERS = ThreadPoolExecutor(2, "catalog-counts")

# Documents by the texts of fields (None where there are too many), and their number.
Counted = tuple[dict[str, dict[str, int] | None], int]


class IndexedSearch(IndexedRows):
    """Searches of datasets at one moment."""

    _step: Step | None = None

    def facets_of(
        self, asked: list[tuple[Condition, list[Facet]]], common: Condition, own: dict[str, Condition]
    ) -> list[tuple[dict[str, Any], int]]:
        """:meth:`facets` of several conditions.

        Parameters
        ----------
        asked
            The condition of all parts with its facets, then each facet with a part of its own.
        common
            The parts that are nobody's own.
        own
            The others, by field.
        """
        together = self._counted_together(asked, common, own)
        if together:
            return [self.facets(*one, counts) for one, counts in zip(asked, together, strict=True)]
        counting: list[Future[Any]] = []
        for where, facets in asked[1:]:
            query, exact = self._query(where)
            if exact:
                counting.append(_COUNTERS.submit(self._counted, query, where, _ready(facets)))
        first = self.facets(*asked[0])
        for future in counting:
            future.result()
        return [first, *(self.facets(where, facets) for where, facets in asked[1:])]  # which are remembered now

    def _counted_together(
        self, asked: list[tuple[Condition, list[Facet]]], common: Condition, own: dict[str, Condition]
    ) -> list[Counted]:
        """What :meth:`_counted` says of each condition, by one walk; nothing where that is not possible, or longer."""
        names = _ready(asked[0][1])
        fields = [field for _where, facets in asked[1:] for field in _ready(facets)]
        if fields != list(own) or (walk := OneWalk.of(own, names)) is None:
            return []
        query, exact = self._query(common)
        most, parts = (
            self._visibly(common).most,
            {name: self._compiler.compile(part).most for name, part in own.items()},
        )
        # Each walk by itself goes through what its rarest part finds.
        alone = [min([most, *(part for name, part in parts.items() if name != field)]) for field in ("", *own)]
        if not exact or most > sum(alone):
            return []

        def count() -> list[Counted]:
            wanted = walk.wanted({name: _terms_of(name) for name in (*names, *own)})
            found = self._view.searcher.aggregate(query, {"": NUMBER, **wanted})
            told = walk.told(found, int(found[""]["value"]))
            return [({name: _complete(name, some) for name, some in by.items()}, total) for by, total in told]

        question = self._question(common, "together", names, repr(own))
        return self._view.memory.recall(question, count, lambda found: sum(map(_weight, found)))

    def facets(
        self, where: Condition, facets: list[Facet], counts: Counted | None = None
    ) -> tuple[dict[str, Any], int]:
        """Counts by value for each facet, and how many documents there are; ``counts``: what the index says of them."""
        missing, result, total = facets, {}, None
        if counts or self._query(where)[1]:
            counted, total = counts or self._counted(self._query(where)[0], where, _ready(facets))
            fresh = self._fresh(where)
            total += len(fresh)
            result = {
                facet.name: _tallied(facet, buckets, fresh)
                for facet in facets
                if not facet.numeric and (buckets := counted.get(facet.field)) is not None
            }
            for facet in facets:
                if facet.name not in result and (told := self._told(where, facet)) is not None:
                    result[facet.name] = told
            missing = [facet for facet in facets if facet.name not in result]
        self._say_read(missing)
        if total is None:
            read, total = tallied(self.all_rows(where), missing)
            return {**result, **read}, total
        if missing:
            # What has none of these fields is not read, only counted.
            read, _number = tallied(self.all_rows(both(where, anywhere(missing))), missing, total)
            result.update(read)
        return result, total

    def _told(self, where: Condition, facet: Facet) -> list[dict[str, Any]] | None:
        """Counts from terms and columns; None where all documents have to be read."""

        def count() -> list[dict[str, Any]] | None:
            query = self._query(where)[0]
            if facet.field == KEYS:
                keys = self._all_keys(query)
                return None if keys is None else _tallied(facet, keys, self._fresh(where))
            try:
                tally = IndexedCounts(self._view, self._snapshot, query, facet).tally()
            except NotTold:
                return None
            for row in self.all_rows(both(where, Marked(marks_of(facet)))):
                tally.add(row.doc)
            return tally.counts()

        return self._view.memory.recall(
            self._question(where, "told", repr(facet)), count, lambda found: len(found or ())
        )

    def _all_keys(self, query: Query) -> dict[str, int] | None:
        """Documents by metadata key, for more than are counted in passing; None where some are not in the index."""
        found = self._view.searcher.terms_with_prefix(f"f_{KEYS}", "", filter_query=query, limit=_MAX_KEYS)
        counts = {term: count for term, count in found if count}
        return None if len(found) == _MAX_KEYS or TOO_LONG in counts else counts

    def _counted(self, query: Query, where: Condition, names: tuple[str, ...]) -> Counted:
        """Documents by the texts of fields (None where there are too many), and their number, in one pass."""

        def count() -> Counted:
            found = self._view.searcher.aggregate(query, {"": NUMBER, **{name: _terms_of(name) for name in names}})
            total = int(found.pop("")["value"])
            return {name: _complete(name, found[name]["buckets"]) for name in names}, total

        return self._view.memory.recall(self._question(where, "counts", names), count, _weight)

    def _say_read(self, facets: list[Facet]) -> None:
        if self._step is not None and facets:
            before = self._step.told.get("read", [])
            self._step.say(read=sorted({*before, *(facet.name[:80] for facet in facets)}))

    def explain(self, where: Condition, step: Step) -> None:
        """Say how the index answers."""
        self._step = step
        query, exact = self._query(where)
        step.say(way="index", exact=exact)
        step.confide(proposed=self._number(query), behind=len(self._outdated), condition=repr(where)[:1000])

    def metadata_keys(self, where: Condition) -> list[str] | None:
        """Names of metadata keys, or None when they have to be found in the documents."""
        query, exact = self._query(where)
        if not exact:
            return None
        buckets = self._counted(query, where, (KEYS,))[0][KEYS]
        buckets = self._all_keys(query) if buckets is None else buckets
        if buckets is None:
            return None
        fresh = {key for row in self._fresh(where) for key in row.doc.get("scientificMetadata") or {}}
        return sorted(fresh | {value_of(text) for text in buckets if text != NOTHING})


def _ready(facets: list[Facet]) -> tuple[str, ...]:
    """Fields that the index counts."""
    return tuple(facet.field for facet in facets if facet.field in _COUNTED and not facet.numeric)


def _size(name: str) -> int:
    return MAX_DAYS if name in DATE_FACETS else MAX_COUNTED


def _terms_of(name: str) -> dict[str, Any]:
    """The aggregation that counts documents by the texts of a field."""
    return {"terms": {"field": f"f_{name}", "size": _size(name), "segment_size": _size(name)}}


def _weight(counted: Counted) -> int:
    return sum(len(buckets or ()) for buckets in counted[0].values())


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
