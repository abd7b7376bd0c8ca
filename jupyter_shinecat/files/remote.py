"""Files of datasets that are not mounted here, read in ranges from a file service (fsspec)."""

from __future__ import annotations

import contextlib
import time
import warnings
from typing import Any

import httpx
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Secret, channel
from jupyter_shinecat.scicat.errors import reason_in

from .spending import BLOCK, SpendingCache

_TRIES = 4
_TIMEOUT_S = 60.0
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


class RemoteError(ShineCatError, OSError):
    """A file service did not give what was asked for; ``status`` is HTTP's, 0 without an answer."""

    status: int = 0

    def __str__(self) -> str:
        return str(self.args[0])  # OSError has a form of its own


class RangeClient:
    """Asks a file service for bytes.

    Parameters
    ----------
    base
        Address of the service, or of its route at the user's server; ``/data`` is appended.
    token
        Bearer token; None over a user server's socket, which adds it.
    socket
        The way to the user's server (see `jupyter_shinecat.scicat.channel`).
    """

    def __init__(self, base: str, token: Secret | None = None, *, socket: str | None = None) -> None:
        self._url = base.rstrip("/") + "/data"
        self._token = token
        transport = channel.transport(socket) if socket else None
        self._http = httpx.Client(timeout=_TIMEOUT_S, transport=transport, trust_env=False)
        self.received_bytes = 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def describe(self, pid: str, path: str) -> tuple[int, str]:
        """Size in bytes and validator of a file.

        Raises
        ------
        RemoteError
            The service does not give it, or does not answer.
        """
        answer = self._ask("GET", pid, path, {"Range": "bytes=0-0"}, (200, 206, 416))
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
        if answer.status_code == 200:
            total = answer.headers.get("Content-Length", "")
        if not total.isdigit() or not answer.headers.get("ETag"):
            raise _refusal(answer.status_code, tr("The file service gives no size and validator of {path}.", path=path))
        return int(total), answer.headers["ETag"]

    def read(self, pid: str, path: str, first: int, end: int, etag: str) -> bytes:
        """Bytes ``[first, end)`` of the file as it was when described.

        Raises
        ------
        RemoteError
            It has changed since, or the service does not give it, or does not answer.
        """
        headers = {"Range": f"bytes={first}-{end - 1}", "If-Match": etag}
        answer = self._ask("GET", pid, path, headers, (206,))
        if len(answer.content) != end - first:
            raise _refusal(answer.status_code, tr("The file service broke off in {path}.", path=path))
        self.received_bytes += len(answer.content)
        return answer.content

    def _ask(self, method: str, pid: str, path: str, headers: dict[str, str], good: tuple[int, ...]) -> httpx.Response:
        if self._token is not None:
            headers = {**headers, "Authorization": f"Bearer {self._token.reveal()}"}
        headers["Accept-Encoding"] = "identity"
        for number in range(_TRIES):
            try:
                answer = self._http.request(method, self._url, params={"pid": pid, "path": path}, headers=headers)
            except httpx.TransportError as cause:
                if number == _TRIES - 1:
                    what = tr("The file service does not answer ({cause}).", cause=type(cause).__name__)
                    raise _refusal(0, what) from None
            else:
                if answer.status_code in good:
                    return answer
                if answer.status_code not in (502, 503, 504) or number == _TRIES - 1:
                    raise _refusal(answer.status_code, _sentence(answer, path))
            time.sleep(0.2 * 2**number)
        raise AssertionError("unreachable")


def _sentence(answer: httpx.Response, path: str) -> str:
    if answer.status_code == 412:
        return tr("{path} has changed while it was read. Open it again.", path=path)
    return reason_in(answer.content) or tr("The file service answered {status}.", status=answer.status_code)


def _refusal(status: int, what: str) -> RemoteError:
    error = RemoteError(what)
    error.status = status
    return error


class RangeFiles(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The files of one dataset at a file service, for reading.

    Parameters
    ----------
    client
        Asks the service.
    pid
        The dataset.
    """

    protocol = "shinecat"
    cachable = False

    def __init__(self, client: RangeClient, pid: str, **options: Any) -> None:
        super().__init__(**options)
        self.client = client
        self.pid = pid

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, size, type and ETag."""
        size, etag = self.client.describe(self.pid, path)
        return {"name": path, "size": size, "type": "file", "ETag": etag}

    def _open(self, path: str, mode: str = "rb", **_: Any) -> RangeFile:
        if mode != "rb":
            raise ValueError(tr("Files of a catalog are opened for reading only."))
        return RangeFile(self, path, self.info(path))


class RangeFile(AbstractBufferedFile):  # type: ignore[misc]  # fsspec has no types
    """One file, its ranges fetched when they are read."""

    cache: SpendingCache

    def __init__(self, fs: RangeFiles, path: str, info: dict[str, Any]) -> None:
        self._etag = str(info["ETag"])
        self._is_open_as_hdf5 = False
        self._has_told = False
        super().__init__(fs, path, mode="rb", block_size=BLOCK, cache_type=SpendingCache.name, size=int(info["size"]))

    def opened_as_hdf5(self) -> None:
        """From now on HDF5 finds no file in it any more.

        Sources of virtual datasets and external links are opened by HDF5 through the file object of the file that names
        them, whatever their names are: it would take this file for each of them, and give other data without a word.
        """
        self._is_open_as_hdf5 = True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer.

        Warns
        -----
        UserWarning
            HDF5 looked for another file behind this one, once.
        """
        count: int = super().readinto(buffer)
        if self._is_open_as_hdf5 and count == len(_SIGNATURE) and bytes(buffer) == _SIGNATURE:
            # Not an error of ours: HDF5 asks in the middle of things where h5py does not expect one.
            memoryview(buffer).cast("B")[:] = bytes(count)
            self._tell_once()
        return count

    def _tell_once(self) -> None:
        told, self._has_told = self._has_told, True
        if not told:
            with contextlib.suppress(UserWarning):  # where warnings are errors
                warnings.warn(
                    tr("A part of {path} lies in another file, which can't be read over the network.", path=self.path),
                    UserWarning,
                    stacklevel=3,
                )

    def _fetch_range(self, start: int, end: int) -> bytes:
        data: bytes = self.fs.client.read(self.fs.pid, self.path, start, end, self._etag)
        return data
