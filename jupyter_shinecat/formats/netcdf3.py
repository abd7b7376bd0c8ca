"""Header of a classic NetCDF file (CDF-1, 2 and 5): dimensions, attributes, variables; data are never read."""

from __future__ import annotations

import os
import struct
from typing import Any

from .model import Data, Extract, Unreadable
from .safe import Tree, iso_time, pair, text
from .sniff import open_regular

_HEAD = 4 << 20
_LIMIT = 2000
# code: (struct code, bytes, numpy's text)
_TYPES = {1: ("b", 1, "|i1"), 2: ("s", 1, "|S1"), 3: ("h", 2, ">i2"), 4: ("i", 4, ">i4"), 5: ("f", 4, ">f4"),
          6: ("d", 8, ">f8"), 7: ("B", 1, "|u1"), 8: ("H", 2, ">u2"), 9: ("I", 4, ">u4"), 10: ("q", 8, ">i8"),
          11: ("Q", 8, ">u8")}  # fmt: skip


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 4
        self.count_code = "Q" if data[3] == 5 else "I"
        self.offset_code = "I" if data[3] == 1 else "Q"

    def number(self, code: str) -> int:
        try:
            (value,) = struct.unpack_from(">" + code, self.data, self.at)
        except struct.error as error:
            raise Unreadable("truncated", "NetCDF header") from error
        self.at += struct.calcsize(">" + code)
        return int(value)

    def count(self) -> int:
        return self.number(self.count_code)

    def items(self) -> int:
        self.number("I")  # tag
        count = self.count()
        if count > _LIMIT:
            raise Unreadable("corrupt", "NetCDF header")
        return count

    def raw(self, length: int) -> bytes:
        if length < 0 or self.at + length > len(self.data):
            raise Unreadable("truncated", "NetCDF header")
        part = self.data[self.at : self.at + length]
        self.at += length + -length % 4
        return part

    def name(self) -> str:
        return text(self.raw(self.count()), 200)

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(self.items()):
            name = self.name()
            code, size, _ = self.type()
            count = self.count()
            body = self.raw(count * size)
            if code == "s":
                found[name] = text(body)
            elif 1 <= count <= 32:
                values = struct.unpack(f">{count}{code}", body)
                found[name] = values[0] if count == 1 else list(values)
        return found

    def type(self) -> tuple[str, int, str]:
        kind = _TYPES.get(self.number("I"))
        if kind is None:
            raise Unreadable("corrupt", "NetCDF type")
        return kind


def extract_netcdf3(path: str) -> Extract:
    """Dimensions, attributes and variables.

    Raises
    ------
    Unreadable
        The header is cut off or contradicts itself.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        reader = _Reader(file.read(_HEAD))
    records = reader.count()
    if records > size:  # all ones: still streaming
        records = 0
    dimensions = [(reader.name(), reader.count()) for _ in range(reader.items())]
    tree = Tree()
    extract = Extract(format="netcdf3", facts={"dimensions": dict(dimensions[:100])})
    for name, value in reader.attributes().items():
        tree.put([name], pair(value, None))
        if name.lower() == "title":
            extract.title = text(value, 300) or None
        if name.lower() in ("start_time", "date", "time_coverage_start"):
            extract.start_time = extract.start_time or iso_time(value)
    for _ in range(reader.items()):
        name = reader.name()
        ids = [reader.count() for _ in range(min(reader.count(), _LIMIT))]
        attributes = reader.attributes()
        _, _, dtype = reader.type()
        reader.count()
        reader.number(reader.offset_code)
        if any(i >= len(dimensions) for i in ids):
            raise Unreadable("corrupt", "NetCDF dimension")
        unit = attributes.pop("units", None)
        shape = [dimensions[i][1] or records for i in ids]
        extract.data.append(Data(path=name, shape=shape, dtype=dtype, unit=text(unit, 60) if unit else None))
        for key, value in attributes.items():
            if not key.startswith("_"):
                tree.put(["variables", name, key], pair(value, None))
    extract.data = extract.data[:200]
    extract.metadata, extract.sources = tree.root, dict.fromkeys(tree.root, "netcdf3")
    return extract
