"""Documents as SciCat's server keeps them in MongoDB, written as MongoDB's extended JSON (version 2, relaxed)."""

from __future__ import annotations

import re
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.store.documents import Doc

# Kind: the collection of SciCat's backend.
COLLECTIONS = {
    "dataset": "Dataset", "origdatablock": "OrigDatablock", "datablock": "Datablock", "attachment": "Attachment",
    "sample": "Sample", "proposal": "Proposal", "instrument": "Instrument", "job": "Job",
    "publisheddata": "PublishedData", "policy": "Policy",
}  # fmt: skip
_DATES = frozenset(
    {"createdAt", "updatedAt", "creationTime", "startTime", "endTime", "dateOfDiskPurging", "archiveRetentionTime",
     "dateOfPublishing", "publishedOn", "registeredTime", "time", "start", "end", "statusUpdateTime"}
)  # fmt: skip
# Free text of users: what looks like a date there is a text, and stays one.
_FREE = frozenset(
    {"scientificMetadata", "sampleCharacteristics", "customMetadata", "metadata", "jobParameters", "jobParams",
     "jobResultObject", "configObject"}
)  # fmt: skip
_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_INT64 = range(-(2**63), 2**63)
_MOST_BYTES = 15 << 20  # MongoDB's bound is 16 MB of BSON, which is about as long as the JSON
_DEEPEST = 100


class Unfit(ValueError):
    """MongoDB can't hold the document; the text says why."""


def extended(kind: str, id: str, doc: Doc) -> Doc:
    """The line of ``mongoimport`` for one document.

    Raises
    ------
    Unfit
        A key begins with ``$`` or holds a NUL, a whole number has more than 64 bits, or it is too large or deep.
    """
    import msgspec

    result = _object(doc, free=False, depth=1)
    result["_id"] = id
    if len(msgspec.json.encode(result)) > _MOST_BYTES:
        raise Unfit("it is larger than a document of MongoDB may be (16 MB)")
    return {"_id": result.pop("_id"), **result, "__v": 0}


def _object(value: Doc, *, free: bool, depth: int) -> Doc:
    if depth > _DEEPEST:
        raise Unfit(f"it is nested deeper than {_DEEPEST} levels")
    result = {}
    for key, item in value.items():
        if key.startswith("$"):
            raise Unfit(f"the key {key[:80]!r} begins with $, which MongoDB's tools take for their own")
        if "\0" in key:
            raise Unfit(f"the key {key[:80]!r} holds a NUL")
        if not free and key == "_id" and isinstance(item, str) and _OBJECT_ID.fullmatch(item):
            result[key] = {"$oid": item}
        elif not free and key == "id" and "_id" in value:
            continue  # the server's own second name of _id, not stored
        elif not free and key in _DATES and isinstance(item, str):
            result[key] = _date(item)
        else:
            result[key] = _value(item, free=free or key in _FREE, depth=depth + 1)
    return result


def _date(text: str) -> Any:
    normal = dates.normal(text)
    return text if normal is None else {"$date": normal}


def _value(value: Any, *, free: bool, depth: int) -> Any:
    if isinstance(value, dict):
        return _object(value, free=free, depth=depth)
    if isinstance(value, list):
        if depth > _DEEPEST:
            raise Unfit(f"it is nested deeper than {_DEEPEST} levels")
        return [_value(item, free=free, depth=depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value not in _INT64:
        raise Unfit(f"the number {value} has more than 64 bits")
    return value
