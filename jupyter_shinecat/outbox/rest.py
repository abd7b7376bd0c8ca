"""Whether the files of an entry have come to rest."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

Signature = tuple[int, int, int]


def signature(path: str) -> Signature | None:
    """Size, modification time (ns) and inode of a regular file; None when there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ino) if stat.S_ISREG(status.st_mode) else None


@dataclass
class Resting:
    """What a look at some files found.

    Attributes
    ----------
    files
        Signature of each file that is there.
    gone
        Files that are not there.
    wait_s
        How long they must still stay unchanged, in seconds; 0 when they rest.
    """

    files: dict[str, Signature] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    wait_s: float = 0.0


class Watch:
    """Remembers how files looked, to say when they have been unchanged for ``hold_s`` seconds."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._seen: dict[str, tuple[Signature, float]] = {}

    def look(self, paths: Iterable[str]) -> Resting:
        """Look at the files once; costs one ``stat`` each."""
        resting = Resting()
        now, clock = time.monotonic(), time.time()
        for path in paths:
            found = signature(path)
            if found is None:
                self._seen.pop(path, None)
                resting.gone.append(path)
                continue
            resting.files[path] = found
            before = self._seen.get(path)
            if before is None or before[0] != found:
                before = (found, now - self._age(path, clock))
                self._seen[path] = before
            resting.wait_s = max(resting.wait_s, self._hold_s - (now - before[1]))
        resting.wait_s = max(0.0, resting.wait_s)
        return resting

    def forget(self, paths: Iterable[str]) -> None:
        """Drop what is remembered of files that have been taken."""
        for path in paths:
            self._seen.pop(path, None)

    def _age(self, path: str, clock: float) -> float:
        """How long the file rested before we saw it so, in seconds: its inode's change time can't be set back."""
        try:
            changed = os.stat(path).st_ctime
        except OSError:
            return 0.0
        age = clock - changed
        # The clock of a network file system may differ from ours: half of the time we watch ourselves.
        return min(age, self._hold_s / 2) if age > 0 else 0.0
