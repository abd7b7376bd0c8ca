"""SI pairs beside values with units, made at write."""

from __future__ import annotations

import importlib
from typing import Any

_FORMS = (("value", "unit"), ("v", "u"))


def si_pair(value: float, unit: str) -> tuple[float, str] | None:
    """Value and unit in SI, or None for a unit that nobody knows."""
    pair: tuple[float, str] | None = importlib.import_module("jupyter_shinecat.units").si_pair(value, unit)
    return pair


def with_si(value: Any, *, echo: bool = False) -> Any:
    """A copy of ``value`` in which each ``{value, unit}`` or ``{v, u}`` has ``valueSI`` and ``unitSI``.

    What was written is kept as it is; an unknown unit, or a value that is no number, gets no pair, or with ``echo``
    the value and unit themselves, as SciCat's server does.
    """
    if isinstance(value, list):
        return [with_si(item, echo=echo) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: with_si(item, echo=echo) for key, item in value.items()}
    for value_key, unit_key in _FORMS:
        unit = result.get(unit_key)
        if value_key in result and isinstance(unit, str):
            result.pop("valueSI", None)
            result.pop("unitSI", None)
            pair = _pair(result[value_key], unit) if unit else None
            if pair is None and echo and unit:
                pair = result[value_key], unit
            if pair is not None:
                result["valueSI"], result["unitSI"] = pair
            break
    return result


def half_pair(metadata: Any, path: str = "") -> str | None:
    """Path of the first ``{value}`` without ``unit`` or the other way round, or None."""
    if isinstance(metadata, dict):
        for value_key, unit_key in _FORMS:
            if (value_key in metadata) != (unit_key in metadata):
                return path
        for key, child in metadata.items():
            found = half_pair(child, f"{path}.{key}" if path else key)
            if found is not None:
                return found
    return None


def _pair(value: Any, unit: str) -> tuple[Any, str] | None:
    if isinstance(value, list):
        if not value or len(value) > 1000:
            return None
        pairs = [_pair(item, unit) for item in value]
        if any(pair is None for pair in pairs):
            return None
        return [pair[0] for pair in pairs if pair], pairs[0][1] if pairs[0] else ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return si_pair(value, unit)
