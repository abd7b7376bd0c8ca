"""All routes, in one place."""

from __future__ import annotations

from jupyter_shinecat.catalog.settings import Settings

from . import administration, auth, datasets, health, named, parts, users
from .router import Router


def router(settings: Settings) -> Router:
    """The catalog's routes under these settings."""
    return Router(
        [
            *auth.routes(settings.features),
            *administration.routes(settings.features),
            *users.routes(),
            *datasets.routes(),
            *parts.routes(),
            *named.routes(),
            *health.routes(),
        ]
    )
