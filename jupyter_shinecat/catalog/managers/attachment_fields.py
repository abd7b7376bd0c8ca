"""Attachments in the forms of v3 and v4."""

from __future__ import annotations

from jupyter_shinecat.catalog.store.documents import Doc

from .common import shown
from .validate import Field

_V3_TARGETS = {"datasetId": "dataset", "proposalId": "proposal", "sampleId": "sample"}
_COMMON = (
    Field("ownerGroup", "text", required=True),
    Field("accessGroups", "strings"),
    Field("instrumentGroup", "string"),
    Field("thumbnail", "string"),
    Field("caption", "string", required=True),
    Field("isPublished", "flag"),
)
V3 = (*_COMMON, Field("id", "text"), *(Field(name, "text") for name in _V3_TARGETS))
V4 = (*_COMMON, Field("aid", "text"), Field("relationships", "objects"))


def from_v3(body: Doc) -> Doc:
    """The stored (v4) form of a v3 body."""
    result = dict(body)
    id = result.pop("id", None)
    if id is not None:
        result["aid"] = id
    result["relationships"] = [
        {"targetId": result.pop(name), "targetType": kind, "relationType": "is attached to"}
        for name, kind in _V3_TARGETS.items()
        if name in result
    ]
    return result


def to_v3(doc: Doc, id: str, *, complete: bool = False) -> Doc:
    """The v3 form of a stored attachment; ``complete`` has its id as ``aid`` too."""
    result = {name: value for name, value in doc.items() if name not in ("relationships", "aid")}
    names = {kind: name for name, kind in _V3_TARGETS.items()}
    for target in doc.get("relationships", []):
        name = names.get(str(target.get("targetType")))
        if name:
            result.setdefault(name, target.get("targetId"))
    if complete:
        result["aid"] = id
    return shown(result, id, with_id=True)
