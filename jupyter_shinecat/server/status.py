"""What ``GET /shinecat/api/status`` tells: who this server is at the catalog, and whether all is well."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
from yarl import URL

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Identity, Secret, SignInRequired, operations

from .http import HttpClient
from .outbox import OutboxManager
from .sessions import Session
from .settings import SettingsTraits

# Several pages ask at once; one look at the catalog answers all of them.
_FRESH_S = 2.0
_TIMEOUT_S = 5.0
_FEATURES_FRESH_S = 300.0


class StatusManager:
    """Collects the status.

    Parameters
    ----------
    settings, session, outbox
        Of this server.
    http
        Client for the catalog.
    """

    def __init__(self, settings: SettingsTraits, session: Session, outbox: OutboxManager, http: HttpClient) -> None:
        self._settings = settings
        self._session = session
        self._outbox = outbox
        self._http = http
        self._seen_at = -_FRESH_S
        self._catalog: dict[str, Any] = {}
        self._identity: Identity | None = None
        self._features: frozenset[str] | None = None
        self._features_seen_at = 0.0

    async def report(self) -> dict[str, Any]:
        """The status as in architecture.md."""
        if time.monotonic() - self._seen_at >= _FRESH_S:
            await self._look()
        identity = self._identity
        return {
            "mode": self._session.mode,
            "user": identity.username if identity else None,
            "groups": list(identity.groups) if identity else [],
            "catalog": dict(self._catalog),
            "write_back": self._settings.write_back,
            "results_folder": str(self._settings.results),
            "outbox": await self._outbox.counts(),
            "path_maps": list(self._settings.path_maps),
            "files": bool(self._settings.files_url),
        }

    async def features(self) -> frozenset[str] | None:
        """What the catalog can do beyond a real SciCat (`Health.features`); None where it doesn't answer."""
        if self._features is None or time.monotonic() - self._features_seen_at >= _FEATURES_FRESH_S:
            operation = operations.health()
            try:
                answer = await self._get(await self._session.url() + operation.path, None)
            except (ShineCatError, aiohttp.ClientError, TimeoutError, ValueError):
                return None
            self._features = operation.parse(answer).features
            self._features_seen_at = time.monotonic()
        return self._features

    async def _look(self) -> None:
        url, message, do, ok, error = self._settings.catalog_root, None, None, False, None
        try:
            url = await self._session.url()
            token = await self._session.bearer()
            await self._whoami(url, token)
            ok = True
        except SignInRequired as reason:
            self._identity, message, do, error = None, reason.what, reason.do, "login_required"
        except ShineCatError as reason:
            message, do, error = reason.what, reason.do, "unavailable"
        except (aiohttp.ClientError, TimeoutError, ValueError) as cause:
            message = tr("The catalog at {url} does not answer ({cause}).", url=url, cause=type(cause).__name__)
            do, error = tr("Check that it runs and that this machine can reach it, then repeat this."), "unavailable"
            if isinstance(cause, aiohttp.ClientConnectorError):
                await self._session.recover()
        self._catalog = {"url": url, "ok": ok, "message": message, "do": do, "error": error}
        self._seen_at = time.monotonic()

    async def _whoami(self, url: str, token: Secret | None) -> None:
        """Sets who we are; without a token only asks whether the catalog answers."""
        operation = operations.whoami() if token else operations.health()
        answer = await self._get(url + operation.path, token)
        if answer is None and token is not None:
            token = await self._session.bearer(rejected=token)
            answer = await self._get(url + operation.path, token)
        if answer is None:
            raise SignInRequired(tr("The catalog wants to know who you are."), do=tr("Sign in again."))
        found = operation.parse(answer)
        self._identity = found if isinstance(found, Identity) else None

    async def _get(self, url: str, token: Secret | None) -> Any:
        """The answer's JSON; None for 401."""
        async with self._http.request(
            "GET",
            URL(url, encoded=True),
            headers={"Accept": "application/json", **({"Authorization": f"Bearer {token.reveal()}"} if token else {})},
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
            allow_redirects=False,
        ) as response:
            if response.status == 401:
                return None
            response.raise_for_status()
            return await response.json(content_type=None)
