"""Samples, proposals and instruments: documents with an id of their own that datasets refer to."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused, bad_request, forbidden, not_found
from jupyter_shinecat.catalog.search.condition import both
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from .common import Manager, new_uuid, only_one, shown, stamp_changed, stamp_new
from .dataset_changes import access_changes
from .history import record
from .si import with_si
from .validate import Field, messages, normalise_dates, problems, require_object, without_nulls

_OWNABLE = (Field("accessGroups", "strings"), Field("instrumentGroup", "string"), Field("isPublished", "flag"))


class Named(Manager):
    """What samples, proposals and instruments have in common."""

    id_field = ""
    label = ""
    fields: tuple[Field, ...] = ()
    with_id = True

    def _defaults(self, doc: Doc) -> None:
        raise NotImplementedError

    def _check_write(self, who: Identity, doc: Doc) -> None:
        raise NotImplementedError

    def _check_first(self, who: Identity) -> None:
        """Roles that are checked before the body is looked at."""
        if not who.signed_in:
            raise forbidden()

    def _duplicate(self, tx: Transaction, doc: Doc) -> None:
        """Raise a 409 when something like ``doc`` is already there (the id itself is checked beside)."""

    def _check_change(self, tx: Transaction, before: Doc, after: Doc) -> None:
        """Raise a 409 when ``after`` is like another document."""

    def _taken(self, id: str) -> Refused:
        return Refused(409, f"{self.label} with {id} already exists")

    def form(self, doc: Doc) -> Doc:
        """The document as answers carry it."""
        return shown(doc, doc[self.id_field], with_id=self.with_id)

    def create(self, who: Identity, body: Any) -> Doc:
        """Store a new document."""
        self._check_first(who)
        sent = require_object(body)
        found = problems(sent, self.fields)
        if found:
            raise bad_request(messages(found))
        doc = without_nulls(sent)
        normalise_dates(doc, self.fields)
        self._defaults(doc)
        self._check_write(who, doc)
        stamp_new(doc, who)
        id = doc[self.id_field]

        def change(tx: Transaction) -> None:
            self._duplicate(tx, doc)
            if not tx.insert(self.kind, id, doc):
                raise self._taken(id)

        self.store.change(change)
        return self.form(self._made(id, doc))

    def validate(self, who: Identity, body: Any) -> dict[str, Any]:
        """Whether :meth:`create` would take ``body``."""
        self._check_first(who)
        texts = messages(problems(require_object(body), self.fields))
        return {"valid": not texts, **({"reason": "; ".join(texts)} if texts else {})}

    def readable(self, who: Identity, id: str) -> Doc:
        """One document, or a 404 or 403."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get(self.kind, id)
            if doc is None:
                raise not_found(f"{self.label}: {id} not found")
            if not self.access.visible(who, self.kind).shows(snapshot, doc):
                raise forbidden(f"Unauthorized to this {self.kind}")
            return doc

    def get(self, who: Identity, id: str) -> Doc:
        """One document as answers carry it."""
        return self.form(self.readable(who, id))

    def may_read(self, who: Identity, id: str) -> bool:
        """Whether the document exists and is visible."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get(self.kind, id)
            return doc is not None and self.access.visible(who, self.kind).shows(snapshot, doc)

    def listed(self, who: Identity, raw: Any) -> list[Doc]:
        """Visible documents of a filter."""
        wanted = self.parse_filter(raw)
        return [wanted.projection.apply(self.form(doc)) for doc in self.found(who, wanted)]

    def first(self, who: Identity, raw: Any) -> Doc | None:
        """The first visible document of a filter, or None."""
        found = self.listed(who, only_one(raw))
        return found[0] if found else None

    def query(self, who: Identity, query: Any, limits: Any) -> list[Doc]:
        """fullquery."""
        where = both(*self.parse_fields(query).values())
        return [self.form(doc) for doc in self.answer(who, query, where, limits)]

    def metadata_keys(self, who: Identity, query: Any) -> list[str]:
        """Names of metadata keys of visible documents."""
        query = dict(query) if isinstance(query, dict) else {}
        part = str(query.pop("metadataKey", "") or "").casefold()
        visible = self.access.visible(who, self.kind)
        keys = self.engine.metadata_keys(
            self.kind, both(*self.parse_fields(query).values()), "sampleCharacteristics", visible
        )
        return [key for key in keys if part in key.casefold()][:1000]

    def patch(self, who: Identity, id: str, body: Any) -> Doc:
        """Change top-level fields."""
        self._check_first(who)
        sent = dict(require_object(body))
        if sent.get(self.id_field) == id:
            sent.pop(self.id_field)
        fields = tuple(field for field in self.fields if field.name != self.id_field)
        found = problems(sent, fields, partial=True)
        if found:
            raise bad_request(messages(found))
        changes = without_nulls(sent)
        normalise_dates(changes, fields)

        def change(tx: Transaction) -> Doc:
            doc = tx.get(self.kind, id)
            if doc is None:
                raise not_found(f"{self.label}: {id} not found")
            self._check_write(who, doc)
            after = {**doc, **changes}
            self._defaults(after)
            self._check_change(tx, doc, after)
            self.access.check_owner_change(who, doc, after)
            stamp_changed(after, who)
            record(tx, self.settings, self.kind, id, who, doc, after)
            tx.replace(self.kind, id, after)
            opened.update(access_changes(doc, after))
            return after

        opened: dict[str, Any] = {}
        after = self.store.change(change)
        if opened:
            self.audit.note(f"{self.kind}.access", id, **opened)
        return self.form(after)

    def delete(self, who: Identity, id: str) -> Doc:
        """Delete one document."""

        def change(tx: Transaction) -> Doc:
            doc = tx.get(self.kind, id)
            self.access.check_delete_other(who)
            if doc is None:
                raise not_found(f"{self.label}: {id} not found")
            record(tx, self.settings, self.kind, id, who, doc, None)
            tx.delete(self.kind, id)
            return doc

        return self.form(self._gone(id, self.store.change(change)))


class Samples(Named):
    """Samples; characteristics get SI pairs as metadata do."""

    kind, id_field, label, with_id = "sample", "sampleId", "Sample", False
    fields = (
        Field("ownerGroup", "text", required=True),
        *_OWNABLE,
        Field("sampleId", "text"),
        # pyscicat sends none; the real server then fails with 500.
        Field("sampleName", "string"),
        *(Field(name, "string") for name in ("owner", "description", "type", "proposalId", "parentSampleId")),
        Field("sampleCharacteristics", "object"),
    )

    def _defaults(self, doc: Doc) -> None:
        doc.setdefault("sampleId", new_uuid())
        doc.setdefault("sampleName", doc.get("description") or doc["sampleId"])
        doc.setdefault("accessGroups", [])
        doc.setdefault("isPublished", False)
        doc["sampleCharacteristics"] = with_si(doc.get("sampleCharacteristics") or {})

    def _check_write(self, who: Identity, doc: Doc) -> None:
        self.access.check_write_sample(who, doc)


class Proposals(Named):
    """Proposals, kept by the proposal groups."""

    kind, id_field, label = "proposal", "proposalId", "Proposal"
    fields = (
        Field("proposalId", "string", required=True),
        Field("ownerGroup", "text", required=True),
        *_OWNABLE,
        Field("email", "email", required=True),
        # Required by the DTO, but the real server takes proposals without one.
        Field("title", "string"),
        *(
            Field(name, "string")
            for name in ("pi_firstname", "pi_lastname", "firstname", "lastname", "abstract", "type")
        ),
        Field("pi_email", "email"),
        Field("startTime", "date"),
        Field("endTime", "date"),
        Field("MeasurementPeriodList", "objects"),
        Field("metadata", "object"),
        Field("parentProposalId", "string"),
        Field("instrumentIds", "strings"),
        Field("keywords", "strings"),
    )

    def _check_first(self, who: Identity) -> None:
        self.access.check_write_proposal(who)

    def _defaults(self, doc: Doc) -> None:
        if not doc["proposalId"]:
            raise bad_request(["proposalId should not be empty"])
        doc.setdefault("title", "")
        doc.setdefault("accessGroups", [])
        doc.setdefault("isPublished", False)
        doc.setdefault("MeasurementPeriodList", [])
        doc.setdefault("metadata", {})
        doc.setdefault("parentProposalId", None)
        doc.setdefault("type", "Default Proposal")
        facility = self.settings.facility
        if (facility.proposal_types or not self.complete) and doc["type"] not in facility.types_of_proposals:
            raise bad_request(["type must be one of the configured proposal types"])
        doc.setdefault("instrumentIds", [])
        doc.setdefault("numberOfDatasets", 0)
        if self.complete:
            doc.setdefault("keywords", [])

    def _check_write(self, who: Identity, doc: Doc) -> None:
        self.access.check_write_proposal(who)


class Instruments(Named):
    """Instruments, kept by administrators."""

    kind, id_field, label = "instrument", "pid", "Instrument"
    fields = (
        Field("pid", "text"),
        Field("name", "string", required=True),
        # pyscicat sends none.
        Field("uniqueName", "string"),
        Field("customMetadata", "object"),
    )

    def _check_first(self, who: Identity) -> None:
        self.access.check_admin(who)

    def _defaults(self, doc: Doc) -> None:
        doc.setdefault("pid", f"{self.settings.pid_prefix}{new_uuid()}")
        doc.setdefault("uniqueName", doc["name"])
        doc.setdefault("customMetadata", {})

    def _check_write(self, who: Identity, doc: Doc) -> None:
        self.access.check_admin(who)

    def _taken(self, id: str) -> Refused:
        return Refused(409, "Instrument with the same unique name or PID already exists")

    def _check_change(self, tx: Transaction, before: Doc, after: Doc) -> None:
        if before.get("uniqueName") != after["uniqueName"]:
            self._duplicate(tx, after)

    def _duplicate(self, tx: Transaction, doc: Doc) -> None:
        if any(row.doc.get("uniqueName") == doc["uniqueName"] for row in tx.scan("instrument")):
            raise self._taken(doc["pid"])
