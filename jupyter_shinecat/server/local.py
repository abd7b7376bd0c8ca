"""Without a configured catalog: an embedded one for this user alone, shared by all servers this user runs here."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import logging
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from jupyter_shinecat.locale import tr
from jupyter_shinecat.outbox.process import birth, is_alive
from jupyter_shinecat.scicat import AsyncCatalogClient, CatalogError, CatalogUnavailable, Secret, operations

from .environment import without_secrets
from .sessions import Session
from .tokens import Grant, TokenKeeper

try:
    import fcntl
except ImportError:  # Windows: each server then has to be the only one on its state folder
    fcntl = None  # type: ignore[assignment]

_START_TIMEOUT_S = 60.0
_PROBE_TIMEOUT_S = 5.0
_POLL_S = 0.05
_GRACE_S = 15.0


class OneUserCatalog:
    """The embedded catalog in ``folder``, started when nobody has it running, ended when nobody uses it any more.

    It is found by ``folder/server.json``. Beside the folder lie a lock that is held while somebody starts or ends it,
    and one that every server holds as long as it uses it. Only a catalog that such a server started is ended by one.

    Parameters
    ----------
    folder
        Its data folder.
    log
        The server's log; the catalog's own words go to ``catalog.log`` beside the folder.
    """

    def __init__(self, folder: Path, log: logging.Logger) -> None:
        self.folder = folder
        self.log_file = folder.parent / "catalog.log"
        self._started_file = folder.parent / "catalog.started.json"
        self._log = log
        self._url = ""
        self._lock = asyncio.Lock()
        self._users: IO[bytes] | None = None
        self._child: asyncio.subprocess.Process | None = None

    async def url(self) -> str:
        """Its root address, started first when it has to be.

        Raises
        ------
        CatalogUnavailable
            It can't be started.
        """
        return self._url or await self.ensure()

    async def ensure(self) -> str:
        """Make sure that it runs and answers; its address. Many callers at once start it once."""
        async with self._lock:
            try:
                self._url = await self._found_or_started()
            except OSError as cause:
                raise CatalogUnavailable(
                    tr("Your own catalog can't be kept in {folder} ({reason}).", folder=self.folder, reason=cause),
                    do=tr("Make room there, or set SHINECAT_STATE to another folder, and start the server again."),
                ) from cause
            return self._url

    async def _found_or_started(self) -> str:
        found = await self._running()
        if not found or self._users is None:
            with await self._alone():
                self._join()
                # Another server of this user may have started or ended it while we waited.
                found = await self._running() or await self._start()
        return found

    def account(self) -> tuple[str, Secret]:
        """User name and password of its first account.

        Raises
        ------
        CatalogUnavailable
            The accounts file is missing or broken.
        """
        file = self.folder / "accounts.json"
        try:
            first = json.loads(file.read_text(encoding="utf-8"))[0]
            return str(first.get("account") or first["username"]), Secret(str(first["password"]))
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as cause:
            raise CatalogUnavailable(
                tr("The account of your own catalog can't be read from {file}.", file=file),
                do=tr("Restore that file, or move the folder {folder} away to begin anew.", folder=self.folder),
            ) from cause

    async def stop(self) -> None:
        """Leave it; end it when one of our kind started it and nobody else uses it."""
        if self._users is None:
            return
        with await self._alone():
            users, self._users = self._users, None
            last = _lock(users, exclusive=True)
            if last:
                await self._end()
            users.close()
        self._url = ""

    # -- finding and starting ------------------------------------------------------------------------------------------

    async def _running(self) -> str:
        """Address of the one that runs and answers, or empty."""
        told = _read(self.folder / "server.json")
        url = str(told.get("url") or "")
        if not url or not _is_ours(told.get("pid")):
            return ""
        try:
            async with AsyncCatalogClient(url, timeout_s=_PROBE_TIMEOUT_S) as client:
                return url if (await client.send(operations.health())).ok else ""
        except CatalogError:
            return ""

    async def _start(self) -> str:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._make_account()
        environ = without_secrets(os.environ)
        environ["PYTHONUNBUFFERED"] = "1"
        # The address file of a killed one would be taken for the new one's.
        (self.folder / "server.json").unlink(missing_ok=True)
        with _open_private(self.log_file, "ab") as log:
            log.write(time.strftime("-- started %Y-%m-%d %H:%M:%S\n").encode())
            log.flush()
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "jupyter_shinecat", "catalog", "serve", "--host", "127.0.0.1", "--port", "0"),
                *("--data", str(self.folder), "--accounts", str(self.folder / "accounts.json")),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environ,
                # It outlives us when another server of this user has joined.
                start_new_session=True,
            )
        self._child = child
        with _open_private(self._started_file, "w") as mark:
            json.dump({"pid": child.pid, "birth": birth(child.pid)}, mark)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if child.returncode is not None:
                raise self._failed()
            if (self.folder / "server.json").exists() and (url := await self._running()):
                self._log.info("The one-user catalog runs at %s (pid %s)", url, child.pid)
                return url
            await asyncio.sleep(_POLL_S)
        await self._end()
        raise self._failed()

    def _failed(self) -> CatalogUnavailable:
        try:
            lines = [line for line in self.log_file.read_text("utf-8", "replace").splitlines() if line.strip()]
        except OSError:
            lines = []
        last = lines[-1].strip()[:300] if lines else tr("it said nothing")
        return CatalogUnavailable(
            tr("Your own catalog could not be started: {reason}", reason=last),
            do=tr("See {file}; with another catalog set SHINECAT_CATALOG_URL.", file=self.log_file),
        )

    def _make_account(self) -> None:
        """The account of this person, as in SciCat's accounts file; the password never leaves it and our memory."""
        file = self.folder / "accounts.json"
        if file.exists():
            return
        name = _user_name()
        account = {
            "account": name,
            "email": f"{name}@localhost.localdomain",
            "password": secrets.token_urlsafe(24),
            "role": [name, "admin"],
            "global": False,
        }
        part = file.with_suffix(".part")
        with _open_private(part, "w") as stream:
            json.dump([account], stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)

    # -- ending --------------------------------------------------------------------------------------------------------

    async def _end(self) -> None:
        mark = _read(self._started_file)
        pid, born = int(mark.get("pid") or 0), str(mark.get("birth") or "")
        ours = self._child is not None and self._child.pid == pid
        if pid <= 1 or not (ours or born) or not is_alive(pid, born):
            return
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, kind)
            deadline = time.monotonic() + _GRACE_S
            while is_alive(pid, born) and time.monotonic() < deadline:
                await asyncio.sleep(_POLL_S)
            if not is_alive(pid, born):
                break
            self._log.warning("The one-user catalog (pid %s) does not end by itself", pid)
        self._started_file.unlink(missing_ok=True)
        if ours and self._child is not None:
            await self._child.wait()
            self._child = None

    # -- locks ---------------------------------------------------------------------------------------------------------

    def _join(self) -> None:
        if self._users is None:
            self._users = _open_private(self.folder.parent / "catalog.users.lock", "ab")
            _lock(self._users, exclusive=False)

    async def _alone(self) -> contextlib.AbstractContextManager[None]:
        """Held by one server at a time while it starts, joins or ends the catalog."""
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stream = _open_private(self.folder.parent / "catalog.start.lock", "ab")
        deadline = time.monotonic() + _START_TIMEOUT_S + 2 * _GRACE_S
        while not _lock(stream, exclusive=True):
            if time.monotonic() > deadline:
                stream.close()
                raise CatalogUnavailable(
                    tr("Another server of yours has been starting your catalog for too long."),
                    do=tr("End that server, or see {file}.", file=self.log_file),
                )
            await asyncio.sleep(_POLL_S)
        return _closing(stream)


@contextlib.contextmanager
def _closing(stream: IO[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        stream.close()


def _lock(stream: IO[bytes], *, exclusive: bool) -> bool:
    """Try to lock; closing the stream gives the lock back. File systems without locks let everybody in."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(stream, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _open_private(path: Path, mode: str) -> IO[Any]:
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_ours(pid: object) -> bool:
    """Whether a process of this number runs for this person.

    A killed catalog leaves its address behind, and the port may be somebody else's by now: their program must not get
    our password.
    """
    if not isinstance(pid, int) or pid < 1 or not is_alive(pid, ""):
        return False
    if not hasattr(os, "geteuid"):
        return True
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}").stat().st_uid == os.geteuid()
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _user_name() -> str:
    """The account's name at the operating system, with what a user name of the catalog may hold."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        name = ""
    return re.sub(r"[^A-Za-z0-9._@-]", "", name).lstrip("._@-")[:64] or "me"


class LocalSession(Session):
    """This user's own catalog, signed in with its own account.

    Parameters
    ----------
    catalog
        The catalog.
    log
        For what happens in the background.
    """

    mode = "local"

    def __init__(self, catalog: OneUserCatalog, log: logging.Logger) -> None:
        self._catalog = catalog
        self._keeper = TokenKeeper(self._sign_in, log)

    async def url(self) -> str:
        """The catalog's address; starts it."""
        return await self._catalog.url()

    async def bearer(self, *, rejected: Secret | None = None) -> Secret | None:
        """A token of the one account."""
        return await self._keeper.get(rejected=rejected)

    async def recover(self) -> bool:
        """Start it again when it has died."""
        try:
            await self._catalog.ensure()
        except CatalogUnavailable:
            return False
        return True

    async def start(self) -> None:
        """Start it in the background: the first page should not wait for it."""
        self._keeper.start()

    async def stop(self) -> None:
        """Leave it."""
        await self._keeper.stop()
        await self._catalog.stop()

    async def _sign_in(self) -> Grant:
        url = await self._catalog.url()
        name, password = self._catalog.account()
        for attempt in (1, 2):
            try:
                async with AsyncCatalogClient(url, timeout_s=_PROBE_TIMEOUT_S) as client:
                    login = await client.send(operations.login(name, password))
                return Grant(login.token, login.expires_at)
            except CatalogUnavailable:
                if attempt == 2:
                    raise
                url = await self._catalog.ensure()
        raise AssertionError("unreachable")
