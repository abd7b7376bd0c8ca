"""Counting documents by the values of a field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jupyter_shinecat.catalog import dates as _dates
from jupyter_shinecat.catalog.store.documents import Row

from .paths import split, values_at

MAX_VALUES = 1000


class Tally:
    """Counts of one facet: dates by day, lists by element, a missing value as null."""

    def __init__(self, facet: str, dates: frozenset[str]) -> None:
        self._path = split(facet)
        self._date = self._path[-1] in dates
        self._counts: Counter[Any] = Counter()

    def add(self, doc: Any) -> None:
        """Count one document, once for each different value."""
        found: set[Any] = set()
        values = list(values_at(doc, self._path))
        if not values:
            found.add(None)
        for value in values:
            if isinstance(value, list):
                found.update(item for item in value if isinstance(item, (str, int, float, bool)))
            elif self._date and (moment := _dates.parse(value)):
                found.add((moment.year, moment.month, moment.day))
            elif isinstance(value, (str, int, float, bool)) or value is None:
                found.add(value)
        self._counts.update(found)

    def put(self, value: Any, number: int) -> None:
        """Add ``number`` documents with ``value`` (a date as ``(year, month, day)``)."""
        if number:
            self._counts[value] += number

    def counts(self) -> list[dict[str, Any]]:
        """``[{_id, count}]``, the commonest first; at most 1000 values."""
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], str(item[0])))[:MAX_VALUES]
        return [{"_id": _shown(value), "count": count} for value, count in ordered]


def tallied(rows: Iterable[Row], names: list[str], dates: frozenset[str]) -> tuple[dict[str, Any], int]:
    """Counts by value of each name over documents, and their number, in one pass."""
    tallies = {name: Tally(name, dates) for name in names}
    total = 0
    for row in rows:
        total += 1
        for tally in tallies.values():
            tally.add(row.doc)
    return {name: tally.counts() for name, tally in tallies.items()}, total


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return {"year": value[0], "month": value[1], "day": value[2]}
    return value
