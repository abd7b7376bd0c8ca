"""Jobs: requests of users for work on datasets, as configured by the facility."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request, forbidden, not_found
from jupyter_shinecat.catalog.search.condition import both
from jupyter_shinecat.catalog.search.options import Projection
from jupyter_shinecat.catalog.store.documents import Doc, Snapshot, Transaction

from .common import Manager, Parts, new_uuid, shown, stamp_changed, stamp_new
from .job_actions import JobActions
from .job_rules import JobRules
from .limits import check_depth
from .validate import Field, messages, problems, require, require_object

_V4 = (
    Field("type", "text", required=True),
    Field("jobParams", "object", required=True),
    Field("ownerUser", "string"),
    Field("ownerGroup", "string"),
    Field("contactEmail", "email"),
)
_V3 = (
    Field("type", "text", required=True),
    Field("emailJobInitiator", "email"),
    Field("jobParams", "object"),
    Field("datasetList", "objects", required=True),
    Field("executionTime", "date"),
    Field("jobStatusMessage", "string"),
    Field("jobResultObject", "object"),
    # SciCat's command line client sends these.
    Field("contactEmail", "email"),
    Field("creationTime", "any"),
    Field("ownerUser", "string"),
    Field("ownerGroup", "string"),
)
_V4_UPDATE = (
    Field("statusCode", "text", required=True),
    Field("statusMessage", "text", required=True),
    Field("jobResultObject", "object"),
)
_V3_UPDATE = (
    Field("executionTime", "date"),
    Field("jobStatusMessage", "string"),
    Field("jobResultObject", "object"),
)
_MAX_DATASETS = 10_000


class Jobs(Manager):
    """Jobs in the forms of v3 and v4 over one store."""

    kind = "job"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._facility = parts.settings.facility
        self._rules = JobRules(self._facility.job_configuration)
        self._actions = JobActions()

    def close(self) -> None:
        """Finish requests of actions."""
        self._actions.close()

    def create(self, who: Identity, body: Any, *, version: int) -> Doc:
        """Store a job, when its type's rule lets ``who``, and start what its configuration says."""
        sent = dict(require_object(body))
        kind = self._rules.of(sent.get("type"))
        found = problems(sent, _V4 if version == 4 else _V3)
        if found:
            raise bad_request(messages(found))
        doc = _from_v3(sent) if version == 3 else {name: value for name, value in sent.items() if value is not None}
        check_depth(doc, self.settings.max_depth // 2, self.settings.max_metadata_keys, "The job")
        listed = _datasets(doc)
        if who.signed_in:
            doc.setdefault("ownerUser", who.username)
            doc.setdefault("contactEmail", who.email)
        with self.store.snapshot() as snapshot:
            datasets = self._known(snapshot, listed)
            if who.signed_in and "ownerGroup" not in doc and (group := self.access.group_of_work(who, datasets)):
                doc["ownerGroup"] = group
            self.access.check_create_job(who, doc, kind.create.auth, snapshot, datasets)
            self._check_files(snapshot, who, listed)
        doc.update(
            id=new_uuid(), accessGroups=[], isPublished=False, configVersion=self._rules.version, jobResultObject={},
            statusCode=self._facility.job_default_status_code, statusMessage=self._facility.job_default_status_message,
        )  # fmt: skip
        stamp_new(doc, who)
        # The configuration speaks of the form of v4, whichever came.
        request = sent if version == 4 else _from_v3(sent)
        context = {"job": doc, "request": request, "datasets": [d for d in datasets if d]}
        self._actions.check(kind.create.actions, context)
        self.store.change(lambda tx: tx.insert("job", doc["id"], doc))
        self._made(doc["id"], doc)
        self._actions.act(kind.create.actions, context)
        return self.form(doc, version)

    @staticmethod
    def _known(snapshot: Snapshot, listed: list[Doc]) -> list[Doc]:
        datasets = []
        for item in listed:
            dataset = snapshot.get("dataset", item["pid"])
            if dataset is None:
                raise bad_request(f"Dataset with pid {item['pid'][:200]} does not exist.")
            datasets.append(dataset)
        return datasets

    def _check_files(self, snapshot: Snapshot, who: Identity, listed: list[Doc]) -> None:
        """Refuse files that are not there; those that ``who`` can't see are neither, so that no name can be guessed."""
        every = self.access.makes_any_job(who)
        visible = self.access.visible(who, "origdatablock")
        for item in listed:
            if not item["files"]:
                continue
            blocks = snapshot.scan("origdatablock", snapshot.linked("origdatablock", "dataset", item["pid"]))
            seen = (row.doc for row in blocks if every or visible.shows(snapshot, row.doc))
            paths = {file.get("path") for block in seen for file in block.get("dataFileList", [])}
            missing = [path for path in item["files"] if path not in paths]
            if missing:
                raise bad_request(f"At least one requested file could not be found: {missing[0][:200]}")

    def form(self, doc: Doc, version: int) -> Doc:
        """A job as the API's ``version`` shows it."""
        if version == 4:
            # Nothing is ever included in a job; the client's model wants the lists all the same.
            return shown({**doc, "datasets": [], "datasetDetails": []} if self.complete else doc, doc["id"])
        parameters = {key: value for key, value in doc.get("jobParams", {}).items() if key != "datasetList"}
        if doc.get("ownerUser"):
            parameters["username"] = doc["ownerUser"]
        form = {
            "_id": doc["id"], "id": doc["id"], "emailJobInitiator": doc.get("contactEmail"), "type": doc["type"],
            "creationTime": doc["createdAt"], "jobParams": parameters, "jobStatusMessage": doc["statusCode"],
            "datasetList": doc.get("jobParams", {}).get("datasetList", []), "jobResultObject": doc["jobResultObject"],
        }  # fmt: skip
        if parameters.get("executionTime"):
            form["executionTime"] = parameters.pop("executionTime")
        return form

    def get(self, who: Identity, id: str, *, version: int) -> Doc:
        """One job, or a 404 or 403."""
        return self.form(self._readable(who, id), version)

    def _readable(self, who: Identity, id: str) -> Doc:
        with self.store.snapshot() as snapshot:
            doc = snapshot.get("job", id)
            if doc is None:
                raise not_found(f"Job {id[:100]} not found")
            if not self.access.visible(who, "job").shows(snapshot, doc):
                raise forbidden("Unauthorized to access this job")
            return doc

    def listed(self, who: Identity, raw: Any, *, version: int) -> list[Doc]:
        """Visible jobs of a filter."""
        if not who.signed_in:
            raise forbidden()
        wanted = self.parse_filter(raw)
        return [wanted.projection.apply(self.form(doc, version)) for doc in self.found(who, wanted)]

    def query(self, who: Identity, query: Any, limits: Any, *, version: int) -> list[Doc]:
        """fullquery."""
        if not who.signed_in:
            raise forbidden()
        where = both(*self.parse_fields(query).values())
        found = self.engine.find(self.kind, where, self.access.visible(who, self.kind), self.page_of(limits))
        return [self.form(doc, version) for doc in found]

    def with_datasets(self, who: Identity, raw: Any) -> list[Doc]:
        """Visible jobs of a filter, each with those of its datasets that ``who`` may see."""
        if not who.signed_in:
            raise forbidden()
        wanted = self.parse_filter(raw)
        visible = self.access.visible(who, "dataset")
        result = []
        with self.store.snapshot() as snapshot:
            for doc in self.found(who, wanted):
                found = snapshot.get_many("dataset", [item["pid"] for item in _datasets(doc)])
                details = [shown(item, pid) for pid, item in found.items() if visible.shows(snapshot, item)]
                result.append(wanted.projection.apply({**self.form(doc, 4), "datasetDetails": details}))
        return result

    def datasets_of(self, who: Identity, id: Any, fields: Any) -> list[Doc]:
        """The datasets of a job that ``who`` may see."""
        doc = self._readable(who, id if isinstance(id, str) else "")
        projection = Projection(fields or None)
        visible = self.access.visible(who, "dataset")
        with self.store.snapshot() as snapshot:
            found = snapshot.get_many("dataset", [item["pid"] for item in _datasets(doc)])
            return [projection.apply(shown(item, pid)) for pid, item in found.items() if visible.shows(snapshot, item)]

    def patch(self, who: Identity, id: str, body: Any, *, version: int) -> Doc:
        """Change a job's state."""
        sent = require(body, _V4_UPDATE if version == 4 else _V3_UPDATE, partial=version == 3)
        changes = dict(sent)
        if version == 3:
            changes = {"jobResultObject": sent["jobResultObject"]} if "jobResultObject" in sent else {}
            if "jobStatusMessage" in sent:
                changes["statusCode"] = changes["statusMessage"] = sent["jobStatusMessage"]
        check_depth(changes, self.settings.max_depth // 2, self.settings.max_metadata_keys, "The job")

        def change(tx: Transaction) -> Doc:
            doc = tx.get("job", id)
            if doc is None:
                raise not_found(f"Job {id[:100]} not found")
            self.access.check_update_job(who, doc, self._rules.of(doc["type"]).update.auth)
            after = {**doc, **changes}
            if version == 3 and "executionTime" in sent:
                after["jobParams"] = {**doc["jobParams"], "executionTime": sent["executionTime"]}
            self._actions.check(self._rules.of(doc["type"]).update.actions, {"job": after, "request": changes})
            stamp_changed(after, who)
            tx.replace("job", id, after)
            return after

        after = self.store.change(change)
        self._actions.act(self._rules.of(after["type"]).update.actions, {"job": after, "request": changes})
        return self.form(after, version)

    def delete(self, who: Identity, id: str, *, version: int) -> Doc:
        """Delete a job."""
        self.access.check_delete_job(who)

        def change(tx: Transaction) -> Doc:
            doc = tx.get("job", id)
            if doc is None:
                raise not_found(f"Job {id[:100]} not found")
            tx.delete("job", id)
            return doc

        return self.form(self._gone(id, self.store.change(change)), version)


def _from_v3(sent: Doc) -> Doc:
    doc: Doc = {"type": sent["type"], "jobParams": {**(sent.get("jobParams") or {})}}
    doc["jobParams"]["datasetList"] = sent["datasetList"]
    if sent.get("executionTime"):
        doc["jobParams"]["executionTime"] = sent["executionTime"]
    email = sent.get("emailJobInitiator") or sent.get("contactEmail")
    if email:
        doc["contactEmail"] = email
    for name in ("ownerUser", "ownerGroup"):
        if sent.get(name):
            doc[name] = sent[name]
    return doc


def _datasets(doc: Doc) -> list[Doc]:
    """``datasetList`` of a job's parameters, checked."""
    listed = doc.get("jobParams", {}).get("datasetList", [])
    good = isinstance(listed, list) and all(
        isinstance(item, dict)
        and isinstance(item.get("pid"), str)
        and isinstance(item.get("files", []), list)
        and all(isinstance(path, str) for path in item.get("files", []))
        for item in listed
    )
    if not good:
        raise bad_request("datasetList must be an array of {pid, files}")
    if len(listed) > _MAX_DATASETS:
        raise bad_request(f"datasetList may hold at most {_MAX_DATASETS} datasets")
    return [{"pid": item["pid"], "files": item.get("files", [])} for item in listed]
