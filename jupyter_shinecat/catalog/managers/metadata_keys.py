"""Metadata keys as documents of their own (v4): computed from what the caller sees, never stored."""

from __future__ import annotations

import uuid
from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request, forbidden
from jupyter_shinecat.catalog.search.asked_facets import plain
from jupyter_shinecat.catalog.search.condition import And, Condition, Exists
from jupyter_shinecat.catalog.search.options import Limits, Projection, parse_limits
from jupyter_shinecat.catalog.search.where import WhereParser
from jupyter_shinecat.catalog.store.documents import Doc

from .common import Manager, shown

# sourceType -> (kind, field with the metadata)
_SOURCES = {
    "Dataset": ("dataset", "scientificMetadata"),
    "Sample": ("sample", "sampleCharacteristics"),
    "Proposal": ("proposal", "metadata"),
    "Instrument": ("instrument", "customMetadata"),
}
_NAMESPACE = uuid.UUID("4f1d5a52-8d0c-4f0e-9c0b-6a6b5f0f9f11")
_KNOWN = frozenset({"sourceType", "key", "humanReadableName", "id", "_id"})
_MAX_LIMIT = 200


class MetadataKeys(Manager):
    """``/api/v4/metadatakeys``."""

    kind = "metadatakey"

    def listed(self, who: Identity, raw: Any) -> list[Doc]:
        """Keys of a v4 filter, each with how often and in which groups it is used, among what ``who`` sees."""
        if not who.signed_in:
            raise forbidden("Unauthorized access")
        raw = {} if raw is None else raw
        if not isinstance(raw, dict):
            raise bad_request("filter must be an object")
        where = WhereParser(self.kind, _KNOWN).parse(raw.get("where"))
        limits = parse_limits(raw.get("limits"), 10, self.kind)
        if limits.limit > _MAX_LIMIT:
            raise bad_request(f"limit must be at most {_MAX_LIMIT}")
        projection = Projection(raw.get("fields"))
        found = [entry for entry in self._names(who) if where.matches(entry)]
        for path, descending in reversed(limits.order):
            name = path[0] if isinstance(path, tuple) else path
            found.sort(key=lambda entry: str(entry.get(name, "")), reverse=descending)
        page = found[limits.skip : limits.skip + limits.limit]
        return [projection.apply(self._counted(who, entry)) for entry in page]

    def _names(self, who: Identity) -> list[Doc]:
        """Every key in sight, cheaply: names only."""
        result = []
        for source, (kind, field) in _SOURCES.items():
            visible = self.access.visible(who, kind)
            for key in self.engine.metadata_keys(kind, And(()), field, visible):
                id = str(uuid.uuid5(_NAMESPACE, f"{source}\0{key}"))
                result.append({"sourceType": source, "key": key, "humanReadableName": "", "id": id})
        return result

    def _counted(self, who: Identity, entry: Doc) -> Doc:
        kind, field = _SOURCES[entry["sourceType"]]
        visible = self.access.visible(who, kind)
        where: Condition = Exists((field, entry["key"]))
        names = ["ownerGroup", "accessGroups", "isPublished"]
        facets = self.engine.facets(kind, {"key": where}, plain(names), visible)
        counts: dict[str, int] = {}
        for name in ("ownerGroup", "accessGroups"):
            for item in facets[name]:
                if isinstance(item["_id"], str):
                    counts[item["_id"]] = counts.get(item["_id"], 0) + item["count"]
        first = self.engine.find(kind, where, visible, Limits(1, 0, (("createdAt", False),)))
        last = self.engine.find(kind, where, visible, Limits(1, 0, (("createdAt", True),)))
        return shown(
            {
                **entry, "createdBy": "system", "updatedBy": "system",
                "createdAt": first[0]["createdAt"] if first else None,
                "updatedAt": last[0]["createdAt"] if last else None, "userGroups": list(counts),
                "isPublished": any(item["_id"] is True and item["count"] for item in facets["isPublished"]),
                "usageCount": facets["all"][0]["totalSets"], "userGroupCounts": counts,
            },
            entry["id"].replace("-", "")[:24],
        )  # fmt: skip
