"""Configuration that front ends read from the server."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import not_found
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from .common import Manager, Parts, new_object_id, shown
from .limits import check_depth
from .validate import Field, require

_UPDATE = (
    Field("data", "object", required=True),
    *(Field(name, "any") for name in ("cid", "createdBy", "updatedBy", "createdAt", "updatedAt", "_id", "__v")),
)


class RuntimeConfig(Manager):
    """The facility's files, and what an administrator put in their place."""

    kind = "runtimeconfig"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        facility = parts.settings.facility
        self._files = {"frontendConfig": facility.frontend_config, "frontendTheme": facility.frontend_theme}
        self._started = dates.now()
        self._ids = {name: new_object_id() for name in self._files}

    def data(self, cid: str) -> Any:
        """The configuration alone."""
        return self.get(cid)["data"]

    def get(self, cid: str) -> Doc:
        """The configuration as a document, for everybody."""
        with self.store.snapshot() as snapshot:
            stored = snapshot.get(self.kind, cid)
        doc = stored or self._from_file(cid)
        return shown({name: value for name, value in doc.items() if name != "id"}, doc["id"])

    def _from_file(self, cid: str) -> Doc:
        if cid not in self._files:
            raise not_found(f"Config '{cid[:100]}' not found")
        return {
            "id": self._ids[cid], "cid": cid, "data": self._files[cid] or {}, "createdBy": "system",
            "updatedBy": "system", "createdAt": self._started, "updatedAt": self._started,
        }  # fmt: skip

    def put(self, who: Identity, cid: str, body: Any) -> Doc:
        """Replace a configuration; administrators only."""
        self.access.check_admin(who)
        sent = require(body, _UPDATE)
        check_depth(sent["data"], self.settings.max_depth, self.settings.max_dataset_values, "The configuration")
        first = self._from_file(cid)

        def change(tx: Transaction) -> None:
            before = tx.get(self.kind, cid)
            doc = {**(before or first), "data": sent["data"], "updatedBy": who.username, "updatedAt": dates.now()}
            if before is None:
                tx.insert(self.kind, cid, doc)
            else:
                tx.replace(self.kind, cid, doc)

        self.store.change(change)
        return self.get(cid)
