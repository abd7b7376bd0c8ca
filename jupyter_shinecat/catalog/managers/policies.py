"""Policies: how an owner group's datasets are archived and retrieved."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from .common import new_object_id, stamp_changed
from .history import record
from .named import Named
from .validate import Field, messages, problems, require_object

_LISTS = ("manager", "archiveEmailsToBeNotified", "retrieveEmailsToBeNotified")


class Policies(Named):
    """Policies, kept by the policy groups."""

    kind, id_field, label = "policy", "_id", "Policy"
    fields = (
        Field("ownerGroup", "text", required=True),
        Field("accessGroups", "strings"),
        Field("instrumentGroup", "string"),
        Field("isPublished", "flag"),
        *(Field(name, "strings") for name in _LISTS),
        Field("tapeRedundancy", "string"),
        *(Field(name, "flag") for name in ("autoArchive", "archiveEmailNotification", "retrieveEmailNotification")),
        *(Field(name, "number") for name in ("autoArchiveDelay", "embargoPeriod")),
    )

    def _check_first(self, who: Identity) -> None:
        self.access.check_write_policy(who)

    def _check_write(self, who: Identity, doc: Doc) -> None:
        self.access.check_write_policy(who)

    def _defaults(self, doc: Doc) -> None:
        doc.setdefault("_id", new_object_id())
        for name in ("accessGroups", *_LISTS):
            doc.setdefault(name, [])
        doc.setdefault("isPublished", False)
        doc.setdefault("tapeRedundancy", "low")
        doc.setdefault("autoArchive", True)
        doc.setdefault("autoArchiveDelay", 7)
        doc.setdefault("archiveEmailNotification", False)
        doc.setdefault("retrieveEmailNotification", False)
        doc.setdefault("embargoPeriod", 3)

    def update_where(self, who: Identity, body: Any) -> list[Doc]:
        """Change the policies of the owner groups in ``ownerGroupList`` (a comma list)."""
        self._check_first(who)
        sent = require_object(body)
        listed, data = sent.get("ownerGroupList"), sent.get("data")
        if not isinstance(listed, str) or not isinstance(data, dict):
            raise bad_request(["ownerGroupList must be a string", "data must be an object"])
        found = problems(data, self.fields, partial=True)
        if found:
            raise bad_request(messages(found))
        groups = {name.strip() for name in listed.split(",")}

        def change(tx: Transaction) -> list[Doc]:
            changed = []
            for row in list(tx.scan("policy")):
                if row.doc.get("ownerGroup") in groups:
                    after = {**row.doc, **{name: value for name, value in data.items() if value is not None}}
                    stamp_changed(after, who)
                    record(tx, self.settings, self.kind, row.id, who, row.doc, after)
                    tx.replace("policy", row.id, after)
                    changed.append(after)
            return changed

        return [self.form(doc) for doc in self.store.change(change)]
