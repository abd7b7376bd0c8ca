"""What requests hold, for our OpenAPI: made from the tables that check them."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.managers import attachment_fields, dataset_fields, publication_fields
from jupyter_shinecat.catalog.managers.blocks import Blocks
from jupyter_shinecat.catalog.managers.datablocks import Datablocks
from jupyter_shinecat.catalog.managers.named import Instruments, Proposals, Samples
from jupyter_shinecat.catalog.managers.validate import Field

Schema = dict[str, Any]
_TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
_KINDS: dict[str, Schema] = {
    "string": {"type": "string"},
    "text": {"type": "string", "minLength": 1},
    "number": {"type": "number"},
    "whole": {"type": "integer", "minimum": 0},
    "flag": {"type": "boolean"},
    "date": {"type": "string", "format": "date-time"},
    "strings": _TEXTS,
    "object": {"type": "object"},
    "objects": {"type": "array", "items": {"type": "object"}},
    "email": {"type": "string", "format": "email"},
    "emails": {"type": "string", "format": "email"},
    "string or strings": {"anyOf": [{"type": "string"}, _TEXTS]},
    "any": {},
}
_FILES: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["path", "size", "time"],
        "properties": {"path": _KINDS["text"], "size": _KINDS["whole"], "time": _KINDS["date"]},
    },
}
_LIMITS: Schema = {
    "type": "object",
    "properties": {
        "limit": {"type": "integer", "minimum": 0, "maximum": 1000},
        "skip": {"type": "integer", "minimum": 0},
        "order": {"type": "string"},
        "cursor": {"type": "string"},
    },
}
_FACET: Schema = {
    "type": "object",
    "required": ["field"],
    "properties": {
        "field": _KINDS["text"],
        "name": _KINDS["text"],
        "by": {"type": "string", "enum": ["day", "month", "year"]},
        "bins": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 200}, {"type": "array", "minItems": 2}]},
        "unit": {"type": "string"},
    },
}
_CONDITION: Schema = {
    "type": "object",
    "required": ["lhs", "relation", "rhs"],
    "properties": {"lhs": _KINDS["text"], "relation": _KINDS["text"], "rhs": {}, "unit": {"type": "string"}},
}
PARAMETERS: dict[str, Schema] = {
    "limits": _LIMITS,
    "facets": {"type": "array", "maxItems": 30, "items": {"anyOf": [_KINDS["text"], _FACET]}},
    "fields": {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "similar": {"type": "boolean"},
            "scientific": {"type": "array", "items": _CONDITION},
        },
    },
    "filter": {
        "type": "object",
        "properties": {"where": {"type": "object"}, "fields": _TEXTS, "limits": _LIMITS, "include": _TEXTS},
    },
}


def object_of(fields: tuple[Field, ...], *, partial: bool = False) -> Schema:
    """The schema of a table of fields; ``partial`` where none is needed."""
    schema: Schema = {"type": "object", "properties": {field.name: _KINDS[field.check] for field in fields}}
    needed = [field.name for field in fields if field.required and not partial]
    if needed:
        schema["required"] = needed
    return schema


def _with_files(fields: tuple[Field, ...]) -> Schema:
    schema = object_of(fields)
    schema["properties"]["dataFileList"] = _FILES
    return {**schema, "required": [*schema.get("required", []), "dataFileList"]}


def _v3_datasets() -> Schema:
    forms = ((dataset_fields.V3_RAW_CREATE, "raw"), (dataset_fields.V3_DERIVED_CREATE, "derived"))
    schemas = [object_of(fields) for fields, _type in forms]
    for schema, (_fields, type_) in zip(schemas, forms, strict=True):
        schema["properties"]["type"] = {"type": "string", "enum": [type_]}
    return {"anyOf": schemas}


def bodies() -> dict[tuple[str, str], Schema]:
    """Schemas of bodies by method and path; what is not here takes any JSON."""
    v3, v4 = "/api/v3", "/api/v4"
    table: dict[tuple[str, str], Schema] = {
        ("POST", f"{v3}/datasets"): _v3_datasets(),
        ("POST", f"{v4}/datasets"): object_of(dataset_fields.V4_CREATE),
        ("PATCH", f"{v3}/datasets/{{pid}}"): object_of(dataset_fields.V3_UPDATE, partial=True),
        ("PATCH", f"{v4}/datasets/{{pid}}"): object_of(dataset_fields.V4_UPDATE, partial=True),
        ("PATCH", f"{v3}/datasets/{{pid}}/datasetlifecycle"): object_of(dataset_fields.LIFECYCLE, partial=True),
        ("POST", f"{v3}/datasets/{{pid}}/attachments"): object_of(attachment_fields.V3),
        ("POST", f"{v4}/attachments"): object_of(attachment_fields.V4),
        ("POST", f"{v3}/datasets/{{pid}}/origdatablocks"): _with_files(Blocks.fields),
        ("POST", f"{v3}/datasets/{{pid}}/datablocks"): _with_files(Datablocks.fields),
        ("POST", f"{v3}/publisheddata"): object_of(publication_fields.V3),
        ("POST", f"{v4}/publisheddata"): object_of(publication_fields.V4),
        ("POST", f"{v3}/auth/login"): object_of((Field("username", "text", True), Field("password", "text", True))),
    }
    for version in (v3, v4):
        block = _with_files((*Blocks.fields, Field("datasetId", "text", required=True)))
        table["POST", f"{version}/origdatablocks"] = block
    for name, manager in (("samples", Samples), ("proposals", Proposals), ("instruments", Instruments)):
        table["POST", f"{v3}/{name}"] = object_of(manager.fields)
        table["PATCH", f"{v3}/{name}/{{pid}}"] = object_of(manager.fields, partial=True)
    return table
