"""Catalogue a folder: walk, group, extract in child processes, write; a second scan writes only what changed."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Iterable, Mapping

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.formats import Sandbox
from jupyter_shinecat.locale import tr
from jupyter_shinecat.paths import state_dir
from jupyter_shinecat.scicat import CatalogClient, CatalogError, Identity

from .document import Place
from .report import ScanReport
from .run import Progress, Run, stopped
from .sink import Sink
from .state import State


class ScanError(ShineCatError):
    """The folder can't be scanned."""


def scan(
    folder: str | os.PathLike[str],
    client: CatalogClient,
    *,
    owner_group: str | Mapping[str, str],
    access_groups: Iterable[str] = (),
    facility: str = "SHINE",
    host: str | None = None,
    proposal: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    workers: int = 2,
    timeout_s: float = 30.0,
) -> ScanReport:
    """Catalogue all files below a folder; nothing in the folder is changed.

    Parameters
    ----------
    folder
        Folder on this machine.
    client
        The catalog, signed in as a member of the owner groups.
    owner_group
        Group that owns the datasets, or folder prefix to group (``{"GET": "GET", "": "SHINE"}``).
    access_groups
        Groups that may read them.
    facility, host
        Where the data are; the host's name is part of a file's address. Default: this machine's name.
    proposal
        Proposal of all files; else contents and names tell.
    dry_run
        Look and extract only; write nothing, remember nothing.
    progress
        Called with (files done, files in all, path).
    workers
        Child processes that read files.
    timeout_s
        Seconds for one file.

    Returns
    -------
    :
        Counts that add up to the number of files, and the reason for every file without metadata.

    Raises
    ------
    ScanError
        The folder isn't there or can't be read, or another scan of it is running.
    ScanStopped
        The catalog can't be reached or no longer knows us; what was written stays, the next scan continues.
    """
    root = os.path.realpath(folder)
    _check_root(root)
    started = time.monotonic()
    where = host or socket.gethostname()
    try:
        who = Identity(username="") if dry_run else client.whoami()
    except CatalogError as error:
        raise stopped(error, ScanReport(root)) from error
    place = Place(
        facility=facility,
        host=where,
        root=root,
        owner=who.username or "unknown",
        contact_email=_email(who, where),
        access_groups=tuple(access_groups),
        proposal=proposal,
    )
    with Sandbox(workers=workers, timeout_s=timeout_s) as sandbox:
        run = Run(place, owner_group, sandbox, progress, dry_run=dry_run)
        if dry_run:
            run.go(None, None, workers)
        else:
            state = State(state_dir() / "ingest", _scope(client.url, place))
            try:
                with state.exclusive():
                    run.go(state, Sink(client, state, place), workers)
            finally:
                state.close()
    run.report.duration_s = time.monotonic() - started
    return run.report


def _check_root(root: str) -> None:
    try:
        with os.scandir(root):
            return
    except FileNotFoundError as error:
        raise ScanError(tr("There is no folder {folder}.", folder=root)) from error
    except NotADirectoryError as error:
        raise ScanError(tr("{folder} is not a folder.", folder=root)) from error
    except OSError as error:
        raise ScanError(
            tr("The folder {folder} can't be read: {reason}.", folder=root, reason=os.strerror(error.errno or 0))
        ) from error


def _email(who: Identity, host: str) -> str:
    if "@" in who.email:
        return who.email
    domain = host if "." in host else f"{host}.invalid"
    return f"{who.username or 'unknown'}@{domain}"


def _scope(url: str, place: Place) -> str:
    key = "\n".join((url, place.facility, place.host, place.root))
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
