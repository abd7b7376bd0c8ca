"""Values of fields that were read from the documents, kept from one state of the index to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from jupyter_shinecat.catalog.store.documents import Snapshot

Values = dict[int, tuple[int, Any]]
_ROOM = 200_000
_MAX_CHANGES = 1000


class ReadBefore:
    """The latest values by which datasets were ordered.

    Parameters
    ----------
    room
        How many values to keep.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._guard = threading.Lock()
        self._fields: dict[str, Values] = {}
        self._change = 0

    def values(self, snapshot: Snapshot, path: str, seqs: list[int], read: Callable[[list[int]], Values]) -> Values:
        """Values by ``seq``; what is not known, or changed since it was read, comes from ``read``."""
        if not seqs:
            return {}
        change = snapshot.last_change()
        with self._guard:
            held = self._held(snapshot, path, change)
            known = {} if held is None else {seq: held[seq] for seq in seqs if seq in held}
        if len(known) == len(seqs):
            return known
        new = read([seq for seq in seqs if seq not in known])
        with self._guard:
            if self._change == change:
                self._put(path, new)
        return {**known, **new}

    def _held(self, snapshot: Snapshot, path: str, change: int) -> Values | None:
        """What is known of the field at this moment; None when what is known is of a later one."""
        if change < self._change:
            return None
        if change > self._change:
            rows = snapshot.changed_since("dataset", self._change, _MAX_CHANGES + 1) if self._fields else []
            if len(rows) > _MAX_CHANGES:
                self._fields.clear()
            for values in self._fields.values():
                for row in rows:
                    values.pop(row.seq, None)
            self._change = change
        return self._fields.get(path, {})

    def _put(self, path: str, new: Values) -> None:
        held = self._fields.pop(path, {})
        held.update(new)
        self._fields[path] = held
        # The fields that nobody asked for longest go first.
        while self._fields and sum(map(len, self._fields.values())) > self._room:
            del self._fields[next(iter(self._fields))]
