"""Stepping back behind the person's own programs."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

_LOWEST = 19
_AUTOGROUP = Path("/proc/self/autogroup")


def lower_thread() -> None:
    """Give the calling thread the lowest priority, where a thread has one of its own (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST)


def step_back(*, back: bool) -> bool:
    """Let the whole process stand behind other sessions, or beside them again; False when it must be tried again.

    Linux shares processors among sessions first (``sched_autogroup_enabled``): there a thread's priority says nothing
    to a kernel in another session. Done only where the session is ours alone; without root it may be undone as well.
    """
    try:
        if os.getsid(0) == os.getpid():
            _AUTOGROUP.write_text(str(_LOWEST if back else 0), encoding="ascii")
    except BlockingIOError:  # ten times in a second is the most that Linux does for all its users
        return False
    except (OSError, AttributeError):
        return True
    return True
