"""History: what changed in documents of the kinds that the facility tracks."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request
from jupyter_shinecat.catalog.search.options import parse_limits
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.documents import Doc, Transaction

from .common import Manager, new_object_id, shown

SUBSYSTEMS = {
    "attachment": "Attachment", "datablock": "Datablock", "dataset": "Dataset", "instrument": "Instrument",
    "policy": "Policy", "proposal": "Proposal", "publisheddata": "PublishedData", "sample": "Sample",
}  # fmt: skip
_AUDIT = frozenset({"updatedAt", "updatedBy"})


def record(
    tx: Transaction, settings: Settings, kind: str, id: str, who: Identity, before: Doc, after: Doc | None
) -> None:
    """Keep a change in the same transaction, when ``TRACKABLES`` names the kind; ``after`` None is a deletion."""
    subsystem = SUBSYSTEMS.get(kind)
    if subsystem not in settings.facility.trackables:
        return
    old, new = before, after or {}
    if settings.facility.trackable_strategy == "delta" and after is not None:
        changed = {name for name in before.keys() | new.keys() if before.get(name) != new.get(name)} | _AUDIT
        old = {name: value for name, value in before.items() if name in changed}
        new = {name: value for name, value in new.items() if name in changed}
    entry: Doc = {
        "subsystem": subsystem, "documentId": id, "before": old,
        "operation": "delete" if after is None else "update", "user": who.username or "anonymous",
        "timestamp": dates.now(),
    }  # fmt: skip
    if after is not None:
        entry["after"] = new
    tx.insert("history", new_object_id(), entry)


class History(Manager):
    """Reads what :func:`record` kept."""

    kind = "history"

    def found_in(self, who: Identity, where: Any, skip: Any, limit: Any) -> Doc:
        """One page, newest first: ``{items, count, totalCount, skip, limit}``."""
        where = {} if where is None else where
        if not isinstance(where, dict):
            raise bad_request("filter must be an object")
        subsystem = where.get("subsystem")
        self.access.check_history(who, subsystem if isinstance(subsystem, str) else None)
        condition = self.parse_filter({"where": where}).where
        limits = parse_limits(
            {"skip": _number(skip), "limit": _number(limit) or 100, "order": "timestamp:desc"}, 100, self.kind
        )
        visible = self.access.visible(who, self.kind)
        rows = self.engine.rows(self.kind, condition, visible, limits)
        return {
            "items": [shown(doc, id) for id, doc in rows], "count": len(rows),
            "totalCount": self.engine.count(self.kind, condition, visible), "skip": limits.skip, "limit": limits.limit,
        }  # fmt: skip

    def counted(self, who: Identity, where: Any) -> dict[str, int]:
        """How many changes fulfil ``where``."""
        return {"count": self.found_in(who, where, 0, 1)["totalCount"]}


def _number(text: Any) -> int:
    if text is None or text == "":
        return 0
    if not str(text).isdigit() or len(str(text)) > 9:
        raise bad_request("skip and limit must be whole numbers")
    return int(text)
