"""How long a request may search and how much it may gather: nobody's question costs others more than a moment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.store.documents import Row

_EVERY = 64


class Patience:
    """What is left of one request's time and memory.

    Parameters
    ----------
    seconds
        Time for reading documents; 0 means no limit.
    size_bytes
        Documents that may be brought together, as they are stored; 0 means no limit.
    """

    def __init__(self, seconds: float, size_bytes: int) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds if seconds else float("inf")
        self._left = size_bytes or float("inf")
        self._size = size_bytes

    def check(self) -> None:
        """Raise a 503 when the time is over."""
        if time.monotonic() > self._end:
            raise Refused(503, f"The search took longer than {self._seconds:g} seconds and was stopped. Ask for less.")

    def keep(self, row: Row) -> None:
        """Raise a 400 when the documents together are too large."""
        self._left -= row.size
        if self._left < 0:
            raise Refused(
                400, f"The answer is larger than {self._size >> 20} MB. Ask for fewer documents, with limit and skip."
            )


_ENDLESS = Patience(0, 0)
_current: ContextVar[Patience] = ContextVar("patience", default=_ENDLESS)


def begin(patience: Patience) -> None:
    """Let this limit hold for what the present thread does from here on."""
    _current.set(patience)


def timed(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, as long as there is time."""
    patience = _current.get()
    for number, row in enumerate(rows):
        if number % _EVERY == 0:
            patience.check()
        yield row


def kept(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, as long as they are not too large together."""
    patience = _current.get()
    for row in rows:
        patience.keep(row)
        yield row
