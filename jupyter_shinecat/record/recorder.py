"""The record of one process: takes what the hooks see, and tells the spool."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from types import FrameType
from typing import Any

from jupyter_shinecat.paths import results_dir, state_dir

from . import audit
from .cells import Cells, Run
from .ending import Endings
from .flow import Event, names_in
from .handed import files_in
from .libraries import table
from .notebook import Notes, Seen
from .paths import PathFilter, absolute, store_of
from .session import Session
from .spool import Spool
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

    Attributes
    ----------
    on
        Whether it records now.
    """

    def __init__(self, shell: Any) -> None:
        state = state_dir()
        self.shell = shell
        self.session = Session(getattr(shell, "path", None))
        self.spool = Spool(lambda: state / "spool", self.session.line)
        self.on = False
        self._filter = PathFilter(roots=(str(results_dir()), os.getcwd()), excluded=(str(state),))
        self._endings = Endings(shell, self.spool)
        self._notes = Notes(shell)
        self._cells = Cells(shell, self._ended, _never_raises)
        self._endings.runs = self._cells.runs
        self._libraries = Wrapping(table(self._opened_by, self._handed), self._namespaces)
        self._copying: tuple[int, str, str] | None = None
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
            self._libraries.start()
            self._notes.start()
        audit.watch(self)
        self.on = True

    def stop(self) -> None:
        """Record no longer: wrapped functions are the originals again; one flag test stays in each ``open``."""
        if not self.on:
            return
        self.on = False
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

    def written(self) -> list[str]:
        """Files that the running cell has written so far and that are still there, by their last name."""
        run = self._cells.now() if self.on else None
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
        run = self._cells.now() if self.on and not audit.is_quiet() else None
        if run is not None:
            with contextlib.suppress(Exception), audit.quiet():
                self._endings.tell(run)
                self.spool.write("param", run=run.number, name=name, value=value)

    # -- what the hooks see (audit.Sink) -------------------------------------------------------------------------

    def opened(self, path: object, *, reads: bool, writes: bool, fresh: bool, how: str) -> None:
        """A file is opened. A part of a store that is a folder (Zarr) stands for the store."""
        full = absolute(path)
        if full is None or not self._filter(full):
            if full is not None and writes and self._filter.may_become(full):
                self._beside(full, fresh)
            return
        whole = store_of(full) or full
        if writes and os.path.isdir(full):  # tempfile opens the folder by name, and the file in it by an opener
            return
        if reads:
            self._see(Event("read", pid=self._pids.get(full) or self._pids.get(whole), path=whole), how)
        if writes:
            copying, self._copying = self._copying, None
            if copying is not None and copying[:2] == (threading.get_ident(), full):
                self._link(copying[2], full)
                return
            if fresh:
                self._replaced(full, full)
            self._written.add(full)
            self._see(Event("write", path=whole, fresh=fresh and whole == full), how, file=full)

    def renamed(self, source: object, target: object) -> None:
        """A file gets another name."""
        old, new = absolute(source), absolute(target)
        if old is None or new is None:
            return
        if self._filter(new):
            if old in self._written or old in self._endings.hidden or self._filter(old):
                self._written.add(new)
                if old in self._pids:
                    self._pids[new] = self._pids.pop(old)
                else:
                    self._replaced(new, os.path.dirname(new))
                self._see(Event("rename", path=old, target=new), "rename")
        elif old in self._written:
            self._see(Event("remove", path=old), "remove")
        elif old in self._endings.hidden and self._filter.may_become(new):
            self._hide(Event("rename", path=old, target=new), new)

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

    def copied(self, source: object, target: object) -> None:
        """A file is copied: the copy of an input is no result, and who reads it reads the input."""
        old, new = absolute(source), absolute(target)
        if old is not None and new is not None and old not in self._written and self._filter(old):
            self._copying = (threading.get_ident(), new, old)

    def linked(self, source: object, target: object) -> None:
        """A file gets a second name."""
        new = absolute(target)
        if new is None or not self._filter(new):
            return
        # A symbolic link names its file as seen from its own folder; a hard link as seen from ours.
        near = absolute(os.path.join(os.path.dirname(new), os.fspath(source)))  # type: ignore[call-overload]
        plain = absolute(source)
        old = near if near is not None and (near in self._written or near in self._pids) else plain
        if old in self._written:
            self.renamed(old, new)
        elif near is not None and plain is not None and self._filter(plain):
            self._link(near if os.path.exists(near) else plain, new)

    def started(self, program: object, arguments: object = (), folder: object = None) -> None:
        """Another program starts: what it reads and writes is not seen, but its arguments may name files."""
        if self._cells.now() is not None and not _called_from("_find_and_load"):  # modules ask the system when imported
            word = os.fsdecode(program) if isinstance(program, (str, bytes)) else str(program)
            given = arguments[1:] if isinstance(arguments, (list, tuple)) else [arguments]
            self._unseen(os.path.basename(word.split(" ")[0]), given, folder)

    def _unseen(self, program: str, given: Iterable[object], folder: object = None) -> None:
        run = self._cells.now() if self.on else None
        if run is None:
            return
        run.unseen[f"process: {program}"] = None
        for path in files_in(given, absolute(folder) if folder else None):
            if self._filter(path):
                self._see(Event("read", pid=self._pids.get(path), path=path, certain=False), "argument")
        event = Event("process")
        event.place, event.inner = self._cells.place(run)
        self._append(run, event)
        self._endings.tell(run)

    def _replaced(self, path: str, changing: str) -> None:
        """Other content comes to ``path``: no dataset's any more, unless it is refused because of ``changing``."""
        if path in self._pids and (os.access(changing, os.W_OK) or not os.path.lexists(changing)):
            del self._pids[path]

    def _link(self, old: str, new: str) -> None:
        self._written.discard(new)
        if old in self._pids:
            self._pids[new] = self._pids[old]
        self._see(Event("link", path=old, target=new), "copy")

    def _opened_by(self, name: object, mode: str, how: str) -> None:
        if not self.on or audit.is_quiet():
            return
        with audit.quiet():
            self.opened(
                name,
                reads=mode in ("r", "r+", "a"),
                writes=mode != "r",
                fresh=mode in ("w", "w-", "x"),
                how=how,
            )

    def _namespaces(self) -> Iterable[dict[str, Any]]:
        """The notebook's names, and those of all modules."""
        yield self.shell.user_global_ns
        for name in list(sys.modules):
            space = names_in(name)
            if space is not None:
                yield space

    def _handed(self, worker: str, values: Iterable[object]) -> None:
        if self.on and not audit.is_quiet():
            with audit.quiet():
                self._unseen(worker, values)

    # -- keeping it ----------------------------------------------------------------------------------------------

    def _see(self, event: Event, how: str, file: str | None = None) -> None:
        run = self._cells.now() if self.on else None
        if run is None:
            return
        event.place, event.inner = self._cells.place(run)
        place = (id(event.place.code), event.place.instruction) if event.place else None
        known = run.writes if event.kind == "write" else run.known
        file = file or event.path
        here = (event.pid, file, how, place)
        line = (event.pid, file, how)
        moves = event.kind in ("rename", "remove", "link")
        if not moves and here in known:
            return
        store = store_of(event.target) if event.kind == "rename" and event.target else None
        if store is None or not str(event.path).startswith(store + "/"):  # parts of a store move inside it
            if event.kind == "read" and self._cells.is_stray(run):
                self._endings.strays.append(event)
            else:
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
            run.seen.reads[event.pid, event.path] = how
            self.spool.write("read", run=run.number, pid=event.pid, path=event.path, how=how)
        elif event.kind == "write":
            run.seen.writes[str(event.path)] = how
            self.spool.write("write", run=run.number, path=file, how=how)
        elif event.kind in ("rename", "link"):
            if event.kind == "rename" and store is None:
                run.seen.renamed(event.path, event.target)
            if event.path in self._endings.hidden:  # nobody was told of it by its first name
                self._endings.hidden.discard(event.path)
                self.spool.write("write", run=run.number, path=event.target, how=how)
            else:
                self.spool.write(event.kind, run=run.number, src=event.path, dst=event.target)
        else:
            run.seen.renamed(event.path, None)
            self.spool.write("remove", run=run.number, path=event.path)

    def _ended(self, run: Run, ok: bool) -> None:
        try:
            self._endings.ended(run, ok)
        finally:
            self._notes.ended(run)
            run.seen = Seen()  # runs are kept as long as the session lives, and may have read very many files

    def _beside(self, path: str, fresh: bool) -> None:
        """A file is written under a name that hides it: no result, unless it gets another name."""
        self._hide(Event("write", path=path, fresh=fresh), path)

    def _hide(self, event: Event, path: str) -> None:
        """Keep an event that nobody is told of, for the sources of the hidden file ``path``."""
        run = self._cells.now() if self.on else None
        if run is None:
            return
        event.place, event.inner = self._cells.place(run)
        place = (id(event.place.code), event.place.instruction) if event.place else None
        here = ("hidden", event.kind, event.path, path, place)
        if here not in run.writes:
            run.writes.add(here)
            run.events.append(event)
            self._endings.hidden.add(path)

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
        if self.on and not audit.is_quiet():
            with audit.quiet():
                run = self._cells.now()
                if run is None or run.done:
                    return
                shell = _called_from("spawn", "ptyprocess")
                if shell is not None:  # `!command`: the child becomes another program at once
                    self._unseen("shell command", list(shell.f_locals.get("argv") or ())[1:])
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


def _called_from(function: str, file: str = "") -> FrameType | None:
    """The frame of a function of this name (in a file whose path holds ``file``) among our callers."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == function and file in frame.f_code.co_filename:
            return frame
        frame = frame.f_back
    return None
