"""What code read and wrote: hooks, cell flow, spool. No widgets, no HTTP."""

from __future__ import annotations

import sys
from typing import Any

from .audit import quiet
from .recorder import Recorder

__all__ = ["Recorder", "current", "off", "on", "quiet"]

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


def _shell() -> Any:
    core = sys.modules.get("IPython.core.getipython")
    return core.get_ipython() if core is not None else None
