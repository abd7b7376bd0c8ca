"""Counts of all facets by one walk through the index.

A facet leaves its own part of the question out of its count, so that many facets have conditions of their own. Where
such a part asks for one value, it says which bucket of that facet counts: one walk through what all conditions have in
common then counts all of them, by buckets in buckets.
"""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.search.condition import Condition, OneOf
from jupyter_shinecat.catalog.search.facet_texts import TOO_LONG, texts_of
from jupyter_shinecat.catalog.search.schema import FACETS

_MOST_PARTS = 3
_ALL, _INSIDE = "all", "inside"
Buckets = list[dict[str, Any]]


def chosen(field: str, part: Condition) -> str | None:
    """The text that stands in the column of a facet for the one value that ``part`` asks for; None for other parts."""
    if field not in FACETS or not isinstance(part, OneOf) or part.path != (field,) or len(part.values) != 1:
        return None
    value = part.values[0]
    if not isinstance(value, (str, bool)):
        return None
    (text,) = texts_of({field: value}, field)
    return None if text == TOO_LONG else text


class OneWalk:
    """What to ask tantivy, and what its answer means.

    Parameters
    ----------
    own
        Fields with a part of their own, and the text that this part asks for.
    names
        Fields that nothing is asked about.
    """

    def __init__(self, own: dict[str, str], names: tuple[str, ...]) -> None:
        self._own = own
        self._names = names

    @classmethod
    def of(cls, own: dict[str, Condition], names: tuple[str, ...]) -> OneWalk | None:
        """The walk for these parts, where there is one."""
        texts = {field: text for field, part in own.items() if (text := chosen(field, part)) is not None}
        return cls(texts, names) if len(texts) == len(own) and 0 < len(own) <= _MOST_PARTS else None

    def wanted(self, counts: dict[str, Any]) -> dict[str, Any]:
        """The aggregation; ``counts`` are those by which the values of each field are counted."""
        result = {_ALL: self._inside(list(self._own), {name: counts[name] for name in self._names})[_INSIDE]}
        for field in self._own:
            others = [other for other in self._own if other != field]
            level = self._inside(others, {field: counts[field]})
            result[field] = level[_INSIDE] if others else level[field]
        return result

    def _inside(self, fields: list[str], counts: dict[str, Any]) -> dict[str, Any]:
        for field in reversed(fields):
            choice = {"field": f"f_{field}", "size": 1, "segment_size": 1, "include": [self._own[field]]}
            counts = {_INSIDE: {"terms": choice, **({"aggs": counts} if counts else {})}}
        return counts

    def told(self, found: dict[str, Any], total: int) -> list[tuple[dict[str, Buckets], int]]:
        """Buckets by field and number of documents: of ``names`` with all parts, then of each field without its own.

        ``total``: how many documents were walked through.
        """
        every, number = self._opened(found[_ALL], len(self._own), total)
        result = [({name: every.get(name, {}).get("buckets", []) for name in self._names}, number)]
        for field in self._own:
            levels = len(self._own) - 1
            inner, number = self._opened(found[field], levels, total) if levels else ({field: found[field]}, total)
            result.append(({field: inner.get(field, {}).get("buckets", [])}, number))
        return result

    @staticmethod
    def _opened(found: dict[str, Any], levels: int, total: int) -> tuple[dict[str, Any], int]:
        """What is inside so many levels of one bucket each, and how many documents are."""
        for level in range(levels):
            if not found["buckets"]:
                return {}, 0
            bucket = found["buckets"][0]
            found, total = bucket if level == levels - 1 else bucket[_INSIDE], int(bucket["doc_count"])
        return found, total
