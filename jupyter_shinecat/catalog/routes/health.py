"""Whether the catalog is well, what it can do, and its numbers."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.metrics import CONTENT_TYPE

from .call import Call, Route


def health(call: Call) -> Any:
    """SciCat's health document, 503 when something is down; ``shinecat`` tells what this server can do more."""
    good, document = call.catalog.wellbeing.health()
    call.status = 200 if good else 503
    return document


def metrics(call: Call) -> Any:
    """Numbers in Prometheus's text form."""
    call.response_headers["Content-Type"] = CONTENT_TYPE
    return call.catalog.wellbeing.metrics(call.who)


def routes() -> list[Route]:
    """The table."""
    return [
        *(Route("GET", path, health) for path in ("/health", "/api/v3/health", "/api/v4/health")),
        Route("GET", "/metrics", metrics),
    ]
