"""Reading a file from its beginning to its end without pushing other files out of memory."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from typing import BinaryIO

_WINDOW_BYTES = 1 << 30  # looked at as a whole, before reading ahead makes all of it look as if it had been there


class GentleReader:
    """Leaves the system's page cache as it was: what was not in it before is dropped after it was read (Linux).

    A file of 100 GB would else take the place of all that the person works with.

    Parameters
    ----------
    file
        Open for reading, unbuffered.
    chunk_bytes
        How much to read at once; a power of two.
    """

    def __init__(self, file: BinaryIO, chunk_bytes: int) -> None:
        self._file = file
        self._buffer = bytearray(chunk_bytes)
        self._at = 0
        self._held: list[bool] = []
        self._window = max(_WINDOW_BYTES, chunk_bytes)

    def read(self) -> memoryview:
        """The next bytes, valid until the next call; none at the end.

        Raises
        ------
        OSError
            It can't be read.
        """
        chunk = len(self._buffer)
        index, begins = divmod(self._at % self._window, chunk)
        if index == 0 and begins == 0:
            self._held = held_in_memory(self._file.fileno(), self._at, self._window, chunk)
        view = memoryview(self._buffer)[: chunk - begins]
        size = self._file.readinto(view) or 0  # type: ignore[attr-defined]  # raw files have it
        if index < len(self._held) and not self._held[index]:
            with contextlib.suppress(OSError):
                os.posix_fadvise(self._file.fileno(), self._at, size, os.POSIX_FADV_DONTNEED)
        self._at += size
        return view[:size]


def held_in_memory(descriptor: int, start: int, length: int, chunk: int) -> list[bool]:
    """For each chunk of a part of a file whether all of it is in memory; empty where the system does not tell."""
    try:
        length = min(length, os.fstat(descriptor).st_size - start)
        if length <= 0 or not hasattr(os, "posix_fadvise"):
            return []
        pages = (ctypes.c_ubyte * -(-length // mmap.PAGESIZE))()
        with mmap.mmap(descriptor, length, access=mmap.ACCESS_COPY, offset=start) as mapped:
            first = ctypes.c_ubyte.from_buffer(mapped)
            failed = ctypes.CDLL(None).mincore(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(length), pages)
            del first
    except (OSError, ValueError, AttributeError, OverflowError):
        return []
    if failed:
        return []
    told, step = bytes(pages), max(1, chunk // mmap.PAGESIZE)
    return [all(page & 1 for page in told[i : i + step]) for i in range(0, len(told), step)]
