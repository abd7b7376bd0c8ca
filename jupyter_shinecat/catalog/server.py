"""The catalog as a process: socket, signals, the file that tells others where it listens."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
from pathlib import Path

import msgspec
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_shinecat.locale import tr

from .accounts import examples
from .accounts.file import read_accounts
from .catalog import Catalog
from .errors import CatalogError
from .logs import REQUESTS
from .routes.handler import ApiHandler, Dispatcher
from .routes.table import router
from .settings import Settings

_log = logging.getLogger(__name__)
_requests = logging.getLogger(REQUESTS)
_GRACE_S = 20.0
# A page of documents makes some thousand objects, hardly ever in a circle.
_GARBAGE = 10_000


def application(dispatcher: Dispatcher) -> web.Application:
    """The tornado application of a catalog."""
    return web.Application([(r".*", ApiHandler, {"dispatcher": dispatcher})], log_function=_log_request)


def _log_request(handler: web.RequestHandler) -> None:
    if isinstance(handler, ApiHandler):
        told = handler.told()
        _requests.info("%s %s %s %s ms", told["status"], told["method"], told["path"], told["ms"], extra=told)


def _bind(host: str, port: int) -> list[socket.socket]:
    try:
        if port == 0:
            # The same port on every address family of the name.
            first = bind_sockets(
                0, host, family=socket.AF_INET if host in ("localhost", "127.0.0.1") else socket.AF_UNSPEC
            )
            return first[:1]
        return bind_sockets(port, host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CatalogError(
                tr("Port {port} on {host} is in use by another program.", port=port, host=host),
                do=tr("Stop that program, or choose another port with --port (0 takes a free one)."),
            ) from None
        raise CatalogError(
            tr(
                "The catalog can't listen on {host}:{port}: {reason}.",
                host=host,
                port=port,
                reason=error.strerror or error,
            ),
            do=tr("Choose another address with --host and --port."),
        ) from None


def _announce(folder: Path, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    path, temporary = folder / "server.json", folder / "server.json.new"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode({"pid": os.getpid(), "port": port, "url": url}))
        os.replace(temporary, path)
    except OSError as error:
        raise CatalogError(
            tr("The file {path} can't be written: {reason}.", path=path, reason=error.strerror),
            do=tr("Free space and start again."),
        ) from None
    return url


def serve(folder: Path, settings: Settings, *, host: str, port: int, accounts_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT; prints ``listening on URL`` once requests are answered.

    Raises
    ------
    CatalogError
        The address is taken, the data folder can't be used, or accounts have published passwords and the address can
        be reached from other machines.
    """
    sockets = _bind(host, port)
    try:
        catalog = Catalog(folder, settings, accounts_file)
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    try:
        wanted = read_accounts(catalog.accounts_file) if catalog.accounts_file else []
        examples.check(catalog.accounts.all(), host, catalog.accounts.file_passwords(wanted))
        asyncio.run(_run(catalog, sockets, host))
    finally:
        catalog.close()


def _spare_garbage_collection() -> None:
    """What is made by now stays: to look through it again and again would stop all requests for 20 ms each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE, 10, 10)


async def _run(catalog: Catalog, sockets: list[socket.socket], host: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = catalog.settings
    dispatcher = Dispatcher(catalog, router(settings))
    server = HTTPServer(
        application(dispatcher),
        max_body_size=settings.max_body_bytes,
        max_buffer_size=settings.max_body_bytes + (1 << 20),
        max_header_size=64 * 1024,
        idle_connection_timeout=settings.slow_client_s,
        body_timeout=settings.slow_client_s,
    )
    server.add_sockets(sockets)
    _spare_garbage_collection()
    url = _announce(catalog.folder, host, sockets[0].getsockname()[1])
    if catalog.made_accounts is not None:
        print(tr("account admin, password in {path}", path=catalog.made_accounts), flush=True)
    print(f"listening on {url}", flush=True)  # the same in every language: programs wait for this line
    await stop.wait()
    server.stop()
    catalog.events.close()
    try:
        # Requests that were accepted are answered; idle connections are closed.
        await asyncio.wait_for(dispatcher.drained(), _GRACE_S)
        await asyncio.wait_for(server.close_all_connections(), _GRACE_S)
    except TimeoutError:
        _log.warning("stopped with requests still running")
    dispatcher.close()
    (catalog.folder / "server.json").unlink(missing_ok=True)
