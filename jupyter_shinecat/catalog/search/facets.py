"""Counting documents by the values of a field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jupyter_shinecat.catalog import dates as _dates
from jupyter_shinecat.catalog.store.documents import Row

from .asked_facets import Facet
from .bins import binned
from .condition import Always, Condition, Exists, either
from .paths import values_at
from .quantities import number_in, pair_of

MAX_VALUES = 1000
KEYS = "metadataKeys"  # a field that no document has: the names of its metadata keys
_SCALARS = (str, int, float, bool)


class Tally:
    """Counts of one facet: lists by element, a document once for each value, a missing value as null."""

    def __init__(self, facet: Facet) -> None:
        self._facet = facet
        self._counts: Counter[Any] = Counter()

    def add(self, doc: Any) -> None:
        """Count one document, once for each different value."""
        found: set[Any] = set()
        values = _metadata_keys(doc) if self._facet.field == KEYS else list(values_at(doc, self._facet.path))
        for value in values:
            self._put_value(found, value)
        if self._facet.numeric:
            self._counts.update(found or {None})
        else:
            self._counts.update(found if values else {None})

    def _put_value(self, found: set[Any], value: Any) -> None:
        facet = self._facet
        if facet.numeric:
            for item in value if isinstance(value, list) else (value,):
                number = number_in(item, facet.unit)
                if number is not None:
                    found.add(number)
        elif isinstance(value, list):
            found.update(_key(item) for item in value if isinstance(item, _SCALARS))
        elif facet.by and (moment := _dates.parse(value)):
            found.add((moment.year, moment.month, moment.day)[: facet.depth])
        elif isinstance(value, _SCALARS) or value is None:
            found.add(_key(value))
        elif pair := pair_of(value):
            found.add(_Pair(pair))

    def put(self, value: Any, number: int) -> None:
        """Add ``number`` documents with ``value`` (a date as ``(year, month, day)``, cut to the facet's depth)."""
        if number:
            self._counts[value[: self._facet.depth] if isinstance(value, tuple) else _key(value)] += number

    def counts(self) -> list[dict[str, Any]]:
        """``[{_id, count}]``, the commonest first, numbers in bins from low to high; at most 1000 values."""
        if self._facet.bins is not None:
            return binned(self._counts, self._facet.bins)
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], str(item[0])))[:MAX_VALUES]
        return [{"_id": _shown(value), "count": count} for value, count in ordered]


class _Pair(tuple[Any, str]):
    """A value with its unit: no date."""

    __slots__ = ()


class _Flag(tuple[bool]):
    """True or false: to Python they equal 1 and 0, to JSON they don't."""

    __slots__ = ()


def _key(value: Any) -> Any:
    return _Flag((value,)) if isinstance(value, bool) else value


def tallied(rows: Iterable[Row], facets: list[Facet], number: int | None = None) -> tuple[dict[str, Any], int]:
    """Counts by value of each facet over documents, and their number, in one pass.

    With ``number`` there are so many documents, and those that ``rows`` leaves out have none of the fields.
    """
    tallies = {facet.name: Tally(facet) for facet in facets}
    total = 0
    for row in rows:
        total += 1
        for tally in tallies.values():
            tally.add(row.doc)
    if number is not None:
        for tally in tallies.values():
            tally.put(None, number - total)
    return {name: tally.counts() for name, tally in tallies.items()}, total


def anywhere(facets: list[Facet]) -> Condition:
    """Documents that have a value of some of these facets."""
    if any(facet.field == KEYS for facet in facets):
        return Always()
    return either(*(Exists(facet.path) for facet in facets))


def _metadata_keys(doc: Any) -> list[Any]:
    metadata = doc.get("scientificMetadata")
    return [list(metadata)] if isinstance(metadata, dict) else [[]]


def _shown(value: Any) -> Any:
    if isinstance(value, _Pair):
        return {"value": value[0], "unit": value[1]}
    if isinstance(value, _Flag):
        return value[0]
    if isinstance(value, tuple):
        return dict(zip(("year", "month", "day"), value, strict=False))
    return value
