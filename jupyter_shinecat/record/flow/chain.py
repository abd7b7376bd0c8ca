"""The session's runs in the order of their execution, and what led to their results."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable, Container
from dataclasses import dataclass

from .effects import FORKED, PROCESS
from .loaded import names_in
from .sources import Sources
from .state import State
from .trace import Trace
from .walk import Walk


@dataclass(frozen=True)
class Outcome:
    """What led to the results of one run.

    Attributes
    ----------
    sources
        Datasets and files, and the runs whose code led here.
    written
        Paths written by the run, or written into through a handle that an earlier run opened.
    """

    sources: Sources
    written: tuple[str, ...]


class Chain:
    """Takes runs as they end, thinks about them only when asked.

    Parameters
    ----------
    module_kind
        Tells ``user`` modules from ``library`` ones, by dotted name.
    """

    def __init__(self, module_kind: Callable[[str], str] | None = None) -> None:
        self.state = State(module_kind or kind_of_module)
        self._pending: list[Trace] = []

    def add(self, trace: Trace) -> None:
        """Take the next run."""
        self._pending.append(trace)

    def outcome(self, still_open: Callable[[str], bool] = lambda path: False, hidden: Container[str] = ()) -> Outcome:
        """Think through all runs that were added, and say what led to the results of the last one.

        Parameters
        ----------
        still_open
            Whether this process still has the file open for writing.
        hidden
            Files that are no results (yet): their sources are kept, for their next name.
        """
        walk = None
        for trace in self._pending:
            walk = Walk(self.state, trace)
            walk.go()
        self._pending.clear()
        found, written = Sources(), []
        for path in walk.written if walk else ():
            if path in hidden:
                continue
            found.merge(self.state.results.get(path, Sources()))
            if path not in (FORKED, PROCESS):
                written.append(path)
                if not still_open(path) and not os.path.exists(path):  # never came to be, or is gone already
                    del self.state.results[path]
        self.state.close_files(lambda path: path == FORKED or still_open(path))
        return Outcome(found, tuple(written))

    def result(self, path: str) -> Sources | None:
        """What flowed into a file (or the files in a folder) written in this session; None when there is none."""
        inside = [sources for name, sources in self.state.results.items() if name.startswith(path.rstrip("/") + "/")]
        if path not in self.state.results and not inside:
            return None
        found = self.state.results.get(path, Sources()).copy()
        for sources in inside:
            found.merge(sources)
        return found

    def everything(self) -> Sources:
        """All inputs of the session, none of them certain."""
        return self.state.session.copy()


_LIBRARY_FOLDERS = tuple({os.path.realpath(path) for path in sysconfig.get_paths().values()})


def kind_of_module(dotted: str) -> str:
    """``user`` for a module whose source lies beside the user's work, ``library`` for all others."""
    if dotted.partition(".")[0] == "jupyter_shinecat":  # also where it is installed from a checkout
        return "library"
    for name in (dotted, dotted.rpartition(".")[0]):
        file = (names_in(name) or {}).get("__file__")
        if isinstance(file, str):
            real = os.path.realpath(file)
            return "library" if real.startswith(_LIBRARY_FOLDERS) or "site-packages" in real else "user"
    return "library"
