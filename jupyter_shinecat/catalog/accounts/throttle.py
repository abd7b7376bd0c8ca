"""Limits on failed logins."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from jupyter_shinecat.catalog.errors import Refused

_REMEMBERED = 10_000


class Throttle:
    """Counts failures by account and address, in memory.

    Parameters
    ----------
    attempts
        Failures allowed within the window.
    window_s
        Length of the window in seconds.
    """

    def __init__(self, attempts: int, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._attempts = attempts
        self._window = window_s
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._guard = threading.Lock()

    def check(self, account: str, address: str) -> None:
        """Raise a 429 while there were too many failures."""
        with self._guard:
            times = self._recent((account, address))
            if len(times) < self._attempts:
                return
            wait = max(1, round(self._window - (self._clock() - times[0])))
        raise Refused(
            429,
            f"Too many failed logins for this account from this address. Try again in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )

    def failed(self, account: str, address: str) -> None:
        """Remember a failure."""
        with self._guard:
            self._recent((account, address)).append(self._clock())

    def succeeded(self, account: str, address: str) -> None:
        """Forget the failures."""
        with self._guard:
            self._failures.pop((account, address), None)

    def _recent(self, key: tuple[str, str]) -> deque[float]:
        times = self._failures.setdefault(key, deque())
        self._failures.move_to_end(key)
        while times and self._clock() - times[0] > self._window:
            times.popleft()
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        return times
