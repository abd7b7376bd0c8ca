"""Publications in the forms of v3 and v4."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.store.documents import Doc

from .validate import Field

V4 = (
    Field("title", "text", required=True),
    Field("abstract", "text", required=True),
    Field("datasetPids", "strings", required=True),
    Field("metadata", "object"),
    Field("numberOfFiles", "number"),
    Field("sizeOfArchive", "number"),
    # Sent back by clients that change what they got; the server alone decides on them.
    Field("status", "string"),
    Field("registeredTime", "date"),
)
V3 = (
    Field("creator", "strings", required=True),
    Field("publisher", "text", required=True),
    Field("publicationYear", "number", required=True),
    Field("title", "text", required=True),
    Field("abstract", "text", required=True),
    Field("dataDescription", "text", required=True),
    Field("resourceType", "text", required=True),
    Field("pidArray", "strings", required=True),
    *(Field(name, "string") for name in ("doi", "affiliation", "url", "status", "scicatUser", "thumbnail")),
    Field("downloadLink", "string"),
    Field("numberOfFiles", "number"),
    Field("sizeOfArchive", "number"),
    Field("authors", "strings"),
    Field("relatedPublications", "strings"),
    Field("registeredTime", "date"),
)
_SAME = ("title", "abstract", "numberOfFiles", "sizeOfArchive")
_IN_METADATA = ("affiliation", "url", "scicatUser", "thumbnail", "downloadLink", "publicationYear", "resourceType")
_V3_STATUS = {"private": "pending_registration", "public": "pending_registration"}


def from_v3(body: Doc, before: Doc | None = None) -> Doc:
    """The stored (v4) form of a v3 body; ``before`` is what stays when a part is changed."""
    doc: Doc = {name: body[name] for name in _SAME if name in body}
    if "pidArray" in body:
        doc["datasetPids"] = body["pidArray"]
    metadata: Doc = {**((before or {}).get("metadata") or {})}
    for name in _IN_METADATA:
        if name in body:
            metadata[name] = body[name]
    if "creator" in body:
        metadata["creators"] = [{"name": name} for name in body["creator"]]
    if "publisher" in body:
        metadata["publisher"] = {"name": body["publisher"]}
    if "dataDescription" in body:
        metadata["descriptions"] = [{"description": body["dataDescription"], "descriptionType": "Abstract"}]
    if "authors" in body:
        metadata["contributors"] = [{"name": name} for name in body["authors"]]
    if "relatedPublications" in body:
        metadata["relatedIdentifiers"] = [{"relatedIdentifier": text} for text in body["relatedPublications"]]
    doc["metadata"] = metadata
    return doc


def to_v3(doc: Doc, *, complete: bool = False) -> Doc:
    """The v3 form of a stored publication; ``complete`` has what v3 demands and v4 may lack."""
    metadata = doc.get("metadata") or {}
    publisher = metadata.get("publisher")
    form: Doc = {"_id": doc["doi"], "doi": doc["doi"]}
    form.update({name: doc[name] for name in _SAME if name in doc})
    form.update({name: metadata[name] for name in _IN_METADATA if name in metadata})
    form.update(
        creator=_named(metadata.get("creators"), "name") or [],
        publisher=publisher.get("name") if isinstance(publisher, dict) else publisher,
        pidArray=doc["datasetPids"],
        status=_V3_STATUS.get(doc["status"], "registered"),
        createdAt=doc["createdAt"],
        updatedAt=doc["updatedAt"],
    )
    descriptions = _named(metadata.get("descriptions"), "description")
    if descriptions:
        form["dataDescription"] = descriptions[0]
    for name, key, field in (
        ("authors", "contributors", "name"),
        ("relatedPublications", "relatedIdentifiers", "relatedIdentifier"),
    ):
        values = _named(metadata.get(key), field)
        if values is not None:
            form[name] = values
    if doc.get("registeredTime"):
        form["registeredTime"] = doc["registeredTime"]
    form = {name: value for name, value in form.items() if value is not None}
    if complete:
        year = int(str(doc.get("registeredTime") or doc["createdAt"])[:4])
        form = {
            "publisher": "", "publicationYear": year, "resourceType": "", "dataDescription": doc.get("abstract", ""),
            **form,
        }  # fmt: skip
    return form


def _named(items: Any, field: str) -> list[str] | None:
    if not isinstance(items, list):
        return None
    return [str(item[field]) for item in items if isinstance(item, dict) and field in item]
