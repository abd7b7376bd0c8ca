"""Following the spool files that kernels write."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import process
from .durable import read_json, sync_file, write_json

_CHUNK = 4 << 20
_LONGEST_LINE = 64 << 20
# A spool of another machine tells nothing of its process: after so long without a line it counts as dead.
_SILENT_S = 6 * 3600.0


@dataclass
class SpoolFile:
    """One spool file: read up to ``offset``, durably done up to ``saved``.

    Attributes
    ----------
    path
        The file.
    offset
        Bytes read so far, always at the start of a line.
    saved
        Bytes whose consequences are on disk.
    garbage
        Lines that made no sense.
    head
        Its ``session`` line.
    closed
        Whether it ended with ``close``.
    """

    path: Path
    offset: int = 0
    saved: int = 0
    garbage: int = 0
    head: dict[str, Any] = field(default_factory=dict)
    closed: bool = False
    _size_and_mtime: tuple[int, int] = (-1, -1)
    _looked: float = 0.0
    _alive: bool = True

    def has_news(self) -> bool:
        """Whether the file has grown since it was last read; costs one ``stat``."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        seen = (status.st_size, status.st_mtime_ns)
        if seen == self._size_and_mtime:
            return False
        self._size_and_mtime = seen
        return True

    def read(self) -> list[tuple[int, dict[str, Any]]]:
        """New whole lines as (offset behind the line, object). A last line without its end is left for later."""
        lines: list[tuple[int, dict[str, Any]]] = []
        with open(self.path, "rb") as file:
            sync_file(file.fileno())  # kernels don't: a result that survives a power cut needs its record
            file.seek(self.offset)
            rest = b""
            while chunk := file.read(_CHUNK):
                rest += chunk
                *whole, rest = rest.split(b"\n")
                for raw in whole:
                    self.offset += len(raw) + 1
                    value = self._parse(raw)
                    if value is not None:
                        lines.append((self.offset, value))
                if len(rest) > _LONGEST_LINE:
                    self.offset += len(rest)
                    self.garbage += 1
                    rest = b""
        return lines

    def _parse(self, raw: bytes) -> dict[str, Any] | None:
        if not raw.strip():
            return None
        try:
            # Names of files need not be characters; kernels escape such bytes, other writers may not.
            value = json.loads(raw.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict) or not isinstance(value.get("k"), str):
            self.garbage += 1
            return None
        if not isinstance(value.get("t"), int | float) or isinstance(value.get("t"), bool):
            value["t"] = 0.0
        if value["k"] == "session":
            self.head = self.head or value
        elif value["k"] == "close":
            self.closed = True
        return value

    @property
    def pid(self) -> int:
        """Number of the process that writes it, 0 when unknown."""
        told = self.head.get("pid")
        if isinstance(told, int) and not isinstance(told, bool):
            return told
        parts = self.path.stem.split("-")
        return int(parts[-2]) if len(parts) >= 3 and parts[-2].isdigit() else 0

    def is_here(self) -> bool:
        """Whether its process runs, or ran, on this machine."""
        told_host = self.head.get("host")
        return told_host is None or bool(told_host == process.host())

    def is_alive(self, now: float) -> bool:
        """Whether its process may still write to it.

        Parameters
        ----------
        now
            Unix seconds.
        """
        if self.closed or not self._alive:
            return False
        if now - self._looked < 1.0:
            return True
        self._looked = now
        if self.is_here() and self.pid:
            alive = process.is_alive(self.pid, str(self.head.get("boot") or ""))
        else:
            alive = now - self._size_and_mtime[1] / 1e9 < _SILENT_S
        # What it wrote between our last reading and its end must be read before it counts as dead.
        self._alive = alive or self._has_grown()
        return self._alive

    def _has_grown(self) -> bool:
        try:
            return os.stat(self.path).st_size != self._size_and_mtime[0]
        except OSError:
            return False


class Bookmarks:
    """How far each spool file was worked off, durably: ``outbox/spool/<name>.json``."""

    def __init__(self, outbox: Path) -> None:
        self._folder = outbox / "spool"

    def open(self, path: Path) -> SpoolFile:
        """The spool file at ``path`` with the mark kept for it."""
        told = read_json(self._folder / f"{path.name}.json")
        saved = told.get("offset") if isinstance(told, dict) else 0
        return SpoolFile(path, saved=saved if isinstance(saved, int) and saved > 0 else 0)

    def save(self, file: SpoolFile) -> None:
        """Keep that everything read so far has its consequences on disk.

        Raises
        ------
        OSError
            The mark can't be written; the file will be worked off again from the last one.
        """
        if file.offset <= file.saved:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = {"offset": file.offset, "garbage": file.garbage}
        write_json(self._folder / f"{file.path.name}.json", mark)
        file.saved = file.offset

    def forget(self, file: SpoolFile) -> None:
        """Remove a spool file that is finished, and its mark."""
        for path in (file.path, self._folder / f"{file.path.name}.json"):
            path.unlink(missing_ok=True)


def unread(state: Path) -> int:
    """How many spool files under the state folder hold lines whose consequences are not on disk yet.

    Reads the disk only, so any process may call it at any time.
    """
    marks = Bookmarks(Path(state) / "outbox")
    count = 0
    for path in (Path(state) / "spool").glob("[!.]*.jsonl"):
        try:
            count += path.stat().st_size > marks.open(path).saved
        except OSError:
            continue
    return count
