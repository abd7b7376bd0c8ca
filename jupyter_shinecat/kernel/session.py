"""This kernel's session: the catalog it talks to, and what its server says."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.files import PathMap, maps_from_environment, parse_maps
from jupyter_shinecat.scicat import AccessDenied, CatalogClient, NotFound, channel

from .starting import begin as begin

T = TypeVar("T")

_STATUS_TIMEOUT_S = 10.0
_KNOWN_S = 60.0

_client: tuple[tuple[str | None, ...], CatalogClient] | None = None
_maps: tuple[PathMap, ...] | None = None
_known: tuple[CatalogClient | None, float] = (None, 0.0)
_features: tuple[CatalogClient, frozenset[str]] | None = None


def client() -> CatalogClient:
    """The catalog's client, made once; made afresh when the environment names another catalog."""
    global _client
    key = (
        str(os.getpid()),
        *(os.environ.get(name) for name in ("SHINECAT_SOCKET", "SHINECAT_CATALOG_URL", "SHINECAT_TOKEN")),
    )
    if _client is None or _client[0] != key:
        old, _client = _client, None  # where there is no new one, the closed one must not come back
        if old is not None and old[0][0] == key[0]:
            old[1].close()
        with record.quiet():
            _client = (key, CatalogClient.from_environment())
    return _client[1]


def ask(call: Callable[[CatalogClient], T]) -> T:
    """Ask the catalog. Where it refuses, find out whether that is because it no longer knows who asks.

    Raises
    ------
    SignInRequired
        The sign-in is missing or has expired; some servers answer 403 or 404 then.
    CatalogError
        All other refusals.
    """
    catalog = client()
    with record.quiet():
        _still_known(catalog)
        try:
            return call(catalog)
        except (AccessDenied, NotFound):
            if catalog.socket or catalog.token:
                with contextlib.suppress(AccessDenied, NotFound):
                    catalog.whoami()
            raise


def _still_known(catalog: CatalogClient) -> None:
    """Ask now and then who we are: to a search with a token that has ended, catalogs answer with public data only.

    A user's server does this for its kernels.
    """
    global _known
    if not catalog.token or (_known[0] is catalog and time.monotonic() < _known[1]):
        return
    with contextlib.suppress(AccessDenied, NotFound):
        catalog.whoami()
    _known = (catalog, time.monotonic() + _KNOWN_S)


def features() -> frozenset[str]:
    """What the catalog can do beyond a real SciCat (`Health.features`), asked once for each catalog."""
    global _features
    catalog = client()
    if _features is None or _features[0] is not catalog:
        _features = (catalog, ask(lambda asked: asked.health()).features)
    return _features[1]


def path_maps() -> tuple[PathMap, ...]:
    """Where the catalog's folders are on this machine: ``SHINECAT_PATH_MAPS``, else as the user's server says."""
    global _maps
    if os.environ.get("SHINECAT_PATH_MAPS"):
        return maps_from_environment()
    if _maps is None:
        told = _server_status().get("path_maps")
        if told is None:
            return ()
        _maps = parse_maps(told)
    return _maps


def server(what: str) -> dict[str, Any] | None:
    """What the user's server says under ``/shinecat/api/``; None when there is none or it does not answer."""
    socket = os.environ.get("SHINECAT_SOCKET")
    if not socket:
        return None
    try:
        with (
            record.quiet(),
            httpx.Client(transport=channel.transport(socket), timeout=_STATUS_TIMEOUT_S, trust_env=False) as http,
        ):
            answer = http.get(f"http://shinecat/shinecat/api/{what}").raise_for_status().json()
    except (httpx.HTTPError, ShineCatError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def _server_status() -> dict[str, Any]:
    return server("status") or {}
