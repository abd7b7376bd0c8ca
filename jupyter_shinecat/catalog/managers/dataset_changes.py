"""Datasets: patch, append, life cycle, delete."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused, bad_request, forbidden, not_found
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from . import dataset_fields as fields
from .common import shown, stamp_changed
from .dataset_forms import DatasetForms, invalid
from .history import record
from .limits import check_dataset, check_metadata
from .si import half_pair, with_si
from .validate import normalise_dates, problems, require_object, without_nulls

_APPENDABLE = ("keywords", "inputDatasets", "usedSoftware", "proposalIds", "sampleIds", "instrumentIds")


class DatasetChanges(DatasetForms):
    """Changes of stored datasets."""

    def patch(
        self, who: Identity, pid: str, body: Any, *, version: int, merge: bool, unchanged_since: Any = None
    ) -> Doc:
        """Change a dataset; ``merge`` merges nested objects (v4 merge-patch), else top-level fields are replaced."""
        sent = require_object(body)

        def change(tx: Transaction) -> Doc:
            doc = tx.get("dataset", pid)
            if doc is None:
                raise not_found(f"dataset: {pid} not found")
            self.access.check_update_dataset(who, doc)
            _precondition(doc, unchanged_since)
            after = self._changed(doc, sent, version, merge)
            self.access.check_owner_change(who, doc, after)
            stamp_changed(after, who)
            record(tx, self.settings, self.kind, pid, who, doc, after)
            tx.replace("dataset", pid, after)
            share_access(tx, doc, after)
            changed.update(access_changes(doc, after))
            return after

        changed: dict[str, Any] = {}
        after = self.store.change(change)
        if changed:
            self.audit.note("dataset.access", pid, **changed)
        return self._alone(self._form(after, version), version)

    def _changed(self, doc: Doc, sent: dict[str, Any], version: int, merge: bool) -> Doc:
        sent = dict(sent)
        if self.settings.profile != "scicat-5":
            # Clients that send back the whole object they got (pyscicat) mean no change of these.
            for name in ("pid", "type", "version"):
                if sent.get(name) == doc.get(name):
                    sent.pop(name, None)
        found = problems(sent, fields.V3_UPDATE if version == 3 else fields.V4_UPDATE, partial=True)
        if found:
            raise invalid(found, version)
        if version == 3:
            sent = fields.from_v3(sent)
        elif self.settings.profile == "scicat-5" and (half := half_pair(sent.get("scientificMetadata"))):
            raise bad_request(f"scientificMetadata.{half}: value and unit must be given together")
        normalise_dates(sent, fields.V4_UPDATE)
        lifecycle = self._lifecycle(sent.pop("datasetlifecycle", None))
        after = merge_patch(doc, sent) if merge else {**doc, **without_nulls(sent)}
        if not merge:
            for name in [name for name, value in sent.items() if value is None]:
                after.pop(name, None)
        for name in ("ownerGroup", "contactEmail", "sourceFolder", "creationTime", "datasetName"):
            if not after.get(name):
                raise bad_request([f"{name} should not be empty"])
        if lifecycle:
            after["datasetlifecycle"] = {**doc.get("datasetlifecycle", {}), **lifecycle}
        if "scientificMetadata" in sent:
            metadata = after.get("scientificMetadata") or {}
            check_metadata(metadata, self.settings)
            after["scientificMetadata"] = with_si(metadata, echo=self._strict)
        after["isPublished"] = bool(after.get("isPublished", False))
        check_dataset(after, self.settings)
        return after

    def append(self, who: Identity, pid: str, field: str | None, values: Any) -> Doc:
        """Add values to a list of a dataset (``appendToArrayField``); those that are there already stay single."""
        if field not in _APPENDABLE:
            raise bad_request(f"fieldName must be one of: {', '.join(_APPENDABLE)}")
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise bad_request("data must be an array of strings")

        def change(tx: Transaction) -> Doc:
            doc = tx.get("dataset", pid)
            if doc is None:
                raise not_found(f"dataset: {pid} not found")
            self.access.check_append(who, doc)
            old = doc.get(field) or []
            after = {**doc, field: [*old, *(value for value in dict.fromkeys(values) if value not in old)]}
            check_dataset(after, self.settings)
            stamp_changed(after, who)
            record(tx, self.settings, self.kind, pid, who, doc, after)
            tx.replace("dataset", pid, after)
            return after

        return self._form(self.store.change(change), 3)

    def patch_lifecycle(self, who: Identity, pid: str, body: Any) -> Doc:
        """Change parts of the life cycle; the whole dataset, whose ``datasetlifecycle`` is the answer."""
        changes = self._lifecycle(require_object(body))

        def change(tx: Transaction) -> Doc:
            doc = tx.get("dataset", pid)
            if doc is None:
                raise not_found(f"dataset: {pid} not found")
            self.access.check_lifecycle(who, doc)
            after = {**doc, "datasetlifecycle": {**doc.get("datasetlifecycle", {}), **changes}}
            stamp_changed(after, who)
            record(tx, self.settings, self.kind, pid, who, doc, after)
            tx.replace("dataset", pid, after)
            return after

        return self.store.change(change)

    def delete(self, who: Identity, pid: str, *, version: int) -> Doc:
        """Delete a dataset with its blocks and the attachments that belong to nothing else."""

        def change(tx: Transaction) -> Doc:
            doc = tx.get("dataset", pid)
            if doc is None:
                if not who.signed_in:
                    raise forbidden()
                raise Refused(404, "Not Found", body={"message": "Not Found", "statusCode": 404})
            self.access.check_delete_dataset(who, doc, used=bool(tx.linked("dataset", "input", pid)))
            for kind in ("origdatablock", "datablock"):
                for id in tx.linked(kind, "dataset", pid):
                    tx.delete(kind, id)
            for id in tx.linked("attachment", "dataset", pid):
                attachment = tx.get("attachment", id) or {}
                rest = [r for r in attachment.get("relationships", []) if r.get("targetId") != pid]
                if rest:
                    tx.replace("attachment", id, {**attachment, "relationships": rest})
                else:
                    tx.delete("attachment", id)
            record(tx, self.settings, self.kind, pid, who, doc, None)
            tx.delete("dataset", pid)
            return doc

        return shown(self._gone(pid, self.store.change(change)), pid)


def access_changes(before: Doc, after: Doc) -> dict[str, Any]:
    """What changed of who may read or change a document, as pairs of before and after."""
    return {
        name: [before.get(name), after.get(name)]
        for name in ("ownerGroup", "accessGroups", "sharedWith", "isPublished")
        if before.get(name) != after.get(name)
    }


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def share_access(tx: Transaction, before: Doc, after: Doc) -> None:
    """Blocks, and attachments of this dataset only, follow its groups: a change of access holds for them at once."""
    changed = {
        name: after.get(name)
        for name in ("ownerGroup", "accessGroups", "isPublished")
        if before.get(name) != after.get(name)
    }
    if not changed:
        return
    for kind in ("origdatablock", "datablock", "attachment"):
        for id in tx.linked(kind, "dataset", after["pid"]):
            part = tx.get(kind, id)
            if part is not None and len(part.get("relationships", [])) <= 1:
                tx.replace(kind, id, {**part, **changed})


def _precondition(doc: Doc, unchanged_since: Any) -> None:
    if unchanged_since is not None:
        stored = dates.parse(doc.get("updatedAt"))
        if stored is not None and stored.replace(microsecond=0) > unchanged_since:
            raise Refused(412, "Resource has been modified on server")
