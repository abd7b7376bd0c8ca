"""SQLite's files, of which only the beginning is told: who writes into one later shows in the file itself."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs, unquote, urlsplit

# Size and time of the file and of the log of what is still to be written into it.
_State = tuple[tuple[int, int] | None, ...]


class Databases:
    """Databases that are open, or were at some time since the last look.

    Parameters
    ----------
    still_open
        Tells which of some files this process has open.
    """

    def __init__(self, still_open: Callable[[Iterable[str]], set[str]]) -> None:
        self._still_open = still_open
        self._known: dict[str, _State] = {}

    def opened(self, path: str) -> None:
        """A database is about to be opened."""
        self._known.setdefault(path, _state(path))

    def changed(self) -> list[str]:
        """Those whose files are others than at the last look; those that are closed by now are forgotten."""
        if not self._known:
            return []
        now = {path: _state(path) for path in self._known}
        found = [path for path, state in self._known.items() if now[path] != state]
        still = self._still_open(now)
        self._known = {path: state for path, state in now.items() if path in still}
        return found


def database_name(given: str) -> tuple[str, bool] | None:
    """The file that a name given to SQLite means, and whether it is only read; None for databases in memory."""
    if given.startswith("file:"):
        parts = urlsplit(given)
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        name = unquote(parts.path)
        if options.get("mode") == "memory" or options.get("vfs") == "memdb":
            return None
        only_read = options.get("mode") == "ro" or options.get("immutable") == "1"
    else:
        name, only_read = given, False
    return (name, only_read) if name and not name.startswith(":") else None


def _state(path: str) -> _State:
    found: list[tuple[int, int] | None] = []
    for name in (path, path + "-wal"):
        state = None
        with contextlib.suppress(OSError):
            status = os.stat(name)
            state = (status.st_size, status.st_mtime_ns) if status.st_size or name == path else None
        found.append(state)
    return tuple(found)
