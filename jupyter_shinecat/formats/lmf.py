"""Header of a list-mode file (LMF) of a reaction microscope; the events behind it are never read.

Little-endian, not compressed. Layout: flags and counts, two times, strings with a length byte; at the header size a
user header with what the acquisition hardware was set to.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
from typing import Any

from .model import Data, Extract, Unreadable
from .safe import Tree, iso_time, pair, text
from .sniff import open_regular

_HEAD = 1 << 20
_OLD, _NEW = 476758, 476759
_LONG_TIME = 0x8000000A
_FORMATS = {1: "<u1", 2: "<u2", 3: "<u4", 4: "<f4", 5: "<f8", 6: "CAMAC24", 7: "<u8", 8: "<i1", 9: "<i2", 10: "<i4",
            11: "<i8", -1: "user"}  # fmt: skip
_SIZES = {"<u1": 1, "<u2": 2, "<u4": 4, "<f4": 4, "<f8": 8, "<u8": 8, "<i1": 1, "<i2": 2, "<i4": 4, "<i8": 8}
_HARDWARE = {1: "HM1", 2: "TDC8PCI2", 3: "CAMAC", 4: "2HM1", 5: "2xTDC8PCI2", 6: "HM1_ABM", 8: "TDC8HP", 9: "TCPIP",
             0x10: "TDC8HPRAW", 0x11: "fADC8", 0x12: "fADC4"}  # fmt: skip


class _Reader:
    """Bytes with a position; running off the end means that the header is cut off."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self, code: str) -> Any:
        try:
            (value,) = struct.unpack_from("<" + code, self.data, self.at)
        except struct.error as error:
            raise Unreadable("truncated", "LMF header") from error
        self.at += struct.calcsize("<" + code)
        return value

    def words(self, length: int) -> str:
        if length < 0 or self.at + length > len(self.data):
            raise Unreadable("corrupt", "LMF text longer than its header")
        part = self.data[self.at : self.at + length]
        self.at += length
        return text(part)

    def string(self) -> str:
        length = self.number("B")
        if length == 0xFF:
            length = self.number("H")
            if length == 0xFFFF:
                length = self.number("I")
        return self.words(length)

    def time(self) -> int:
        first: int = self.number("I")
        if first != _LONG_TIME:
            return first
        moment: int = self.number("I")
        self.number("I")
        return moment


def extract_lmf(path: str) -> Extract:
    """What an LMF header says.

    Raises
    ------
    Unreadable
        The header is cut off or contradicts itself.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        reader = _Reader(file.read(_HEAD))
    flags = reader.number("I")
    magic = flags & 0x1FFFFFFF
    if magic not in (_OLD, _NEW):
        raise Unreadable("corrupt", "not an LMF header")
    wide = "Q" if magic == _NEW else "I"
    code = reader.number("i")
    dtype = _FORMATS.get(code, f"code {code}")
    coordinates, header_size, user_size, events = (reader.number(wide) for _ in range(4))
    start, stop = reader.time(), reader.time()
    version, origin, comment = reader.string(), reader.string(), reader.string()
    offset = header_size + user_size
    if not 0 < header_size <= size or offset > size:
        raise Unreadable("truncated" if offset > size else "corrupt", "LMF header size")

    tree = Tree()
    extract = Extract(format="lmf", title=comment[:300] or None, start_time=_moment(start), end_time=_moment(stop))
    tree.put(["data_format"], dtype)
    tree.put(["coordinates"], coordinates if coordinates < 1 << 31 else None)
    tree.put(["events"], events or None)
    tree.put(["written_by"], pair(version, None))
    tree.put(["original_path"], pair(origin, None))
    tree.put(["comment"], pair(comment, None))
    if start and stop and stop >= start:
        tree.put(["duration"], {"value": stop - start, "unit": "s"})
    tree.put(["lmf", "generation"], "2008 and later" if magic == _NEW else "before 2008")
    for bit, name in ((31, "daq_source"), (30, "dan_source"), (29, "ccf_history")):
        tree.put(["lmf", name], bool(flags >> bit & 1))
    try:
        _user_header(reader, tree, header_size, user_size, magic == _NEW)
    except Unreadable as error:
        extract.warnings.append(f"the user header could not be read: {error.detail or error.kind}")
    _count(extract, tree, dtype, coordinates, events, size - offset)
    extract.metadata = tree.root
    extract.sources = dict.fromkeys(tree.root, "lmf")
    return extract


def _moment(seconds: int) -> str | None:
    return iso_time(dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()) if seconds else None


def _user_header(reader: _Reader, tree: Tree, header_size: int, user_size: int, new: bool) -> None:
    reader.at = header_size
    if new:
        reader.number("I")
    if reader.number("Q" if new else "I") != user_size:
        raise Unreadable("corrupt", "its size appears twice and differs")
    tree.put(["acquisition", "version"], reader.number("i"))
    hardware = reader.number("i")
    tree.put(["acquisition", "hardware"], _HARDWARE.get(hardware, f"id {hardware}"))
    tree.put(["acquisition", "frequency"], pair(reader.number("d"), "Hz"))
    tree.put(["acquisition", "io_address"], reader.number("i"))
    tree.put(["acquisition", "timestamp_format"], reader.number("i"))
    tree.put(["acquisition", "info"], pair(reader.words(reader.number("i")), None))
    tree.put(["acquisition", "lmf_version"], reader.number("i"))


def _count(extract: Extract, tree: Tree, dtype: str, coordinates: int, events: int, data_bytes: int) -> None:
    """Events by the header and by the size; the header's count may be 0 or wrong until the run is closed."""
    extract.facts = {"data_bytes": data_bytes, "dtype": dtype}
    row = _SIZES.get(dtype, 0) * coordinates
    if row:
        by_size = data_bytes // row
        if not events:
            extract.warnings.append("the header counts no events: the run was not closed")
            tree.put(["events_by_size"], by_size)
        extract.data.append(Data(path="events", shape=[min(events or by_size, 1 << 53), coordinates], dtype=dtype))
