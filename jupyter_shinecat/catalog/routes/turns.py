"""Taking turns: one caller never holds all threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jupyter_shinecat.catalog.errors import Refused

_WAITING = 64


class Turns:
    """So many requests of one caller run at once; further ones wait, in order, and too many are refused.

    Parameters
    ----------
    at_once
        Requests of one caller that may run at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._callers: dict[str, tuple[asyncio.Semaphore, list[int]]] = {}

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """Wait for the caller's turn; a 429 when too many of its requests wait already."""
        semaphore, number = self._callers.setdefault(caller, (asyncio.Semaphore(self._at_once), [0]))
        if number[0] >= self._at_once + _WAITING:
            raise Refused(429, "Too many requests at once. Try again.", headers={"Retry-After": "1"})
        number[0] += 1
        try:
            async with semaphore:
                yield
        finally:
            number[0] -= 1
            if number[0] == 0:
                self._callers.pop(caller, None)
