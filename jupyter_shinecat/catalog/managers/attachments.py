"""Attachments: pictures and notes of datasets, samples and proposals."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused, bad_request, forbidden, not_found
from jupyter_shinecat.catalog.store.documents import Doc, Snapshot, Transaction

from . import attachment_fields as fields
from .common import Manager, new_uuid, shown, stamp_changed, stamp_new
from .history import record
from .validate import messages, problems, require_object, without_nulls

_KINDS = ("dataset", "sample", "proposal")


class Attachments(Manager):
    """Attachments in the forms of v3 and v4 over one store."""

    kind = "attachment"

    def create(self, who: Identity, body: Any, *, version: int, target: tuple[str, str] | None = None) -> Doc:
        """Store an attachment; ``target`` is (kind, id) when the route names it."""
        if not who.signed_in:
            raise forbidden()
        sent = dict(require_object(body))
        if target is not None:
            sent[{"dataset": "datasetId", "sample": "sampleId", "proposal": "proposalId"}[target[0]]] = target[1]
            if target[0] == "sample":
                self._of_sample(who, sent, target[1])
        doc = self._checked(sent, version)
        doc.setdefault("aid", new_uuid())
        doc["isPublished"] = bool(doc.get("isPublished", False))

        def change(tx: Transaction) -> Doc:
            self._check_targets(tx, who, doc)
            if "accessGroups" not in doc:
                doc["accessGroups"] = _access_groups(tx, doc)
            self.access.check_attach(who, doc)
            stamp_new(doc, who)
            if not tx.insert("attachment", doc["aid"], doc):
                raise Refused(409, f"Attachment with id {doc['aid']} already exists!")
            return doc

        return self.form(self._made(doc["aid"], self.store.change(change)), version)

    def _of_sample(self, who: Identity, sent: Doc, id: str) -> None:
        """An attachment of a sample may leave its group out: it is then the sample's."""
        with self.store.snapshot() as snapshot:
            sample = snapshot.get("sample", id)
            if sample is not None and self.access.visible(who, "sample").shows(snapshot, sample):
                sent.setdefault("ownerGroup", sample["ownerGroup"])

    def validate(self, who: Identity, body: Any) -> dict[str, Any]:
        """Whether :meth:`create` would take a v4 ``body``."""
        if not who.signed_in:
            raise forbidden()
        texts = messages(problems(require_object(body), fields.V4))
        return {"valid": not texts, **({"reason": texts} if texts else {})}

    def _checked(self, sent: Doc, version: int, *, partial: bool = False) -> Doc:
        found = problems(sent, fields.V3 if version == 3 else fields.V4, partial=partial)
        if found:
            raise bad_request(messages(found))
        doc = without_nulls(sent)
        if version == 3 and not partial:
            doc = fields.from_v3(doc)
        for relation in doc.get("relationships", []):
            if not isinstance(relation.get("targetId"), str) or relation.get("targetType") not in _KINDS:
                raise bad_request(
                    ["relationships.targetType must be one of the following values: dataset, sample, proposal"]
                )
            relation.setdefault("relationType", "is attached to")
        if not partial:
            doc.setdefault("relationships", [])
        return doc

    def _check_targets(self, tx: Snapshot, who: Identity, doc: Doc) -> None:
        for relation in doc.get("relationships", []):
            kind, id = relation["targetType"], relation["targetId"]
            target = tx.get(kind, id)
            if target is None:
                raise not_found(f"{kind}: {id} not found")
            if kind == "dataset":
                self.access.check_update_dataset(who, target)
            elif kind == "sample":
                self.access.check_write_sample(who, target)
            else:
                self.access.check_attach(who, target)

    def form(self, doc: Doc, version: int) -> Doc:
        """An attachment as the API's ``version`` shows it."""
        if version == 3:
            return fields.to_v3(doc, doc["aid"], complete=self.complete)
        return shown(doc, doc["aid"], with_id=True)

    def of(self, who: Identity, kind: str, id: str) -> list[Doc]:
        """Visible attachments of one object, in the form of v3."""
        return [self.form(doc, 3) for doc in self._of(who, kind, id)]

    def _of(self, who: Identity, kind: str, id: str) -> list[Doc]:
        visible = self.access.visible(who, "attachment")
        with self.store.snapshot() as snapshot:
            found = snapshot.scan("attachment", snapshot.linked("attachment", kind, id))
            return [row.doc for row in found if visible.shows(snapshot, row.doc)]

    def thumbnail(self, who: Identity, pid: str) -> Doc:
        """The first picture among a dataset's visible attachments, or ``{}``.

        The real server answers ``thumbnail`` alone; scicat-sdk-py's model wants the whole attachment.
        """
        for doc in self._of(who, "dataset", pid):
            if doc.get("thumbnail"):
                return self.form(doc, 4) if self.complete else {"thumbnail": doc["thumbnail"]}
        return {}

    def get(self, who: Identity, aid: str) -> Doc:
        """One attachment in the form of v4, or a 404 or 403."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get("attachment", aid)
            if doc is None:
                raise not_found(f"Attachment: {aid} not found")
            if not self.access.visible(who, "attachment").shows(snapshot, doc):
                raise forbidden("Unauthorized access")
        return self.form(doc, 4)

    def listed(self, who: Identity, raw: Any, *, public_only: bool = False) -> list[Doc]:
        """Visible attachments of a v4 filter."""
        wanted = self.parse_filter(raw, version=4)
        return [wanted.projection.apply(self.form(doc, 4)) for doc in self.found(who, wanted, public_only=public_only)]

    def patch(self, who: Identity, aid: str, body: Any, *, version: int, target: tuple[str, str] | None = None) -> Doc:
        """Change an attachment."""
        sent = dict(require_object(body))
        if version == 3:
            for name in ("id", "datasetId", "sampleId", "proposalId"):
                sent.pop(name, None)
        sent.pop("aid", None)
        changes = self._checked(sent, version, partial=True)

        def change(tx: Transaction) -> Doc:
            doc = self._stored(tx, aid, target)
            self.access.check_attach(who, doc)
            after = {**doc, **changes}
            self.access.check_attach(who, after)
            self._check_targets(tx, who, after)
            # To take it away from something is a change of that, too.
            self._check_targets(tx, who, {"relationships": _left(tx, doc, after)})
            stamp_changed(after, who)
            record(tx, self.settings, self.kind, aid, who, doc, after)
            tx.replace("attachment", aid, after)
            return after

        return self.form(self.store.change(change), version)

    def delete(self, who: Identity, aid: str, *, version: int, target: tuple[str, str] | None = None) -> Doc:
        """Delete an attachment."""

        def change(tx: Transaction) -> Doc:
            doc = self._stored(tx, aid, target)
            if not self.access.is_admin(who):
                self.access.check_attach(who, doc)
                self._check_targets(tx, who, doc)
            record(tx, self.settings, self.kind, aid, who, doc, None)
            tx.delete("attachment", aid)
            return doc

        return self.form(self._gone(aid, self.store.change(change)), version)

    def delete_all(self, who: Identity, kind: str, id: str) -> Doc:
        """Delete every visible attachment of one object; stops with a 403 at one that the caller may not delete."""
        gone = [self.delete(who, doc["id"], version=3, target=(kind, id)) for doc in self.of(who, kind, id)]
        return self.deleted(len(gone))

    @staticmethod
    def _stored(tx: Transaction, aid: str, target: tuple[str, str] | None) -> Doc:
        doc = tx.get("attachment", aid)
        pairs = {(r.get("targetType"), r.get("targetId")) for r in (doc or {}).get("relationships", [])}
        if doc is None or (target is not None and target not in pairs):
            raise not_found(f"Attachment: {aid} not found")
        return doc


def _left(tx: Snapshot, before: Doc, after: Doc) -> list[Doc]:
    """Relations of ``before`` that ``after`` has no longer, to what is still there."""
    kept = {(relation["targetType"], relation["targetId"]) for relation in after.get("relationships", [])}
    pairs = {(relation["targetType"], relation["targetId"]) for relation in before.get("relationships", [])}
    return [{"targetType": kind, "targetId": id} for kind, id in pairs - kept if tx.get(kind, id) is not None]


def _access_groups(tx: Snapshot, doc: Doc) -> list[str]:
    for relation in doc["relationships"]:
        target = tx.get(relation["targetType"], relation["targetId"])
        if target is not None:
            return list(target.get("accessGroups", []))
    return []
