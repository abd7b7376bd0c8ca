"""Routes of jobs, v3 and v4."""

from __future__ import annotations

from typing import Any

from .call import Call, Route


def _facets(call: Call) -> Any:
    call.signed_in()
    return call.catalog.jobs.facets(call.who, call.json("fields"), call.json("facets"))


def _details(call: Call, version: int) -> Any:
    if version == 4 and not call.query.get("jobId"):
        return call.catalog.jobs.with_datasets(call.who, call.filter)
    return call.catalog.jobs.datasets_of(call.who, (call.query.get("jobId") or [""])[0], call.json("datasetFields"))


def _of(version: int) -> list[Route]:
    base = f"/api/v{version}/jobs"
    one = f"{base}/{{id}}"
    return [
        Route("POST", base, lambda c: c.catalog.jobs.create(c.who, c.body, version=version)),
        Route("GET", base, lambda c: c.catalog.jobs.listed(c.who, c.filter, version=version)),
        Route(
            "GET", f"{base}/fullquery",
            lambda c: c.catalog.jobs.query(c.who, c.json("fields"), c.json("limits"), version=version),
        ),
        Route("GET", f"{base}/fullfacet", _facets),
        Route("GET", f"{base}/datasetDetails", lambda c: _details(c, version)),
        Route("GET", one, lambda c: c.catalog.jobs.get(c.who, c.params["id"], version=version)),
        Route("PATCH", one, lambda c: c.catalog.jobs.patch(c.who, c.params["id"], c.body, version=version)),
        Route("DELETE", one, lambda c: c.catalog.jobs.delete(c.who, c.params["id"], version=version)),
    ]  # fmt: skip


def routes() -> list[Route]:
    """The table."""
    return [*_of(3), *_of(4)]
