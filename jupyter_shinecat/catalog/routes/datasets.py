"""Routes of datasets, v3 and v4."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.errors import bad_request, forbidden

from .call import Call, Route


def _create(call: Call, version: int) -> Any:
    return call.catalog.datasets.create(call.who, call.body, version=version)


def _valid(call: Call, version: int) -> Any:
    call.status = 200
    return call.catalog.datasets.validate(call.who, call.body, version=version)


def _list(call: Call, version: int, *, public_only: bool = False) -> Any:
    _not_anonymous(call, version, public_only)
    return call.catalog.datasets.listed(call.who, call.filter, version=version, public_only=public_only)


def _first(call: Call, version: int, *, public_only: bool = False) -> Any:
    _not_anonymous(call, version, public_only)
    return call.catalog.datasets.first(call.who, call.filter, version=version, public_only=public_only)


def _count(call: Call, version: int, *, public_only: bool = False) -> Any:
    _not_anonymous(call, version, public_only)
    return {"count": call.catalog.datasets.count(call.who, call.filter, version=version, public_only=public_only)}


def _get(call: Call, version: int, *, public_only: bool = False) -> Any:
    _not_anonymous(call, version, public_only)
    # v4 names relations in ?include=; pyscicat and others put them into a v3 filter.
    include, filter = (call.include, None) if version == 4 else (None, call.filter)
    return call.by_id(
        "pid",
        lambda pid: call.catalog.datasets.get(
            call.who, pid, version=version, include=include, filter=filter, public_only=public_only
        ),
    )


def _patch(call: Call, version: int) -> Any:
    merge = call.merge and version == 4
    return call.by_id(
        "pid",
        lambda pid: call.catalog.datasets.patch(
            call.who, pid, call.body, version=version, merge=merge, unchanged_since=call.unchanged_since
        ),
    )


def _delete(call: Call, version: int) -> Any:
    return call.by_id("pid", lambda pid: call.catalog.datasets.delete(call.who, pid, version=version))


def _not_anonymous(call: Call, version: int, public_only: bool) -> None:
    # In v4 anonymous callers have routes of their own.
    if version == 4 and not public_only and not call.who.signed_in:
        raise forbidden("Unauthorized access")


def _fullquery(call: Call) -> Any:
    return call.catalog.datasets.query(call.who, call.json("fields"), call.json("limits"))


def _fullfacet(call: Call) -> Any:
    return call.catalog.datasets.facets(call.who, call.json("fields"), call.json("facets"))


def _fullfacet_v4(call: Call, *, public_only: bool = False) -> Any:
    _not_anonymous(call, 4, public_only)
    filters = call.filter or {}
    if not isinstance(filters, dict):
        raise bad_request("filters must be an object")
    return call.catalog.datasets.facets(call.who, filters.get("fields"), filters.get("facets"), public_only=public_only)


def _metadata_keys(call: Call, *, public_only: bool = False) -> Any:
    return call.catalog.datasets.metadata_keys(
        call.who, call.json("fields"), call.json("limits"), public_only=public_only
    )


def _lifecycle(call: Call) -> Any:
    return call.by_id("pid", lambda pid: call.catalog.datasets.lifecycle(call.who, pid))


def _patch_lifecycle(call: Call) -> Any:
    doc = call.by_id("pid", lambda pid: call.catalog.datasets.patch_lifecycle(call.who, pid, call.body))
    call.catalog.events.emit("dataset.updated", doc)
    return doc["datasetlifecycle"]


def _append(call: Call) -> Any:
    call.status = 200
    field = (call.query.get("fieldName") or [""])[0]
    values = call.query.get("data") or []
    data = call.json("data") if len(values) == 1 and values[0].startswith("[") else values
    return call.by_id("pid", lambda pid: call.catalog.datasets.append(call.who, pid, field, data))


def routes() -> list[Route]:
    """The table."""
    table: list[Route] = []
    for version in (3, 4):
        base = f"/api/v{version}/datasets"

        def bound(function: Any, v: int = version) -> Any:
            return lambda call: function(call, v)

        table += [
            Route("POST", base, bound(_create), event="dataset.created"),
            Route("GET", base, bound(_list)),
            Route("POST", f"{base}/isValid", bound(_valid)),
            Route("GET", f"{base}/findOne", bound(_first)),
            Route("GET", f"{base}/count", bound(_count)),
            Route("GET", f"{base}/metadataKeys", _metadata_keys),
            Route("GET", f"{base}/{{pid}}", bound(_get)),
            Route("PATCH", f"{base}/{{pid}}", bound(_patch), event="dataset.updated"),
            Route("PUT", f"{base}/{{pid}}", bound(_patch), event="dataset.updated"),
            Route("DELETE", f"{base}/{{pid}}", bound(_delete), event="dataset.deleted"),
            Route("GET", f"{base}/{{pid}}/datasetlifecycle", _lifecycle),
            Route("PATCH", f"{base}/{{pid}}/datasetlifecycle", _patch_lifecycle),
        ]
    public = "/api/v4/datasets/public"
    return [
        *table,
        Route("POST", "/api/v3/datasets/{pid}/appendToArrayField", _append, event="dataset.updated"),
        Route("GET", "/api/v3/datasets/fullquery", _fullquery),
        Route("GET", "/api/v3/datasets/fullfacet", _fullfacet),
        Route("GET", "/api/v4/datasets/fullfacet", _fullfacet_v4),
        Route("GET", public, lambda call: _list(call, 4, public_only=True)),
        Route("GET", f"{public}/fullfacet", lambda call: _fullfacet_v4(call, public_only=True)),
        Route("GET", f"{public}/metadataKeys", lambda call: _metadata_keys(call, public_only=True)),
        Route("GET", f"{public}/findOne", lambda call: _first(call, 4, public_only=True)),
        Route("GET", f"{public}/count", lambda call: _count(call, 4, public_only=True)),
        Route("GET", f"{public}/{{pid}}", lambda call: _get(call, 4, public_only=True)),
    ]
