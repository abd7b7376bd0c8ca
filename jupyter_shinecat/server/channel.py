"""Our routes over TCP on this machine, for programs that can't open a Unix socket: each with a kernel's capability."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.netutil import bind_sockets
from tornado.web import Application

from jupyter_shinecat.locale import tr

from .capabilities import Capabilities, Capability, Pass, owner_of, peer_of, remove_stale
from .handlers import PREFIX, Route, socket_routes
from .listening import MB, close, listen, no_log

_LOCAL = "127.0.0.1"


class TcpChannel:
    """Listens on a free port of 127.0.0.1 from the first capability on.

    Parameters
    ----------
    services
        What the routes call.
    max_request_mb
        Bound of a request's body in MB.
    """

    def __init__(self, services: Any, *, max_request_mb: int) -> None:
        self._services = services
        self._max_request = max_request_mb * MB
        self._capabilities = Capabilities()
        self._server: HTTPServer | None = None
        self._port = 0

    def open(self, pid: int) -> tuple[str, Capability]:
        """Address and capability for the process ``pid``.

        Raises
        ------
        NoCapability
            There is no such process.
        OSError
            No port is free.
        """
        given = self._capabilities.give(pid)
        return self._listen(), given

    def write(self, folder: Path) -> Pass:
        """A capability in a file below ``folder``, for a kernel that is about to start.

        Raises
        ------
        OSError
            No port is free, or the file can't be written.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._server is None:
            remove_stale(folder)
        return self._capabilities.write(folder, self._listen())

    def _listen(self) -> str:
        """Our address; listens from now on."""
        if self._server is None:
            sockets = bind_sockets(0, _LOCAL)
            self._server = listen(_Guarded(self, self._services), sockets, self._max_request)
            self._port = sockets[0].getsockname()[1]
        return f"http://{_LOCAL}:{self._port}"

    def close(self, pid: int) -> bool:
        """Take back what the process ``pid`` was given."""
        return self._capabilities.revoke(pid)

    async def stop(self) -> None:
        """Stop listening; all capabilities end."""
        self._capabilities.close()
        if self._server is not None:
            await close(self._server)
            self._server = None

    def admits(self, request: Any) -> bool:
        """Whether a request bears a capability, and comes from a process of ours."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._capabilities.knows(token.strip()):
            return False
        owner = owner_of(request.connection.context.address[:2], (_LOCAL, self._port))
        return owner is None or owner == os.getuid()


@web.stream_request_body
class _Refusal(Route):
    """For who has no capability: answered before the body is read."""

    def prepare(self) -> None:
        """Refuse."""
        raise web.HTTPError(401, tr("This address is for one kernel only, and only while it runs."))

    def data_received(self, chunk: bytes) -> None:
        """What was on its way already; the connection is closed."""


class _Guarded(Application):
    """Our routes, each for who has a capability."""

    def __init__(self, channel: TcpChannel, services: Any) -> None:
        super().__init__(socket_routes(services), log_function=no_log)
        self._channel = channel
        self._services = services

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Called when the headers are there, and nothing of the body yet."""
        if self._channel.admits(request):
            return super().find_handler(request, **kwargs)
        return self.get_handler_delegate(request, _Refusal, {"services": self._services})


class EndpointRoute(Route):
    """``/shinecat/api/endpoint``, on the socket only: an address for the kernel that asks."""

    def _peer(self) -> int:
        connection: Any = self.request.connection
        pid = peer_of(connection.stream.socket)
        if pid is None:
            raise web.HTTPError(501, tr("This operating system doesn't tell which kernel asks."))
        return pid

    async def post(self) -> None:
        """Give the address and the capability."""
        url, given = self.services.channel.open(self._peer())
        self.reply_json({"url": url, "catalog": f"{url}{PREFIX}/catalog", "token": given.token.reveal()}, 201)

    async def delete(self) -> None:
        """Take them back."""
        self.services.channel.close(self._peer())
        self.reply_json({"revoked": True})
