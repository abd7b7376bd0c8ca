"""Looking again, long after an entry was sent, for a request of it that came through late.

A real SciCat takes no identifier from most people: a request whose connection broke and that was sent again may yet be
stored, minutes later, by whatever held it. What it leaves carries our key, so it is found; nobody else would look.
"""

from __future__ import annotations

import time

from .entries import SENT, Entries, Entry
from .send import RESENT

# After the request was sent again, in seconds; no proxy or server holds one longer than a day.
AFTER_S = (60.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
_PAUSE_S = 5.0


class Lookout:
    """Knows which sent entries shall be looked at again, and when.

    Parameters
    ----------
    entries
        All entries.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._watched: dict[str, Entry] | None = None
        self._looked = -_PAUSE_S

    def watch(self, entry: Entry) -> None:
        """An entry was sent: remember it if one of its requests went out twice."""
        if entry.step(RESENT) is not None and self._watched is not None:
            self._watched[entry.key] = entry

    def due(self) -> list[Entry]:
        """Entries whose next look is due now."""
        if time.monotonic() - self._looked < _PAUSE_S:
            return []
        self._looked = time.monotonic()
        now = time.time()
        if self._watched is None:
            recent = [one for one in self._entries if one.state == SENT and now - one.updated < 2 * AFTER_S[-1]]
            self._watched = {entry.key: entry for entry in recent if entry.step(RESENT) is not None}
        due = []
        for key, entry in list(self._watched.items()):
            resent = entry.step(RESENT) or {}
            age, looks = now - float(resent.get("t") or 0), int(resent.get("looks") or 0)
            if looks >= len(AFTER_S) or age < 0:
                del self._watched[key]
            elif age >= AFTER_S[looks]:
                due.append(entry)
        return due

    @staticmethod
    def looked(entry: Entry) -> None:
        """An entry was looked at: when the next look is due depends on how old it is by now.

        Raises
        ------
        OSError
            It can't be kept; the look will be taken again.
        """
        resent = entry.step(RESENT) or {}
        age = time.time() - float(resent.get("t") or 0)
        entry.write_step(RESENT, {**resent, "looks": sum(age >= after_s for after_s in AFTER_S)})
