"""The way from a page or a kernel to the file service: adds the person's token, passes bytes on as they come."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogUnavailable, Secret, SignInRequired

from .answers import Answer, login_required, refusal
from .http import HttpClient
from .sessions import Session

_CHUNK = 256 * 1024
_MAX_ERROR = 64 * 1024
_PASSED_UP = ("Range", "If-Range", "If-Match", "If-None-Match")
_PASSED_DOWN = ("ETag", "Last-Modified", "Content-Range", "Content-Length", "Accept-Ranges")
# A file may take hours; a service that says nothing for so long is not there.
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)

Pass = Callable[[int, dict[str, str], bytes], Awaitable[None]]


class FilesProxy:
    """Forwards requests for files.

    Parameters
    ----------
    url
        Root address of the file service; empty when there is none.
    session
        Gives the token.
    http
        Client without a cookie jar.
    """

    def __init__(self, url: str, session: Session, http: HttpClient) -> None:
        self.url = url.rstrip("/")
        self._session = session
        self._http = http

    async def forward(
        self, method: str, asked: Mapping[str, str], headers: Mapping[str, str], pass_on: Pass
    ) -> Answer | None:
        """Answer a request: an `Answer` for a refusal, None when ``pass_on`` was given everything.

        Parameters
        ----------
        method
            ``GET`` or ``HEAD``.
        asked
            ``pid`` and ``path``.
        headers
            The request's headers; ranges and validators are passed on, nothing else.
        pass_on
            Gets status, headers and each part of the body, at least once.
        """
        if not self.url:
            return refusal(404, ShineCatError(
                tr("There is no file service here."),
                do=tr("The operator starts one (shinecat files serve) and sets c.ShineCat.files_url."),
            ))  # fmt: skip
        try:
            token = await self._session.bearer()
            answer = await self._send(method, asked, headers, token, pass_on)
            if answer is not None and answer.status == 401 and token is not None:
                # Renewed by now, or refused for good: then this raises SignInRequired.
                token = await self._session.bearer(rejected=token)
                answer = await self._send(method, asked, headers, token, pass_on)
            return answer
        except SignInRequired as error:
            return login_required(error)
        except CatalogUnavailable as error:
            return refusal(503, error)

    async def _send(
        self, method: str, asked: Mapping[str, str], given: Mapping[str, str], token: Secret | None, pass_on: Pass
    ) -> Answer | None:
        headers = {name: given[name] for name in _PASSED_UP if name in given}
        headers |= {"Accept-Encoding": "identity", "User-Agent": "jupyter-shinecat"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        address = URL(f"{self.url}/data?{urlencode(dict(asked))}", encoded=True)
        begun = False
        try:
            async with self._http.request(
                method, address, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                if response.status not in (200, 206, 304):
                    return _refusal(response.status, await response.content.read(_MAX_ERROR), response.headers)
                passed = {name: response.headers[name] for name in _PASSED_DOWN if name in response.headers}
                passed |= {"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
                begun = True
                await pass_on(response.status, passed, b"")
                async for part in response.content.iter_chunked(_CHUNK):
                    await pass_on(response.status, passed, part)
                return None
        except (aiohttp.ClientError, TimeoutError) as cause:
            if begun:
                return None  # the announced length is not reached: the connection is cut, and the reader sees it
            return refusal(503, CatalogUnavailable(
                tr("The file service at {url} does not answer ({cause}).", url=self.url, cause=type(cause).__name__),
                do=tr("Try again in a minute; if it stays so, tell its operator."),
            ))  # fmt: skip


def _refusal(status: int, body: bytes, headers: Mapping[str, str]) -> Answer:
    try:
        said = json.loads(body).get("message")
    except (ValueError, AttributeError):
        said = None
    if not said or status < 400:
        said = tr("The file service answered {status}.", status=status)
        status = status if status >= 400 else 502
    answer = refusal(status, ShineCatError(str(said)[:1000]))
    kept = {name: headers[name] for name in ("Content-Range", "ETag") if name in headers}
    return Answer(answer.status, answer.body, answer.content_type, kept)
