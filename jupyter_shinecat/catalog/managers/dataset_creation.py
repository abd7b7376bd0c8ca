"""Datasets: create, and check what would be created."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused, bad_request, forbidden
from jupyter_shinecat.catalog.store.documents import Doc

from . import dataset_fields as fields
from .common import new_object_id, new_uuid, stamp_new
from .dataset_forms import DatasetForms, invalid
from .limits import check_dataset, check_metadata
from .si import with_si
from .validate import Problem, messages, normalise_dates, problems, require_object, without_nulls

_LISTS = (
    "accessGroups", "keywords", "techniques", "sharedWith", "relationships", "principalInvestigators", "proposalIds",
    "sampleIds", "instrumentIds", "inputDatasets", "usedSoftware",
)  # fmt: skip
_V3_CREATE = {"raw": fields.V3_RAW_CREATE, "derived": fields.V3_DERIVED_CREATE}
_PID = re.compile(r"[^\x00-\x1f\x7f]{1,1024}")


class DatasetCreation(DatasetForms):
    """New datasets in the forms of v3 and v4."""

    def create(self, who: Identity, body: Any, *, version: int) -> Doc:
        """Store a new dataset and give it as the API's ``version`` shows it."""
        if not self.access.may_create_datasets(who):
            raise forbidden()
        sent = require_object(body)
        found = self._check(sent, version)
        if found:
            raise invalid(found, version)
        doc = without_nulls(sent)
        self.access.check_create_dataset(who, doc)
        self._complete(doc, who, version)
        pid = doc["pid"]
        if not self.store.change(lambda tx: tx.insert("dataset", pid, doc)):
            raise Refused(409, f"A dataset with pid {pid} already exists!")
        self._made(pid, doc)
        return self._alone(self._form(doc, version), version)

    def validate(self, who: Identity, body: Any, *, version: int) -> dict[str, Any]:
        """Whether :meth:`create` would take ``body``: ``{valid}``, and what is wrong."""
        if not self.access.may_create_datasets(who):
            raise forbidden()
        try:
            found = self._check(require_object(body), version)
            check_metadata(body.get("scientificMetadata"), self.settings)
        except Refused as refusal:
            texts = [str(refusal)]
        else:
            texts = messages(found)
        if not texts:
            return {"valid": True}
        # The real server has no reasons here; scicat-sdk-py's model wants them as a list.
        return {"valid": False, "error": "; ".join(texts), **({"reason": texts} if self.complete else {})}

    def _new_lifecycle(self) -> Doc:
        cycle = _new_lifecycle()
        if self._strict:
            # The real server's defaults: the moment it started, whatever the names say.
            cycle.update(dateOfDiskPurging=self._started, publishedOn=self._started, dateOfPublishing=_years_on(3))
        return cycle

    def _check(self, sent: dict[str, Any], version: int) -> list[Problem]:
        if version == 4:
            found = problems(sent, fields.V4_CREATE)
            if not found and sent["type"] not in self.settings.facility.types_of_datasets:
                raise Refused(400, "Invalid dataset type!", body={"status": 400, "message": "Invalid dataset type!"})
            return found
        if not isinstance(sent.get("type"), str) or sent["type"] not in self.settings.facility.types_of_datasets:
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
        elif not _PID.fullmatch(pid) or (self.settings.pid_pattern and not re.search(self.settings.pid_pattern, pid)):
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


def _years_on(years: int) -> str:
    now = datetime.now(UTC)
    return dates.iso(now.replace(year=now.year + years, day=min(now.day, 28)))


def _new_lifecycle() -> Doc:
    kept_until = _years_on(10)
    return {
        "archivable": True, "retrievable": False, "publishable": False, "isOnCentralDisk": True,
        "archiveStatusMessage": "datasetCreated", "retrieveStatusMessage": "", "retrieveIntegrityCheck": False,
        "archiveRetentionTime": kept_until, "_id": new_object_id(),
    }  # fmt: skip
