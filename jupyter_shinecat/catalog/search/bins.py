"""Numbers in bins."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Any


def binned(counts: Counter[Any], bins: int | tuple[float, ...]) -> list[dict[str, Any]]:
    """Counts in bins from low to high, empty ones too.

    A bin holds its ``min`` and not its ``max``; the last one holds both. What is below or above given edges, and what
    has no number (null), is counted only where there is some.

    Parameters
    ----------
    counts
        Documents by number; None counts those without one. A document in two bins is counted in both.
    bins
        How many equal bins, or their edges.
    """
    values = [value for value in counts if value is not None]
    edges = bins if isinstance(bins, tuple) else _edges(values, bins)
    inside = [0] * max(0, len(edges) - 1)
    below = above = 0
    for value in values:
        place = bisect_right(edges, value) - 1
        if value == edges[-1]:
            place = max(0, len(inside) - 1)
        if place < 0:
            below += counts[value]
        elif place >= len(inside):
            above += counts[value]
        else:
            inside[place] += counts[value]
    found: list[dict[str, Any]] = [{"_id": {"max": edges[0]}, "count": below}] if below else []
    found += [
        {"_id": {"min": low, "max": high}, "count": number}
        for low, high, number in zip(edges, edges[1:], inside, strict=False)
    ]
    if above:
        found.append({"_id": {"min": edges[-1]}, "count": above})
    if counts.get(None):
        found.append({"_id": None, "count": counts[None]})
    return found


def _edges(values: list[float], number: int) -> tuple[float, ...]:
    """Edges of equal bins over all values; one bin where all are the same, none where there are none."""
    if not values:
        return ()
    low, high = min(values), max(values)
    if low == high:
        return low, high
    # Divided before it is subtracted: the span of very large numbers is no number.
    width = high / number - low / number
    inner = sorted({low + width * place for place in range(1, number)})
    return (low, *(edge for edge in inner if low < edge < high), high)
