"""Plain scripts and batch jobs: recorded like a notebook with one cell, whose code is the script."""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
from collections.abc import Callable, Iterator
from types import FrameType, SimpleNamespace
from typing import Any

_OURS = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep, contextlib.__file__)


class ScriptShell:
    """Where there is no IPython: as much of its shell as the record uses.

    Parameters
    ----------
    names
        The module in which the code runs, as a dictionary.
    path
        The script's file, when it has one.
    """

    def __init__(self, names: dict[str, Any], path: str | None) -> None:
        self.user_global_ns = names
        self.path = os.path.abspath(path) if path else None
        self.events = _Events()

    @staticmethod
    def transform_cell(code: str) -> str:
        """Code of a script is Python already."""
        return code

    @contextlib.contextmanager
    def cell(self, source: str) -> Iterator[None]:
        """What happens inside belongs to ``source``."""
        info = SimpleNamespace(raw_cell=source, transformed_cell=source, cell_id=None, silent=False, store_history=True)
        self.events.trigger("pre_run_cell", info)
        error: BaseException | None = None
        try:
            yield
        except SystemExit as end:
            error = None if end.code in (None, 0) else end
            raise
        except BaseException as raised:
            error = raised
            raise
        finally:
            self.events.trigger("post_run_cell", SimpleNamespace(error_in_exec=error, execution_count=None))


class _Events:
    def __init__(self) -> None:
        self.callbacks: dict[str, list[Callable[..., None]]] = {"pre_run_cell": [], "post_run_cell": []}

    def register(self, name: str, callback: Callable[..., None]) -> None:
        self.callbacks[name].append(callback)

    def unregister(self, name: str, callback: Callable[..., None]) -> None:
        self.callbacks[name].remove(callback)

    def trigger(self, name: str, told: Any) -> None:
        for callback in list(self.callbacks[name]):
            callback(told)


def calling_module() -> tuple[dict[str, Any], str | None, str]:
    """Names, file and source of the program: of ``__main__`` where it is among our callers, else of who called us."""
    frame: FrameType | None = sys._getframe(1)
    main = getattr(sys.modules.get("__main__"), "__dict__", None)
    caller = program = None
    while frame is not None:
        if caller is None and not frame.f_code.co_filename.startswith(_OURS):
            caller = frame
        if frame.f_code.co_name == "<module>" and frame.f_globals is main:
            program = frame
        frame = frame.f_back
    found = program or caller
    if found is None:
        return {}, None, ""
    path = found.f_code.co_filename
    source = "".join(linecache.getlines(path, found.f_globals))
    return found.f_globals, (path if os.path.isfile(path) else None), source
