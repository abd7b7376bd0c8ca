"""Routes of published data, v3 and v4."""

from __future__ import annotations

from typing import Any

from .call import Call, Route


def _of(version: int) -> list[Route]:
    base = f"/api/v{version}/publisheddata"
    one = f"{base}/{{id}}"

    def by_id(work: Any) -> Any:
        return lambda call: call.by_id("id", lambda id: work(call, call.catalog.publications, id))

    table = [
        Route("POST", base, lambda c: c.catalog.publications.create(c.who, c.body, version=version)),
        Route("GET", base, lambda c: c.catalog.publications.listed(c.who, c.filter, version=version)),
        Route("GET", f"{base}/count", lambda c: {"count": c.catalog.publications.count(c.who, c.filter)}),
        Route("GET", f"{base}/formpopulate", _populate),
        Route("GET", one, by_id(lambda c, p, id: p.get(c.who, id, version=version))),
        Route("PATCH", one, by_id(lambda c, p, id: p.patch(c.who, id, c.body, version=version))),
        Route("DELETE", one, by_id(lambda c, p, id: p.delete(c.who, id, version=version))),
        Route(
            "POST",
            f"{one}/register",
            by_id(lambda c, p, id: p.register(c.who, id, version=version)),
            outside="registry",
        ),
        Route(
            "POST",
            f"{one}/resync",
            by_id(lambda c, p, id: p.resync(c.who, id, c.body, version=version)),
            outside="registry",
        ),
    ]
    if version == 4:
        table += [
            Route("GET", f"{base}/config", lambda c: c.catalog.publications.configuration()),
            Route("POST", f"{one}/publish", by_id(lambda c, p, id: p.publish(c.who, id, version=4))),
            Route("POST", f"{one}/amend", by_id(lambda c, p, id: p.amend(c.who, id))),
        ]
    return table


def _populate(call: Call) -> Any:
    return call.catalog.publications.populate(call.who, (call.query.get("pid") or [""])[0])


def routes() -> list[Route]:
    """The table."""
    return [*_of(3), *_of(4)]
