"""The Unix socket by which kernels and terminals of this user reach our routes: only its owner can open it."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import stat
import tempfile
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket
from tornado.web import Application

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .channel import EndpointRoute
from .handlers import PREFIX, socket_routes
from .listening import MB, close, listen, no_log

# sockaddr_un holds 108 bytes on Linux and 104 elsewhere.
_LONGEST = 100


def runtime_folder() -> Path:
    """A short folder on local disk that only we can enter: below ``XDG_RUNTIME_DIR``, else below the temporary folder.

    Raises
    ------
    ShineCatError
        No place for it.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ShineCatError(
            tr("This operating system has no sockets by which kernels could reach the catalog."),
            do=tr("In kernels set SHINECAT_CATALOG_URL and SHINECAT_TOKEN."),
        )
    reasons = []
    for root, name in _candidates():
        folder = root / name
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            info = folder.lstat()
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror}")
            continue
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
            reasons.append(tr("{folder} belongs to somebody else", folder=folder))
            continue
        if stat.S_IMODE(info.st_mode) != 0o700:
            folder.chmod(0o700)
        if len(os.fsencode(folder)) + 24 <= _LONGEST:
            return folder
        reasons.append(tr("the path {folder} is too long for a socket", folder=folder))
    raise ShineCatError(
        tr(
            "There is no place for the socket by which kernels reach the catalog: {reasons}.",
            reasons="; ".join(reasons),
        ),
        do=tr("Set XDG_RUNTIME_DIR or TMPDIR to a short folder of yours on local disk."),
    )


def _candidates() -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        with contextlib.suppress(OSError):
            info = os.stat(runtime)
            if info.st_uid == os.getuid() and stat.S_ISDIR(info.st_mode):
                found.append((Path(runtime), "shinecat"))
    own = f"shinecat-{os.getuid()}"
    found.append((Path(tempfile.gettempdir()), own))
    found.append((Path("/tmp"), own))  # noqa: S108  # the folder is ours, 0700, and checked
    return found


def remove_stale(folder: Path) -> None:
    """Remove the sockets of servers that were killed: nobody listens on them any more."""
    for path in folder.glob("*.sock"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


class KernelSocket:
    """Serves our routes on a socket of our own.

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
        self._server: HTTPServer | None = None
        self.path: Path | None = None

    def start(self) -> Path:
        """Listen; the path is short and its folder is 0700.

        Raises
        ------
        ShineCatError
            There is no place for it.
        """
        folder = runtime_folder()
        remove_stale(folder)
        path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        routes = [*socket_routes(self._services), (rf"{PREFIX}/endpoint", EndpointRoute, {"services": self._services})]
        application = Application(routes, log_function=no_log)
        self._server = listen(application, [bind_unix_socket(str(path), mode=0o600)], self._max_request)
        self.path = path
        return path

    async def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None:
            await close(self._server)
            self._server = None
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.path = None
