"""Which documents an import takes, and why not."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.managers import dataset_fields
from jupyter_shinecat.catalog.managers.limits import check_dataset, check_metadata
from jupyter_shinecat.catalog.managers.validate import Field, messages, normalise_dates, problems
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.documents import Doc

from .check import ID_FIELDS

_AUDIT = (
    Field("createdBy", "string"),
    Field("updatedBy", "string"),
    Field("createdAt", "date"),
    Field("updatedAt", "date"),
)
_OWNABLE = (Field("ownerGroup", "text", required=True), Field("accessGroups", "strings"), Field("isPublished", "flag"))
_FILE = (Field("path", "text", required=True), Field("size", "whole", required=True), Field("time", "date"))
_BLOCK = (*_OWNABLE, Field("datasetId", "text", required=True), Field("size", "whole", required=True))
FIELDS: dict[str, tuple[Field, ...]] = {
    "dataset": dataset_fields.V4_CREATE,
    "origdatablock": _BLOCK,
    "datablock": _BLOCK,
    "attachment": (*_OWNABLE, Field("aid", "text", required=True), Field("relationships", "objects")),
    "sample": (*_OWNABLE, Field("sampleId", "text", required=True), Field("sampleCharacteristics", "object")),
    "proposal": (*_OWNABLE, Field("proposalId", "text", required=True)),
    "instrument": (Field("pid", "text", required=True), Field("name", "string", required=True)),
}


def fitted(kind: str, id: str, doc: Any, settings: Settings) -> Doc:
    """The document in the stored form: dates brought into one form, nothing else changed, unknown fields kept.

    Raises
    ------
    Refused
        Says what is wrong with it.
    """
    if not isinstance(doc, dict):
        raise Refused(400, "it is not an object")
    name = ID_FIELDS.get(kind)
    if not id or (name and doc.get(name) != id):
        raise Refused(400, f"its {name or 'id'} is not {id[:80]!r}")
    check_dataset(doc, settings)
    fields = (*FIELDS.get(kind, ()), *_AUDIT)
    known = {field.name for field in fields}
    texts = messages(problems({key: value for key, value in doc.items() if key in known}, fields))
    texts += _file_texts(doc.get("dataFileList")) if kind == "origdatablock" else []
    if texts:
        raise Refused(400, "; ".join(texts[:5]))
    result = dict(doc)
    normalise_dates(result, fields)
    if kind == "dataset":
        check_metadata(doc.get("scientificMetadata"), settings)
        for number in ("size", "packedSize", "numberOfFiles", "numberOfFilesArchived"):
            result[number] = int(result.get(number) or 0)
    elif kind == "origdatablock":
        result["size"] = int(result["size"])
        result["dataFileList"] = [_file(file) for file in doc["dataFileList"]]
    return result


def _file_texts(files: Any) -> list[str]:
    if not isinstance(files, list):
        return ["dataFileList must be an array"]
    known = {field.name for field in _FILE}
    texts: list[str] = []
    for number, file in enumerate(files):
        if not isinstance(file, dict):
            texts.append(f"dataFileList.{number} must be an object")
            continue
        found = problems({key: value for key, value in file.items() if key in known}, _FILE)
        texts += [f"dataFileList.{number}.{text}" for text in messages(found)]
    return texts


def _file(file: Doc) -> Doc:
    result = {**file, "size": int(file["size"])}
    if result.get("time") is not None:
        result["time"] = dates.normal(result["time"])
    return result
