"""The record of one process: takes what the hooks see, and tells the spool."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import weakref
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from jupyter_shinecat.paths import results_dir, state_dir

from . import audit
from .cells import Cells, Run
from .ending import Endings
from .flow import Event
from .hdf5 import Hdf5Watch
from .paths import PathFilter, absolute
from .session import Session
from .spool import Spool

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

    Attributes
    ----------
    on
        Whether it records now.
    """

    def __init__(self, shell: Any) -> None:
        state = state_dir()
        self.shell = shell
        self.session = Session()
        self.spool = Spool(lambda: state / "spool", self.session.line)
        self.on = False
        self._filter = PathFilter(roots=(str(results_dir()), os.getcwd()), excluded=(str(state),))
        self._endings = Endings(shell, self.spool)
        self._cells = Cells(shell, self._endings.ended, _never_raises)
        self._endings.runs = self._cells.runs
        self._hdf5 = Hdf5Watch(self._hdf5_opened)
        self._pids: dict[str, str] = {}
        self._written: set[str] = set()
        atexit.register(self._close)
        _forks.add(self)

    # -- switch --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Record from now on. Calling it again does nothing."""
        if self.on:
            return
        with audit.quiet():
            self._cells.start()
            self._hdf5.start()
        audit.watch(self)
        self.on = True

    def stop(self) -> None:
        """Record no longer: wrapped functions are the originals again; one flag test stays in each ``open``."""
        if not self.on:
            return
        self.on = False
        audit.watch(None)
        self._hdf5.stop()
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
        with contextlib.suppress(Exception), audit.quiet():
            if path:
                self.belongs(path, pid)
            self._see(Event("read", pid=pid, path=path, certain=certain), how)

    def belongs(self, path: str, pid: str) -> None:
        """The file at ``path`` belongs to this dataset: who reads it, reads the dataset."""
        self._pids[os.path.normpath(path)] = pid

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
        run = self._cells.now() if self.on else None
        if run is None:
            return False
        with audit.quiet():
            for path in paths:
                self._append(run, Event("named", path=path))
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

    # -- what the hooks see (audit.Sink) -------------------------------------------------------------------------

    def opened(self, path: object, *, reads: bool, writes: bool, fresh: bool, how: str) -> None:
        """A file is opened."""
        full = absolute(path)
        if full is None or not self._filter(full):
            return
        if reads:
            self._see(Event("read", pid=self._pids.get(full), path=full), how)
        if writes:
            self._written.add(full)
            self._see(Event("write", path=full, fresh=fresh), how)

    def renamed(self, source: object, target: object) -> None:
        """A file gets another name."""
        old, new = absolute(source), absolute(target)
        if old is None or new is None:
            return
        if self._filter(new):
            if old in self._written or self._filter(old):
                self._written.add(new)
                self._see(Event("rename", path=old, target=new), "rename")
        elif old in self._written:
            self._see(Event("remove", path=old), "remove")

    def removed(self, path: object, *, tree: bool = False) -> None:
        """A file, or a folder with all in it, is removed."""
        full = absolute(path)
        if full is None:
            return
        gone = [one for one in self._written if one.startswith(full + "/")] if tree else [full]
        for one in gone:
            if one in self._written:
                self._written.discard(one)
                self._see(Event("remove", path=one), "remove")

    def started(self, program: object) -> None:
        """Another program starts: what it reads and writes is not seen."""
        run = self._cells.now()
        if run is not None and not _called_from("_find_and_load"):  # modules that ask the system when imported
            word = os.fsdecode(program) if isinstance(program, (str, bytes)) else str(program)
            run.unseen[f"process: {os.path.basename(word.split(' ')[0])}"] = None

    def _hdf5_opened(self, name: object, mode: str) -> None:
        if not self.on or audit.is_quiet():
            return
        with audit.quiet():
            self.opened(
                name,
                reads=mode in ("r", "r+", "a"),
                writes=mode != "r",
                fresh=mode in ("w", "w-", "x"),
                how="h5py",
            )

    # -- keeping it ----------------------------------------------------------------------------------------------

    def _see(self, event: Event, how: str) -> None:
        run = self._cells.now() if self.on else None
        if run is None:
            return
        event.place, event.inner = self._cells.place(run)
        place = (id(event.place.code), event.place.instruction) if event.place else None
        known = run.writes if event.kind == "write" else run.known
        here = (event.pid, event.path, how, place)
        line = (event.pid, event.path, how)
        moves = event.kind in ("rename", "remove")
        if not moves and here in known:
            return
        self._append(run, event)
        if moves:
            run.writes.clear()  # the same name may be written again
        elif line in known:
            known.add(here)
            return
        else:
            known.update((here, line))
        self._endings.tell(run)
        if event.kind == "read":
            self.spool.write("read", run=run.number, pid=event.pid, path=event.path, how=how)
        elif event.kind == "write":
            self.spool.write("write", run=run.number, path=event.path, how=how)
        elif event.kind == "rename":
            self.spool.write("rename", run=run.number, src=event.path, dst=event.target)
        else:
            self.spool.write("remove", run=run.number, path=event.path)

    def _append(self, run: Run, event: Event) -> None:
        run.events.append(event)
        if run.done and event.kind in ("write", "rename"):
            run.late = True

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
        if self.on:
            with audit.quiet():
                run = self._cells.now()
                if run is None or run.done:
                    return
                if _called_from("spawn", "ptyprocess"):  # `!command`: the child becomes another program at once
                    self.started("shell command")
                else:
                    event = Event("fork")
                    event.place, event.inner = self._cells.place(run)
                    run.events.append(event)


_forks: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _at_fork(method: str) -> None:
    for recorder in list(_forks):
        with contextlib.suppress(Exception):
            getattr(recorder, method)()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        after_in_child=lambda: _at_fork("_forked_child"), after_in_parent=lambda: _at_fork("_forked_parent")
    )


def _called_from(function: str, file: str = "") -> bool:
    """Whether a function of this name (in a file whose path holds ``file``) is among our callers."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == function and file in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
