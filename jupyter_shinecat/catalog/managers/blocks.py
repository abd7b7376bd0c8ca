"""Origdatablocks: the files of a dataset."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request, forbidden, not_found
from jupyter_shinecat.catalog.search.condition import Condition, both
from jupyter_shinecat.catalog.search.options import parse_limits
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from .common import Manager, new_object_id, new_uuid, shown, stamp_changed, stamp_new
from .validate import Field, messages, problems, require, require_object

_FIELDS = (
    Field("ownerGroup", "text"),
    Field("accessGroups", "strings"),
    Field("instrumentGroup", "string"),
    Field("size", "whole", required=True),
    Field("chkAlg", "string"),
    Field("isPublished", "flag"),
)
_CREATE = (*_FIELDS, Field("datasetId", "text", required=True))
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


class Blocks(Manager):
    """Blocks of files; the dataset's ``size`` and ``numberOfFiles`` follow them in the same transaction."""

    kind = "origdatablock"

    def create(self, who: Identity, body: Any, *, pid: str | None = None) -> Doc:
        """Add a block to a dataset (``pid`` when the route names it)."""
        sent = dict(require_object(body))
        if pid is not None:
            sent["datasetId"] = pid
        if not self.access.may_create_datasets(who):
            raise forbidden()
        files = sent.pop("dataFileList", None)
        found = problems(sent, _CREATE)
        texts = messages(found) + file_problems(files)
        if texts:
            raise bad_request(texts)
        doc = {name: value for name, value in sent.items() if value is not None}
        doc["size"] = int(doc["size"])
        doc["dataFileList"] = checked_files(files)
        id = new_uuid()

        def change(tx: Transaction) -> Doc:
            dataset = tx.get("dataset", doc["datasetId"])
            if dataset is None:
                raise not_found(f"dataset: {doc['datasetId']} not found")
            self.access.check_update_dataset(who, dataset)
            for name in ("ownerGroup", "accessGroups", "instrumentGroup", "isPublished"):
                if name not in doc and name in dataset:
                    doc[name] = dataset[name]
            # A block is never seen by more people than its dataset: its own groups only narrow that.
            if not self.access.is_admin(who):
                doc["ownerGroup"] = dataset["ownerGroup"]
            stamp_new(doc, who)
            tx.insert("origdatablock", id, doc)
            _count(tx, dataset, doc["size"], len(doc["dataFileList"]))
            return doc

        return self.form(id, self.store.change(change))

    def validate(self, who: Identity, body: Any, *, pid: str | None = None) -> dict[str, Any]:
        """Whether :meth:`create` would take ``body``."""
        if not self.access.may_create_datasets(who):
            raise forbidden()
        sent = dict(require_object(body))
        if pid is not None:
            sent["datasetId"] = pid
        files = sent.pop("dataFileList", None)
        texts = messages(problems(sent, _CREATE)) + file_problems(files)
        return {"valid": not texts, **({"error": "; ".join(texts), "reason": "; ".join(texts)} if texts else {})}

    def form(self, id: str, doc: Doc) -> Doc:
        """A block as answers carry it."""
        return shown({**doc, "version": "4"} if self.complete else doc, id, with_id=True)

    def of_dataset(self, who: Identity, pid: str) -> list[Doc]:
        """Visible blocks of a readable dataset."""
        visible = self.access.visible(who, "origdatablock")
        with self.store.snapshot() as snapshot:
            found = snapshot.scan("origdatablock", snapshot.linked("origdatablock", "dataset", pid))
            return [self.form(row.id, row.doc) for row in found if visible.shows(snapshot, row.doc)]

    def get(self, who: Identity, id: str, *, public_only: bool = False) -> Doc:
        """One block, or a 404 or 403."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get("origdatablock", id)
            if doc is None:
                raise not_found(f"OrigDatablock: {id} not found")
            if not self.access.visible(who, "origdatablock", public_only=public_only).shows(snapshot, doc):
                raise not_found(f"OrigDatablock: {id} not found") if public_only else forbidden("Unauthorized access")
        return self.form(id, doc)

    def listed(self, who: Identity, raw: Any, *, version: int, public_only: bool = False) -> list[Doc]:
        """Visible blocks of a filter."""
        wanted = self.parse_filter(raw, version=version)
        rows = self.engine.rows(
            "origdatablock", wanted.where, self.access.visible(who, self.kind, public_only=public_only), wanted.limits
        )
        return [wanted.projection.apply(self.form(id, doc)) for id, doc in rows]

    def query(self, who: Identity, query: Any, limits: Any) -> list[Doc]:
        """fullquery."""
        where = both(*self.parse_fields(query).values())
        rows = self.engine.rows(self.kind, where, self.access.visible(who, self.kind), self.page_of(limits))
        return [self.form(id, doc) for id, doc in rows]

    def files(self, blocks: list[Doc]) -> list[Doc]:
        """One entry for each file of ``blocks``."""
        return [
            {**{k: v for k, v in block.items() if k != "id"}, "dataFileList": _without_id(file), "datasetExist": True}
            for block in blocks
            for file in block.get("dataFileList", [])
        ]

    def count_files(self, who: Identity, raw: Any, *, public_only: bool = False) -> int:
        """How many files the visible blocks of a v4 filter hold."""
        where = self.parse_filter(raw, version=4).where
        return self._files_of(who, where, public_only=public_only)

    def _files_of(self, who: Identity, where: Condition, *, public_only: bool) -> int:
        visible = self.access.visible(who, self.kind, public_only=public_only)
        rows = self.engine.rows(self.kind, where, visible, parse_limits({}, 0, self.kind))
        return sum(len(doc.get("dataFileList", [])) for _id, doc in rows)

    def file_facets(
        self, who: Identity, fields: Any, facets: Any, *, public_only: bool = False
    ) -> list[dict[str, Any]]:
        """fullfacet of files: ``all`` counts files, the facets count blocks."""
        found = self.facets(who, fields, facets, public_only=public_only)
        where = both(*self.parse_fields(fields).values())
        found[0]["all"] = [{"totalSets": self._files_of(who, where, public_only=public_only)}]
        return found

    def patch(self, who: Identity, id: str, body: Any, *, pid: str | None = None) -> Doc:
        """Change a block; the dataset's size and number of files follow."""
        sent = dict(require_object(body))
        sent.pop("datasetId", None)  # a block stays with its dataset
        files = sent.pop("dataFileList", None)
        texts = file_problems(files) if files is not None else []
        if texts:
            raise bad_request(texts)
        changes = require(sent, _FIELDS, partial=True)
        if "size" in changes:
            changes["size"] = int(changes["size"])
        if files is not None:
            changes["dataFileList"] = checked_files(files)

        def change(tx: Transaction) -> Doc:
            doc, dataset = self._owned(tx, id, pid)
            self.access.check_update_dataset(who, dataset)
            after = {**doc, **changes}
            if not self.access.is_admin(who):
                after["ownerGroup"] = doc["ownerGroup"]
            stamp_changed(after, who)
            tx.replace("origdatablock", id, after)
            more = len(after["dataFileList"]) - len(doc["dataFileList"])
            _count(tx, dataset, after["size"] - doc["size"], more)
            return after

        return self.form(id, self.store.change(change))

    def delete(self, who: Identity, id: str, *, pid: str | None = None) -> Doc:
        """Take a block away from its dataset."""

        def change(tx: Transaction) -> Doc:
            doc, dataset = self._owned(tx, id, pid)
            self.access.check_delete_part(who, dataset)
            tx.delete("origdatablock", id)
            _count(tx, dataset, -doc["size"], -len(doc["dataFileList"]))
            return doc

        return self.form(id, self.store.change(change))

    def delete_all(self, who: Identity, pid: str) -> Doc:
        """Take all blocks away from a dataset; ``{acknowledged, deletedCount}``."""

        def change(tx: Transaction) -> int:
            dataset = tx.get("dataset", pid)
            if dataset is None:
                raise not_found(f"dataset: {pid[:200]} not found")
            self.access.check_delete_part(who, dataset)
            ids = tx.linked("origdatablock", "dataset", pid)
            for id in ids:
                tx.delete("origdatablock", id)
            tx.replace("dataset", pid, {**dataset, "size": 0, "numberOfFiles": 0})
            return len(ids)

        return {"acknowledged": True, "deletedCount": self.store.change(change)}

    @staticmethod
    def _owned(tx: Transaction, id: str, pid: str | None) -> tuple[Doc, Doc]:
        doc = tx.get("origdatablock", id)
        dataset = tx.get("dataset", doc["datasetId"]) if doc else None
        if doc is None or dataset is None or (pid is not None and doc["datasetId"] != pid):
            raise not_found(f"OrigDatablock: {id} not found")
        return doc, dataset


def _count(tx: Transaction, dataset: Doc, size: int, files: int) -> None:
    """Adjust a dataset's totals; its ``updatedAt`` stays, since nobody edited it."""
    if size or files:
        dataset["size"] = max(0, int(dataset.get("size", 0)) + size)
        dataset["numberOfFiles"] = max(0, int(dataset.get("numberOfFiles", 0)) + files)
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


def _without_id(file: Doc) -> Doc:
    return {name: value for name, value in file.items() if name != "id"}
