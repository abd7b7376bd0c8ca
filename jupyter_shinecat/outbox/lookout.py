"""Looking again, long after an entry was sent, for a request of it that came through late.

A real SciCat takes no identifier from most people: a request whose connection broke and that was sent again may yet be
stored by whatever held it. What it leaves carries our key, so it is found; nobody else would look. How long that is
done, `resent` says.
"""

from __future__ import annotations

import time

from .entries import DATASET, FAILED, SENT, WITHDRAWN, Entries, Entry
from .resent import LONGEST_S, Resent

_DAY_S = 86400.0
# After the request was sent again, in seconds.
AFTER_S = (60.0, 600.0, 3600.0, _DAY_S / 4, _DAY_S, 3 * _DAY_S, 9 * _DAY_S, 27 * _DAY_S, LONGEST_S)
# A new run of the outbox looks at once, whatever came through while none ran; but not more often than that.
_NEW_RUN_S = 3600.0
_PAUSE_S = 5.0
_AT_ONCE = 10


class Lookout:
    """Knows which entries shall be looked at again, and when.

    Parameters
    ----------
    entries
        All entries.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._watched: dict[str, Entry] | None = None
        self._new: set[str] = set()
        self._next = 0.0

    def watch(self, entry: Entry) -> None:
        """An entry has come to its end: remember it if one of its requests may yet be stored."""
        if self._watched is not None and is_awaited(entry):
            self._watched[entry.key] = entry

    def due(self) -> list[Entry]:
        """Entries whose next look is due now, a few at a time."""
        if time.monotonic() < self._next:
            return []
        if self._watched is None:
            self._watched = {entry.key: entry for entry in self._entries if is_awaited(entry)}
            self._new = set(self._watched)
        now = time.time()
        due = []
        for key, entry in list(self._watched.items()):
            if not is_awaited(entry):
                del self._watched[key]
            elif self._is_due(entry, now):
                due.append(entry)
        self._next = 0.0 if len(due) > _AT_ONCE else time.monotonic() + _PAUSE_S
        return due[:_AT_ONCE]

    def looked(self, entry: Entry) -> None:
        """An entry was looked at in this run."""
        self._new.discard(entry.key)

    def _is_due(self, entry: Entry, now: float) -> bool:
        note = Resent.of(entry)
        if note is None or not _may_look(entry):
            return False
        last = max(note.t, note.looked)
        if entry.key in self._new and now - last >= _NEW_RUN_S:
            return True
        return any(last < note.t + after_s <= now for after_s in AFTER_S)


def is_awaited(entry: Entry) -> bool:
    """Whether a request of the entry may yet be stored a second time, so that it must not be forgotten."""
    note = Resent.of(entry)
    return note is not None and not note.is_over


def _may_look(entry: Entry) -> bool:
    """Those under way look for themselves."""
    return entry.state == SENT or (entry.state in (FAILED, WITHDRAWN) and entry.step(DATASET) is None)
