"""The catalog's own OpenAPI, made from the table of routes: what is served is what is described."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from jupyter_shinecat import __version__

from .bodies import PARAMETERS, bodies
from .call import Call, Route

_PART = re.compile(r"\{(\w+)\}")
_LISTS = re.compile(r"/(fullquery|fullfacet|metadataKeys|files|count|findOne)$")
_ERROR = {
    "description": "Refused; the message says why.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
_ANY: dict[str, Any] = {"content": {"application/json": {"schema": {}}}}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.0 of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    described = bodies()
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, described)
    return {
        "openapi": "3.0.3",
        "info": {"title": "jupyter-shinecat's embedded catalog", "version": __version__},
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {"message": {}, "error": {"type": "string"}, "statusCode": {"type": "integer"}},
                }
            },
        },
        "security": [{"bearer": []}, {}],
    }


def _operation(route: Route, described: dict[tuple[str, str], Any]) -> dict[str, Any]:
    parts = [part for part in route.path.strip("/").split("/") if not part.startswith("{")]
    names = [part for part in parts if part not in ("api", "v3", "v4")]
    doc = "" if route.answer.__name__ == "<lambda>" else (inspect.getdoc(route.answer) or "")
    operation: dict[str, Any] = {
        "operationId": "_".join([route.method.lower(), *re.findall(r"\w+", route.path.removeprefix("/api"))]),
        "tags": [names[0] if names else "catalog"],
        "summary": doc.splitlines()[0] if doc else f"{route.method} {' '.join(names)}",
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in _PART.findall(route.path)
            ),
            *_query(route),
        ],
        "responses": {
            "201" if route.method == "POST" else "200": {"description": "Done.", **_ANY},
            "default": _ERROR,
        },
    }
    if route.method in ("POST", "PUT", "PATCH"):
        schema = described.get((route.method, route.path), {})
        operation["requestBody"] = {"required": False, "content": {"application/json": {"schema": schema}}}
    return operation


def _query(route: Route) -> list[dict[str, Any]]:
    """JSON parameters by the kind of route, as every SciCat has them."""
    if route.method != "GET" or "/shinecat/" in route.path:
        return []
    last = _LISTS.search(route.path)
    kind = last[1] if last else ""
    if "fullquery" in route.path or kind == "metadataKeys":
        names = ["fields", "limits"]
    elif kind == "fullfacet":
        names = ["fields", "facets"]
    elif kind in ("count", "findOne", "files") or not _PART.search(route.path):
        names = ["filter"]
    else:
        names = []
    found: list[dict[str, Any]] = [
        {"name": name, "in": "query", "content": {"application/json": {"schema": PARAMETERS.get(name, {})}}}
        for name in names
    ]
    if names:
        found.append({"name": "explain", "in": "query", "schema": {"type": "string", "enum": ["true", "false"]}})
    if route.path.startswith("/api/v4/datasets"):
        items: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
        found.append({"name": "include", "in": "query", "schema": items})
    return found


def with_document(routes: list[Route]) -> list[Route]:
    """The routes and one more that describes them all; SciCat has it at the same place."""
    table = list(routes)

    def explorer(_call: Call) -> Any:
        """This description."""
        return described

    table.append(Route("GET", "/explorer-json", explorer))
    described = document(table)
    return table
