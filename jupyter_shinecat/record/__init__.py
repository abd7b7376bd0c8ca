"""What code read and wrote: hooks, cell flow, spool. No widgets, no HTTP."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from .audit import quiet
from .notebook import note_cell
from .recorder import Recorder
from .script import ScriptShell, calling_module

__all__ = ["Recorder", "current", "here", "note_cell", "off", "on", "quiet", "script"]

_recorder: Recorder | None = None


def current() -> Recorder | None:
    """The recorder of this process; None before `on` was called, or outside IPython."""
    return _recorder


def on(shell: Any = None) -> Recorder | None:
    """Record from now on, once per process however often it is called.

    Parameters
    ----------
    shell
        IPython's shell; found when it is not given.

    Returns
    -------
    Recorder or None
        None outside IPython, where there are no cells.
    """
    global _recorder
    if _recorder is None:
        shell = shell or _shell()
        if shell is None:
            return None
        _recorder = Recorder(shell)
    _recorder.start()
    return _recorder


def off() -> None:
    """Record no longer."""
    if _recorder is not None:
        _recorder.stop()


@contextlib.contextmanager
def script(names: dict[str, Any], path: str | None, source: str) -> Iterator[Recorder]:
    """Record what code outside IPython does inside the ``with`` block.

    Parameters
    ----------
    names
        Its module, as a dictionary.
    path, source
        Its file and its text.
    """
    global _recorder
    before = _recorder
    shell = before.shell if before is not None else None
    if not isinstance(shell, ScriptShell) or shell.user_global_ns is not names:
        shell = ScriptShell(names, path)
        if before is not None:
            before.stop()
        _recorder = None
    recorder = on(shell)
    assert recorder is not None
    try:
        with shell.cell(source):
            yield recorder
    finally:
        recorder.stop()
        recorder.spool.close()


@contextlib.contextmanager
def here() -> Iterator[Recorder | None]:
    """Record the calling code: a script's as `script` does; in a notebook it is recorded by its cells already."""
    shell = _shell()
    if shell is not None:
        yield on(shell)
        return
    with quiet():
        names, path, source = calling_module()
    with script(names, path, source) as recorder:
        yield recorder


def _shell() -> Any:
    core = sys.modules.get("IPython.core.getipython")
    return core.get_ipython() if core is not None else None
