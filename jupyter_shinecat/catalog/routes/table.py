"""All routes, in one place."""

from __future__ import annotations

from jupyter_shinecat.catalog.settings import Settings

from . import administration, auth, datasets, events, facility, health, jobs, named, pages, parts, publications, users
from .openapi import with_document
from .router import Router


def router(settings: Settings) -> Router:
    """The catalog's routes under these settings."""
    table = [
        *auth.routes(settings.features),
        *administration.routes(settings.features),
        *pages.routes(settings.features),
        *users.routes(),
        *datasets.routes(),
        *parts.routes(),
        *named.routes(),
        *jobs.routes(),
        *publications.routes(),
        *facility.routes(),
        *events.routes(),
        *health.routes(),
    ]
    return Router(with_document(table))
