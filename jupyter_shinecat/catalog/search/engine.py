"""Finding, counting and counting by value: the index proposes, the truth decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..access import Visible
from ..store.documents import Doc, Row, Snapshot
from ..store.store import Store
from .condition import And, Condition, OneOf, both
from .facets import Tally
from .options import Limits, sort_value


class Engine:
    """Answers conditions over one store; what a caller may see is always an argument of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, kind: str, where: Condition, visible: Visible, limits: Limits) -> list[Doc]:
        """The documents that fulfil ``where`` and are visible, in order, within the limits."""
        return [doc for _id, doc in self.rows(kind, where, visible, limits)]

    def rows(self, kind: str, where: Condition, visible: Visible, limits: Limits) -> list[tuple[str, Doc]]:
        """Like :meth:`find`, as pairs of id and document."""
        with self._store.snapshot() as snapshot:
            if not limits.order:
                return [(row.id, row.doc) for row in _page(self._matching(snapshot, kind, where, visible), limits)]
            rows = [(row.id, row.doc) for row in self._matching(snapshot, kind, where, visible)]
            for path, descending in reversed(limits.order):
                rows.sort(key=lambda pair: sort_value(pair[1], path), reverse=descending)  # noqa: B023
            return rows[limits.skip : limits.skip + limits.limit]

    def count(self, kind: str, where: Condition, visible: Visible) -> int:
        """How many documents fulfil ``where`` and are visible."""
        with self._store.snapshot() as snapshot:
            return sum(1 for _ in self._matching(snapshot, kind, where, visible))

    def facets(
        self, kind: str, parts: dict[str, Condition], facets: list[str], visible: Visible, dates: frozenset[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Counts by value for each facet; a facet's own part is left out of its own count."""
        result: dict[str, list[dict[str, Any]]] = {}
        with self._store.snapshot() as snapshot:
            for facet in facets:
                tally = Tally(facet, dates)
                where = both(*(part for name, part in parts.items() if name != facet))
                for row in self._matching(snapshot, kind, where, visible):
                    tally.add(row.doc)
                result[facet] = tally.counts()
            total = sum(1 for _ in self._matching(snapshot, kind, both(*parts.values()), visible))
        result["all"] = [{"totalSets": total}]
        return result

    def metadata_keys(self, kind: str, parts: dict[str, Condition], field: str, visible: Visible) -> list[str]:
        """Names of the top keys of the metadata ``field`` in visible documents, sorted."""
        where = both(*parts.values())
        with self._store.snapshot() as snapshot:
            keys: set[str] = set()
            for row in self._matching(snapshot, kind, where, visible):
                metadata = row.doc.get(field)
                if isinstance(metadata, dict):
                    keys.update(metadata)
        return sorted(keys)

    def _matching(self, snapshot: Snapshot, kind: str, where: Condition, visible: Visible) -> Iterator[Row]:
        for row in snapshot.scan(kind, _ids(snapshot, kind, where)):
            doc = row.doc
            if where.matches(doc) and visible.shows(snapshot, doc):
                yield row


def _ids(snapshot: Snapshot, kind: str, where: Condition) -> Iterable[str] | None:
    """Ids among which the answer must be, from the ids and links that the condition names; None when it names none."""
    for part in where.parts if isinstance(where, And) else (where,):
        if not isinstance(part, OneOf) or not all(isinstance(value, str) for value in part.values):
            continue
        path = ".".join(part.path)
        if path in ("_id", _ID_FIELD.get(kind)):
            return [str(value) for value in part.values]
        rel = _LINKS.get((kind, path))
        if rel:
            return [id for value in part.values for id in snapshot.linked(kind, rel, str(value))]
    return None


def _page(rows: Iterator[Row], limits: Limits) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number >= limits.skip + limits.limit:
            return
        if number >= limits.skip:
            yield row


_ID_FIELD = {"dataset": "pid", "sample": "sampleId", "proposal": "proposalId", "instrument": "pid", "attachment": "aid"}
_LINKS = {
    ("dataset", "inputDatasets"): "input",
    ("dataset", "proposalIds"): "proposal",
    ("dataset", "sampleIds"): "sample",
    ("origdatablock", "datasetId"): "dataset",
    ("datablock", "datasetId"): "dataset",
    ("attachment", "relationships.targetId"): "dataset",
}
