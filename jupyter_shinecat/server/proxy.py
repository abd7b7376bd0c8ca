"""The way from a page or a kernel to the catalog: adds the person's token, takes all other secrets away."""

from __future__ import annotations

import json
from collections.abc import Mapping

import aiohttp
from yarl import URL

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogUnavailable, Secret, SignInRequired

from .allowed import RouteRefused, admit
from .answers import JSON, Answer, login_required, refusal
from .http import HttpClient
from .sessions import Session

_CHUNK = 256 * 1024
_MB = 1024 * 1024
# All others stay here: cookies, Authorization, X-XSRFToken, Origin, Referer, forwarding headers.
_PASSED_UP = ("If-Unmodified-Since", "If-Match")
_PASSED_DOWN = ("ETag", "Last-Modified", "Retry-After", "X-Next-Cursor", "X-Explain")
_JSON_BODIES = ("application/json", "application/merge-patch+json")


class CatalogProxy:
    """Forwards allowed requests.

    Parameters
    ----------
    session
        Gives address and token.
    http
        Client without a cookie jar.
    timeout_s
        Time limit of a call in seconds.
    max_request_mb, max_answer_mb
        Bounds of the bodies in MB.
    """

    def __init__(
        self,
        session: Session,
        http: HttpClient,
        *,
        timeout_s: float = 30.0,
        max_request_mb: int = 64,
        max_answer_mb: int = 256,
    ) -> None:
        self._session = session
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, 10.0))
        self._timeout_s = timeout_s
        self._max_request_mb = max_request_mb
        self._max_answer_mb = max_answer_mb

    async def forward(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer to one request; never raises for what the catalog or the network does.

        Parameters
        ----------
        method, target
            As for `allowed.admit`.
        headers
            The request's headers; almost none of them is passed on.
        body
            The request's body.
        """
        try:
            target = admit(method, target)
            if len(body) > self._max_request_mb * _MB:
                raise RouteRefused(
                    413,
                    tr("This request is larger than the {limit} MB that are passed on.", limit=self._max_request_mb),
                    tr("Send less at once, or raise c.ShineCat.max_request_mb."),
                )
            return await self._ask(method, target, self._headers(headers, body), body)
        except RouteRefused as error:
            return refusal(error.status, error)
        except SignInRequired as error:
            return login_required(error)
        except CatalogUnavailable as error:
            return refusal(503, error)
        except ShineCatError as error:
            return refusal(502, error)

    def _headers(self, given: Mapping[str, str], body: bytes) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "jupyter-shinecat"}
        headers.update({name: given[name] for name in _PASSED_UP if name in given})
        if body:
            kind = given.get("Content-Type", "application/json").partition(";")[0].strip().lower()
            if kind not in _JSON_BODIES:
                raise RouteRefused(415, tr("Only JSON is passed on to the catalog, not {kind}.", kind=kind[:80]))
            headers["Content-Type"] = kind
        return headers

    async def _ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        token = await self._session.bearer()
        answer = await self._send_or_recover(method, target, headers, body, token)
        if answer.status == 401:
            if token is not None:
                # Renewed by now, or refused for good: then this raises SignInRequired.
                token = await self._session.bearer(rejected=token)
                answer = await self._send_or_recover(method, target, headers, body, token)
            if answer.status == 401:
                raise SignInRequired(
                    tr("The catalog wants to know who you are."),
                    do=tr("Sign in again (at JupyterHub: log out and in), then repeat this."),
                )
        return answer

    async def _send_or_recover(
        self, method: str, target: str, headers: dict[str, str], body: bytes, token: Secret | None
    ) -> Answer:
        try:
            return await self._send(method, target, headers, body, token)
        except aiohttp.ClientConnectorError as cause:
            # The connection was never made, so nothing was sent: a second try can't do anything twice.
            if not await self._session.recover():
                raise await self._away(cause) from cause
        except (aiohttp.ClientError, TimeoutError) as cause:
            raise await self._away(cause) from cause
        try:
            return await self._send(method, target, headers, body, token)
        except (aiohttp.ClientError, TimeoutError) as cause:
            raise await self._away(cause) from cause

    async def _away(self, cause: Exception) -> CatalogUnavailable:
        url = await self._session.url()
        do = tr("Check that it runs and that this machine can reach it, then repeat this.")
        if isinstance(cause, TimeoutError):
            what = tr("The catalog at {url} did not answer within {limit:g} s.", url=url, limit=self._timeout_s)
            do = tr("Ask for less at once, or try again in a minute.")
        else:
            what = tr("The catalog at {url} does not answer ({cause}).", url=url, cause=type(cause).__name__)
        return CatalogUnavailable(what, do=do)

    async def _send(
        self, method: str, target: str, headers: dict[str, str], body: bytes, token: Secret | None
    ) -> Answer:
        if token is not None:
            headers = {**headers, "Authorization": f"Bearer {token.reveal()}"}
        root = await self._session.url()
        async with self._http.request(
            method,
            # encoded=True: not one character of the path is changed.
            URL(f"{root}/{target}", encoded=True),
            headers=headers,
            data=body or None,
            timeout=self._timeout,
            allow_redirects=False,
        ) as response:
            content = await self._read(response)
            return self._answer(root, response, content)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        parts, size = [], 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > self._max_answer_mb * _MB:
                raise ShineCatError(
                    tr("The catalog's answer is larger than the {limit} MB passed on.", limit=self._max_answer_mb),
                    do=tr("Ask for less at once (limit), or raise c.ShineCat.max_answer_mb."),
                )
            parts.append(chunk)
        return b"".join(parts)

    def _answer(self, root: str, response: aiohttp.ClientResponse, content: bytes) -> Answer:
        headers = {name: response.headers[name] for name in _PASSED_DOWN if name in response.headers}
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        status = response.status
        if 300 <= status < 400 and status != 304:
            raise ShineCatError(
                tr("The catalog at {url} sends its callers elsewhere ({status}).", url=root, status=status),
                do=tr("Check catalog_url: it must be the root of SciCat's REST server, with https where it has it."),
            )
        if not content or kind == "application/json" or kind.endswith("+json"):
            return Answer(status, content, JSON, headers)
        if status >= 400:
            return refusal(status, _plain_failure(root, status, content, kind))
        if kind == "text/html":
            raise ShineCatError(
                tr("The server at {url} answers with a web page, not with data.", url=root),
                do=tr("Check catalog_url: it must be the root of SciCat's REST server, not its web page."),
            )
        if _is_json(content):
            return Answer(status, content, JSON, headers)
        headers["Content-Disposition"] = "attachment"
        return Answer(status, content, "application/octet-stream", headers)


def _plain_failure(root: str, status: int, content: bytes, kind: str) -> ShineCatError:
    said = content[:200].decode("utf-8", "replace").strip() if kind == "text/plain" else ""
    return ShineCatError(
        tr("The catalog at {url} answered {status}. {said}", url=root, status=status, said=said).strip(),
        do=tr("Try again in a minute; if it stays so, tell the operator of the catalog."),
    )


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return False
    return True
