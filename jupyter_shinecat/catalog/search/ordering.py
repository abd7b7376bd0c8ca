"""The order of rows: the same whether the index or the documents answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jupyter_shinecat.catalog.store.documents import Row

from .entry import order_key
from .options import sort_value

Order = tuple[tuple[str, bool], ...]
Rank = tuple[Any, ...]
BY_TIME = "creationTime"


class _Down:
    """A value in falling order."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Down) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]


def time_sign(kind: str, order: Order) -> int:
    """1 or -1 for datasets in rising or falling order of creation time alone; else 0."""
    if kind != "dataset" or len(order) != 1 or order[0][0] != BY_TIME:
        return 0
    return -1 if order[0][1] else 1


def values_of(row: Row, kind: str, order: Order) -> list[Any]:
    """What decides the place of a row, as JSON can hold it."""
    if time_sign(kind, order):
        return [order_key(row.doc.get(BY_TIME), row.seq)]
    return [*(list(sort_value(row.doc, path)) for path, _descending in order), row.seq]


def rank(values: list[Any], kind: str, order: Order) -> Rank:
    """Something that compares as the rows are ordered."""
    sign = time_sign(kind, order)
    if sign:
        return (sign * values[0],)
    parts = (tuple(value) for value in values[:-1])
    ranked = (_Down(part) if descending else part for part, (_path, descending) in zip(parts, order, strict=True))
    return (*ranked, values[-1])


def rank_of(kind: str, order: Order) -> Callable[[Row], Rank]:
    """The rank of rows."""
    return lambda row: rank(values_of(row, kind, order), kind, order)


def in_order(rows: Iterable[Row], kind: str, order: Order) -> list[Row]:
    """All rows, sorted; without an order, as they were created."""
    return sorted(rows, key=rank_of(kind, order))
