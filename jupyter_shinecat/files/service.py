"""The file service: bytes of datasets over HTTP, to whom the catalog lets read them, from roots of their owner group.

``GET`` or ``HEAD`` ``/data?pid=<PID>&path=<path as in the dataset's file list>``, ``Authorization: Bearer <token>``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from aiohttp import web

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogError, NotFound, Secret, SignInRequired

from .beneath import Outside
from .byterange import Unsatisfiable, parse_range
from .descriptor import etag_of, open_beneath
from .permission import Grant, Permission
from .roots import Roots

_CHUNK = 1024 * 1024
_TOKEN = re.compile(r"(?i:bearer) +(?P<token>[!-~]{1,16384})")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger("shinecat.files")


class Refused(Exception):
    """An answer with a status and a sentence."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


class FileService:
    """Answers requests for files.

    Parameters
    ----------
    permission
        Asks the catalog.
    roots
        What may be served.
    """

    def __init__(self, permission: Permission, roots: Roots) -> None:
        self._permission = permission
        self._roots = roots

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(middlewares=[_in_shape], client_max_size=64 * 1024)
        app.router.add_get("/data", self.data)
        app.router.add_get("/health", self.health)
        return app

    async def health(self, _request: web.Request) -> web.StreamResponse:
        """Whether the service runs."""
        return web.json_response({"status": "ok"})

    async def data(self, request: web.Request) -> web.StreamResponse:
        """A file, or a range of it."""
        pid, name = request.query.get("pid", ""), request.query.get("path", "")
        if not pid or not name or "\0" in pid + name:
            raise Refused(400, tr("Say which file: /data?pid=...&path=..."))
        token = _token(request)
        grant = await self._permission.grant(token, pid)
        descriptor = await asyncio.to_thread(self._open, grant, name)
        try:
            return await self._answer(request, descriptor, token, pid, name)
        finally:
            os.close(descriptor)

    def _open(self, grant: Grant, name: str) -> int:
        if name not in grant.names:
            raise Refused(404, tr("{pid} has no file {path}.", pid=grant.dataset.pid, path=name))
        try:
            root, relative = self._roots.place(grant.dataset, name)
        except Outside:
            # Said to a reader of the dataset only, who knows the folder from the catalog.
            raise Refused(
                403,
                tr(
                    "{path} of {pid} is not given out: it lies in no root that is configured for its owner group.",
                    path=name,
                    pid=grant.dataset.pid,
                ),
            ) from None
        except OSError:
            raise self._gone(grant, name) from None
        try:
            return open_beneath(root, relative)
        except OSError:
            raise self._gone(grant, name) from None

    @staticmethod
    def _gone(grant: Grant, name: str) -> Refused:
        return Refused(404, tr("{path} of {pid} is not there, or can't be read.", path=name, pid=grant.dataset.pid))

    async def _answer(
        self, request: web.Request, descriptor: int, token: Secret | None, pid: str, name: str
    ) -> web.StreamResponse:
        status = os.fstat(descriptor)
        size, etag = status.st_size, etag_of(status)
        headers = {
            **_HEADERS,
            "ETag": etag,
            "Last-Modified": formatdate(status.st_mtime, usegmt=True),
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "Content-Disposition": "attachment",
        }
        if not _matches(request.headers.get("If-Match"), etag, absent=True, weak=False):
            raise Refused(412, tr("{path} of {pid} has changed since.", path=name, pid=pid), {"ETag": etag})
        if _matches(request.headers.get("If-None-Match"), etag, absent=False, weak=True):
            return web.Response(status=304, headers={**_HEADERS, "ETag": etag})
        wanted = None
        # Ranges are for GET only (RFC 9110, 14.2); HEAD tells of the whole file.
        if request.method == "GET" and request.headers.get("If-Range", etag) == etag:
            try:
                wanted = parse_range(request.headers.get("Range"), size)
            except Unsatisfiable:
                raise Refused(
                    416,
                    tr("{path} of {pid} has {size} bytes; the range lies behind them.", path=name, pid=pid, size=size),
                    {"Content-Range": f"bytes */{size}", "ETag": etag},
                ) from None
        first, end = wanted or (0, size)
        if wanted:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        response = web.StreamResponse(status=206 if wanted else 200, headers=headers)
        response.content_length = end - first
        await response.prepare(request)
        if request.method != "HEAD":
            await self._send(request, response, descriptor, (first, end), token, pid, name)
            await response.write_eof()
        return response

    async def _send(
        self,
        request: web.Request,
        response: web.StreamResponse,
        descriptor: int,
        span: tuple[int, int],
        token: Secret | None,
        pid: str,
        name: str,
    ) -> None:
        """Send bytes for as long as the catalog's yes counts, asking again when it has run out."""
        place, end = span
        grant = await self._permission.grant(token, pid)
        while place < end:
            if time.monotonic() >= grant.until and not (grant := await self._still(token, pid, name, grant)).names:
                # The length is announced already: only breaking off says that this is not all.
                log.info("broken off: %r of %r is not for this caller any more", name, pid)
                if request.transport is not None:
                    request.transport.abort()
                return
            part = await asyncio.to_thread(os.pread, descriptor, min(_CHUNK, end - place), place)
            if not part:  # shorter than it was a moment ago
                if request.transport is not None:
                    request.transport.abort()
                return
            await response.write(part)
            place += len(part)

    async def _still(self, token: Secret | None, pid: str, name: str, old: Grant) -> Grant:
        """A fresh grant; one without names when there is none any more."""
        try:
            fresh = await self._permission.grant(token, pid)
            self._roots.place(fresh.dataset, name)
        except (CatalogError, Outside, OSError):
            return Grant(old.dataset, frozenset(), 0)
        return fresh if name in fresh.names else Grant(old.dataset, frozenset(), 0)


def _token(request: web.Request) -> Secret | None:
    given = request.headers.get("Authorization")
    if given is None:
        return None
    match = _TOKEN.fullmatch(given.strip())
    if match is None:
        raise Refused(401, tr("The Authorization header must be a bearer token of the catalog."))
    return Secret(match["token"])


def _matches(header: str | None, etag: str, *, absent: bool, weak: bool) -> bool:
    """Whether a list of validators names this one; ``weak``: also as a proxy that packs answers rewrites it."""
    if header is None:
        return absent
    named = [one.strip() for one in header.split(",")]
    return header.strip() == "*" or etag in named or (weak and f"W/{etag}" in named)


@web.middleware
async def _in_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in SciCat's shape; a line in the log for each request, without its headers."""
    start = time.monotonic()
    try:
        response = await handler(request)
    except Refused as refused:
        response = _error(refused.status, refused.message, refused.headers)
    except NotFound as error:
        response = _error(404, str(error))
    except SignInRequired as error:
        response = _error(401, str(error), {"WWW-Authenticate": "Bearer"})
    except CatalogError as error:
        response = _error(503, str(error))
    except web.HTTPException as error:
        response = _error(error.status, error.reason)
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception:
        log.exception("a request failed")
        response = _error(500, tr("The file service failed at this; its log says why."))
    # %r: names come from outside and may hold line breaks.
    pid, name = request.query.get("pid", ""), request.query.get("path", "")
    log.info("%s %r %r %d %.3fs", request.method, pid[:200], name[:500], response.status, time.monotonic() - start)
    return response


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body: dict[str, Any] = {"statusCode": status, "message": message}
    try:
        body["error"] = HTTPStatus(status).phrase
    except ValueError:
        body["error"] = "Error"
    return web.json_response(body, status=status, headers={**_HEADERS, **(headers or {})})
