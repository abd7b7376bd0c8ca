"""Datablocks: the packed files of a dataset in an archive."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request, forbidden, not_found
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from .blocks import checked_files, file_problems
from .common import Manager, new_uuid, shown, stamp_changed, stamp_new
from .history import record
from .validate import Field, messages, problems, require_object, without_nulls

_FIELDS = (
    Field("ownerGroup", "text"),
    Field("accessGroups", "strings"),
    Field("instrumentGroup", "string"),
    Field("isPublished", "flag"),
    Field("archiveId", "text", required=True),
    Field("size", "whole", required=True),
    Field("packedSize", "whole", required=True),
    Field("chkAlg", "string"),
    Field("version", "string", required=True),
)
_CREATE = (*_FIELDS, Field("datasetId", "text", required=True))


class Datablocks(Manager):
    """Blocks in the archive; the dataset's ``packedSize`` and ``numberOfFilesArchived`` follow them."""

    kind = "datablock"

    def create(self, who: Identity, body: Any, *, pid: str | None = None) -> Doc:
        """Add a block to a dataset (``pid`` when the route names it)."""
        sent = dict(require_object(body))
        if pid is not None:
            sent["datasetId"] = pid
        if not self.access.may_create_datasets(who):
            raise forbidden()
        files = sent.pop("dataFileList", None)
        texts = messages(problems(sent, _CREATE)) + file_problems(files)
        if texts:
            raise bad_request(texts)
        doc = without_nulls(sent)
        doc["dataFileList"] = checked_files(files)
        doc.update(size=int(doc["size"]), packedSize=int(doc["packedSize"]))
        id = new_uuid()

        def change(tx: Transaction) -> Doc:
            dataset = tx.get("dataset", doc["datasetId"])
            if dataset is None:
                raise not_found(f"dataset: {doc['datasetId']} not found")
            self.access.check_update_dataset(who, dataset)
            for name in ("ownerGroup", "accessGroups", "instrumentGroup", "isPublished"):
                if name in dataset and (name not in doc or name == "ownerGroup"):
                    doc[name] = dataset[name]
            stamp_new(doc, who)
            tx.insert(self.kind, id, doc)
            _count(tx, dataset, doc["packedSize"], len(doc["dataFileList"]))
            return doc

        return shown(self.store.change(change), id, with_id=True)

    def of_dataset(self, who: Identity, pid: str) -> list[Doc]:
        """Visible blocks of a readable dataset."""
        visible = self.access.visible(who, self.kind)
        with self.store.snapshot() as snapshot:
            found = snapshot.scan(self.kind, snapshot.linked(self.kind, "dataset", pid))
            return [shown(row.doc, row.id, with_id=True) for row in found if visible.shows(snapshot, row.doc)]

    def get(self, who: Identity, id: str) -> Doc:
        """One block, or a 404 or 403."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get(self.kind, id)
            if doc is None:
                raise not_found(f"Datablock: {id[:100]} not found")
            if not self.access.visible(who, self.kind).shows(snapshot, doc):
                raise forbidden("Unauthorized access")
        return shown(doc, id, with_id=True)

    def listed(self, who: Identity, raw: Any) -> list[Doc]:
        """Visible blocks of a filter."""
        wanted = self.parse_filter(raw)
        rows = self.engine.rows(self.kind, wanted.where, self.access.visible(who, self.kind), wanted.limits)
        return [wanted.projection.apply(shown(doc, id, with_id=True)) for id, doc in rows]

    def patch(self, who: Identity, id: str, body: Any, *, pid: str | None = None) -> Doc:
        """Change a block; the dataset's totals follow."""
        sent = dict(require_object(body))
        for name in ("_id", "id", "__v", "datasetId"):
            sent.pop(name, None)
        files = sent.pop("dataFileList", None)
        texts = messages(problems(sent, _FIELDS, partial=True)) + (file_problems(files) if files is not None else [])
        if texts:
            raise bad_request(texts)
        changes = without_nulls(sent)
        if files is not None:
            changes["dataFileList"] = checked_files(files)

        def change(tx: Transaction) -> Doc:
            doc, dataset = self._owned(tx, id, pid)
            self.access.check_update_dataset(who, dataset)
            after = {**doc, **changes}
            if not self.access.is_admin(who):
                after["ownerGroup"] = doc["ownerGroup"]
            stamp_changed(after, who)
            record(tx, self.settings, self.kind, id, who, doc, after)
            tx.replace(self.kind, id, after)
            files_more = len(after["dataFileList"]) - len(doc["dataFileList"])
            _count(tx, dataset, after["packedSize"] - doc["packedSize"], files_more)
            return after

        return shown(self.store.change(change), id, with_id=True)

    def delete(self, who: Identity, id: str, *, pid: str | None = None) -> Doc:
        """Take a block away from its dataset."""

        def change(tx: Transaction) -> Doc:
            doc, dataset = self._owned(tx, id, pid)
            self.access.check_delete_part(who, dataset)
            record(tx, self.settings, self.kind, id, who, doc, None)
            tx.delete(self.kind, id)
            _count(tx, dataset, -doc["packedSize"], -len(doc["dataFileList"]))
            return doc

        return shown(self.store.change(change), id, with_id=True)

    def delete_all(self, who: Identity, pid: str) -> Doc:
        """Take all blocks away from a dataset; ``{acknowledged, deletedCount}``."""

        def change(tx: Transaction) -> int:
            dataset = tx.get("dataset", pid)
            if dataset is None:
                raise not_found(f"dataset: {pid[:200]} not found")
            self.access.check_delete_part(who, dataset)
            ids = tx.linked(self.kind, "dataset", pid)
            for id in ids:
                tx.delete(self.kind, id)
            tx.replace("dataset", pid, {**dataset, "packedSize": 0, "numberOfFilesArchived": 0})
            return len(ids)

        return {"acknowledged": True, "deletedCount": self.store.change(change)}

    def _owned(self, tx: Transaction, id: str, pid: str | None) -> tuple[Doc, Doc]:
        doc = tx.get(self.kind, id)
        dataset = tx.get("dataset", doc["datasetId"]) if doc else None
        if doc is None or dataset is None or (pid is not None and doc["datasetId"] != pid):
            raise not_found(f"Datablock: {id[:100]} not found")
        return doc, dataset


def _count(tx: Transaction, dataset: Doc, size: int, files: int) -> None:
    if size or files:
        dataset["packedSize"] = max(0, int(dataset.get("packedSize", 0)) + size)
        dataset["numberOfFilesArchived"] = max(0, int(dataset.get("numberOfFilesArchived", 0)) + files)
        tx.replace("dataset", dataset["pid"], dataset)
