"""Counting documents by the values of a field."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from jupyter_shinecat.catalog import dates as _dates
from jupyter_shinecat.catalog.store.documents import Row

from .asked_facets import Facet
from .bins import Numbers, ReadNumbers, binned
from .condition import Always, Condition, Exists, either
from .paths import values_at
from .quantities import number_in, pair_of

MAX_VALUES = 1000
KEYS = "metadataKeys"  # a field that no document has: the names of its metadata keys
_SCALARS = (str, int, float, bool)


class Tally:
    """Counts of one facet: lists by element, a document once for each value or bin, a missing value as null."""

    def __init__(self, facet: Facet) -> None:
        self._facet = facet
        self._counts: Counter[Any] = Counter()
        self._read = ReadNumbers()
        self._numbers: list[Numbers] = [self._read]

    def add(self, doc: Any) -> None:
        """Count one document, once for each different value."""
        found: set[Any] = set()
        values = _metadata_keys(doc) if self._facet.field == KEYS else list(values_at(doc, self._facet.path))
        for value in values:
            if self._facet.numeric:
                found.update(_numbers_in(value, self._facet.unit))
            else:
                found.update(self._keys_in(value))
        if self._facet.bins is not None and found:
            self._read.add(tuple(found))
        else:
            self._counts.update(found if values and not self._facet.numeric else found or {None})

    def _keys_in(self, value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from (self._key(item) for item in value if isinstance(item, _SCALARS))
        elif isinstance(value, _SCALARS) or value is None:
            yield self._key(value)
        elif pair := pair_of(value):
            yield pair_key(*pair)

    def _key(self, value: Any) -> Any:
        if self._facet.by and (moment := _dates.parse(value)):
            return (moment.year, moment.month, moment.day)[: self._facet.depth]
        return _key(value)

    def put(self, value: Any, number: int) -> None:
        """Add ``number`` documents with ``value`` (a date may be ``(year, month, day)``, and is cut)."""
        if number:
            if type(value) is tuple:
                value = value[: self._facet.depth]
            self._counts[value if isinstance(value, tuple) else self._key(value)] += number

    def put_numbers(self, numbers: Numbers) -> None:
        """Add the numbers of other documents, to be counted in bins."""
        self._numbers.append(numbers)

    def counts(self) -> list[dict[str, Any]]:
        """``[{_id, count}]``, the commonest first, numbers in bins from low to high; at most 1000 values."""
        if self._facet.bins is not None:
            return binned(self._numbers, self._counts[None], self._facet.bins)
        ordered = heapq.nsmallest(MAX_VALUES, self._counts.items(), key=_rank)
        return [{"_id": _shown(value), "count": count} for value, count in ordered]


def _rank(counted: tuple[Any, int]) -> tuple[int, str, bool]:
    value, count = counted
    return -count, str(value), isinstance(value, str)


class _Pair(tuple[Any, str]):
    """A value with its unit: no date."""

    __slots__ = ()


class _Flag(tuple[bool]):
    """True or false: to Python they equal 1 and 0, to JSON they don't."""

    __slots__ = ()


def pair_key(value: Any, unit: str) -> Any:
    """What is counted of a value with its unit."""
    return _Pair((_key(value), unit))


def _key(value: Any) -> Any:
    if isinstance(value, bool):
        return _Flag((value,))
    # 1 and 1.0 are one value, shown in one way.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _numbers_in(value: Any, unit: str) -> Iterator[float]:
    for item in value if isinstance(value, list) else (value,):
        number = number_in(item, unit)
        if number is not None:
            yield number


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
        return {"value": _shown(value[0]), "unit": value[1]}
    if isinstance(value, _Flag):
        return value[0]
    if isinstance(value, tuple):
        return dict(zip(("year", "month", "day"), value, strict=False))
    return value
