"""Executed cells: IPython's callbacks, and which cell (and which place in it) something belongs to."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from .flow import Event, Place
from .notebook import Seen

_ENTRY = "run_code"  # IPython's function that runs the code of a cell
_DEEP = 400
_CHAINED = 10
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_TRAIL = 8  # functions of the session on the way that are kept, from the cell inwards
# Tasks of asyncio inherit it: they belong to the cell that made them, however late they run.
_maker: ContextVar[Run | None] = ContextVar("jupyter_shinecat_cell", default=None)


@dataclass(eq=False)
class Run:
    """One execution of a cell.

    Attributes
    ----------
    number
        Its number in the session, from 1.
    raw, python
        Its code as it was typed, and as Python when IPython told it already.
    thread
        Identity of the thread that runs it.
    events
        What was seen, in order.
    known, writes
        What is noted already: a loop that reads a file a thousand times is one line.
    refused
        Why the disk refused what it wrote, when it ended so.
    told
        Its ``cell`` line is in the spool.
    done
        It has ended.
    late
        Something was written after its end (a thread that went on).
    strays
        Reads of tasks and threads of earlier cells, up to the end of this one.
    task
        The task of asyncio that runs it.
    unseen
        What could not be looked into.
    seen
        What it read and wrote, in short.
    """

    number: int
    raw: str
    python: str | None = None
    cell_id: str | None = None
    count: int | None = None
    thread: int = 0
    info: Any = None
    before: bool = False
    events: list[Event] = field(default_factory=list)
    known: set[Any] = field(default_factory=set)
    writes: set[Any] = field(default_factory=set)
    unseen: dict[str, None] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    failed: Place | None = None
    refused: str = ""
    told: bool = False
    done: bool = False
    late: bool = False
    strays: list[Event] = field(default_factory=list)
    task: Any = None
    token: Token[Run | None] | None = None


def _refusal(error: BaseException | None) -> str:
    """Why the disk refused, where that is what ended the cell, also when a library made another error of it."""
    for _ in range(_CHAINED):
        if error is None:
            break
        if isinstance(error, OSError) and error.errno in _FULL:
            return os.strerror(error.errno)
        error = error.__cause__ or error.__context__
    return ""


class Cells:
    """Follows which cell runs now; nested cells and subshells have their own stacks.

    Parameters
    ----------
    shell
        IPython's shell.
    ended
        Called with each run at its end and whether it succeeded.
    guard
        Wraps the callbacks, so that nothing of ours reaches the user's cell.
    """

    def __init__(
        self,
        shell: Any,
        ended: Callable[[Run, bool], None],
        guard: Callable[[Callable[..., None]], Callable[..., None]],
    ) -> None:
        self.shell = shell
        self.runs: list[Run] = []
        self._ended = ended
        self._stacks: dict[int, list[Run | None]] = {}
        self._current: Run | None = None
        self._callbacks = {"pre_run_cell": guard(self._pre), "post_run_cell": guard(self._post)}

    def start(self) -> None:
        """Listen to IPython, and learn what ran before."""
        if not self.runs:
            self._catch_up()
        for name, callback in self._callbacks.items():
            self.shell.events.register(name, callback)

    def stop(self) -> None:
        """Listen no longer."""
        for name, callback in self._callbacks.items():
            if callback in self.shell.events.callbacks[name]:
                self.shell.events.unregister(name, callback)
        self._stacks.clear()
        self._current = None

    def now(self) -> Run | None:
        """The run that something happening now belongs to; None outside all cells."""
        stack = self._stacks.get(threading.get_ident())
        if stack:
            return next((run for run in reversed(stack) if run is not None), None)
        # A thread of the user's: it belongs to the cell that runs, else to the last one. What the thread of the cells
        # does between them is no analysis: widgets, completions, silent requests.
        run = self._current or (self.runs[-1] if self.runs else None)
        return _maker.get() if run is not None and run.thread in (0, threading.get_ident()) else run

    def is_stray(self, run: Run) -> bool:
        """Whether what happens now for ``run`` comes from a task or thread of a cell that has ended."""
        maker = _maker.get()
        return run.done or (maker is not None and maker.done)

    def locate(self, event: Event, run: Run) -> None:
        """Note where in the code of ``run`` we are: in the cell itself, and in code that it runs."""
        ident = threading.get_ident()
        crossings = 0
        if ident == run.thread:
            frame: FrameType | None = sys._getframe(1)
            for above in reversed(self._stacks.get(ident, ())):
                if above is run:
                    break
                crossings += 1  # cells without history that a magic of this cell runs
        else:
            frame = sys._current_frames().get(run.thread)
        _search(event, frame, self.shell.user_global_ns, crossings)
        if ident != run.thread:  # another thread: the cell only waits there
            event.trail, event.beyond = (), None
        if event.place is None and run.task is not None:
            event.place = _awaiting(run.task, self.shell.user_global_ns)

    def _pre(self, info: Any) -> None:
        stack = self._stacks.setdefault(threading.get_ident(), [])
        if info.silent or not info.store_history:
            stack.append(None)
            return
        run = self._new(info)
        run.count = len(getattr(getattr(self.shell, "history_manager", None), "input_hist_raw", ())) or None
        stack.append(run)
        self._current = run
        run.token = _maker.set(run)
        asyncio = sys.modules.get("asyncio")
        if asyncio is not None:
            with contextlib.suppress(RuntimeError):
                run.task = asyncio.current_task()

    def _new(self, info: Any) -> Run:
        run = Run(
            number=len(self.runs) + 1,
            raw=info.raw_cell or "",
            python=getattr(info, "transformed_cell", None),
            cell_id=info.cell_id,
            count=None,
            thread=threading.get_ident(),
            info=info,
        )
        self.runs.append(run)
        return run

    def _post(self, result: Any) -> None:
        stack = self._stacks.get(threading.get_ident())
        if not stack:
            return
        run = stack.pop()
        if not stack:
            del self._stacks[threading.get_ident()]
        if run is None:
            return
        if self._current is run:
            self._current = None
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        run.count = getattr(result, "execution_count", None) or run.count
        if error is not None:
            run.failed = self._failure(getattr(result, "error_in_exec", None))
            run.refused = _refusal(error)
        run.info = run.task = None
        run.done = True
        if run.token is not None:
            with contextlib.suppress(ValueError):  # a cell that awaits has a context of its own, which is gone
                _maker.reset(run.token)
            run.token = None
        self._ended(run, error is None)

    def _failure(self, error: BaseException | None) -> Place | None:
        traceback = error.__traceback__ if error is not None else None
        while traceback is not None:
            frame = traceback.tb_frame
            if frame.f_code.co_name == "<module>" and frame.f_globals is self.shell.user_global_ns:
                return Place(frame.f_code, traceback.tb_lasti)
            traceback = traceback.tb_next
        return Place(_nowhere(), 0)  # it did not compile: none of it ran

    def _catch_up(self) -> None:
        """The record often begins inside a cell (the first ``sc.open``): take that one, and the code before it."""
        info = _info_of_running_cell()
        history = getattr(self.shell, "history_manager", None)
        raw = list(getattr(history, "input_hist_raw", []))[1:]
        python = list(getattr(history, "input_hist_parsed", []))[1:]
        if info is not None and info.store_history and raw:
            raw, python = raw[:-1], python[:-1]
        for number, source in enumerate(raw):
            code = python[number] if number < len(python) else None
            self.runs.append(Run(number + 1, source, code, count=number + 1, before=True, done=True))
        if info is not None and info.store_history and not info.silent:
            run = self._new(info)
            run.count = len(raw) + 1
            self._stacks[threading.get_ident()] = [run]
            self._current = run


def _nowhere() -> CodeType:
    return compile("", "<nowhere>", "exec")


def _search(event: Event, frame: FrameType | None, names: dict[str, Any], crossings: int) -> None:
    outer = inner = before = None
    trail: list[Place] = []
    for _ in range(_DEEP):
        if frame is None:
            break
        code = frame.f_code
        if frame.f_globals is names:
            place = Place(code, frame.f_lasti)
            if not trail and outer is None and before is not None:
                event.beyond = Place(before.f_code, before.f_lasti)
            if code.co_name == "<module>":
                outer = place
                inner = inner or outer
            elif inner is None:
                trail.append(place)
        elif code.co_name == _ENTRY:
            if not crossings:
                break
            crossings -= 1
        before, frame = frame, frame.f_back
    event.place, event.inner = outer, (inner if inner is not outer else None)
    event.trail = tuple(trail[: -_TRAIL - 1 : -1])


def _awaiting(task: Any, names: dict[str, Any]) -> Place | None:
    """Where in its code a cell waits, while its tasks run."""
    coroutine = task.get_coro()
    for _ in range(_DEEP):
        frame = getattr(coroutine, "cr_frame", None)
        if frame is None:
            break
        if frame.f_code.co_name == "<module>" and frame.f_globals is names:
            return Place(frame.f_code, frame.f_lasti)
        coroutine = coroutine.cr_await
    return None


def _info_of_running_cell() -> Any:
    """IPython's own words about the cell in which we are called; None when we are in none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "run_cell_async":
            info = frame.f_locals.get("info")
            if info is not None and hasattr(info, "store_history"):
                return info
        frame = frame.f_back
    return None
