"""Relations of datasets in answers, each filtered by what the caller may see of it."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import bad_request
from jupyter_shinecat.catalog.search.options import Projection, parse_limits, sort_value
from jupyter_shinecat.catalog.search.where import WhereParser
from jupyter_shinecat.catalog.store.documents import Doc, Snapshot

from . import attachment_fields
from .common import Manager, shown

RELATIONS = ("instruments", "proposals", "origdatablocks", "datablocks", "attachments", "samples")
_BY_ID = {
    "instruments": ("instrument", "instrumentIds"),
    "proposals": ("proposal", "proposalIds"),
    "samples": ("sample", "sampleIds"),
}
_BY_LINK = {"origdatablocks": "origdatablock", "datablocks": "datablock", "attachments": "attachment"}


class Includes(Manager):
    """Looks up what belongs to datasets."""

    kind = "dataset"

    def of(self, who: Identity, docs: list[Doc], include: Any, *, version: int, public_only: bool) -> dict[str, Doc]:
        """For each PID the relations asked for, as the answer shows them."""
        wanted = _parse(include)
        if not wanted or not docs:
            return {}
        result: dict[str, Doc] = {}
        with self.store.snapshot() as snapshot:
            for doc in docs:
                relations = {
                    name: self._related(snapshot, who, doc, name, scope, version, public_only)
                    for name, scope in wanted.items()
                }
                result[doc["pid"]] = relations
        return result

    def _related(
        self,
        snapshot: Snapshot,
        who: Identity,
        doc: Doc,
        name: str,
        scope: dict[str, Any],
        version: int,
        public_only: bool,
    ) -> list[Doc]:
        if name in _BY_ID:
            kind, field = _BY_ID[name]
            found = snapshot.get_many(kind, [str(id) for id in doc.get(field) or []])
        else:
            kind = _BY_LINK[name]
            found = snapshot.get_many(kind, snapshot.linked(kind, "dataset", doc["pid"]))
        visible = self.access.visible(who, kind, public_only=public_only)
        where = WhereParser(kind).parse(scope.get("where"))
        limits = parse_limits(scope.get("limits"), 0, kind)
        projection = Projection(scope.get("fields"))
        rows = [(id, item) for id, item in found.items() if visible.shows(snapshot, item) and where.matches(item)]
        rows.sort(key=lambda row: (row[1].get("createdAt", ""), row[0]))
        for path, descending in reversed(limits.order):
            rows.sort(key=lambda row: sort_value(row[1], path), reverse=descending)
        rows = rows[limits.skip : limits.skip + limits.limit]
        return [projection.apply(_form(kind, id, item, version)) for id, item in rows]


def _form(kind: str, id: str, doc: Doc, version: int) -> Doc:
    if kind == "attachment" and version == 3:
        return attachment_fields.to_v3(doc, id)
    return shown(doc, id)


def _parse(include: Any) -> dict[str, dict[str, Any]]:
    if include is None:
        return {}
    wanted: dict[str, dict[str, Any]] = {}
    for item in include if isinstance(include, list) else [include]:
        name = item.get("relation") if isinstance(item, dict) else item
        scope = item.get("scope") if isinstance(item, dict) else None
        names = RELATIONS if name == "all" else (name,)
        for one in names:
            if one not in RELATIONS:
                raise bad_request(f'Provided include field "{str(name)[:80]}" is not part of the dataset relations')
            wanted[one] = scope if isinstance(scope, dict) else {}
    return wanted
