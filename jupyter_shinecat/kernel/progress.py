"""How far something long has come, on one line below the cell."""

from __future__ import annotations

import sys
import time

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr

from .card import size_text

_EVERY_S = 0.5


class Progress:
    """One line that is written over as bytes go by; nothing is printed for what takes less than half a second.

    Parameters
    ----------
    name
        What is being done.
    total_bytes
        How many there will be.
    """

    def __init__(self, name: str, total_bytes: int) -> None:
        self._name = printable(name)  # it may be a file's
        self._total = total_bytes
        self._done = 0
        self._said = time.monotonic()
        self._wide = 0

    def add(self, count: int) -> None:
        """So many bytes more."""
        self._done += count
        now = time.monotonic()
        if now - self._said >= _EVERY_S:
            self._said = now
            part = min(100, 100 * self._done // max(1, self._total))
            text = tr(
                "{name}: {done} of {total} ({part} %)",
                name=self._name,
                done=size_text(self._done),
                total=size_text(self._total),
                part=part,
            )
            self._write(text)

    def close(self) -> None:
        """Leave no line behind."""
        if self._wide:
            self._write("")
            print("\r", end="", file=sys.stdout, flush=True)

    def _write(self, text: str) -> None:
        print("\r" + text.ljust(self._wide), end="", file=sys.stdout, flush=True)
        self._wide = max(self._wide, len(text))
