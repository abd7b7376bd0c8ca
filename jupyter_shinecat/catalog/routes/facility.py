"""Routes of policies, history, metadata keys, configuration, datablocks, logbooks, and of what this server has not."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.errors import Refused

from .call import Call, Route


def _first(call: Call, name: str) -> str | None:
    values = call.query.get(name)
    return values[0] if values else None


def _history(call: Call) -> Any:
    return call.catalog.history.found_in(call.who, call.filter, _first(call, "skip"), _first(call, "limit"))


def _collection(call: Call) -> Any:
    where = {"subsystem": call.params["subsystem"]}
    return call.catalog.history.found_in(call.who, where, _first(call, "skip"), _first(call, "limit"))


def _policy_routes() -> list[Route]:
    base = "/api/v3/policies"
    one = f"{base}/{{id}}"

    def update_where(call: Call) -> Any:
        call.status = 200
        return call.catalog.policies.update_where(call.who, call.body)

    return [
        Route("POST", base, lambda c: c.catalog.policies.create(c.who, c.body)),
        Route("GET", base, lambda c: c.catalog.policies.listed(c.who, c.filter)),
        Route("GET", f"{base}/count", lambda c: {"count": c.catalog.policies.count(c.who, c.filter)}),
        Route("POST", f"{base}/updateWhere", update_where),
        Route("GET", one, lambda c: c.catalog.policies.get(c.who, c.params["id"])),
        Route("PATCH", one, lambda c: c.catalog.policies.patch(c.who, c.params["id"], c.body)),
        Route("DELETE", one, lambda c: c.catalog.policies.delete(c.who, c.params["id"])),
    ]


def _datablock_routes() -> list[Route]:
    nested, base = "/api/v3/datasets/{pid}/datablocks", "/api/v3/datablocks"

    def of(call: Call) -> Any:
        def work(pid: str) -> Any:
            call.catalog.datasets.readable(call.who, pid)
            return call.catalog.datablocks.of_dataset(call.who, pid)

        return call.by_id("pid", work)

    def part(work: Any) -> Any:
        return lambda call: call.by_id("pid", lambda pid: work(call, call.catalog.datablocks, pid))

    return [
        Route("POST", nested, part(lambda c, d, pid: d.create(c.who, c.body, pid=pid))),
        Route("GET", nested, of),
        Route("DELETE", nested, part(lambda c, d, pid: d.delete_all(c.who, pid))),
        Route("GET", f"{nested}/count", lambda c: {"count": len(of(c))}),
        Route("PATCH", f"{nested}/{{did}}", part(lambda c, d, pid: d.patch(c.who, c.params["did"], c.body, pid=pid))),
        Route("DELETE", f"{nested}/{{did}}", part(lambda c, d, pid: d.delete(c.who, c.params["did"], pid=pid))),
        Route("POST", base, lambda c: c.catalog.datablocks.create(c.who, c.body)),
        Route("GET", base, lambda c: c.catalog.datablocks.listed(c.who, c.filter)),
        Route("GET", f"{base}/count", lambda c: {"count": c.catalog.datablocks.count(c.who, c.filter)}),
        Route("GET", f"{base}/{{id}}", lambda c: c.catalog.datablocks.get(c.who, c.params["id"])),
        Route("PATCH", f"{base}/{{id}}", lambda c: c.catalog.datablocks.patch(c.who, c.params["id"], c.body)),
        Route("DELETE", f"{base}/{{id}}", lambda c: c.catalog.datablocks.delete(c.who, c.params["id"])),
    ]


def _dataset_logbook(call: Call) -> Any:
    who, filters = call.signed_in(), _first(call, "filters")

    def work(pid: str) -> Any:
        return call.catalog.logbooks.of_dataset(who, call.catalog.datasets.readable(who, pid), filters)

    return call.by_id("pid", work)


def _logbook_routes() -> list[Route]:
    def one(call: Call) -> Any:
        return call.catalog.logbooks.of(call.signed_in(), call.params["name"], _first(call, "filters"))

    return [
        Route("GET", "/api/v3/logbooks", lambda c: c.catalog.logbooks.all(c.signed_in()), outside="logbook"),
        Route("GET", "/api/v3/logbooks/{name}", one, outside="logbook"),
        *(Route("GET", f"/api/v{v}/datasets/{{pid}}/logbook", _dataset_logbook, outside="logbook") for v in (3, 4)),
    ]


def _outside(what: str) -> Any:
    """An operation of a product that this server has not: signed-in callers are told so."""

    def answer(call: Call) -> Any:
        call.signed_in()
        raise Refused(501, f"This catalog has no {what}.")

    return answer


def _outside_routes() -> list[Route]:
    """Operations that need outside products."""
    paths = [
        *(("POST", f"/api/v3/opensearch/{n}", "OpenSearch") for n in ("create-index", "sync-database", "search")),
        ("DELETE", "/api/v3/opensearch/delete-index", "OpenSearch"),
        ("GET", "/api/v3/opensearch/get-index", "OpenSearch"),
        ("PATCH", "/api/v3/opensearch/update-index", "OpenSearch"),
    ]
    return [Route(method, path, _outside(what)) for method, path, what in paths]


def routes() -> list[Route]:
    """The table."""
    config = "/api/v3/runtime-config/{id}"
    return [
        *_policy_routes(),
        *_datablock_routes(),
        *_logbook_routes(),
        *_outside_routes(),
        Route("GET", "/api/v3/history", _history),
        Route("GET", "/api/v3/history/count", lambda c: c.catalog.history.counted(c.who, c.filter)),
        Route("GET", "/api/v3/history/collection/{subsystem}", _collection),
        Route("GET", "/api/v4/metadatakeys", lambda c: c.catalog.metadata_keys.listed(c.who, c.filter)),
        Route("GET", "/api/v3/admin/config", lambda c: c.catalog.runtime_config.data("frontendConfig")),
        Route("GET", "/api/v3/admin/theme", lambda c: c.catalog.runtime_config.data("frontendTheme")),
        Route("GET", config, lambda c: c.catalog.runtime_config.get(c.params["id"])),
        Route("PUT", config, lambda c: c.catalog.runtime_config.put(c.who, c.params["id"], c.body)),
    ]
