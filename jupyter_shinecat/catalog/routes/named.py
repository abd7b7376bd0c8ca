"""Routes of samples, proposals and instruments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_shinecat.catalog.errors import forbidden
from jupyter_shinecat.catalog.managers.named import Named

from .call import Call, Route

Pick = Callable[[Call], Named]


def _valid(call: Call, pick: Pick) -> Any:
    call.status = 200
    return pick(call).validate(call.who, call.body)


def _common(base: str, pick: Pick) -> list[Route]:
    one = f"{base}/{{pid}}"
    return [
        Route("POST", base, lambda c: pick(c).create(c.who, c.body)),
        Route("GET", base, lambda c: pick(c).listed(c.who, c.filter)),
        Route("POST", f"{base}/isValid", lambda c: _valid(c, pick)),
        Route("GET", f"{base}/count", lambda c: {"count": pick(c).count(c.who, c.filter)}),
        Route("GET", f"{base}/findOne", lambda c: pick(c).first(c.who, c.filter)),
        Route("GET", f"{base}/fullquery", lambda c: pick(c).query(c.who, c.json("fields"), c.json("limits"))),
        Route("GET", f"{base}/fullfacet", lambda c: pick(c).facets(c.who, c.json("fields"), c.json("facets"))),
        Route("GET", one, lambda c: c.by_id("pid", lambda id: pick(c).get(c.who, id))),
        Route("PATCH", one, lambda c: c.by_id("pid", lambda id: pick(c).patch(c.who, id, c.body))),
        Route("PUT", one, lambda c: c.by_id("pid", lambda id: pick(c).patch(c.who, id, c.body))),
        Route("DELETE", one, lambda c: c.by_id("pid", lambda id: pick(c).delete(c.who, id))),
    ]


def _authorization(pick: Pick) -> Callable[[Call], Any]:
    return lambda call: call.by_id("pid", lambda id: {"canAccess": pick(call).may_read(call.who, id)})


def _datasets_of(pick: Pick, field: str) -> Callable[[Call], Any]:
    def answer(call: Call) -> Any:
        def work(id: str) -> Any:
            pick(call).readable(call.who, id)
            return call.catalog.datasets.listed(call.who, {"where": {field: id}}, version=3)

        return call.by_id("pid", work)

    return answer


def _instruments(call: Call) -> Named:
    if not call.who.signed_in:
        raise forbidden()
    return call.catalog.instruments


def routes() -> list[Route]:
    """The table."""

    def samples(call: Call) -> Named:
        return call.catalog.samples

    def proposals(call: Call) -> Named:
        return call.catalog.proposals

    return [
        *_common("/api/v3/samples", samples),
        *_common("/api/v3/proposals", proposals),
        *_common("/api/v3/instruments", _instruments),
        Route("GET", "/api/v3/samples/metadataKeys", lambda c: samples(c).metadata_keys(c.who, c.json("fields"))),
        Route("GET", "/api/v3/samples/{pid}/authorization", _authorization(samples)),
        Route("GET", "/api/v3/proposals/{pid}/authorization", _authorization(proposals)),
        Route("GET", "/api/v3/samples/{pid}/datasets", _datasets_of(samples, "sampleIds")),
        Route("GET", "/api/v3/proposals/{pid}/datasets", _datasets_of(proposals, "proposalIds")),
    ]
