"""Published data: private, public, registered with a DOI, amended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused, bad_request, forbidden, not_found
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from . import doi, json_schema
from . import publication_fields as fields
from .common import Manager, Parts, new_uuid, shown, stamp_changed, stamp_new
from .dataset_changes import share_access
from .history import record
from .limits import check_depth
from .validate import messages, problems, require_object, without_nulls

_MAX_DATASETS = 10_000


class Publications(Manager):
    """Publications in the forms of v3 and v4 over one store.

    Parameters
    ----------
    tell
        Called with each dataset that was made public, once that is stored.
    """

    kind = "publisheddata"

    def __init__(self, parts: Parts, tell: Callable[[Doc], None]) -> None:
        super().__init__(parts)
        self._tell = tell

    def create(self, who: Identity, body: Any, *, version: int) -> Doc:
        """Store a private publication of datasets that ``who`` sees."""
        if not who.signed_in:
            raise forbidden()
        doc = self._checked(body, version)
        doc["pid"] = f"{self.settings.pid_prefix}/{new_uuid()}"
        doc["doi"] = f"{self.settings.facility.doi_prefix.rstrip('/')}/{new_uuid()}"
        doc["status"] = "private"
        stamp_new(doc, who)

        def change(tx: Transaction) -> None:
            self._datasets(tx, who, doc)
            tx.insert(self.kind, doc["doi"], doc)

        self.store.change(change)
        return self.form(self._made(doc["doi"], doc), version)

    def _checked(self, body: Any, version: int, before: Doc | None = None) -> Doc:
        sent = dict(require_object(body))
        if before is not None:
            # Clients send back the whole object that they got.
            for name in ("_id", "__v", "id", "doi", "pid", "createdBy", "createdAt", "updatedBy", "updatedAt"):
                sent.pop(name, None)
        known = fields.V4 if version == 4 else fields.V3
        found = problems(sent, known, partial=before is not None)
        if found:
            raise bad_request(messages(found))
        doc = without_nulls(sent)
        if version == 3:
            doc = fields.from_v3(doc, before)
        doc.pop("status", None)
        doc.pop("registeredTime", None)
        check_depth(doc, self.settings.max_depth // 2, self.settings.max_dataset_values, "The publication")
        if "datasetPids" in doc and not doc["datasetPids"]:
            raise bad_request(["datasetPids should not be empty"])
        if len(doc.get("datasetPids", [])) > _MAX_DATASETS:
            raise bad_request([f"datasetPids may hold at most {_MAX_DATASETS} datasets"])
        return doc

    def _datasets(self, tx: Transaction, who: Identity, doc: Doc) -> list[Doc]:
        visible = self.access.visible(who, "dataset")
        found = tx.get_many("dataset", doc["datasetPids"])
        for pid in doc["datasetPids"]:
            # One text for both: it must not tell what exists.
            if pid not in found or not visible.shows(tx, found[pid]):
                raise bad_request(f"Dataset with pid {pid[:200]} does not exist or is not accessible.")
        return [found[pid] for pid in dict.fromkeys(doc["datasetPids"])]

    def form(self, doc: Doc, version: int) -> Doc:
        """A publication as the API's ``version`` shows it."""
        return fields.to_v3(doc, complete=self.complete) if version == 3 else shown(doc, doc["doi"], with_id=True)

    def get(self, who: Identity, id: str, *, version: int) -> Doc:
        """One publication; a 404 when it is not there, or private to others."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get(self.kind, id)
            if doc is None or not self.access.visible(who, self.kind).shows(snapshot, doc):
                raise _missing(id)
        return self.form(doc, version)

    def listed(self, who: Identity, raw: Any, *, version: int) -> list[Doc]:
        """Visible publications of a filter."""
        wanted = self.parse_filter(raw)
        return [wanted.projection.apply(self.form(doc, version)) for doc in self.found(who, wanted)]

    def patch(self, who: Identity, id: str, body: Any, *, version: int) -> Doc:
        """Change a publication that is not registered."""

        def change(tx: Transaction) -> Doc:
            doc = self._stored(tx, who, id)
            self.access.check_change_publication(who, doc)
            after = {**doc, **self._checked(body, version, before=doc)}
            if after["datasetPids"] != doc["datasetPids"]:
                datasets = self._datasets(tx, who, after)
                if doc["status"] != "private":
                    self.access.check_publish(who, doc, datasets)
            return self._keep(tx, who, doc, after)

        return self.form(self.store.change(change), version)

    def delete(self, who: Identity, id: str, *, version: int) -> Doc:
        """Delete a publication; its datasets stay as they are."""

        def change(tx: Transaction) -> Doc:
            doc = self._stored(tx, who, id)
            self.access.check_change_publication(who, doc)
            record(tx, self.settings, self.kind, id, who, doc, None)
            tx.delete(self.kind, id)
            return doc

        return self.form(self._gone(id, self.store.change(change)), version)

    # -- states --

    def publish(self, who: Identity, id: str, *, version: int) -> Doc:
        """Make a private publication and its datasets public."""

        def change(tx: Transaction) -> tuple[Doc, list[Doc]]:
            doc = self._stored(tx, who, id)
            datasets = self._publishable(tx, who, doc)
            if doc["status"] != "private":
                raise bad_request(f"Published data is {doc['status']}: only private published data can be published.")
            opened = self._open(tx, who, datasets)
            return self._keep(tx, who, doc, {**doc, "status": "public"}), opened

        return self._told(self.store.change(change), version)

    def register(self, who: Identity, id: str, *, version: int) -> Doc:
        """Register the DOI: of a public publication, of an amended one anew; v3 publishes in the same step."""
        allowed = ("public", "amended") if version == 4 else ("private", "public", "amended")

        def check(tx: Transaction) -> Doc:
            doc = self._stored(tx, who, id)
            self._publishable(tx, who, doc)
            if doc["status"] not in allowed:
                raise bad_request(f"Published data is {doc['status']}: it can't be registered.")
            return doc

        # The registry is asked between two transactions: it may take long, and may refuse.
        doi.register(self.settings.facility, self.store.change(check))

        def change(tx: Transaction) -> tuple[Doc, list[Doc]]:
            doc = check(tx)
            opened = self._open(tx, who, self._datasets(tx, who, doc)) if doc["status"] == "private" else []
            after = {**doc, "status": "registered", "registeredTime": dates.now()}
            return self._keep(tx, who, doc, after), opened

        return self._told(self.store.change(change), version)

    def _told(self, done: tuple[Doc, list[Doc]], version: int) -> Doc:
        doc, opened = done
        for dataset in opened:
            self._tell(dataset)
        return self.form(doc, version)

    def amend(self, who: Identity, id: str) -> Doc:
        """Open a registered publication for changes; administrators only."""

        def change(tx: Transaction) -> Doc:
            doc = self._stored(tx, who, id)
            if not self.access.is_admin(who):
                text = "Only admin users can amend published data."
                raise Refused(403, text, body=text)
            if doc["status"] != "registered":
                raise bad_request(f"Published data is {doc['status']}: only registered published data can be amended.")
            return self._keep(tx, who, doc, {**doc, "status": "amended"})

        return self.form(self.store.change(change), 4)

    def resync(self, who: Identity, id: str, body: Any, *, version: int) -> Doc:
        """Send the present record to the registry again, with changes of ``body`` when it has any."""
        self.access.check_admin(who)

        def changed(tx: Transaction) -> Doc:
            doc = self._stored(tx, who, id)
            return {**doc, **self._checked(body, version, before=doc)} if body else doc

        after = self.store.change(changed)
        self._valid(after)
        doi.register(self.settings.facility, after)
        return self.form(self.store.change(lambda tx: self._keep(tx, who, self._stored(tx, who, id), after)), version)

    def _publishable(self, tx: Transaction, who: Identity, doc: Doc) -> list[Doc]:
        datasets = self._datasets(tx, who, doc)
        self.access.check_publish(who, doc, datasets)
        self._valid(doc)
        return datasets

    def _valid(self, doc: Doc) -> None:
        """A 400 with everything that the facility's schema finds wrong."""
        configuration = self.settings.facility.published_data_configuration
        schema = configuration.get("metadataSchema") if isinstance(configuration, dict) else None
        if not schema:
            return
        found = json_schema.problems(schema, doc.get("metadata") or {})
        if found:
            listed = [{"instancePath": place, "message": message[:300]} for place, message in found[:50]]
            raise Refused(400, [item["message"] for item in listed], body=listed)

    def _open(self, tx: Transaction, who: Identity, datasets: list[Doc]) -> list[Doc]:
        now, opened = dates.now(), []
        for dataset in datasets:
            lifecycle = {**dataset.get("datasetlifecycle", {}), "publishedOn": now}
            after = {**dataset, "isPublished": True, "datasetlifecycle": lifecycle}
            stamp_changed(after, who)
            record(tx, self.settings, "dataset", dataset["pid"], who, dataset, after)
            tx.replace("dataset", dataset["pid"], after)
            share_access(tx, dataset, after)
            opened.append(after)
        return opened

    def _stored(self, tx: Transaction, who: Identity, id: str) -> Doc:
        doc = tx.get(self.kind, id)
        if doc is None or not self.access.visible(who, self.kind).shows(tx, doc):
            raise _missing(id)
        return doc

    def _keep(self, tx: Transaction, who: Identity, before: Doc, after: Doc) -> Doc:
        stamp_changed(after, who)
        record(tx, self.settings, self.kind, after["doi"], who, before, after)
        tx.replace(self.kind, after["doi"], after)
        return after

    # -- help for forms --

    def configuration(self) -> Any:
        """The facility's schema for publications."""
        return self.settings.facility.published_data_configuration or {"metadataSchema": {}, "uiSchema": {}}

    def populate(self, who: Identity, pid: str) -> Doc:
        """What a form about a dataset begins with: from the dataset, its proposal and its first picture."""
        with self.store.snapshot() as snapshot:
            dataset = snapshot.get("dataset", pid)
            if dataset is None or not self.access.visible(who, "dataset").shows(snapshot, dataset):
                raise not_found(f"dataset: {pid[:200]} not found")
            form: Doc = {"resourceType": dataset.get("type", "raw"), "description": dataset.get("description")}
            visible = self.access.visible(who, "proposal")
            for proposal in snapshot.get_many("proposal", dataset.get("proposalIds") or []).values():
                if visible.shows(snapshot, proposal):
                    form.update(title=proposal.get("title"), abstract=proposal.get("abstract"))
                    break
            pictures = self.access.visible(who, "attachment")
            for row in snapshot.scan("attachment", snapshot.linked("attachment", "dataset", pid)):
                if row.doc.get("thumbnail") and pictures.shows(snapshot, row.doc):
                    form["thumbnail"] = row.doc["thumbnail"]
                    break
        return without_nulls(form)


def _missing(id: str) -> Refused:
    return not_found(f"Published data with doi {id[:200]} not found.")
