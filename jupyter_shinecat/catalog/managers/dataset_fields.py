"""Properties of datasets in the forms of v3 and v4, and the way between them."""

from __future__ import annotations

from typing import Any

from .validate import Field

_COMMON = (
    Field("ownerGroup", "text", required=True),
    Field("accessGroups", "strings"),
    Field("instrumentGroup", "string"),
    Field("ownerEmail", "emails"),
    Field("orcidOfOwner", "string"),
    Field("contactEmail", "emails", required=True),
    Field("sourceFolder", "text", required=True),
    Field("sourceFolderHost", "string"),
    Field("size", "whole"),
    Field("packedSize", "whole"),
    Field("numberOfFiles", "whole"),
    Field("numberOfFilesArchived", "whole"),
    Field("creationTime", "date", required=True),
    Field("validationStatus", "string"),
    Field("keywords", "strings"),
    Field("description", "string"),
    Field("classification", "string"),
    Field("license", "string"),
    Field("isPublished", "flag"),
    Field("techniques", "objects"),
    Field("sharedWith", "strings"),
    Field("relationships", "objects"),
    Field("datasetlifecycle", "object"),
    Field("scientificMetadata", "object"),
    Field("scientificMetadataSchema", "string"),
    Field("scientificMetadataValid", "flag"),
    Field("comment", "string"),
    Field("dataQualityMetrics", "number"),
    Field("runNumber", "string"),
    Field("inputDatasets", "strings"),
    Field("usedSoftware", "strings"),
    Field("jobParameters", "object"),
    Field("jobLogData", "string"),
)
_MEASURED = (
    Field("startTime", "date"),
    Field("endTime", "date"),
    Field("dataFormat", "string"),
)
_CREATE_ONLY = (Field("pid", "text"), Field("type", "text", required=True))

V4_CREATE = (
    *_COMMON,
    Field("owner", "string"),
    Field("datasetName", "text", required=True),
    Field("principalInvestigators", "strings"),
    Field("creationLocation", "string"),
    Field("proposalIds", "strings"),
    Field("sampleIds", "strings"),
    Field("instrumentIds", "strings"),
    *_MEASURED,
    *_CREATE_ONLY,
)
V4_UPDATE = tuple(field for field in V4_CREATE if field.name not in ("pid", "type"))

_V3 = (
    Field("owner", "string", required=True),
    *_COMMON,
    Field("datasetName", "string"),
    Field("proposalId", "string or strings"),
    Field("version", "string"),
    *_CREATE_ONLY,
)
V3_RAW_CREATE = (
    *_V3,
    Field("principalInvestigator", "string", required=True),
    Field("creationLocation", "string", required=True),
    Field("sampleId", "string or strings"),
    Field("instrumentId", "string or strings"),
    Field("investigator", "string"),
    *_MEASURED,
)
_DERIVED_NEEDS = ("inputDatasets", "usedSoftware")
V3_DERIVED_CREATE = (
    *(field for field in _V3 if field.name not in _DERIVED_NEEDS),
    Field("investigator", "string", required=True),
    Field("inputDatasets", "strings", required=True),
    Field("usedSoftware", "strings", required=True),
)
V3_CUSTOM_CREATE = tuple(
    Field(field.name, field.check, field.required and field in _V3)
    for field in {field.name: field for field in (*V3_RAW_CREATE, *_V3)}.values()
)
V3_UPDATE = tuple(
    {
        field.name: field for field in (*V3_RAW_CREATE, *V4_UPDATE) if field.name not in ("pid", "type", "version")
    }.values()
)

_SINGULAR = {
    "proposalId": "proposalIds",
    "sampleId": "sampleIds",
    "instrumentId": "instrumentIds",
    "principalInvestigator": "principalInvestigators",
    "investigator": "principalInvestigators",
}
LIFECYCLE = (
    *(
        Field(n, "flag")
        for n in ("archivable", "retrievable", "publishable", "isOnCentralDisk", "retrieveIntegrityCheck")
    ),
    *(Field(n, "date") for n in ("dateOfDiskPurging", "archiveRetentionTime", "dateOfPublishing", "publishedOn")),
    *(Field(n, "string") for n in ("archiveStatusMessage", "retrieveStatusMessage", "exportedTo", "storageLocation")),
    *(Field(n, "any") for n in ("archiveReturnMessage", "retrieveReturnMessage", "_id", "id")),
)


def from_v3(body: dict[str, Any]) -> dict[str, Any]:
    """The stored (v4) form of a v3 body: single ids become lists."""
    result = dict(body)
    for singular, plural in _SINGULAR.items():
        value = result.pop(singular, None)
        if value is not None and plural not in body:
            values = value if isinstance(value, list) else [value]
            result[plural] = [item for item in values if item]
    return result


def to_v3(doc: dict[str, Any]) -> dict[str, Any]:
    """The v3 form of a stored dataset: the first of each list beside the lists."""
    result = dict(doc)
    for singular in ("proposalId", "sampleId", "instrumentId", "principalInvestigator"):
        values = doc.get(_SINGULAR[singular]) or []
        if values:
            result[singular] = values[0]
    return result
