"""Whether the catalog is well, and what it can do."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat import __version__

from .call import Call, Route


def health(call: Call) -> Any:
    """SciCat's health document; the member ``shinecat`` tells clients what this server can do beyond SciCat."""
    call.catalog.datasets.ping()
    settings = call.catalog.settings
    return {
        "status": "ok",
        "info": {"sqlite": {"status": "up"}},
        "error": {},
        "details": {"sqlite": {"status": "up"}},
        "shinecat": {"version": __version__, "profile": settings.profile, "features": settings.features},
    }


def routes() -> list[Route]:
    """The table."""
    return [Route("GET", "/api/v3/health", health), Route("GET", "/api/v4/health", health)]
