"""Which format a file has, by its content; names are never trusted and no scientific library is loaded."""

from __future__ import annotations

import codecs
import os
import re
import stat
import struct
from typing import BinaryIO

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD = 65536
_LMF_MAGIC = (476758, 476759)
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x93NUMPY", "npy"),
    (b"CDF\x01", "netcdf3"),
    (b"CDF\x02", "netcdf3"),
    (b"CDF\x05", "netcdf3"),
    (b"\x0e\x03\x13\x01", "hdf4"),
    (b"MATLAB 5.0 MAT-file", "mat5"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"SIMPLE  =", "fits"),
)


def sniff(path: str | os.PathLike[str]) -> str | None:
    """Format of a file by its content.

    Returns
    -------
    :
        ``hdf5``, ``cxi``, ``nexus``, ``lmf``, ``tiff``, ``png``, ``npy``, ``npz``, ``netcdf3``, ``hdf4``, ``mat5``,
        ``jpeg``, ``fits``, ``csv``, ``text``; None for an empty file and for what is none of these. MAT 7.3 and
        NetCDF 4 are ``hdf5``. ``cxi`` and ``nexus`` are told from ``hdf5`` by their marker near the start; the
        extraction decides for good.

    Raises
    ------
    OSError
        The file can't be opened or read, or is no regular file.
    """
    with open_regular(path) as file:
        return sniff_open(file)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """A regular file opened for reading; a pipe or device is refused without waiting for its other end."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(22, "not a regular file", os.fspath(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def sniff_open(file: BinaryIO) -> str | None:
    """As :func:`sniff`, for an open file; moves its position."""
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        return None
    offset = hdf5_offset(file, head)
    if offset is not None:
        return _hdf5_flavour(head)
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if len(head) >= 64 and struct.unpack_from("<I", head)[0] & 0x1FFFFFFF in _LMF_MAGIC:
        return "lmf"
    if head.startswith(b"PK\x03\x04"):
        name_length = struct.unpack_from("<H", head, 26)[0] if len(head) >= 30 else 0
        return "npz" if head[30 : 30 + name_length].endswith(b".npy") else None
    return _text_flavour(head)


def hdf5_offset(file: BinaryIO, head: bytes) -> int | None:
    """Where the HDF5 superblock starts: 0, or behind a user block of 512 bytes or a power of two more."""
    if head.startswith(_HDF5):
        return 0
    size = os.fstat(file.fileno()).st_size
    offset = 512
    while offset < min(size, 1 << 24):
        block = head[offset : offset + 8]
        if len(block) < 8:
            file.seek(offset)
            block = file.read(8)
        if block == _HDF5:
            return offset
        offset *= 2
    return None


def _hdf5_flavour(head: bytes) -> str:
    if b"cxi_version" in head:
        return "cxi"
    return "nexus" if b"NX_class" in head or b"NXentry" in head else "hdf5"


def _text_flavour(head: bytes) -> str | None:
    sample = head[:16384]
    text = None if b"\x00" in sample else decoded(sample)
    if not text or sum(not (c.isprintable() or c in "\r\n\t\f") for c in text) > len(text) * 0.01:
        return None
    return "csv" if delimiter(text) else "text"


def decoded(sample: bytes) -> str | None:
    """Text of the start of a file: UTF-8, else GB 18030; a character cut in half at its end doesn't matter."""
    # almost any few bytes are some rare character of GB 18030
    for encoding in ("utf-8-sig", "gb18030") if len(sample) >= 32 else ("utf-8-sig",):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
    return None


def delimiter(text: str) -> str | None:
    """The column separator of a table: the character that cuts at least three lines into equally many parts."""
    lines = [line for line in text.splitlines()[:60] if line.strip() and not line.lstrip().startswith(("#", "//", "%"))]
    if len(lines) > 3:
        lines = lines[:-1]  # the last may be cut off
    if len(lines) < 2:
        return None
    for mark in (",", "\t", ";"):
        counts = [len(re.sub(r'"[^"]*"', "", line).split(mark)) for line in lines[:40]]
        if counts[0] > 1 and sum(count == counts[0] for count in counts) >= 0.9 * len(counts):
            return mark
    return None
