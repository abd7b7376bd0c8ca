"""Files that are not on this machine: read in ranges from the file service, through the user's server."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_shinecat import record
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import DataFile, Secret

from . import session
from .errors import file_problem, warn

if TYPE_CHECKING:
    from jupyter_shinecat.files.remote import RangeClient, RangeFile

# What `locate` says of files that another machine may well have.
STATES = ("unmapped", "missing", "unreadable")
SOCKET_BASE = "http://shinecat/shinecat/api/files"
# A chunk that does not fit HDF5's cache would be read in many small pieces.
_CHUNKS = 64 * 1024 * 1024
_HEAD = 1024 * 1024

_client: tuple[tuple[str | None, ...], RangeClient | None] | None = None


def service() -> RangeClient | None:
    """The file service of this session: the user server's route when it has one, else ``SHINECAT_FILES_URL``."""
    global _client
    names = ("SHINECAT_SOCKET", "SHINECAT_FILES_URL", "SHINECAT_TOKEN")
    key = (str(os.getpid()), *(os.environ.get(name) for name in names))
    if _client is None or _client[0] != key:
        with record.quiet():
            _client = (key, _connect())
    return _client[1]


def _connect() -> RangeClient | None:
    socket, url = os.environ.get("SHINECAT_SOCKET"), os.environ.get("SHINECAT_FILES_URL")
    if socket and session._server_status().get("files"):
        from jupyter_shinecat.files.remote import RangeClient

        return RangeClient(SOCKET_BASE, socket=socket)
    if url and not socket:
        from jupyter_shinecat.files.remote import RangeClient

        token = os.environ.get("SHINECAT_TOKEN")
        return RangeClient(url, Secret(token) if token else None)
    return None


def open_range(client: RangeClient, pid: str, file: DataFile) -> RangeFile:
    """A file for reading.

    Raises
    ------
    RemoteError
        The service does not give it.
    FileProblem
        It is shorter there than the catalog says.
    """
    from jupyter_shinecat.files.remote import RangeFiles

    with record.quiet():
        opened = RangeFiles(client, pid)._open(file.path)
    size, expected = opened.size, file.size_bytes
    if 0 < expected != size:
        if size < expected:
            opened.close()
            raise file_problem(
                "truncated",
                tr(
                    "{path} has {size} bytes; the catalog says {expected}: a part of it is missing.",
                    path=file.path,
                    size=size,
                    expected=expected,
                ),
            )
        what = tr(
            "{path} has {size} bytes; the catalog says {expected}: it has grown since.",
            path=file.path,
            size=size,
            expected=expected,
        )
        warn(what)
    return opened


@contextlib.contextmanager
def head_of(client: RangeClient, pid: str, file: DataFile) -> Iterator[Path]:
    """A temporary file with the first megabyte of a file, and as long as that one, for readers of headers.

    Raises
    ------
    RemoteError, FileProblem
        As `open_range`.
    """
    with contextlib.closing(open_range(client, pid, file)) as opened, tempfile.NamedTemporaryFile() as temporary:
        temporary.write(opened.read(_HEAD))
        temporary.truncate(opened.size)
        temporary.flush()
        yield Path(temporary.name)


def open_hdf5(client: RangeClient, pid: str, file: DataFile) -> Any:
    """An ``h5py.File`` for reading; its data come when they are indexed.

    Raises
    ------
    RemoteError, FileProblem
        As `open_range`; or it is no HDF5 file.
    """
    import h5py

    opened = open_range(client, pid, file)
    try:
        with record.quiet():
            file = h5py.File(opened, "r", rdcc_nbytes=_CHUNKS, rdcc_nslots=10_007)
    except OSError as cause:
        opened.close()
        raise file_problem(
            "format",
            tr("{file} can't be opened as HDF5 at the file service: {cause}", file=file.path, cause=str(cause)[:300]),
            tr("It may be damaged, still be written, or be no HDF5 file."),
        ) from None
    opened.opened_as_hdf5()
    return file
