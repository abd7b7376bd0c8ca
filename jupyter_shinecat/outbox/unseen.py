"""Outputs of other programs: nobody saw them being written, so the results folder is looked through."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from .names import in_store
from .session import Run, Session

_MOST = 50_000  # names looked at
# Times of files come from a clock of the system that is a few milliseconds behind.
_CLOCK_S = 0.05


def outputs_of(run: Run, results: Path, sessions: Iterable[Session]) -> dict[str, float]:
    """Files in the results folder that changed while a run had other programs at work, and that no one else wrote.

    Parameters
    ----------
    run
        A run that has ended.
    results
        The results folder.
    sessions
        All sessions; what they saw themselves writing is theirs.

    Returns
    -------
    dict
        Paths, each with the time of its last change (Unix seconds).
    """
    end = run.end or {}
    unseen = end.get("unseen")
    if not isinstance(unseen, list) or not any(str(item).startswith("process: ") for item in unseen):
        return {}
    since, until = run.t - _CLOCK_S, float(end.get("t") or 0) + _CLOCK_S
    known = {event.path for session in sessions for event in session.events}
    known |= {event.dst for session in sessions for event in session.events}
    known |= {name for session in sessions for name in session.was}
    found: dict[str, float] = {}
    for path in _files(results):
        if path in known:
            continue
        try:
            status = os.stat(path, follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and since <= status.st_mtime <= until:
            found[path] = status.st_mtime
    return found


def _files(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") or in_store(folder))
        for name in sorted(names):
            count += 1
            if count > _MOST:
                return
            yield os.path.join(folder, name)
