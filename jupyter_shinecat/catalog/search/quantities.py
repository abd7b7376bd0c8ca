"""Numbers of free metadata: plain, or in a pair with their unit."""

from __future__ import annotations

import importlib
import math
from functools import lru_cache
from typing import Any

FORMS = (("value", "unit"), ("v", "u"))
Line = tuple[float, float]


def pair_of(value: Any) -> tuple[Any, str] | None:
    """Scalar and unit of ``{value, unit}`` or ``{v, u}``, or None."""
    if isinstance(value, dict):
        for name, unit in FORMS:
            if isinstance(value.get(name), (str, int, float, bool)) and isinstance(value.get(unit), str):
                return value[name], value[unit]
    return None


def number_in(value: Any, unit: str) -> float | None:
    """The number of a plain value or a pair; None when there is none.

    Parameters
    ----------
    value
        What stands in the document.
    unit
        Empty: the number as it is written, whatever its unit. Else it is converted; plain numbers and units of
        another kind are none.
    """
    if not unit:
        if isinstance(value, dict):
            value = next((value[name] for name, _unit in FORMS if name in value), None)
        return _number(value)
    pair = pair_of(value)
    number = None if pair is None else _number(pair[0])
    if pair is None or number is None:
        return None
    line = line_between(pair[1], unit)
    return None if line is None else _number(on_line(number, line))


def on_line(number: float, line: Line) -> float:
    """A number in another unit; never falls where ``number`` grows."""
    # Twelve digits: what conversion adds beyond is noise, and would tear equal values apart.
    return float(f"{number * line[0] + line[1]:.12g}") + 0.0


def is_unit(text: str) -> bool:
    """Whether values in this unit can be converted."""
    return bool(importlib.import_module("jupyter_shinecat.units").known(text))


@lru_cache(maxsize=4096)
def line_between(source: str, target: str) -> Line | None:
    """Slope and offset from one unit to another; None when they don't measure the same."""
    units = importlib.import_module("jupyter_shinecat.units")
    try:
        offset = units.convert(0.0, source, target)
        return units.convert(1.0, source, target) - offset, offset
    except units.UnitError:
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number + 0.0 if math.isfinite(number) else None
