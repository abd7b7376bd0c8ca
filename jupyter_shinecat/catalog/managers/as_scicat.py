"""Where the real server is poorer: what profile ``scicat-5`` does as it does, for honest tests of everything else."""

from __future__ import annotations

import re
from typing import Any

from jupyter_shinecat.catalog.search.condition import Condition, Never
from jupyter_shinecat.catalog.search.fullquery import RELATIONS
from jupyter_shinecat.catalog.store.documents import Doc

# Its list of relations lacks this one, which clients send all the same.
_UNHEARD = ("EQUAL_TO",)
_BROKEN = "CONTAINS_STRING"
_DIGITS = 3
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def heard(fields: Any, name: str | None) -> Any:
    """``fields`` without the metadata conditions whose relation the real server doesn't know: it ignores them."""
    asked = fields.get(name) if name and isinstance(fields, dict) else None
    if not isinstance(asked, list):
        return fields
    known = [relation for relation in RELATIONS if relation not in _UNHEARD]
    return {
        **fields,
        name: [
            item
            for item in asked
            if not isinstance(item, dict) or "relation" not in item or item["relation"] in known
        ],
    }  # fmt: skip


def nothing_contains(fields: Any, name: str | None, found: dict[str, Condition]) -> dict[str, Condition]:
    """``found`` with nothing to be found where a text is asked for that contains another: its operator is broken."""
    asked = fields.get(name) if name and isinstance(fields, dict) else None
    if name and any(item.get("relation") == _BROKEN for item in asked or ()):
        return {**found, name: Never()}
    return found


def in_units_asked_for(docs: list[Doc], fields: Any) -> list[Doc]:
    """Answers of a fullquery with the values of its metadata conditions in their units, rounded to three digits."""
    from jupyter_shinecat.units import UnitError, convert  # loads pint

    asked = fields.get("scientific") if isinstance(fields, dict) else None
    units = {item["lhs"]: item["unit"] for item in asked or () if item.get("unit")}
    result = []
    for doc in docs:
        metadata = dict(doc.get("scientificMetadata") or {})
        for key, unit in units.items():
            entry = metadata.get(key)
            if not isinstance(entry, dict) or not isinstance(entry.get("value"), (int, float)):
                continue
            try:
                value = convert(entry["value"], str(entry.get("unit")), unit)
            except UnitError:
                continue
            metadata[key] = {**entry, "value": float(f"{value:.{_DIGITS}g}"), "unit": unit}
        result.append({**doc, "scientificMetadata": metadata} if "scientificMetadata" in doc else doc)
    return result


def with_raw_id(doc: Doc) -> Doc:
    """A dataset of v4 whose life cycle has its database id as the object mapper lets it through."""
    cycle = doc.get("datasetlifecycle") or {}
    if not isinstance(cycle.get("_id"), str) or not _OBJECT_ID.fullmatch(cycle["_id"]):
        return doc
    raw = {"buffer": {"type": "Buffer", "data": list(bytes.fromhex(cycle["_id"]))}}
    return {**doc, "datasetlifecycle": {**cycle, "_id": raw}}
