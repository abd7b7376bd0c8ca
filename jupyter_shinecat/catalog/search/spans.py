"""Both bounds of a date as one question to the index."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search.fields import DATASET


@dataclass(frozen=True)
class Span(c.Condition):
    """Both bounds of a date: one look at its column instead of two."""

    path: tuple[str, ...]
    low: float
    high: float


def spans(parts: tuple[c.Condition, ...]) -> list[c.Condition]:
    """The parts of an And, with both bounds of a date in one: a date has one value, which has to fulfil both."""
    bounds: dict[tuple[str, ...], dict[str, tuple[c.Condition, float]]] = {}
    for part in parts:
        if isinstance(part, c.Compare) and part.operator in ("$gte", "$lte") and ".".join(part.path) in DATASET.dates:
            moment = dates.parse(part.value) if isinstance(part.value, str) else None
            if moment is not None and dates.normal(part.value) == part.value:
                bounds.setdefault(part.path, {}).setdefault(part.operator, (part, moment.timestamp() * 1000))
    result = list(parts)
    for path, found in bounds.items():
        if len(found) == 2:
            (first, low), (second, high) = found["$gte"], found["$lte"]
            result = [part for part in result if part is not first and part is not second]
            result.append(Span(path, low, high))
    return result
