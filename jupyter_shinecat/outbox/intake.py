"""From the spool to entries: follows all spool files and turns each run that has ended into what it made."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator

from .candidates import Found, candidates
from .entries import SENT, Entries, Entry
from .plan import latest_result
from .session import Run, Session, Sessions
from .settings import Settings
from .spool import Bookmarks, SpoolFile

_log = logging.getLogger(__name__)
_KEPT_S = 7 * 86400.0
_NOTES_BYTES = 1_000_000


class Intake:
    """Reads the spool folder.

    Parameters
    ----------
    settings
        Where things are.
    entries
        Gets what is found.
    """

    def __init__(self, settings: Settings, entries: Entries) -> None:
        self._settings = settings
        self._entries = entries
        self._bookmarks = Bookmarks(settings.folder)
        self._files: dict[str, SpoolFile] = {}
        self.sessions = Sessions()
        self.pending: tuple[str, Found] | None = None

    @property
    def garbage(self) -> int:
        """Lines that made no sense, in all files."""
        return sum(file.garbage for file in self._files.values())

    def poll(self) -> list[Entry]:
        """Read what is new; returns the entries that were made of it.

        Raises
        ------
        OSError
            An entry or a bookmark could not be written. `pending` says for what; nothing is lost, the next call tries
            again.
        """
        news = [file for file in self._spool_files() if file.has_news()]
        for file in news:
            self._read(file)
        made: list[Entry] = []
        now = time.time()
        for session in self.sessions:
            for run in list(session.runs.values()):
                if self._is_ripe(session, run, now):
                    made += self._handle(session, run)
        for file in news or self._files.values():
            self._bookmarks.save(file)
        return made

    def other_writers(self, entry: Entry, path: str) -> list[tuple[Session, Run, float]]:
        """Runs that opened the file at ``path`` for writing after the entry's run had: session, run, when."""
        own = (entry.found["session"], entry.found["run"])
        since = float(entry.found["wrote"].get(path) or entry.found["ended"])
        found = []
        for session in self.sessions:
            for number, t in session.owners().get(path, {}).items():
                if (session.uuid, number) != own and t > since:
                    found.append((session, session.runs[number], t))
        return found

    def session(self, uuid: str) -> Session | None:
        """The session of this id, as long as its spool is there."""
        return next((session for session in self.sessions if session.uuid == uuid), None)

    def forget_finished(self) -> None:
        """Remove the spool of processes that ended long ago; their results are entries by now."""
        now = time.time()
        for name, file in list(self._files.items()):
            if file.is_alive(now) or file.saved != file.offset:
                continue
            with contextlib.suppress(OSError):
                if now - os.stat(file.path).st_mtime > _KEPT_S:
                    self._bookmarks.forget(file)
                    self.sessions.drop(file)
                    del self._files[name]

    def _spool_files(self) -> Iterator[SpoolFile]:
        try:
            names = sorted(name for name in os.listdir(self._settings.spool) if name.endswith(".jsonl"))
        except FileNotFoundError:
            return
        for name in names:
            if name.startswith("."):
                continue
            if name not in self._files:
                self._files[name] = self._bookmarks.open(self._settings.spool / name)
            yield self._files[name]

    def _read(self, file: SpoolFile) -> None:
        try:
            lines = file.read()
        except OSError as error:
            _log.warning("spool %s can't be read: %s", file.path.name, error)
            return
        session = self.sessions.of(file)
        for offset, line in lines:
            session.add(file, line, replay=offset <= file.saved)

    @staticmethod
    def _is_ripe(session: Session, run: Run, now: float) -> bool:
        if run.end is not None:
            return run.dirty
        # A child that has ended says nothing of the cell, and one that lives may still write for it.
        died = run.writer is not None and not run.writer.is_alive(now) and not session.is_alive(now)
        return died and (run.dirty or not run.handled)

    def _handle(self, session: Session, run: Run) -> list[Entry]:
        modes = (self._settings.write_back, session.head.get("write_back"))
        made: list[Entry] = []
        for entry in self._entries:
            if (entry.found["session"], entry.found["run"]) == (session.uuid, run.number):
                run.covered.update(*(self._names(session, entry)))
        before = set(run.covered)
        found_all = [] if "off" in modes else self._candidates(session, run)
        covered, run.covered = run.covered, before  # until all are on disk, the next call must find them again
        for key, found in found_all:
            found["write_back"] = "ask" if "ask" in modes else "auto"
            self.pending = (key, found)
            if found["kind"] == "figures" and self._result_of(found) is None:
                self._note("figure without a result", found)
                continue
            made.append(self._entries.create(key, found, {}))
        self.pending = None
        run.covered, run.handled, run.dirty = covered, True, False
        return made

    def _candidates(self, session: Session, run: Run) -> list[tuple[str, Found]]:
        try:
            return candidates(session, run, self._settings.results, self._is_known_input(), self.sessions)
        except OSError:
            raise
        except Exception:
            # A record that we can't make sense of must not stop all others, nor be tried for ever.
            _log.exception("run %s of session %s can't be understood", run.number, session.uuid)
            return []

    @staticmethod
    def _names(session: Session, entry: Entry) -> Iterator[set[str]]:
        names = {*entry.found["paths"], *entry.found["figures"]}
        yield names
        yield {session.follow(name, float(entry.found["ended"])) for name in names}

    def _result_of(self, figures: Found) -> Entry | None:
        return latest_result(figures, [entry for entry in self._entries if entry.found["kind"] == "result"])

    def _is_known_input(self) -> Callable[[str], bool]:
        """Whether a path was opened by a handle as a file of a dataset that no entry of ours made."""
        ours = {entry.pid for entry in self._entries if entry.state == SENT}
        known = {
            read["path"]
            for session in self.sessions
            for read in session.reads
            if read.get("pid") and read.get("path") and read["pid"] not in ours
        }
        return known.__contains__

    def _note(self, what: str, found: Found) -> None:
        """Keep a word on what is not sent, in a file of bounded size."""
        path = self._settings.folder / "notes.jsonl"
        told = {
            "t": time.time(),
            "what": what,
            "notebook": found["notebook"],
            "paths": found["paths"] or found["figures"],
        }
        with contextlib.suppress(OSError):
            if path.exists() and path.stat().st_size > _NOTES_BYTES:
                os.replace(path, path.with_suffix(".1.jsonl"))
            with open(path, "a", encoding="ascii") as file:
                file.write(json.dumps(told) + "\n")
