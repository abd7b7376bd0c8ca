"""What all managers share: the parts they work with, audit fields, paging of lists."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.audit import Audit
from jupyter_shinecat.catalog.errors import bad_request
from jupyter_shinecat.catalog.search.asked_facets import parse_facets
from jupyter_shinecat.catalog.search.condition import Condition, both
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.fields import SCHEMAS
from jupyter_shinecat.catalog.search.fullquery import FieldsParser
from jupyter_shinecat.catalog.search.options import Limits, Projection, parse_limits
from jupyter_shinecat.catalog.search.where import WhereParser
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.documents import Doc
from jupyter_shinecat.catalog.store.store import Store

from . import as_scicat
from .possible import check_conditions
from .si import si_pair


@dataclass(frozen=True)
class Parts:
    """The parts of one catalog."""

    settings: Settings
    store: Store
    engine: Engine
    access: Access
    audit: Audit


@dataclass(frozen=True)
class Filter:
    """A parsed filter of a list: what, which part, which fields, which relations."""

    where: Condition
    limits: Limits
    projection: Projection
    include: Any = None


class Manager:
    """Base of the managers of one kind of document."""

    kind = ""

    def __init__(self, parts: Parts) -> None:
        self.settings = parts.settings
        self.store = parts.store
        self.engine = parts.engine
        self.access = parts.access
        self.audit = parts.audit

    @property
    def complete(self) -> bool:
        """Whether answers have the members that scicat-sdk-py's models need and the real server leaves out."""
        return self.settings.profile != "scicat-5"

    @property
    def _nested(self) -> bool:
        return self.settings.profile != "scicat-5"

    def deleted(self, number: int) -> Doc:
        """What is answered when several documents were deleted."""
        return {"acknowledged": True, "deletedCount": number, **({"count": number} if self.complete else {})}

    def ping(self) -> None:
        """Read something; raises when the database is gone."""
        with self.store.snapshot() as snapshot:
            snapshot.last_change()

    def _made(self, id: str, doc: Doc) -> Doc:
        """Tell the audit file of a new document; gives ``doc`` on."""
        self.audit.made(self.kind, id, ownerGroup=doc.get("ownerGroup"), datasetId=doc.get("datasetId"))
        return doc

    def _gone(self, id: str, doc: Doc) -> Doc:
        """Tell the audit file of a deleted document; gives ``doc`` on."""
        given = {name: doc.get(name) for name in ("ownerGroup", "datasetId", "createdBy", "createdAt")}
        self.audit.note(f"{self.kind}.delete", id, **given)
        return doc

    def parse_filter(self, raw: Any, *, version: int = 3) -> Filter:
        """A filter as clients send it; LoopBack's ``limit``, ``skip`` and ``order`` at the top are understood too."""
        raw = {} if raw is None else raw
        if not isinstance(raw, dict):
            raise bad_request("filter must be an object")
        limits = {} if raw.get("limits") is None else raw["limits"]
        if not isinstance(limits, dict):
            raise bad_request("limits must be an object")
        limits = dict(limits)
        for name in ("limit", "skip", "order"):
            if name in raw:
                limits.setdefault(name, raw[name])
        if "cursor" in raw:
            limits.setdefault("cursor", raw["cursor"])
        if "offset" in raw:
            limits.setdefault("skip", raw["offset"])
        known = SCHEMAS[self.kind].names if version == 4 else None
        return Filter(
            WhereParser(self.kind, known).parse(raw.get("where")),
            parse_limits(limits, 10 if version == 4 else 100, self.kind, cursors=self.complete),
            Projection(raw.get("fields")),
            raw.get("include"),
        )

    def page_of(self, limits: Any) -> Limits:
        """``limits`` of fullquery."""
        return parse_limits(limits, 100, self.kind, cursors=self.complete)

    def parse_fields(self, fields: Any) -> dict[str, Condition]:
        """``fields`` of fullquery and fullfacet."""
        schema = SCHEMAS[self.kind]
        if self._nested:
            return FieldsParser(schema, si_pair).parse(fields)
        fields = as_scicat.heard(fields, schema.conditions)
        found = FieldsParser(schema, si_pair, nested=False).parse(fields)
        return as_scicat.nothing_contains(fields, schema.conditions, found)

    def found(self, who: Identity, wanted: Filter, *, public_only: bool = False) -> list[Doc]:
        """Visible documents of a filter, whole."""
        visible = self.access.visible(who, self.kind, public_only=public_only)
        return self.engine.find(self.kind, wanted.where, visible, wanted.limits)

    def count(self, who: Identity, raw: Any, *, version: int = 3, public_only: bool = False) -> int:
        """How many visible documents fulfil a filter's ``where``."""
        where = self.parse_filter(raw, version=version).where
        return self.engine.count(self.kind, where, self.access.visible(who, self.kind, public_only=public_only))

    def queried(self, who: Identity, fields: Any, limits: Any) -> list[Doc]:
        """fullquery: visible documents by fields."""
        where = both(*self.parse_fields(fields).values())
        if not (isinstance(fields, dict) and fields.get("isPublished") is True):
            where = both(where, self.access.listing(who))
        return self.answer(who, fields, where, limits)

    def answer(self, who: Identity, fields: Any, where: Condition, limits: Any) -> list[Doc]:
        """Visible documents of a fullquery; a 400 where its conditions on metadata can't find anything."""
        schema, visible, page = SCHEMAS[self.kind], self.access.visible(who, self.kind), self.page_of(limits)
        found = self.engine.find(self.kind, where, visible, page)
        if not found and self._nested and schema.conditions and isinstance(fields, dict):
            check_conditions(self.engine, schema, fields.get(schema.conditions), visible)
        return found

    def facets(self, who: Identity, fields: Any, facets: Any, *, public_only: bool = False) -> list[dict[str, Any]]:
        """fullfacet: counts by value of visible documents."""
        schema = SCHEMAS[self.kind]
        wanted = parse_facets(facets, schema, described=self.complete)
        parts = self.parse_fields(fields)
        if not (isinstance(fields, dict) and fields.get("isPublished") is True):
            parts["\0listing"] = self.access.listing(who)
        visible = self.access.visible(who, self.kind, public_only=public_only)
        return [self.engine.facets(self.kind, parts, wanted, visible)]


def only_one(raw: Any) -> dict[str, Any]:
    """A filter as clients send it, for its first document."""
    raw = {} if raw is None else raw
    limits = raw.get("limits") or {} if isinstance(raw, dict) else None
    if not isinstance(limits, dict):
        raise bad_request("filter must be an object, and its limits too")
    return {**raw, "limits": {**limits, "limit": 1}}


def stamp_new(doc: Doc, who: Identity) -> None:
    """Set the audit fields of a new document, in place."""
    now = dates.now()
    doc.update(
        createdBy=who.username or "anonymous", updatedBy=who.username or "anonymous", createdAt=now, updatedAt=now
    )


def stamp_changed(doc: Doc, who: Identity) -> None:
    """Set the audit fields of a changed document, in place."""
    doc.update(updatedBy=who.username or "anonymous", updatedAt=dates.now())


def new_uuid() -> str:
    """An id of a document."""
    return str(uuid.uuid4())


def new_object_id() -> str:
    """An id inside a document, in the form of MongoDB's."""
    return secrets.token_hex(12)


def shown(doc: Doc, id: str, *, with_id: bool = False) -> Doc:
    """A stored document as answers carry it."""
    result = {**doc, "_id": id, "__v": 0}
    if with_id:
        result["id"] = id
    return result
