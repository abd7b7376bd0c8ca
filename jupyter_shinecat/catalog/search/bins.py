"""Numbers in bins."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

Edges = tuple[float, ...]


class Numbers(Protocol):
    """Numbers of some documents."""

    def span(self) -> tuple[float, float] | None:
        """The least and the greatest one; None when there are none."""

    def in_bins(self, edges: Edges) -> list[int]:
        """Documents with a number below the first edge, in each bin, and above the last edge."""


class ReadNumbers:
    """Numbers that were read from documents, all different ones of each document together."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[float, ...]] = Counter()

    def add(self, numbers: tuple[float, ...]) -> None:
        """The numbers of one document."""
        self._counts[numbers] += 1

    def span(self) -> tuple[float, float] | None:
        if not self._counts:
            return None
        return min(map(min, self._counts)), max(map(max, self._counts))

    def in_bins(self, edges: Edges) -> list[int]:
        found = [0] * (len(edges) + 1)
        for numbers, count in self._counts.items():
            for place in {_place(number, edges) for number in numbers}:
                found[place] += count
        return found


def binned(parts: Sequence[Numbers], without: int, bins: int | Edges) -> list[dict[str, Any]]:
    """Documents by bin, from low to high, empty ones too; a document counts once in each bin.

    A bin holds its ``min`` and not its ``max``; the last one holds both. What is below or above given edges, and what
    has no number (null), is counted only where there is some.

    Parameters
    ----------
    parts
        Numbers of different documents.
    without
        How many documents have no number.
    bins
        How many equal bins, or their edges.
    """
    spans = [span for part in parts if (span := part.span()) is not None]
    edges = bins if isinstance(bins, tuple) else _edges(spans, bins)
    counts = [0] * (len(edges) + 1)
    if edges:
        for part in parts:
            counts = [one + more for one, more in zip(counts, part.in_bins(edges), strict=True)]
    below, *inside, above = counts if edges else (0, 0)
    found: list[dict[str, Any]] = [{"_id": {"max": edges[0]}, "count": below}] if below else []
    found += [
        {"_id": {"min": low, "max": high}, "count": number}
        for low, high, number in zip(edges, edges[1:], inside, strict=False)
    ]
    if above:
        found.append({"_id": {"min": edges[-1]}, "count": above})
    if without:
        found.append({"_id": None, "count": without})
    return found


def _place(value: float, edges: Edges) -> int:
    """0 is below all bins, 1 the first one."""
    return len(edges) - 1 if value == edges[-1] else bisect_right(edges, value)


def _edges(spans: Sequence[tuple[float, float]], number: int) -> Edges:
    """Edges of equal bins over all values; one bin where all are the same, none where there are none."""
    if not spans:
        return ()
    low, high = min(low for low, _high in spans), max(high for _low, high in spans)
    if low == high:
        return low, high
    # Divided before it is subtracted: the span of very large numbers is no number.
    width = high / number - low / number
    inner = sorted({low + width * place for place in range(1, number)})
    return (low, *(edge for edge in inner if low < edge < high), high)
