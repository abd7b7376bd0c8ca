"""The end of a cell: what led to its results, told to the spool."""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from .cells import Run
from .flow import Chain, Event, Sources, Trace
from .software import modules_of
from .spool import Spool

_MAKING = ("write", "rename", "named", "fork", "process")


class Endings:
    """Thinks about runs when they end, and only when one of them wrote something.

    Parameters
    ----------
    shell
        IPython's shell, to read its syntax as Python.
    spool
        Gets the lines.

    Attributes
    ----------
    runs
        All runs of the session.
    strays
        Reads of tasks and threads whose cell had ended, since the last end of a cell.
    hidden
        Files written under a name that hides them, which nobody is told of.
    """

    def __init__(self, shell: Any, spool: Spool) -> None:
        self.runs: list[Run] = []
        self.strays: list[Event] = []
        self.hidden: set[str] = set()
        self._shell = shell
        self._spool = spool
        self._chain = Chain()
        self._waiting: list[Run] | None = None
        self._open_results: set[str] = set()
        # Cells of subshells end in threads of their own, perhaps at the same moment: one after the other here.
        self._one_at_a_time = threading.RLock()

    def tell(self, run: Run) -> None:
        """Before the first line of a run: the code of all runs so far. Cells that touch nothing wait for this."""
        if run.told:
            return
        for one in self.runs[: run.number]:
            if not one.told:
                one.told = True
                self._spool.write("cell", run=one.number, cell=one.cell_id, n=one.count, code=one.raw)

    def ended(self, run: Run, ok: bool) -> None:
        """A cell has ended: say so, and where its results come from."""
        with self._one_at_a_time:
            self._ended(run, ok)

    def _ended(self, run: Run, ok: bool) -> None:
        if self._waiting is None:
            self._waiting = [one for one in self.runs if one.before]
        run.strays, self.strays = self.strays, []
        self._waiting.append(run)  # in the order of their ends: cells may nest, and subshells run side by side
        if self._open_results or self._makes(run):
            self._outcome(run, ok)
        elif run.told:
            self._spool.write("end", run=run.number, status="ok" if ok else "error")
        self.catch_up(run)
        run.known.clear()
        run.writes.clear()

    def catch_up(self, run: Run | None = None) -> None:
        """What was written after the end of its cell: another end for it, with all inputs of the session, uncertain."""
        for one in self.runs:
            if one.late and one is not run:
                one.late = False
                self._end_line(one, True, self._chain.everything(), certain=False, runs=[one.number])

    def _outcome(self, run: Run, ok: bool) -> None:
        waiting, self._waiting = self._waiting or [], []
        for one in waiting:
            self._chain.add(
                Trace(one.number, self._python(one), one.events, one.failed, one.count, one.before, one.strays)
            )
        seen = {event.path for event in run.events if event.kind == "write"}
        seen |= {event.target for event in run.events if event.kind == "rename"}
        seen -= self.hidden
        # A file can only stay open that was opened here, or was open when the cell began.
        candidates = self._open_results | {path for path in seen if path}
        open_now = still_open(candidates)
        outcome = self._chain.outcome(open_now.__contains__, self.hidden)
        sources = outcome.sources
        for path in outcome.written:
            if path not in seen:  # through a handle that an earlier cell opened
                self.tell(run)
                run.seen.writes[path] = "handle"
                self._spool.write("write", run=run.number, path=path, how="handle")
        for event in run.events:
            if event.kind == "named" and event.path and event.path not in outcome.written:
                known = self._chain.result(event.path)
                if known is None:  # written where we could not see it
                    run.unseen[f"file: {event.path}"] = None
                    sources.merge(self._chain.everything(), certain=False)
                else:
                    sources.merge(known)
        self._open_results = open_now
        if outcome.written or self._makes(run):
            self._end_line(run, ok, sources, runs=[*sources.run_numbers()] or [run.number])
        elif run.told:
            self._spool.write("end", run=run.number, status="ok" if ok else "error")
        for one in waiting:
            one.events.clear()

    def _end_line(self, run: Run, ok: bool, sources: Sources, runs: Sequence[int], certain: bool = True) -> None:
        led = [self.runs[number - 1] for number in runs if 0 < number <= len(self.runs)]
        unseen: dict[str, None] = {}
        for one in led:
            unseen.update(one.unseen)
            if one.before and _binds_unseen(one.python):
                unseen["cells before the record began"] = None
        lost = self._spool.take_lost()
        if lost:
            unseen[f"{lost} lines of the record"] = None
        self.tell(run)
        own = {event.path for event in run.events if event.kind in ("write", "named")}
        inputs, files = [], []
        for (kind, name), sure in sources.origins.items():
            if kind == "pid":
                inputs.append({"pid": name, "certain": sure and certain})
            elif name not in own and os.path.exists(name):
                files.append({"path": name, "certain": sure and certain})
        self._spool.write(
            "end",
            run=run.number,
            status="ok" if ok else "error",
            **({"refused": run.refused} if run.refused else {}),
            inputs=inputs,
            paths_in=files,
            runs=list(runs),
            modules=modules_of(one.python for one in led),
            capture="partial" if unseen else "complete",
            unseen=list(unseen),
        )

    def _makes(self, run: Run) -> bool:
        return any(event.kind in _MAKING and event.path not in self.hidden for event in run.events)

    def _python(self, run: Run) -> str | None:
        if run.python is None:
            try:
                run.python = self._shell.transform_cell(run.raw)
            except Exception:
                return None
        return run.python


def still_open(paths: Iterable[str]) -> set[str]:
    """Which of the files at ``paths`` this process has open; on systems that don't tell, none."""
    found: dict[tuple[int, int], list[str]] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.stat(path)
            found.setdefault((status.st_dev, status.st_ino), []).append(path)
    still: set[str] = set()
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd") if found else ():
            try:
                # Who asks for the name of each instead pays several times as much.
                status = os.fstat(int(name))
            except OSError:  # the one of the listing itself
                continue
            still.update(found.get((status.st_dev, status.st_ino), ()))
    return still


_PLAIN_CALLS = frozenset(
    {"Path", "PurePath", "range", "dict", "list", "set", "tuple", "int", "float", "str", "get_ipython"}
)


@functools.lru_cache(maxsize=2000)
def _binds_unseen(code: str | None) -> bool:
    """Whether code that ran before the record may have put data into a name: it bound what a call gave."""
    try:
        body = ast.parse(code or "").body
    except (SyntaxError, ValueError, RecursionError):
        return True
    binding = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.While, ast.If, ast.Try, ast.With)
    calls = (
        part for node in body if isinstance(node, binding) for part in ast.walk(node) if isinstance(part, ast.Call)
    )
    return any(not (isinstance(call.func, ast.Name) and call.func.id in _PLAIN_CALLS) for call in calls)
