"""What the lines of a session say, put in order: its runs, and where the files it wrote are now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .spool import SpoolFile


@dataclass
class Event:
    """A file written, renamed or removed: ``kind`` is ``write``, ``rename`` or ``remove``.

    ``forked`` when a child of the kernel did it.
    """

    t: float
    kind: str
    run: int
    path: str
    dst: str = ""
    forked: bool = False


@dataclass
class Run:
    """One executed cell.

    Attributes
    ----------
    number
        Its number in the session, from 1.
    code, cell, n
        Code, cell id and execution count.
    end
        Its ``end`` line; None while it runs, or when its process died in it.
    handled
        Whether what it wrote was turned into entries (or into nothing).
    covered
        Paths that need no further entry.
    """

    number: int
    t: float = 0.0
    code: str = ""
    cell: str | None = None
    n: int | None = None
    writer: SpoolFile | None = None
    end: dict[str, Any] | None = None
    derived: list[dict[str, Any]] = field(default_factory=list)
    handled: bool = False
    covered: set[str] = field(default_factory=set)
    dirty: bool = False


@dataclass
class Session:
    """One kernel, or one script: all spool files that name the same session.

    Attributes
    ----------
    handed
        (run, path) of files that a run finished through a handle which an earlier run had opened.
    was
        The earlier name of each file that was renamed or copied.
    parameters
        (run, name, value) as told by ``sc.param``, in order.
    """

    uuid: str
    head: dict[str, Any] = field(default_factory=dict)
    files: list[SpoolFile] = field(default_factory=list)
    runs: dict[int, Run] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    reads: list[dict[str, Any]] = field(default_factory=list)
    handed: set[tuple[int, str]] = field(default_factory=set)
    was: dict[str, str] = field(default_factory=dict)
    parameters: list[tuple[int, str, Any]] = field(default_factory=list)
    _renamed: tuple[int, list[Event]] = field(default_factory=lambda: (0, []))
    _folded: tuple[int, dict[str, dict[int, float]]] = field(default_factory=lambda: (0, {}))

    def add(self, file: SpoolFile, line: dict[str, Any], *, replay: bool) -> None:
        """Take in one line; with ``replay`` its consequences are on disk already."""
        kind = line["k"]
        if kind == "session":
            self.head = self.head or line
            return
        number = line.get("run")
        if not isinstance(number, int) or isinstance(number, bool):
            return
        run = self.runs.setdefault(number, Run(number, t=float(line["t"])))
        forked = "parent" in file.head
        if kind == "cell":
            run.code, run.cell, run.n = _text(line.get("code")), line.get("cell"), line.get("n")
            if not forked or run.writer is None:  # a child tells the running cell again
                run.t, run.writer = float(line["t"]), file
            return
        run.writer = run.writer or file
        if kind == "read":
            self.reads.append({**line, "forked": forked})
        elif kind == "param":
            if isinstance(line.get("name"), str):
                self.parameters.append((number, line["name"], line.get("value")))
        elif kind == "end":
            run.end, run.dirty = line, run.dirty or not replay
            if replay:
                self._settle(run)
        elif kind == "derived":
            run.derived.append(line)
            run.dirty = run.dirty or not replay
        else:
            event = _event(line, number)
            if event is not None:
                event.forked = forked
                if event.dst and event.dst != event.path:
                    self.was[event.dst] = event.path
                if kind == "link":  # what was there before is gone, and the copy of an input is no result
                    event = Event(event.t, "remove", number, event.dst)
                self.events.append(event)
                if line.get("how") == "handle":
                    self.handed.add((number, event.path))
                run.dirty = run.dirty or not replay

    def _settle(self, run: Run) -> None:
        run.handled = True
        run.covered.update(self.written(run.number))

    def owners(self) -> dict[str, dict[int, float]]:
        """Each file by its name now: which runs opened it for writing, and when last."""
        if self._folded[0] != len(self.events):
            self._folded = (len(self.events), _fold(self.events))
        return self._folded[1]

    def written(self, number: int) -> dict[str, float]:
        """Files of the run as they are named now, each with the time when it was last opened for writing."""
        return {path: runs[number] for path, runs in self.owners().items() if number in runs}

    def follow(self, path: str, since: float) -> str:
        """Where the file that was at ``path`` at the time ``since`` has been renamed to."""
        for event in self._renames():
            if event.t >= since and _beneath(path, event.path):
                path = event.dst + path[len(event.path) :]
        return path

    def _renames(self) -> list[Event]:
        if self._renamed[0] != len(self.events):
            renames = [event for event in self.events if event.kind == "rename"]
            self._renamed = (len(self.events), sorted(renames, key=lambda event: event.t))
        return self._renamed[1]

    def moved_in(self, number: int) -> dict[str, float]:
        """Files that the run moved to their place without anyone having written them here (a subprocess had)."""
        known = {event.path for event in self.events if event.kind == "write"}
        known |= {event.dst for event in self.events if event.kind == "rename" and event.run != number}
        own = [event for event in self.events if event.kind == "rename" and event.run == number]
        return {event.dst: event.t for event in own if known.isdisjoint(_above(event.path))}

    def is_alive(self, now: float) -> bool:
        """Whether any process of the session may still write."""
        return any(file.is_alive(now) for file in self.files)


class Sessions:
    """All sessions whose spool is there."""

    def __init__(self) -> None:
        self._by_uuid: dict[str, Session] = {}
        self._by_file: dict[str, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_uuid.values()))

    def of(self, file: SpoolFile) -> Session:
        """The session of a spool file."""
        name = file.path.name
        if name not in self._by_file:
            uuid = str(file.head.get("session") or file.path.stem)
            session = self._by_uuid.setdefault(uuid, Session(uuid))
            session.files.append(file)
            self._by_file[name] = session
        return self._by_file[name]

    def drop(self, file: SpoolFile) -> None:
        """Forget a spool file that is finished."""
        session = self._by_file.pop(file.path.name, None)
        if session is not None:
            session.files.remove(file)
            if not session.files:
                del self._by_uuid[session.uuid]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _absolute(value: object) -> str:
    return os.path.normpath(value) if isinstance(value, str) and os.path.isabs(value) and "\0" not in value else ""


def _event(line: dict[str, Any], run: int) -> Event | None:
    kind, t = line["k"], float(line["t"])
    if kind in ("write", "remove") and _absolute(line.get("path")):
        return Event(t, kind, run, _absolute(line["path"]))
    if kind in ("rename", "link") and _absolute(line.get("src")) and _absolute(line.get("dst")):
        return Event(t, kind, run, _absolute(line["src"]), _absolute(line["dst"]))
    return None


def _beneath(name: str, path: str) -> bool:
    return name == path or name.startswith(path + os.sep)


def _above(path: str) -> list[str]:
    """``path`` and every folder above it."""
    found = [path]
    while (parent := os.path.dirname(path)) != path:
        found.append(parent)
        path = parent
    return found


def _fold(events: list[Event]) -> dict[str, dict[int, float]]:
    owners: dict[str, dict[int, float]] = {}
    files = {event.path for event in events if event.kind == "write"}
    files |= {event.dst for event in events if event.kind == "rename" and event.path in files}
    for event in sorted(events, key=lambda event: event.t):
        if event.kind == "write":
            owners.setdefault(event.path, {})[event.run] = event.t
            continue
        # A name once written is a file: only what isn't may be a folder, and needs the long look.
        names = [event.path] if event.path in files else [name for name in owners if _beneath(name, event.path)]
        for name in names:
            runs = owners.pop(name, None)
            if runs and event.kind == "rename":
                owners.setdefault(event.dst + name[len(event.path) :], {}).update(runs)
    return owners
