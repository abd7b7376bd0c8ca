"""Our routes over TCP on this machine, for programs that can't open a Unix socket: each with a kernel's capability."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from jupyter_shinecat.locale import tr

from .capabilities import Capabilities, Capability, Pass, owner_of, peer_of
from .handlers import PREFIX, Route, socket_routes

_MB = 1024 * 1024
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
        self._max_request = max_request_mb * _MB
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
        return self._capabilities.write(folder, self._listen())

    def _listen(self) -> str:
        """Our address; listens from now on."""
        if self._server is None:
            sockets = bind_sockets(0, _LOCAL)
            open_ones = socket_routes(self._services)
            routes = [(pattern, _guarded(route, self), options) for pattern, route, options in open_ones]
            application = Application(routes, log_function=lambda handler: None)
            self._server = HTTPServer(
                application, max_body_size=self._max_request, max_buffer_size=self._max_request + _MB
            )
            self._server.add_sockets(sockets)
            self._port = sockets[0].getsockname()[1]
        return f"http://{_LOCAL}:{self._port}"

    def close(self, pid: int) -> bool:
        """Take back what the process ``pid`` was given."""
        return self._capabilities.revoke(pid)

    async def stop(self) -> None:
        """Stop listening; all capabilities end."""
        self._capabilities.close()
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
            self._server = None

    def admits(self, request: Any) -> bool:
        """Whether a request bears a capability, and comes from a process of ours."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._capabilities.knows(token.strip()):
            return False
        owner = owner_of(request.connection.context.address[:2], (_LOCAL, self._port))
        return owner is None or owner == os.getuid()


def _guarded(route: type[web.RequestHandler], channel: TcpChannel) -> type[web.RequestHandler]:
    def prepare(self: web.RequestHandler) -> None:
        if not channel.admits(self.request):
            raise web.HTTPError(401, tr("This address is for one kernel only, and only while it runs."))

    return type(f"Tcp{route.__name__}", (route,), {"prepare": prepare, "__doc__": route.__doc__})


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
