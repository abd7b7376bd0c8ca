"""A block cache for ranges over a network that keeps count of what it fetched without being asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar

from fsspec.caching import BaseCache, register_cache

BLOCK = 64 * 1024
_KEPT = 64 * 1024 * 1024
_AHEAD = 4 * 1024 * 1024
# Fetched beyond what was asked for: at most so much, and this part of what was asked for.
_FREE = 1024 * 1024
_PART = 0.08
# Nothing is fetched twice of what is kept, so a file of this size can't cost more than a fifth of 20 MB.
_SMALL = 24 * 1000 * 1000


class SpendingCache(BaseCache):  # type: ignore[misc]  # fsspec has no types
    """Blocks of a file, the last used kept in memory.

    Small reads (HDF5's own structures) fetch whole blocks, and reading on where the last read ended fetches ahead, as
    long as the bytes that nobody has asked for yet stay below 1 MB plus a twelfth of the others; after that exactly
    what is asked for is fetched. So a large slice never moves more than 1.1 times its bytes and 1 MB, however its
    chunks lie. Of files below 24 MB whole blocks are fetched always: looking through thousands of objects takes
    requests by the hundred, not by the ten thousand. Neighbouring blocks come with one request.

    Attributes
    ----------
    asked, spare
        Bytes fetched that were asked for, and those that were not (yet).
    """

    name: ClassVar[str] = "shinecat"

    blocksize: int
    size: int

    def __init__(self, blocksize: int, fetcher: Callable[[int, int], bytes], size: int) -> None:
        super().__init__(blocksize, fetcher, size)
        self.asked = 0
        self.spare = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._unasked: dict[int, int] = {}
        self._last_end = -1

    def _fetch(self, start: int | None, stop: int | None) -> bytes:
        first, end = start or 0, min(self.size if stop is None else stop, self.size)
        if first >= end:
            return b""
        ahead = self._may_spare() if first == self._last_end else 0
        self._last_end = end
        parts, place = [], first
        while place < end:
            number = place // self.blocksize
            block = self._blocks.get(number)
            if block is not None:
                self._blocks.move_to_end(number)
                part = block[place - number * self.blocksize : end - number * self.blocksize]
                self._was_asked(number, len(part))
            else:
                until = min(self._next_known(number, end), end)
                part = self._get(place, until, min(ahead, _AHEAD) if until == end else 0)
            parts.append(part)
            place += len(part)
        self._trim()
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def _next_known(self, number: int, end: int) -> int:
        """Start of the first cached block after ``number``, or ``end``."""
        number += 1
        while number * self.blocksize < end and number not in self._blocks:
            number += 1
        return number * self.blocksize

    def _get(self, first: int, end: int, ahead: int) -> bytes:
        """Fetch ``[first, end)``, in whole blocks and beyond where that may be spared."""
        low = first - first % self.blocksize
        high = min(-(-(end + ahead) // self.blocksize) * self.blocksize, self.size)
        while high - self.blocksize >= end and high // self.blocksize - 1 in self._blocks:
            high -= self.blocksize  # known already
        if (high - low) - (end - first) > self._may_spare():
            high = min(-(-end // self.blocksize) * self.blocksize, self.size)
        if (high - low) - (end - first) > self._may_spare():
            low, high = first, end
        data: bytes = self.fetcher(low, high)
        if len(data) != high - low:
            raise OSError(f"{high - low} bytes were asked for, {len(data)} came")
        self.asked += end - first
        self.spare += (high - low) - (end - first)
        self._keep(low, data, first, end)
        return data[first - low : end - low]

    def _keep(self, low: int, data: bytes, first: int, end: int) -> None:
        """Keep what are whole blocks."""
        number = -(-low // self.blocksize)
        while number * self.blocksize < low + len(data):
            start = number * self.blocksize
            stop = min(start + self.blocksize, self.size)
            if stop > low + len(data):
                break
            self._blocks[number] = data[start - low : stop - low]
            used = max(0, min(stop, end) - max(start, first))
            self._unasked[number] = (stop - start) - used
            number += 1

    def _may_spare(self) -> int:
        return self.size if self.size <= _SMALL else max(0, int(_FREE + _PART * self.asked) - self.spare)

    def _was_asked(self, number: int, count: int) -> None:
        credit = min(count, self._unasked.get(number, 0))
        self._unasked[number] = self._unasked.get(number, 0) - credit
        self.spare -= credit
        self.asked += credit

    def _trim(self) -> None:
        while len(self._blocks) * self.blocksize > _KEPT:
            number, _ = self._blocks.popitem(last=False)
            self._unasked.pop(number, None)  # stays in the count of what was spared


register_cache(SpendingCache, clobber=True)
