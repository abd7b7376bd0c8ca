"""The signed-in session of the command line: one file, 0600, in the platform's config folder."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, CatalogError, Secret, operations
from jupyter_shinecat.scicat.client import server_root


@dataclass(frozen=True)
class Session:
    """A sign-in that ``shinecat login`` kept; ``expires_at`` and ``lifetime_s`` in (unix) seconds."""

    url: str
    username: str
    token: Secret
    expires_at: float
    lifetime_s: float

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return time.time() >= self.expires_at


def config_dir() -> Path:
    """``SHINECAT_CONFIG``, else the platform's folder for settings."""
    given = os.environ.get("SHINECAT_CONFIG")
    return Path(given) if given else Path(platformdirs.user_config_path("shinecat", appauthor=False))


def _path() -> Path:
    return config_dir() / "session.json"


def load() -> Session | None:
    """The session that was kept, or None.

    Raises
    ------
    ShineCatError
        The file can't be read, or others may read it.
    """
    path = _path()
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise ShineCatError(
                    tr("Other users of this machine may read your sign-in in {path}.", path=path),
                    do=tr("Sign out with shinecat logout, then sign in again."),
                )
            kept = json.load(file)
        return Session(
            str(kept["url"]), str(kept["username"]), Secret(str(kept["token"])), float(kept["expires_at"]),
            float(kept["lifetime_s"]),
        )  # fmt: skip
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ShineCatError(
            tr("Your sign-in in {path} can't be read ({cause}).", path=path, cause=type(error).__name__),
            do=tr("Sign out with shinecat logout, then sign in again."),
        ) from None


def save(session: Session) -> None:
    """Keep a session, readable by its owner only."""
    path = _path()
    temporary = path.with_name(f"session.{os.getpid()}.new")
    kept = {
        "url": session.url, "username": session.username, "token": session.token.reveal(),
        "expires_at": session.expires_at, "lifetime_s": session.lifetime_s,
    }  # fmt: skip
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise ShineCatError(
            tr("Your sign-in can't be kept in {path} ({cause}).", path=path, cause=error.strerror or error),
            do=tr("Make room or make the folder writable; SHINECAT_CONFIG names another one."),
        ) from None


def forget() -> bool:
    """Remove what was kept; False when there was nothing."""
    try:
        _path().unlink()
    except FileNotFoundError:
        return False
    return True


def open_client(url: str | None = None, *, socket: bool = True) -> CatalogClient:
    """The catalog that a command means, with the caller's sign-in.

    In this order: the address given; the Jupyter server this runs in (``socket`` False leaves it out: it passes no
    administration); ``SHINECAT_CATALOG_URL``; where ``shinecat login`` signed in. The token is ``SHINECAT_TOKEN``, else
    the one kept for that address.

    Raises
    ------
    ShineCatError
        No catalog is known, or the sign-in has expired.
    """
    env = os.environ
    if url is None and socket and env.get("SHINECAT_SOCKET"):
        return CatalogClient.from_environment()
    address = url or env.get("SHINECAT_CATALOG_URL")
    if address and env.get("SHINECAT_TOKEN"):
        return CatalogClient(address, env["SHINECAT_TOKEN"])
    kept = load()
    if kept is not None and (not address or server_root(address) == kept.url):
        return _signed_in(kept)
    if address:
        return CatalogClient(address)
    raise ShineCatError(
        tr("No catalog is known here."),
        do=tr("Sign in with shinecat login --catalog URL, or set SHINECAT_CATALOG_URL."),
    )


def _signed_in(kept: Session) -> CatalogClient:
    if kept.expired:
        raise ShineCatError(
            tr("The sign-in of {user} at {url} has expired.", user=kept.username, url=kept.url),
            do=tr("Sign in again: shinecat login."),
        )
    client = CatalogClient(kept.url, kept.token)
    if kept.expires_at - time.time() < kept.lifetime_s / 2:
        _renew(client, kept)
    return client


def _renew(client: CatalogClient, kept: Session) -> None:
    """A fresh token where the server gives one; else the old one goes on until it expires."""
    try:
        if "renew" not in client.health().features:
            return
        fresh = client.send(operations.renew())
    except CatalogError:
        return
    client.token = fresh.token
    with contextlib.suppress(ShineCatError):
        save(Session(kept.url, kept.username, fresh.token, fresh.expires_at, fresh.expires_at - time.time()))
