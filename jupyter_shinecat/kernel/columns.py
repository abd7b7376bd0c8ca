"""Metadata of many datasets as columns of a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import QueryError
from jupyter_shinecat.units import UnitError

from .metadata import MISSING, found_at
from .values import Value, led, pair

if TYPE_CHECKING:
    import pandas as pd

_COLUMN = re.compile(r"(?P<key>.*\S)\s*\[(?P<unit>[^\[\]]+)\]\s*")


def add_columns(frame: pd.DataFrame, trees: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The frame with a column for each metadata key; numbers in one unit, which the column's name tells.

    Raises
    ------
    QueryError
        A column's name is empty, or its unit is not one for these values.
    """
    for column in columns:
        match = _COLUMN.fullmatch(column)
        key, unit = (match["key"], match["unit"].strip()) if match else (column.strip(), "")
        if not key:
            raise QueryError(tr("A key can't be empty."))
        values = [value_at(tree, key) for tree in trees]
        unit = unit or next((one.unit for one in values if isinstance(one, Value) and one.unit), "")
        frame[f"{key} [{unit}]" if unit else key] = [_plain(one, unit, key) for one in values]
    return frame


def value_at(tree: Mapping[str, Any], key: str) -> Any:
    """The value under a key or a path of keys with dots (or slashes); None where there is none."""
    found = found_at(tree, key)
    if found is MISSING:
        return None
    value = pair(found)
    if value is None and isinstance(found, Mapping):
        value = led(found)[0]
    return found if value is None else value


def _plain(value: Any, unit: str, key: str) -> Any:
    if not isinstance(value, Value):
        return value
    if not unit or not value.unit or value.unit == unit or isinstance(value.value, str) or value.value is None:
        return value.value
    try:
        return value.to(unit).value
    except (UnitError, ValueError, TypeError) as cause:
        raise QueryError(
            tr(
                "{key} is in {unit} in some dataset, which can't be shown in {wanted}.",
                key=key,
                unit=value.unit,
                wanted=unit,
            )
        ) from cause
