"""Other processes: programs, workers and forks, whose work is not seen here, or by a record of their own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from types import FrameType

from . import audit
from .files import Files
from .flow import Event
from .handed import files_in
from .paths import absolute, plain


class Watched(Files):
    """Takes all that the hooks see: files, and other processes with the files that they are handed."""

    def started(self, program: object, arguments: object = (), folder: object = None) -> None:
        """Another program starts: what it reads and writes is not seen, but its arguments may name files."""
        if self._journal.run() is not None and not _called_from(
            "_find_and_load"
        ):  # modules ask the system when imported
            word = plain(program) or "?"
            listed = type(arguments) in (list, tuple)  # of the user's own kinds, a part is the user's code to give
            given: list[object] = list(arguments)[1:] if listed else [arguments]  # type: ignore[call-overload]  # see listed
            self._unseen(os.path.basename(word.split(" ")[0]), given, folder)

    def handed(self, worker: str, values: Iterable[object]) -> None:
        """Work is given to a worker that is not seen; its arguments may name files."""
        self._unseen(worker, values)

    def forked(self) -> None:
        """This process has forked; the child keeps a record of its own."""
        if not self._journal.on or audit.is_quiet():
            return
        with audit.quiet():
            run = self._journal.run()
            if run is None or run.done:
                return
            shell = _called_from("spawn", "ptyprocess")
            if shell is not None:  # `!command`: the child becomes another program at once
                self._unseen("shell command", list(shell.f_locals.get("argv") or ())[1:])
            else:
                self._journal.add(Event("fork"), run, tell=False)

    def _unseen(self, program: str, given: Iterable[object], folder: object = None) -> None:
        run = self._journal.run()
        if run is None:
            return
        run.unseen[f"process: {program}"] = None
        for path in files_in(given, absolute(folder)):
            if self._filter(path):
                self._journal.see(Event("read", pid=self._pids.get(path), path=path, certain=False), "argument")
        self._journal.add(Event("process"), run)


def _called_from(function: str, file: str = "") -> FrameType | None:
    """The frame of a function of this name (in a file whose path holds ``file``) among our callers."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == function and file in frame.f_code.co_filename:
            return frame
        frame = frame.f_back
    return None
