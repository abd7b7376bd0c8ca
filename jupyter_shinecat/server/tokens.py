"""A bearer token that stays fresh: kept in memory only, renewed before it ends, by one caller at a time."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.scicat import Secret

_MARGIN_S = 60.0
_MARGIN_PART = 0.25
# A source that has just failed is not asked again by each of a page's requests.
_PAUSE_AFTER_FAILURE_S = 2.0
_LONGEST_SLEEP_S = 3600.0


@dataclass(frozen=True)
class Grant:
    """A token and when it ends (unix seconds; infinity when it doesn't say)."""

    token: Secret
    expires_at: float


def expiry_of(token: Secret) -> float:
    """When a JWT says it ends (unix seconds), without checking its signature; infinity when it says nothing."""
    try:
        payload = token.reveal().split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return float("inf")


class TokenKeeper:
    """Keeps the grant that ``fetch`` gives.

    Parameters
    ----------
    fetch
        Gets a new grant; raises `ShineCatError` when it can't.
    log
        For renewals that fail in the background.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Grant]], log: logging.Logger) -> None:
        self._fetch = fetch
        self._log = log
        self._grant: Grant | None = None
        self._renew_at = 0.0
        self._failure: tuple[float, ShineCatError] | None = None
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def get(self, *, rejected: Secret | None = None) -> Secret:
        """The token, renewed when it is due.

        Parameters
        ----------
        rejected
            The token that the catalog has just refused: a new one is fetched unless somebody did already.

        Raises
        ------
        ShineCatError
            No token: what ``fetch`` said.
        """
        async with self._lock:
            grant = self._grant
            usable = grant is not None and grant.token != rejected and time.time() < grant.expires_at
            if usable and time.time() < self._renew_at:
                return grant.token  # type: ignore[union-attr]
            try:
                return (await self._renew()).token
            except ShineCatError:
                if usable:
                    return grant.token  # type: ignore[union-attr]
                raise

    async def _renew(self) -> Grant:
        if self._failure is not None and time.monotonic() - self._failure[0] < _PAUSE_AFTER_FAILURE_S:
            raise self._failure[1]
        try:
            grant = await self._fetch()
        except ShineCatError as error:
            self._failure = (time.monotonic(), error)
            raise
        now = time.time()
        self._failure = None
        self._grant = grant
        self._renew_at = grant.expires_at - min(_MARGIN_S, max(grant.expires_at - now, 0.0) * _MARGIN_PART)
        return grant

    def forget(self) -> None:
        """Drop the token."""
        self._grant, self._failure = None, None

    def start(self) -> None:
        """Renew in the background too: a token that ended while nobody asked could not be renewed any more."""
        self._task = asyncio.get_running_loop().create_task(self._keep_fresh())

    async def stop(self) -> None:
        """End the background renewal and forget the token."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self.forget()

    async def _keep_fresh(self) -> None:
        pause = _PAUSE_AFTER_FAILURE_S
        while True:
            try:
                await self.get()
            except ShineCatError as error:
                self._log.warning("No catalog token: %s", error)
            except Exception:
                self._log.exception("No catalog token")
            due_in = self._renew_at - time.time() if self._grant is not None else 0.0
            # Failing, or just about to end: try again ever more slowly.
            pause = _PAUSE_AFTER_FAILURE_S if due_in > 0 else min(pause * 2, 60.0)
            await asyncio.sleep(min(max(due_in, pause), _LONGEST_SLEEP_S))
