"""The HTTP client for catalog and hub, made when it is first used."""

from __future__ import annotations

from typing import Any

import aiohttp


class HttpClient:
    """An `aiohttp.ClientSession` without cookies; it can be made before the event loop runs."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def request(self, method: str, url: Any, **options: Any) -> Any:
        """As `aiohttp.ClientSession.request`."""
        if self._session is None:
            # The catalog is a machine of the facility: proxies, .netrc and cookies are for the outside.
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, connector=aiohttp.TCPConnector(limit=32)
            )
        return self._session.request(method, url, **options)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
