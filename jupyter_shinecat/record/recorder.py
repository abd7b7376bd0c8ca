"""The record of one process: takes what the hooks see, and tells the spool."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jupyter_shinecat.paths import results_dir, state_dir

from . import audit
from .cells import Cells, Run
from .ending import Endings
from .flow import Event, names_in
from .journal import Journal
from .libraries import table
from .notebook import Notes, Seen
from .paths import PathFilter
from .session import Session
from .spool import Spool
from .watched import Watched
from .wrapping import Wrapping

log = logging.getLogger("jupyter_shinecat.record")


def _never_raises(callback: Callable[..., None]) -> Callable[..., None]:
    """What a callback of ours raises would be printed into the user's cell."""

    def wrapped(*args: Any) -> None:
        try:
            with audit.quiet():
                callback(*args)
        except Exception:
            log.debug("record: a callback failed", exc_info=True)

    return wrapped


class Recorder:
    """What code in this kernel read and wrote.

    Parameters
    ----------
    shell
        IPython's shell.
    """

    def __init__(self, shell: Any) -> None:
        state = state_dir()
        self.shell = shell
        self.session = Session(getattr(shell, "path", None))
        self.spool = Spool(lambda: state / "spool", self.session.line)
        wanted = PathFilter(roots=(str(results_dir()), os.getcwd()), excluded=(str(state),))
        self._endings = Endings(shell, self.spool)
        self._notes = Notes(shell, self.spool.waiting)
        self._cells = Cells(shell, self._ended, _never_raises)
        self._endings.runs = self._cells.runs
        self._journal = Journal(self._cells, self._endings, self.spool)
        self._watched = Watched(self._journal, wanted)
        self._libraries = Wrapping(table(self._watched), self._namespaces)
        atexit.register(self._close)
        _forks.add(self)

    @property
    def on(self) -> bool:
        """Whether it records now."""
        return self._journal.on

    # -- switch --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Record from now on. Calling it again does nothing."""
        if self.on:
            return
        with audit.quiet():
            self._cells.start()
            self._libraries.start()
            self._notes.start()
        audit.watch(self._watched)
        self._journal.on = True

    def stop(self) -> None:
        """Record no longer: wrapped functions are the originals again; one flag test stays in each ``open``."""
        if not self.on:
            return
        self._journal.on = False
        audit.watch(None)
        self._notes.stop()
        self._libraries.stop()
        self._cells.stop()

    # -- what the handles say ------------------------------------------------------------------------------------

    def read(self, pid: str, *, how: str, path: str | None = None, certain: bool = True) -> None:
        """A dataset was read through one of our handles.

        Parameters
        ----------
        pid
            Its identifier.
        how
            ``open``, ``metadata``, ``h5``, ``table`` or ``path``.
        path
            The file, when one was read or named.
        certain
            False when it was opened, and nothing of it taken yet.
        """
        if audit.is_quiet():  # sc.untracked()
            return
        with contextlib.suppress(Exception), audit.quiet():
            if path:
                self.belongs(path, pid)
            self._journal.see(Event("read", pid=pid, path=path, certain=certain), how)

    def belongs(self, path: str, pid: str) -> None:
        """The file at ``path`` belongs to this dataset: who reads it, reads the dataset."""
        self._watched.belongs(path, pid)

    def derived(
        self,
        paths: Sequence[str],
        *,
        name: str | None,
        keywords: Sequence[str],
        description: str | None,
        parameters: dict[str, Any],
    ) -> bool:
        """The user says what result these files are. Returns False when nothing is recorded here."""
        run = self._journal.run()
        if run is None:
            return False
        with audit.quiet():
            for path in paths:
                self._journal.append(run, Event("named", path=path))
            self._endings.tell(run)
            self.spool.write(
                "derived",
                run=run.number,
                name=name,
                keywords=list(keywords),
                description=description,
                paths=list(paths),
                parameters=parameters,
            )
        return True

    def written(self) -> list[str]:
        """Files that the running cell has written so far and that are still there, by their last name."""
        run = self._journal.run()
        found: dict[str, None] = {}
        for event in run.events if run is not None else ():
            if event.kind in ("remove", "rename") and event.path:
                found.pop(event.path, None)
            name = event.path if event.kind == "write" else event.target if event.kind == "rename" else None
            if name:
                found[name] = None
        return [path for path in found if os.path.exists(path)]

    def param(self, name: str, value: Any) -> None:
        """The user names a value that the analysis is run with; ``value`` as in JSON."""
        run = self._journal.run() if not audit.is_quiet() else None
        if run is not None:
            with contextlib.suppress(Exception), audit.quiet():
                self._endings.tell(run)
                self.spool.write("param", run=run.number, name=name, value=value)

    def _namespaces(self) -> Iterable[dict[str, Any]]:
        """The notebook's names, and those of all modules."""
        yield self.shell.user_global_ns
        for name in list(sys.modules):
            space = names_in(name)
            if space is not None:
                yield space

    def _ended(self, run: Run, ok: bool) -> None:
        try:
            for path in self._watched.databases.changed():
                if not any(event.kind == "write" and event.path == path for event in run.events):
                    self._endings.tell(run)
                    run.events.append(Event("write", path=path))
                    run.seen.writes[path] = "sqlite3"
                    self.spool.write("write", run=run.number, path=path, how="sqlite3")
            self._endings.ended(run, ok)
        finally:
            self._notes.ended(run)
            run.seen = Seen()  # runs are kept as long as the session lives, and may have read very many files

    # -- the end of the process ----------------------------------------------------------------------------------

    def _close(self) -> None:
        with contextlib.suppress(Exception), audit.quiet():
            self._endings.catch_up()
            self.spool.close()

    def _forked_child(self) -> None:
        self.session.forked()
        self.spool.forked()
        for run in self._cells.runs:
            run.told = run.done  # the parent's file has the code of what is done; the running cell is told again
            run.known.clear()
            run.writes.clear()

    def _forked_parent(self) -> None:
        self._watched.forked()


_forks: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _at_fork(method: str) -> None:
    for recorder in list(_forks):
        with contextlib.suppress(Exception):
            getattr(recorder, method)()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        after_in_child=lambda: _at_fork("_forked_child"), after_in_parent=lambda: _at_fork("_forked_parent")
    )
