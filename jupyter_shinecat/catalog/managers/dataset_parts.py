"""What blocks of files have in common: they belong to a dataset, and its totals follow them."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request, forbidden, not_found
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from .common import Manager, new_object_id, new_uuid, shown, stamp_changed, stamp_new
from .history import record
from .validate import Field, messages, problems, require_object, without_nulls

OWNED = (
    Field("ownerGroup", "text"),
    Field("accessGroups", "strings"),
    Field("instrumentGroup", "string"),
    Field("isPublished", "flag"),
)
_OF_DATASET = Field("datasetId", "text", required=True)
_FILE = (
    Field("path", "text", required=True),
    Field("size", "whole", required=True),
    Field("time", "date", required=True),
    Field("chk", "string"),
    Field("uid", "string"),
    Field("gid", "string"),
    Field("perm", "string"),
    Field("type", "string"),
    Field("metadata", "object"),
    Field("_id", "string"),
    Field("id", "string"),
)
# What decides by which names of files a dataset is found.
_SEARCHED = ("dataFileList", "ownerGroup", "accessGroups", "isPublished")


class DatasetParts(Manager):
    """Blocks of files; the dataset's totals follow them in the same transaction.

    ``fields`` are what a block may hold beside its files; ``size_field`` is what counts of a block, and the dataset's
    ``totals`` are its sum and the number of files.
    """

    label = ""
    fields: tuple[Field, ...] = ()
    size_field = "size"
    totals = ("size", "numberOfFiles")

    def form(self, id: str, doc: Doc) -> Doc:
        """A block as answers carry it."""
        return shown(doc, id, with_id=True)

    def create(self, who: Identity, body: Any, *, pid: str | None = None) -> Doc:
        """Add a block to a dataset (``pid`` when the route names it)."""
        sent, files, texts = self._looked_at(who, body, pid)
        if texts:
            raise bad_request(texts)
        doc = self._whole(without_nulls(sent))
        doc["dataFileList"] = checked_files(files)
        id = new_uuid()

        def change(tx: Transaction) -> Doc:
            dataset = tx.get("dataset", doc["datasetId"])
            if dataset is None:
                raise not_found(f"dataset: {doc['datasetId']} not found")
            self.access.check_update_dataset(who, dataset)
            for field in OWNED:
                if field.name not in doc and field.name in dataset:
                    doc[field.name] = dataset[field.name]
            # A block is never seen by more people than its dataset: its own groups only narrow that.
            if not self.access.is_admin(who):
                doc["ownerGroup"] = dataset["ownerGroup"]
            stamp_new(doc, who)
            tx.insert(self.kind, id, doc)
            self._count(tx, dataset, doc[self.size_field], len(doc["dataFileList"]))
            return doc

        return self.form(id, self._made(id, self.store.change(change)))

    def validate(self, who: Identity, body: Any, *, pid: str | None = None) -> dict[str, Any]:
        """Whether :meth:`create` would take ``body``."""
        texts = self._looked_at(who, body, pid)[2]
        return {"valid": not texts, **({"error": "; ".join(texts), "reason": texts} if texts else {})}

    def _looked_at(self, who: Identity, body: Any, pid: str | None) -> tuple[Doc, Any, list[str]]:
        """A body without its files, the files, and what is wrong with both."""
        sent = dict(require_object(body))
        if pid is not None:
            sent["datasetId"] = pid
        if not self.access.may_create_datasets(who):
            raise forbidden()
        files = sent.pop("dataFileList", None)
        return sent, files, messages(problems(sent, (*self.fields, _OF_DATASET))) + file_problems(files)

    def _whole(self, doc: Doc) -> Doc:
        return {name: int(value) if name in ("size", "packedSize") else value for name, value in doc.items()}

    def of_dataset(self, who: Identity, pid: str) -> list[Doc]:
        """Visible blocks of a readable dataset."""
        visible = self.access.visible(who, self.kind)
        with self.store.snapshot() as snapshot:
            found = snapshot.scan(self.kind, snapshot.linked(self.kind, "dataset", pid))
            return [self.form(row.id, row.doc) for row in found if visible.shows(snapshot, row.doc)]

    def get(self, who: Identity, id: str, *, public_only: bool = False) -> Doc:
        """One block, or a 404 or 403."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get(self.kind, id)
            if doc is None:
                raise self._missing(id)
            if not self.access.visible(who, self.kind, public_only=public_only).shows(snapshot, doc):
                raise self._missing(id) if public_only else forbidden("Unauthorized access")
        return self.form(id, doc)

    def listed(self, who: Identity, raw: Any, *, version: int = 3, public_only: bool = False) -> list[Doc]:
        """Visible blocks of a filter."""
        wanted = self.parse_filter(raw, version=version)
        visible = self.access.visible(who, self.kind, public_only=public_only)
        rows = self.engine.rows(self.kind, wanted.where, visible, wanted.limits)
        return [wanted.projection.apply(self.form(id, doc)) for id, doc in rows]

    def patch(self, who: Identity, id: str, body: Any, *, pid: str | None = None) -> Doc:
        """Change a block; the dataset's totals follow."""
        sent = dict(require_object(body))
        sent.pop("datasetId", None)  # a block stays with its dataset
        if self.complete:
            # Clients send back the whole object that they got.
            for name in ("_id", "id", "__v", "createdAt", "createdBy", "updatedAt", "updatedBy"):
                sent.pop(name, None)
        files = sent.pop("dataFileList", None)
        texts = messages(problems(sent, self.fields, partial=True))
        texts += file_problems(files) if files is not None else []
        if texts:
            raise bad_request(texts)
        changes = self._whole(without_nulls(sent))
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
            more = len(after["dataFileList"]) - len(doc["dataFileList"])
            self._count(tx, dataset, after[self.size_field] - doc[self.size_field], more)
            if any(doc.get(name) != after.get(name) for name in _SEARCHED):
                tx.replace("dataset", dataset["pid"], dataset)  # unchanged, but found by other names from now on
            return after

        return self.form(id, self.store.change(change))

    def delete(self, who: Identity, id: str, *, pid: str | None = None) -> Doc:
        """Take a block away from its dataset."""

        def change(tx: Transaction) -> Doc:
            doc, dataset = self._owned(tx, id, pid)
            self.access.check_delete_part(who, dataset)
            record(tx, self.settings, self.kind, id, who, doc, None)
            tx.delete(self.kind, id)
            self._count(tx, dataset, -doc[self.size_field], -len(doc["dataFileList"]))
            return doc

        return self.form(id, self._gone(id, self.store.change(change)))

    def delete_all(self, who: Identity, pid: str) -> Doc:
        """Take all blocks away from a dataset; ``{acknowledged, deletedCount}``, and ``count`` for scicat-sdk-py."""

        def change(tx: Transaction) -> list[str]:
            dataset = tx.get("dataset", pid)
            if dataset is None:
                raise not_found(f"dataset: {pid[:200]} not found")
            self.access.check_delete_part(who, dataset)
            ids = tx.linked(self.kind, "dataset", pid)
            for id in ids:
                record(tx, self.settings, self.kind, id, who, tx.get(self.kind, id) or {}, None)
                tx.delete(self.kind, id)
            tx.replace("dataset", pid, {**dataset, **dict.fromkeys(self.totals, 0)})
            return ids

        gone = self.store.change(change)
        self.audit.note(f"{self.kind}.delete", pid, ids=gone)
        return self.deleted(len(gone))

    def _owned(self, tx: Transaction, id: str, pid: str | None) -> tuple[Doc, Doc]:
        doc = tx.get(self.kind, id)
        dataset = tx.get("dataset", doc["datasetId"]) if doc else None
        if doc is None or dataset is None or (pid is not None and doc["datasetId"] != pid):
            raise self._missing(id)
        return doc, dataset

    def _missing(self, id: str) -> Exception:
        return not_found(f"{self.label}: {id[:100]} not found")

    def _count(self, tx: Transaction, dataset: Doc, size: int, files: int) -> None:
        """Adjust a dataset's totals; its ``updatedAt`` stays, since nobody edited it."""
        if size or files:
            for name, more in zip(self.totals, (size, files), strict=True):
                dataset[name] = max(0, int(dataset.get(name, 0)) + more)
            tx.replace("dataset", dataset["pid"], dataset)


def file_problems(files: Any) -> list[str]:
    """What is wrong with a ``dataFileList``, as texts."""
    if not isinstance(files, list) or not files:
        return ["dataFileList should not be empty"]
    texts: list[str] = []
    for number, file in enumerate(files):
        found = messages(problems(file, _FILE)) if isinstance(file, dict) else ["must be an object"]
        texts.extend(f"dataFileList.{number}.{text}" for text in found)
        if len(texts) > 20:
            break
    return texts


def checked_files(files: list[Doc]) -> list[Doc]:
    """A valid ``dataFileList`` in the stored form."""
    result = []
    for file in files:
        kept = {name: value for name, value in file.items() if value is not None and name not in ("_id", "id")}
        kept["size"] = int(kept["size"])
        kept["time"] = dates.normal(kept["time"])
        kept["_id"] = kept["id"] = file.get("_id") or new_object_id()
        result.append(kept)
    return result
