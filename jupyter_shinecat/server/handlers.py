"""Our routes: they parse, call a manager and answer. The same classes serve Jupyter's HTTP and the kernels' socket."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogUnavailable, QueryError, SignInRequired

from .answers import Answer, login_required, phrase, refusal
from .derived import DerivedError

if TYPE_CHECKING:
    from .services import Services

PREFIX = "/shinecat/api"
_CATALOG = f"{PREFIX}/catalog/"
_CSP = "sandbox; default-src 'none'; frame-ancestors 'none'"
_MAX_BODY = 4 * 1024 * 1024


class Route(web.RequestHandler):
    """What our routes share."""

    services: Services

    def initialize(self, services: Services, **kwargs: Any) -> None:
        """Keep the managers."""
        super().initialize(**kwargs)
        self.services = services

    def reply(self, answer: Answer) -> None:
        """Send an answer, and nothing a browser would run."""
        self.set_status(answer.status)
        # After the base class has set its own headers, which are looser.
        for name, value in answer.headers.items():
            self.set_header(name, value)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", _CSP)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        if answer.status in (204, 304):
            self.clear_header("Content-Type")
            web.RequestHandler.finish(self)
            return
        self.set_header("Content-Type", answer.content_type)
        # Jupyter's APIHandler.finish would call every answer JSON.
        web.RequestHandler.finish(self, answer.body)

    def reply_json(self, value: Any, status: int = 200) -> None:
        """Send ``value`` as JSON."""
        self.reply(Answer(status, json.dumps(value).encode("ascii")))  # names of files need not be characters

    def body_object(self) -> dict[str, Any]:
        """The request's JSON object; an empty body is an empty object."""
        if len(self.request.body) > _MAX_BODY:
            raise web.HTTPError(413, tr("This request is too large."))
        if not self.request.body:
            return {}
        try:
            value = json.loads(self.request.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise web.HTTPError(400, tr("The body of this request must be a JSON object."))
        return value

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Errors in SciCat's shape; what is not ours is not told to the page."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, SignInRequired):
            answer = login_required(error)
        elif isinstance(error, (QueryError, DerivedError)):
            answer = refusal(400, error)
        elif isinstance(error, CatalogUnavailable):
            answer = refusal(503, error)
        elif isinstance(error, ShineCatError):
            answer = refusal(502, error)
        elif isinstance(error, web.HTTPError):
            # log_message is a format for args also where there are none; get_message is not in every tornado.
            said = error.log_message % error.args if error.log_message else error.reason
            answer = refusal(status_code, ShineCatError(said or phrase(status_code)))
        else:
            answer = refusal(
                500, ShineCatError(tr("The user server failed at this."), do=tr("The server's log says why."))
            )
        self.reply(answer)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log only what is not meant for the reader anyway."""
        if not isinstance(value, ShineCatError):
            super().log_exception(typ, value, tb)


class CatalogRoute(Route):
    """``/shinecat/api/catalog/<rest>``: the raw path and query go on as they came."""

    async def _forward(self) -> None:
        # Not the decoded group that tornado passes: a PID's %2F must stay what it is. The part before our prefix is
        # the base address, which holds no slash-separated copy of it.
        target = self.request.uri or ""
        raw = target[target.index(_CATALOG) + len(_CATALOG) :]
        request = self.request
        # Browsing the catalog is work: it keeps an idle culler away, as the status that a page polls must not.
        if isinstance(self, APIHandler):
            self.update_api_activity()
        self.reply(await self.services.proxy.forward(request.method or "", raw, request.headers, request.body))

    async def get(self, _rest: str) -> None:
        """Read."""
        await self._forward()

    async def post(self, _rest: str) -> None:
        """Create."""
        await self._forward()

    async def put(self, _rest: str) -> None:
        """Replace."""
        await self._forward()

    async def patch(self, _rest: str) -> None:
        """Change."""
        await self._forward()

    async def delete(self, _rest: str) -> None:
        """Delete."""
        await self._forward()


class FilesRoute(Route):
    """``/shinecat/api/files/data?pid=...&path=...``: bytes of a file that is not mounted here."""

    async def _forward(self) -> None:
        if isinstance(self, APIHandler):
            self.update_api_activity()
        asked = {name: self.get_query_argument(name, "", strip=False) for name in ("pid", "path")}
        answer = await self.services.files.forward(self.request.method or "", asked, self.request.headers, self._pass)
        if answer is not None:
            self.reply(answer)
        else:
            web.RequestHandler.finish(self)

    async def _pass(self, status: int, headers: dict[str, str], part: bytes) -> None:
        """Send on a part of the file; the first one with the head of the answer."""
        if not self._headers_written:
            self.set_status(status)
            for name, value in headers.items():
                self.set_header(name, value)
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Content-Security-Policy", _CSP)
            self.set_header("Cache-Control", "no-store")
        if part:
            self.write(part)
        await self.flush()

    async def get(self) -> None:
        """Read."""
        await self._forward()

    async def head(self) -> None:
        """Size and validator."""
        await self._forward()


class PlacesRoute(Route):
    """``GET /shinecat/api/files/where?pid=...``: whether the files of a dataset are to be had here."""

    async def get(self) -> None:
        """State of each file, by its path."""
        pid = self.get_query_argument("pid", "")
        if not pid:
            raise web.HTTPError(400, tr("This request must name a dataset by its PID."))
        self.reply(await self.services.places.look(pid))


class StatusRoute(Route):
    """``GET /shinecat/api/status``."""

    async def get(self) -> None:
        """Who, where, and whether the catalog answers."""
        self.reply_json(await self.services.status.report())


class OutboxRoute(Route):
    """``GET /shinecat/api/outbox``."""

    async def get(self) -> None:
        """Results on their way, newest first."""
        self.reply_json({"entries": await self.services.outbox.entries()})


class RetryRoute(Route):
    """``POST /shinecat/api/outbox/retry``."""

    async def post(self) -> None:
        """Try one entry again, or all."""
        key = self.body_object().get("key")
        await self.services.outbox.retry(_key(key) if key is not None else None)
        self.reply_json({"requested": "retry", "key": key}, 202)


class WithdrawRoute(Route):
    """``POST /shinecat/api/outbox/withdraw``."""

    async def post(self) -> None:
        """Don't send an entry."""
        key = _key(self.body_object().get("key"))
        await self.services.outbox.withdraw(key)
        self.reply_json({"requested": "withdraw", "key": key}, 202)


class ReleaseRoute(Route):
    """``POST /shinecat/api/outbox/release``: the yes that write-back ``ask`` waits for."""

    async def post(self) -> None:
        """Send one entry that waits for a yes, or all; ``group`` answers which group shall own it."""
        body = self.body_object()
        key, group = body.get("key"), body.get("group")
        if group is not None and (not isinstance(group, str) or not 0 < len(group) <= 200):
            raise web.HTTPError(400, tr("“{key}” of this request must be a text.", key="group"))
        await self.services.outbox.release(_key(key) if key is not None else None, group)
        self.reply_json({"requested": "release", "key": key}, 202)


class QueryRoute(Route):
    """``POST /shinecat/api/query/parse``."""

    async def post(self) -> None:
        """The query model of a text, or 400 that points at the place."""
        text = self.body_object().get("text", "")
        if not isinstance(text, str):
            raise web.HTTPError(400, tr("The query must be a text."))
        self.reply(await self.services.parse(text))


class DerivedRoute(Route):
    """``POST /shinecat/api/derived``: a result from any language."""

    async def post(self) -> None:
        """Hand a result to the outbox."""
        self.reply_json(await self.services.derived.accept(self.body_object()), 202)


def _key(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > 200:
        raise web.HTTPError(400, tr("This request must name an entry of the outbox by its key."))
    return value


ROUTES: tuple[tuple[str, type[Route]], ...] = (
    (rf"{PREFIX}/catalog/(.*)", CatalogRoute),
    (rf"{PREFIX}/files/data", FilesRoute),
    (rf"{PREFIX}/files/where", PlacesRoute),
    (rf"{PREFIX}/status", StatusRoute),
    (rf"{PREFIX}/outbox", OutboxRoute),
    (rf"{PREFIX}/outbox/retry", RetryRoute),
    (rf"{PREFIX}/outbox/withdraw", WithdrawRoute),
    (rf"{PREFIX}/outbox/release", ReleaseRoute),
    (rf"{PREFIX}/query/parse", QueryRoute),
    (rf"{PREFIX}/derived", DerivedRoute),
)
_METHODS = ("get", "head", "post", "put", "patch", "delete")


def jupyter_routes(services: Services) -> list[tuple[str, type[web.RequestHandler], dict[str, Any]]]:
    """Our routes behind Jupyter's sign-on, authorizer and XSRF check."""
    return [(pattern, _guarded(route), {"services": services}) for pattern, route in ROUTES]


def socket_routes(services: Services) -> list[tuple[str, type[web.RequestHandler], dict[str, Any]]]:
    """Our routes for the socket, which only its owner can open."""
    return [(pattern, route, {"services": services}) for pattern, route in ROUTES]


def _guarded(route: type[Route]) -> type[web.RequestHandler]:
    def guard(method: Callable[..., Awaitable[None]]) -> Callable[..., Any]:
        return web.authenticated(authorized(method))

    members: dict[str, Any] = {"auth_resource": "shinecat", "__doc__": route.__doc__}
    members.update({name: guard(getattr(route, name)) for name in _METHODS if name in vars(route)})
    return type(f"Jupyter{route.__name__}", (route, APIHandler), members)
