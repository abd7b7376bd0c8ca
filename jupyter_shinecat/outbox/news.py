"""Telling what changes: each entry's state on disk and on standard output, and the disk's own trouble."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_shinecat.locale import tr

from .entries import WAITING, Entry

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class News:
    """Keeps the states of entries and tells each change once.

    Parameters
    ----------
    emit
        Called with each change, as the panel sees it.
    state
        The person's state folder, named when its disk makes trouble.
    """

    def __init__(self, emit: Callable[[dict[str, Any]], None], state: Path) -> None:
        self._emit = emit
        self._state = state
        self._told: dict[str, str] = {}

    def set(self, entry: Entry, state: str, reason: str = "", do: str = "", **more: Any) -> bool:
        """Change the state durably and tell it; True when it was different.

        Raises
        ------
        OSError
            The disk refuses.
        """
        fields = {name: value for name, value in more.items() if value}
        changed = entry.change(state=state, reason=reason, do=do, **fields)
        if changed:
            self.tell(entry)
        return changed

    def tell(self, entry: Entry) -> None:
        """Tell an entry as it is."""
        self._told.pop(entry.key, None)
        self._emit(_shown(entry))

    def not_written(self, entry: Entry, error: OSError) -> None:
        """The disk refuses the next step of an entry: say so, on disk too where that is possible."""
        words = self._words(error)
        with contextlib.suppress(OSError):
            if entry.change(**words):
                self.tell(entry)
            return
        self._say(entry.key, {**_shown(entry), **words})

    def not_made(self, key: str, found: dict[str, Any], error: OSError) -> None:
        """The disk refuses a new entry: say it for the result."""
        shown = {"key": key, "name": found["name"], "state": WAITING, "pid": None, "inputs": []}
        self._say(key, {**shown, "notebook": found["notebook"], **self._words(error)})

    def _say(self, key: str, line: dict[str, Any]) -> None:
        if self._told.get(key) != line["reason"]:
            self._told[key] = line["reason"]
            self._emit(line)

    def _words(self, error: OSError) -> dict[str, str]:
        if error.errno in _FULL:
            return {
                "reason": tr("The disk of {folder} is full. The result waits; nothing is lost.", folder=self._state),
                "do": tr("Remove files that you don't need; it goes on by itself."),
            }
        cause = error.strerror or type(error).__name__
        return {
            "reason": tr("{folder} can't be written ({cause}). The result waits.", folder=self._state, cause=cause),
            "do": tr("Make it writable; it goes on by itself."),
        }


def _shown(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in entry.public().items() if name != "updated"}
