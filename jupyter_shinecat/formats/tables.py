"""Small facts of simple formats: CSV, NPY, NPZ, PNG, MAT 5, text. Only headers and first lines are read."""

from __future__ import annotations

import ast
import csv
import os
import re
import struct
import zipfile
import zlib
from typing import Any, BinaryIO

from .model import Data, Extract, Unreadable
from .safe import Tree, iso_time, pair, text
from .sniff import decoded, delimiter, open_regular

_HEAD = 1 << 16
_COUNT_LINES = 64 << 20
_COLUMN = re.compile(r"^(?P<name>.*?)\s*[\[(/]\s*(?P<unit>[^\[\]()]{1,20}?)\s*[\])]?$")
_PNG_COLOUR = {0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGB and alpha"}


def extract_csv(path: str) -> Extract:
    """Columns with their units, and the number of rows."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = decoded(file.read(_HEAD)) or ""
        lines = _line_count(file, size)
    mark = delimiter(head) or ","
    tree = Tree()
    rows = [row for row in csv.reader(_data_lines(head), delimiter=mark) if row]
    if not rows:
        raise Unreadable("corrupt", "no rows")
    header = not any(_is_number(cell) for cell in rows[0])
    columns = rows[0] if header else [f"column_{i + 1}" for i in range(len(rows[0]))]
    comments = [line for line in head.splitlines()[:100] if line.lstrip().startswith("#")]
    count = max(lines - header - len(comments), 0) if lines is not None else None
    extract = Extract(format="csv", facts={"columns": len(columns)})
    for cell in columns[:200]:
        name, unit = column(cell)
        extract.data.append(Data(path=name, shape=[count or 0], dtype="column", unit=unit))
    tree.put(["columns"], [text(cell, 60) for cell in columns[:60]])
    if count is not None:
        tree.put(["rows"], count)
    for line in comments:
        key, colon, value = line.lstrip("# ").partition(":")
        if colon and len(key) <= 60:
            tree.put(["header", key], pair(value.strip(), None))
            if key.strip().lower() in ("date", "time", "start", "start_time"):
                extract.start_time = extract.start_time or iso_time(value.strip())
    extract.metadata, extract.sources = tree.root, dict.fromkeys(tree.root, "csv")
    return extract


def column(cell: str) -> tuple[str, str | None]:
    """Name and unit of a column: ``Energy (eV)``, ``delay [fs]``, ``t / ms``."""
    words = text(cell, 100)
    match = _COLUMN.match(words)
    return (match["name"], match["unit"]) if match and match["name"] else (words, None)


def _data_lines(head: str) -> list[str]:
    return [line for line in head.splitlines()[:50] if line.strip() and not line.lstrip().startswith(("#", "//", "%"))]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _line_count(file: BinaryIO, size: int) -> int | None:
    if size > _COUNT_LINES:
        return None
    file.seek(0)
    lines, last = 0, b"\n"
    while chunk := file.read(1 << 20):
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    return lines + (last != b"\n")


def extract_text(path: str) -> Extract:
    """The first line of a text file."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = decoded(file.read(_HEAD)) or ""
        lines = _line_count(file, size)
    first = next((line for line in head.splitlines() if line.strip()), "")
    tree = Tree()
    tree.put(["first_line"], pair(text(first, 300), None))
    tree.put(["lines"], lines)
    return Extract(format="text", metadata=tree.root, sources=dict.fromkeys(tree.root, "text"))


def extract_npy(path: str) -> Extract:
    """Shape and type of a NumPy array."""
    with open_regular(path) as file:
        return Extract(format="npy", data=[_npy_header(file, "array")])


def extract_npz(path: str) -> Extract:
    """Shapes and types of the arrays in a NumPy archive."""
    extract = Extract(format="npz")
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            for name in names[:200]:
                with archive.open(name) as member:
                    extract.data.append(_npy_header(member, text(name[:-4], 100)))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise Unreadable("corrupt", text(error, 120)) from error
    extract.facts = {"arrays": len(names)}
    return extract


def _npy_header(file: Any, name: str) -> Data:
    start = file.read(12)
    if len(start) < 12 or start[:6] != b"\x93NUMPY":
        raise Unreadable("corrupt", "no NPY header")
    if start[6] == 1:
        length, header = struct.unpack_from("<H", start, 8)[0], start[10:]
    else:
        length, header = struct.unpack_from("<I", start, 8)[0], b""
    if length > _HEAD:
        raise Unreadable("corrupt", "NPY header too long")
    header += file.read(length - len(header))
    try:
        said = ast.literal_eval(header.decode("latin-1").strip())
        shape = [int(n) for n in said["shape"]]
        dtype = said["descr"] if isinstance(said["descr"], str) else "compound"
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise Unreadable("corrupt", "NPY header") from error
    if dtype == "|O":
        dtype = "objects"
    return Data(path=name, shape=shape, dtype=text(dtype, 40), signal=name == "array")


def extract_png(path: str) -> Extract:
    """Size, depth, physical scale, time and texts of a PNG."""
    tree, facts = Tree(), {}
    extract = Extract(format="png")
    with open_regular(path) as file:
        file.seek(8)
        for _ in range(1000):
            start = file.read(8)
            if len(start) < 8:
                break
            length, kind = struct.unpack(">I4s", start)
            if kind in (b"IDAT", b"IEND"):
                break
            if length > _HEAD:
                file.seek(length + 4, os.SEEK_CUR)
                continue
            body = file.read(length)
            file.seek(4, os.SEEK_CUR)
            if kind == b"IHDR" and length == 13:
                width, height, depth, colour = struct.unpack_from(">IIBB", body)
                facts = {
                    "width": width,
                    "height": height,
                    "bit_depth": depth,
                    "colour": _PNG_COLOUR.get(colour, "other"),
                }
            elif kind == b"pHYs" and length == 9 and body[8] == 1:
                tree.put(["resolution"], pair(struct.unpack_from(">I", body)[0], "1/m"))
            elif kind == b"tIME" and length == 7:
                year, month, day, hour, minute, second = struct.unpack(">HBBBBB", body)
                extract.start_time = iso_time(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
            elif kind == b"tEXt":
                key, _, words = body.partition(b"\x00")
                tree.put(["text", text(key.decode("latin-1"), 80)], pair(text(words.decode("latin-1")), None))
    if not facts:
        raise Unreadable("corrupt", "no PNG header")
    shape = [facts["height"], facts["width"]]
    dtype = "<u2" if facts["bit_depth"] == 16 else "|u1"
    extract.data = [Data(path="image", shape=shape, dtype=dtype, signal=True)]
    extract.facts, extract.metadata, extract.sources = facts, tree.root, dict.fromkeys(tree.root, "png")
    return extract


def extract_mat5(path: str) -> Extract:
    """The descriptive text at the start of a MATLAB 5 file."""
    with open_regular(path) as file:
        words = text(file.read(116))
    return Extract(format="mat5", metadata={"header": words}, sources={"header": "mat5"})
