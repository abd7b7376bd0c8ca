"""What is known of an entry's requests that were sent again because the outcome of the first was not to be seen."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from .entries import Entry

RESENT = "7-resent"
# Who may hold a request back and still have it stored: proxies for minutes, a server that sleeps with its machine for
# days; after that long the sign-in that the request carries has ended, and no server takes it any more.
LONGEST_S = 90 * 86400.0


@dataclass(frozen=True)
class Resent:
    """The note of an entry.

    Attributes
    ----------
    t
        When a request went out again last, in unix seconds.
    unanswered
        How many requests of it may yet be stored: one for each that was sent again.
    removed, left
        How many copies were deleted, and addresses of those that we may not delete.
    looked
        When the catalog was looked through last, in unix seconds; 0 when it was not.
    """

    t: float = 0.0
    unanswered: int = 1
    removed: int = 0
    left: list[str] = field(default_factory=list)
    looked: float = 0.0

    @classmethod
    def of(cls, entry: Entry) -> Resent | None:
        """The entry's note; None when each of its requests was answered, or found before it was sent again."""
        told = entry.step(RESENT)
        if told is None:
            return None
        return cls(
            t=_number(told.get("t")),
            unanswered=int(_number(told.get("unanswered", 1))),
            removed=int(_number(told.get("removed"))),
            left=[str(path) for path in told.get("left") or []],
            looked=_number(told.get("looked")),
        )

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come: each lost request has turned up, or a look so much later found it nowhere."""
        return self.removed + len(self.left) >= self.unanswered or self.looked - self.t >= LONGEST_S


def sent_again(entry: Entry) -> None:
    """Note, durably and before it goes out, that a request is sent again.

    Raises
    ------
    OSError
        It can't be kept; then nothing may be sent.
    """
    known = Resent.of(entry) or Resent(unanswered=0)
    _write(entry, Resent(time.time(), known.unanswered + 1, known.removed, known.left))


def looked(entry: Entry, removed: int = 0, left: list[str] | None = None) -> None:
    """Note a look at the catalog, and what it has found; ``left`` is None when it could not find out.

    Raises
    ------
    OSError
        It can't be kept; the look will be taken again.
    """
    known = Resent.of(entry)
    if known is not None:
        still = known.left if left is None else left
        _write(entry, Resent(known.t, known.unanswered, known.removed + removed, still, time.time()))


def _write(entry: Entry, note: Resent) -> None:
    entry.write_step(RESENT, asdict(note))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
