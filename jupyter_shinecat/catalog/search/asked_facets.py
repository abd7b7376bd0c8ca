"""What a caller wants counted: ``facets`` of fullfacet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jupyter_shinecat.catalog.errors import bad_request

from .fields import Schema
from .paths import MAX_SEGMENTS, split
from .quantities import is_unit

MAX_FACETS = 30
MAX_BINS = 200
_DEPTHS = {"year": 1, "month": 2, "day": 3}


@dataclass(frozen=True)
class Facet:
    """One facet.

    Parameters
    ----------
    name
        Under which the answer has its counts.
    path
        Where the values are.
    by
        ``year``, ``month`` or ``day`` for dates; else empty.
    bins
        Number of equal bins from the least to the greatest value, or the edges of the bins, ascending.
    unit
        Unit in which numbers are counted; values in other units are converted, those of another kind don't count.
    """

    name: str
    path: tuple[str, ...]
    by: str = ""
    bins: int | tuple[float, ...] | None = None
    unit: str = ""

    @property
    def depth(self) -> int:
        """How much of (year, month, day) counts."""
        return _DEPTHS[self.by] if self.by else 3

    @property
    def numeric(self) -> bool:
        """Whether only numbers count."""
        return self.bins is not None or bool(self.unit)

    @property
    def field(self) -> str:
        """The path as it is written."""
        return ".".join(self.path)


def plain(names: list[str], dates: frozenset[str] = frozenset()) -> list[Facet]:
    """Facets by value; dates by day."""
    return [Facet(name, split(name), "day" if split(name)[-1] in dates else "") for name in names]


def parse_facets(raw: Any, schema: Schema, *, described: bool = True) -> list[Facet]:
    """Facets of a request: names, or, when ``described``, objects ``{field, by, bins, unit, name}`` too.

    A 400 says what is possible.
    """
    wanted = raw if isinstance(raw, list) else []
    if len(wanted) > MAX_FACETS or not all(isinstance(one, (str, dict) if described else str) for one in wanted):
        raise bad_request(f"facets must be an array of at most {MAX_FACETS} names or objects with a field")
    facets = [plain([one], schema.dates)[0] if isinstance(one, str) else _described(one, schema) for one in wanted]
    names = [facet.name for facet in facets]
    for facet, one in zip(facets, wanted, strict=True):
        if isinstance(one, dict) and names.count(facet.name) > 1:
            raise bad_request(f"two facets are called {facet.name[:80]}; give one of them a name")
    return facets


def _described(one: dict[str, Any], schema: Schema) -> Facet:
    unknown = sorted(set(one) - {"field", "by", "bins", "unit", "name"})
    if unknown:
        raise bad_request(f"a facet has field, by, bins, unit and name, not {unknown[0][:80]}")
    field, name = one.get("field"), one.get("name", one.get("field"))
    if not isinstance(field, str) or not field or not isinstance(name, str) or not name:
        raise bad_request("a facet needs a field, a text; its name is a text too")
    path = split(field)
    if not all(path) or len(path) > MAX_SEGMENTS:
        raise bad_request(f"{field[:80]!r} is not a field name")
    unit = one.get("unit") or ""
    if not isinstance(unit, str):
        raise bad_request("unit must be a string")
    if unit and not is_unit(unit):
        raise bad_request(f"{unit[:40]!r} is not a known unit; without a unit, numbers count as they are written")
    bins = _bins(one.get("bins"))
    return Facet(name, path, _by(one, path, schema, numeric=bins is not None or bool(unit)), bins, unit)


def _by(one: dict[str, Any], path: tuple[str, ...], schema: Schema, *, numeric: bool) -> str:
    date = path[-1] in schema.dates
    by = one.get("by") or ("day" if date and not numeric else "")
    if by and by not in _DEPTHS:
        raise bad_request(f"by must be one of: {', '.join(_DEPTHS)}")
    if by and numeric:
        raise bad_request("a facet counts dates by day, month or year, or numbers in bins, not both")
    if by and not date and path[0] != schema.metadata:
        raise bad_request(f"{'.'.join(path)[:80]} is not a date; dates are: {', '.join(sorted(schema.dates))}")
    return str(by)


def _bins(raw: Any) -> int | tuple[float, ...] | None:
    if raw is None:
        return None
    if isinstance(raw, int) and not isinstance(raw, bool):
        if not 1 <= raw <= MAX_BINS:
            raise bad_request(f"bins must be between 1 and {MAX_BINS}")
        return raw
    if isinstance(raw, list) and 2 <= len(raw) <= MAX_BINS + 1 and all(_finite(edge) for edge in raw):
        edges = tuple(float(edge) for edge in raw)
        if all(low < high for low, high in pairwise(edges)):
            return edges
    raise bad_request(f"bins must be a number up to {MAX_BINS}, or an ascending array of at least two edges")


def _finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
