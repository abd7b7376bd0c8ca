"""Between tornado and the routes: threads, identity, errors, JSON."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import msgspec
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_shinecat.catalog.audit import Actor, actor
from jupyter_shinecat.catalog.catalog import Catalog
from jupyter_shinecat.catalog.errors import Refused, bad_request

from .call import Call, Route, Stream, decode_part
from .encoding import compressed, encoded
from .router import Router
from .turns import Turns

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_BUSY = 256
_OUTSIDE = 4
# Every search reads what the index has yet to take in: large documents wait until it has, so that they don't add up.
_LARGE = 100_000
_CALM_S = 20.0
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Dispatcher:
    """Runs routes in threads: the loop never waits for a disk, a search or a password hash."""

    def __init__(self, catalog: Catalog, router: Router, *, threads: int = 24) -> None:
        self.catalog = catalog
        self.router = router
        self._pool = ThreadPoolExecutor(threads, "catalog")
        # Password hashes take 50 ms of CPU each: two at a time, so that a flood of logins delays nobody else.
        self._slow = ThreadPoolExecutor(2, "catalog-login")
        # A service that doesn't answer holds up those only who need it too.
        self._outside: dict[str, ThreadPoolExecutor] = {}
        self._turns = Turns(catalog.settings.requests_at_once)
        self._running = 0
        catalog.wellbeing.numbers.running.set_function(lambda: self._running)
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self, route: Route, call: Call, token: str | None) -> bytes | Stream | None:
        """The encoded answer, or one that goes on; raises what the route raises."""
        if self._running >= _BUSY:
            raise Refused(503, "The catalog is busy. Try again.", headers={"Retry-After": "1"})
        self._running += 1
        self._idle.clear()
        try:
            loop = asyncio.get_running_loop()
            pool = self._pool_of(route)
            # A made-up token is nobody: else a stranger had as many turns as tokens to make up.
            known = token and self.catalog.people.sessions.signed(token)
            async with self._turns.turn(token if token and known else call.address):
                return await loop.run_in_executor(pool, self._answer, route, call, token)
        finally:
            self._running -= 1
            if self._running == 0:
                self._idle.set()

    def _pool_of(self, route: Route) -> ThreadPoolExecutor:
        if not route.outside:
            return self._slow if route.slow else self._pool
        if route.outside not in self._outside:
            self._outside[route.outside] = ThreadPoolExecutor(_OUTSIDE, f"catalog-{route.outside}")
        return self._outside[route.outside]

    def _answer(self, route: Route, call: Call, token: str | None) -> bytes | Stream | None:
        settings = self.catalog.settings
        self.catalog.engine.begin(settings.search_limit_s, settings.max_answer_bytes)
        call.who = self.catalog.people.identify(token)
        actor.set(Actor(call.who.username, call.address, call.request_id))
        self.catalog.access.check_scope(call.who, route.method)
        if len(call.raw_body) > _LARGE:
            self.catalog.engine.calm(_CALM_S)
        told = self.catalog.engine.take_notes(explain=call.explain, everything=self.catalog.access.is_admin(call.who))
        result = route.answer(call)
        call.response_headers.update(told.headers())
        if result is None or isinstance(result, (bytes, Stream)):  # a route that has its own form
            return result
        if route.event and isinstance(result, dict):
            self.catalog.events.emit(route.event, result)
        body = encoded(result)
        smaller = compressed(body, call.headers.get("accept-encoding", ""))
        if smaller is None:
            return body
        call.response_headers.update({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
        return smaller

    async def drained(self) -> None:
        """Wait until no request runs."""
        await self._idle.wait()

    def close(self) -> None:
        """Wait for what runs."""
        self._pool.shutdown(wait=True)
        self._slow.shutdown(wait=True)
        for pool in self._outside.values():
            pool.shutdown(wait=True)


class ApiHandler(web.RequestHandler):
    """Every request of the catalog."""

    def initialize(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        sent = self.request.headers.get("X-Request-Id", "")
        self.request_id = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        self.route = "unknown"
        self.call: Call | None = None
        self.set_header("X-Request-Id", self.request_id)

    def set_default_headers(self) -> None:
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.clear_header("Server")
        if hasattr(self, "request_id"):  # not yet in the constructor, but again when an error clears the headers
            self.set_header("X-Request-Id", self.request_id)

    async def _dispatch(self) -> None:
        request = self.request
        method = request.method or ""
        found = self._dispatcher.router.find("GET" if method == "HEAD" else method, request.path)
        if found is None:
            raise Refused(404, f"Cannot {method} {request.path[:500]}")
        route, raw_params = found
        self.route = route.path
        query = self._query(request.query or "")
        token = bearer(request.headers.get("Authorization"), query.get("access_token"))
        call = Call(
            catalog=self._dispatcher.catalog,
            who=None,  # type: ignore[arg-type]  # set in the thread, where reading the account may wait
            token=token,
            address=request.remote_ip or "",
            params={name: decode_part(raw) for name, raw in raw_params.items()},
            raw_params=raw_params,
            query=query,
            bare_query=request.query or "",
            headers={name.lower(): value for name, value in request.headers.get_all()},
            raw_body=request.body,
            request_id=self.request_id,
            status=201 if method == "POST" else 200,
        )
        self.call = call
        body = await self._dispatcher.run(route, call, token)
        self.set_status(call.status)
        for name, value in call.response_headers.items():
            self.set_header(name, value)
        if isinstance(body, Stream) and method != "HEAD":
            await self._stream(body)
        elif isinstance(body, Stream):
            self.set_header("Content-Type", body.content_type)
            await self._send(None)
        else:
            await self._send(body)

    async def _send(self, body: bytes | None) -> None:
        """Finish; who doesn't take the answer in time is dropped, so that it can't pile up in our memory."""
        sent = self.finish(body)
        seconds = self._dispatcher.catalog.settings.slow_client_s
        try:
            await asyncio.wait_for(asyncio.shield(sent), seconds)
        except TimeoutError:
            _log.warning("%s took no answer for %d s and was dropped", self.request.remote_ip, seconds)
            self.request.connection.stream.close()  # type: ignore[union-attr]  # HTTP/1 has one
        except StreamClosedError:
            pass  # gone before the end

    async def _stream(self, answer: Stream) -> None:
        """Send as it comes, until either side ends it."""
        pieces = answer.begin()
        seconds = self._dispatcher.catalog.settings.slow_client_s
        first = await anext(pieces)  # refusals come before the headers
        self.set_header("Content-Type", answer.content_type)
        self.set_header("X-Accel-Buffering", "no")  # proxies must not wait for more
        try:
            self.write(first)
            await self.flush()
            async for piece in pieces:
                self.write(piece)
                await asyncio.wait_for(self.flush(), seconds)
            await self.finish()
        except (StreamClosedError, TimeoutError):
            self.request.connection.stream.close()  # type: ignore[union-attr]  # HTTP/1 has one
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]  # a generator

    @staticmethod
    def _query(text: str) -> dict[str, list[str]]:
        try:
            return parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=100)
        except (ValueError, UnicodeDecodeError):
            raise bad_request("The query is not UTF-8, or has too many parameters") from None

    def on_finish(self) -> None:
        """Count the answer; what a client makes up never becomes a label."""
        method = self.request.method if self.request.method in self.SUPPORTED_METHODS else "other"
        numbers = self._dispatcher.catalog.wellbeing.numbers
        numbers.answered(str(method), self.route, self.get_status(), self.request.request_time())

    def told(self) -> dict[str, Any]:
        """What a log line says of this request; the path without its query, which may hold a token."""
        who = self.call.who if self.call else None
        return {
            "request": self.request_id, "user": who.username if who else "", "address": self.request.remote_ip,
            "method": self.request.method, "path": self.request.path, "route": self.route,
            "status": self.get_status(), "ms": round(1000 * self.request.request_time(), 1),
        }  # fmt: skip

    get = post = put = patch = delete = head = _dispatch

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """SciCat's JSON for every error; no trace ever leaves the server."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, Refused):
            self.set_status(error.status)
            for name, value in error.headers.items():
                self.set_header(name, value)
            self.finish(_encode(error.body))
            return
        if status_code < 500:
            body: Any = {"message": self._reason, "error": self._reason, "statusCode": status_code}
        else:
            body = {"statusCode": 500, "message": "Internal server error"}
        self.finish(_encode(body))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Refusals are no errors of the server; the path goes to the log without its query, which may hold a token."""
        if isinstance(value, (Refused, web.HTTPError)):
            return
        told = self.told()
        _log.error("%s %s failed (request %s)", told["method"], told["path"], told["request"],
                   exc_info=(typ, value, tb), extra=told)  # fmt: skip


def bearer(header: str | None, parameter: list[str] | None) -> str | None:
    """The token of a request: the header, else ``?access_token=`` with or without ``Bearer``."""
    for value in (header, *(parameter or [])):
        if value:
            scheme, _, rest = value.strip().partition(" ")
            token = rest.strip() if scheme.lower() == "bearer" else value.strip() if not rest else ""
            if token:
                return token
    return None
