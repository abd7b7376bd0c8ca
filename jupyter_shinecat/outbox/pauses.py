"""When to try again: ever longer pauses, each with the sentence that says why."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

FIRST_S, LONGEST_S = 0.5, 60.0
CATALOG = ""  # the name of the pause that all entries share


@dataclass
class _Pause:
    until: float = 0.0
    length_s: float = 0.0
    reason: str = ""
    do: str = ""


class Pauses:
    """Pauses by name: of the catalog as a whole, or of one entry."""

    def __init__(self) -> None:
        self._pauses: dict[str, _Pause] = {}

    def is_over(self, name: str) -> bool:
        """Whether it is time to try again."""
        pause = self._pauses.get(name)
        return pause is None or time.monotonic() >= pause.until

    def failed(self, name: str, reason: str = "", do: str = "", *, at_least_s: float = 0.0) -> None:
        """It failed again: wait twice as long as the last time, a little more or less."""
        pause = self._pauses.setdefault(name, _Pause())
        pause.length_s = min(LONGEST_S, max(FIRST_S, pause.length_s * 2))
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - so that not all servers of a facility come back at once
        pause.until = time.monotonic() + max(at_least_s, pause.length_s * spread)
        pause.reason, pause.do = reason, do

    def until(self, name: str, wait_s: float) -> None:
        """Try again in ``wait_s`` seconds, without a reproach."""
        self._pauses.setdefault(name, _Pause()).until = time.monotonic() + wait_s

    def clear(self, name: str) -> None:
        """It works, or a person wants it now."""
        self._pauses.pop(name, None)

    def words(self, name: str) -> tuple[str, str]:
        """Why, and what to do about it."""
        pause = self._pauses.get(name, _Pause())
        return pause.reason, pause.do
