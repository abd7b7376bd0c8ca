"""Datasets: create, read, change, delete."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused, bad_request, forbidden, not_found
from jupyter_shinecat.catalog.search.condition import both
from jupyter_shinecat.catalog.search.options import Projection
from jupyter_shinecat.catalog.store.documents import Doc, Snapshot, Transaction

from . import dataset_fields as fields
from .common import Manager, Parts, new_object_id, new_uuid, shown, stamp_changed, stamp_new
from .history import record
from .includes import Includes
from .limits import check_dataset, check_metadata
from .si import half_pair, with_si
from .validate import Problem, messages, normalise_dates, problems, require, require_object, without_nulls

_APPENDABLE = ("keywords", "inputDatasets", "usedSoftware", "proposalIds", "sampleIds", "instrumentIds")
_LISTS = (
    "accessGroups", "keywords", "techniques", "sharedWith", "relationships", "principalInvestigators", "proposalIds",
    "sampleIds", "instrumentIds", "inputDatasets", "usedSoftware",
)  # fmt: skip
_V3_CREATE = {"raw": fields.V3_RAW_CREATE, "derived": fields.V3_DERIVED_CREATE}
_PID = re.compile(r"[^\x00-\x1f\x7f]{1,1024}")


class Datasets(Manager):
    """Datasets in the forms of v3 and v4 over one store."""

    kind = "dataset"

    def __init__(self, parts: Parts, includes: Includes) -> None:
        super().__init__(parts)
        self._includes = includes
        self._strict = self.settings.profile == "scicat-5"
        self._started = dates.now()
        self._types = self.settings.facility.types_of_datasets

    # -- create --

    def create(self, who: Identity, body: Any, *, version: int) -> Doc:
        """Store a new dataset and give it as the API's ``version`` shows it."""
        if not self.access.may_create_datasets(who):
            raise forbidden()
        sent = require_object(body)
        found = self._check(sent, version)
        if found:
            raise _invalid(found, version)
        doc = without_nulls(sent)
        self.access.check_create_dataset(who, doc)
        self._complete(doc, who, version)
        pid = doc["pid"]
        if not self.store.change(lambda tx: tx.insert("dataset", pid, doc)):
            raise Refused(409, f"A dataset with pid {pid} already exists!")
        return self._form(doc, version)

    def validate(self, who: Identity, body: Any, *, version: int) -> dict[str, Any]:
        """Whether :meth:`create` would take ``body``: ``{valid}``, and what is wrong."""
        if not self.access.may_create_datasets(who):
            raise forbidden()
        try:
            found = self._check(require_object(body), version)
            check_metadata(body.get("scientificMetadata"), self.settings)
        except Refused as refusal:
            return {"valid": False, "error": str(refusal), "reason": str(refusal)}
        if not found:
            return {"valid": True}
        text = "; ".join(messages(found))
        return {"valid": False, "error": text, "reason": text}

    def _new_lifecycle(self) -> Doc:
        cycle = _new_lifecycle()
        if self._strict:
            # The real server's defaults: the moment it started, whatever the names say.
            cycle.update(dateOfDiskPurging=self._started, publishedOn=self._started, dateOfPublishing=_years_on(3))
        return cycle

    def _check(self, sent: dict[str, Any], version: int) -> list[Problem]:
        if version == 4:
            found = problems(sent, fields.V4_CREATE)
            if not found and sent["type"] not in self._types:
                raise Refused(400, "Invalid dataset type!", body={"status": 400, "message": "Invalid dataset type!"})
            return found
        if not isinstance(sent.get("type"), str) or sent["type"] not in self._types:
            raise Refused(400, "Invalid dataset type!", body={"status": 400, "message": "Invalid dataset type!"})
        if sent["type"] in _V3_CREATE:
            return problems(sent, _V3_CREATE[sent["type"]])
        # v3 knows no other types; ours takes what both forms may hold.
        return problems(sent, fields.V3_CUSTOM_CREATE)

    def _complete(self, doc: Doc, who: Identity, version: int) -> None:
        """Bring a valid body into the stored form, in place, with the server's defaults."""
        pid = doc.get("pid")
        if pid is None:
            doc["pid"] = f"{self.settings.pid_prefix}/{new_uuid()}"
        elif not _PID.fullmatch(pid) or (
            self.settings.pid_pattern and not re.fullmatch(self.settings.pid_pattern, pid)
        ):
            raise bad_request("PID is not following required standards")
        if version == 3:
            plural = fields.from_v3(doc)
            doc.clear()
            doc.update(plural)
        normalise_dates(doc, fields.V4_CREATE)
        check_metadata(doc.get("scientificMetadata"), self.settings)
        doc["scientificMetadata"] = with_si(doc.get("scientificMetadata") or {}, echo=self._strict)
        if not doc.get("datasetName"):
            doc["datasetName"] = (
                doc["sourceFolder"].rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or doc["sourceFolder"]
            )
        for name in ("size", "packedSize", "numberOfFiles", "numberOfFilesArchived"):
            doc[name] = int(doc.get(name, 0))
        for name in _LISTS:
            doc.setdefault(name, [])
        doc.setdefault("classification", "IN=medium,AV=low,CO=low")
        doc["isPublished"] = bool(doc.get("isPublished", False))
        doc["datasetlifecycle"] = {**self._new_lifecycle(), **self._lifecycle(doc.get("datasetlifecycle"))}
        doc["version"] = str(version)
        check_dataset(doc, self.settings)
        stamp_new(doc, who)

    @staticmethod
    def _lifecycle(sent: Any) -> Doc:
        if sent is None:
            return {}
        changes = require(sent, fields.LIFECYCLE, partial=True)
        normalise_dates(changes, fields.LIFECYCLE)
        changes.pop("id", None)
        return changes

    # -- read --

    def _form(self, doc: Doc, version: int) -> Doc:
        return shown(doc if version == 4 else fields.to_v3(doc), doc["pid"])

    def _forms(
        self, who: Identity, docs: list[Doc], version: int, projection: Projection, include: Any, public: bool
    ) -> list[Doc]:
        related = self._includes.of(who, docs, include, version=version, public_only=public)
        result = []
        for doc in docs:
            form = projection.apply(self._form(doc, version))
            form.update(related.get(doc["pid"], {}))
            result.append(form)
        return result

    def stored(self, snapshot: Snapshot, pid: str) -> Doc | None:
        """A dataset by PID, whoever asks."""
        return snapshot.get("dataset", pid)

    def readable(self, who: Identity, pid: str, *, public_only: bool = False) -> Doc:
        """A dataset by PID, or a 404 or 403."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get("dataset", pid)
            if doc is None:
                raise not_found(f"dataset: {pid} not found")
            if not self.access.visible(who, "dataset", public_only=public_only).shows(snapshot, doc):
                # The public routes don't tell what exists beyond them.
                raise not_found(f"dataset: {pid} not found") if public_only else forbidden("Unauthorized access")
            return doc

    def get(
        self,
        who: Identity,
        pid: str,
        *,
        version: int,
        include: Any = None,
        filter: Any = None,
        public_only: bool = False,
    ) -> Doc:
        """One dataset with the relations asked for."""
        doc = self.readable(who, pid, public_only=public_only)
        projection = Projection(filter.get("fields") if isinstance(filter, dict) else None)
        if include is None and isinstance(filter, dict):
            include = filter.get("include")
        form = self._forms(who, [doc], version, projection, include, public_only)[0]
        if version == 3 and projection.everything:
            form["history"] = []
        return form

    def listed(self, who: Identity, raw: Any, *, version: int, public_only: bool = False) -> list[Doc]:
        """Visible datasets of a filter."""
        wanted = self.parse_filter(raw, version=version)
        docs = self.found(who, wanted, public_only=public_only)
        return self._forms(who, docs, version, wanted.projection, wanted.include, public_only)

    def first(self, who: Identity, raw: Any, *, version: int, public_only: bool = False) -> Doc | None:
        """The first visible dataset of a filter, or None."""
        limits = {**(raw.get("limits") or {}), "limit": 1} if isinstance(raw, dict) else {"limit": 1}
        found = self.listed(who, {**(raw or {}), "limits": limits}, version=version, public_only=public_only)
        return found[0] if found else None

    def query(self, who: Identity, query: Any, limits: Any) -> list[Doc]:
        """fullquery."""
        return [self._form(doc, 3) for doc in self.queried(who, query, limits)]

    def metadata_keys(self, who: Identity, query: Any, limits: Any, *, public_only: bool = False) -> list[str]:
        """Names of metadata keys of visible datasets; ``metadataKey`` in ``query`` keeps those that contain it."""
        query = dict(query) if isinstance(query, dict) else {}
        part = str(query.pop("metadataKey", "") or "").casefold()
        visible = self.access.visible(who, "dataset", public_only=public_only)
        keys = self.engine.metadata_keys(
            "dataset", both(*self.parse_fields(query).values()), "scientificMetadata", visible
        )
        found = [key for key in keys if part in key.casefold()]
        limit = limits.get("limit") if isinstance(limits, dict) else None
        return found[: limit if isinstance(limit, int) and limit > 0 else 1000]

    # -- change --

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
        return self._form(after, version)

    def _changed(self, doc: Doc, sent: dict[str, Any], version: int, merge: bool) -> Doc:
        sent = dict(sent)
        if self.settings.profile != "scicat-5":
            # Clients that send back the whole object they got (pyscicat) mean no change of these.
            for name in ("pid", "type", "version"):
                if sent.get(name) == doc.get(name):
                    sent.pop(name, None)
        found = problems(sent, fields.V3_UPDATE if version == 3 else fields.V4_UPDATE, partial=True)
        if found:
            raise _invalid(found, version)
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

    def lifecycle(self, who: Identity, pid: str) -> Doc:
        """The life cycle of a readable dataset."""
        result: Doc = self.readable(who, pid).get("datasetlifecycle", {})
        return result

    def patch_lifecycle(self, who: Identity, pid: str, body: Any) -> Doc:
        """Change parts of the life cycle."""
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
            return after["datasetlifecycle"]  # type: ignore[no-any-return]

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

        return shown(self.store.change(change), pid)


def access_changes(before: Doc, after: Doc) -> dict[str, Any]:
    """What changed of who may read or change a document, as pairs of before and after."""
    return {
        name: [before.get(name), after.get(name)]
        for name in ("ownerGroup", "accessGroups", "sharedWith", "isPublished")
        if before.get(name) != after.get(name)
    }


def _years_on(years: int) -> str:
    now = datetime.now(UTC)
    return dates.iso(now.replace(year=now.year + years, day=min(now.day, 28)))


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


def _invalid(found: list[Problem], version: int) -> Refused:
    if version == 4:
        return bad_request(messages(found))
    text = msgspec.json.encode([problem.as_json for problem in found]).decode()
    return Refused(400, messages(found), body={"status": 400, "message": text})


def _new_lifecycle() -> Doc:
    kept_until = _years_on(10)
    return {
        "archivable": True, "retrievable": False, "publishable": False, "isOnCentralDisk": True,
        "archiveStatusMessage": "datasetCreated", "retrieveStatusMessage": "", "retrieveIntegrityCheck": False,
        "archiveRetentionTime": kept_until, "_id": new_object_id(),
    }  # fmt: skip
