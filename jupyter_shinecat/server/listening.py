"""Serving our routes to kernels beside Jupyter's own HTTP server: what socket and TCP port share."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.web import Application

MB = 1024 * 1024


def listen(application: Application, sockets: Iterable[socket.socket], max_request_bytes: int) -> HTTPServer:
    """A server on ``sockets`` that takes bodies up to ``max_request_bytes``."""
    server = HTTPServer(application, max_body_size=max_request_bytes, max_buffer_size=max_request_bytes + MB)
    server.add_sockets(sockets)
    return server


async def close(server: HTTPServer) -> None:
    """Stop listening, and end the connections."""
    server.stop()
    await server.close_all_connections()


def no_log(_handler: Any) -> None:
    """Kernels ask often; a line for each request would drown the server's log."""
