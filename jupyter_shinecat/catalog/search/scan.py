"""Answers by reading documents: the meaning itself, for small kinds and for when there is no index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jupyter_shinecat.catalog.access import Visible
from jupyter_shinecat.catalog.search.condition import And, Condition, OneOf
from jupyter_shinecat.catalog.search.file_names import Judge
from jupyter_shinecat.catalog.search.patience import timed
from jupyter_shinecat.catalog.store.documents import Row, Snapshot

_ID_FIELD = {
    "dataset": "pid", "sample": "sampleId", "proposal": "proposalId", "instrument": "pid", "attachment": "aid",
    "job": "id", "publisheddata": "doi", "policy": "_id",
}  # fmt: skip
_LINKS = {
    ("dataset", "inputDatasets"): "input",
    ("dataset", "proposalIds"): "proposal",
    ("dataset", "sampleIds"): "sample",
    ("origdatablock", "datasetId"): "dataset",
    ("datablock", "datasetId"): "dataset",
    ("publisheddata", "datasetPids"): "dataset",
    ("history", "documentId"): "document",
}


def matching(
    snapshot: Snapshot, kind: str, where: Condition, visible: Visible, ids: Iterable[str] | None = None
) -> Iterator[Row]:
    """Rows that fulfil ``where`` and are visible, in order of creation; of ``ids`` only, when they are given."""
    judge = Judge(where)
    for row in timed(snapshot.scan(kind, named_ids(snapshot, kind, where) if ids is None else ids)):
        doc = row.doc
        if (judge(snapshot, doc) if kind == "dataset" else where.matches(doc)) and visible.shows(snapshot, doc):
            yield row


def named_ids(snapshot: Snapshot, kind: str, where: Condition) -> list[str] | None:
    """Ids among which the answer must be, from the ids and links that the condition names; None when it names none."""
    for part in where.parts if isinstance(where, And) else (where,):
        if not isinstance(part, OneOf) or not all(isinstance(value, str) for value in part.values):
            continue
        path = ".".join(part.path)
        if path == _ID_FIELD.get(kind):
            return [str(value) for value in part.values]
        rel = _LINKS.get((kind, path))
        if rel:
            return [id for value in part.values for id in snapshot.linked(kind, rel, str(value))]
    return None
