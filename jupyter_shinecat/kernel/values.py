"""A value with its unit, as metadata hold them: ``{value, unit}`` or ``{v, u}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_shinecat.locale import tr

from .errors import MissingKey

if TYPE_CHECKING:
    from .metadata import Metadata


class Value:
    """A value with its unit.

    Attributes
    ----------
    value
        Number, text or list, as the catalog has it.
    unit
        Its unit as text, empty when it has none.
    more
        What else the catalog says of it (``minimum``, ``maximum``), None when nothing; also as ``energy.minimum``.

    Examples
    --------
    >>> energy = Value(9.3, "keV")
    >>> energy
    9.3 keV
    >>> energy.to("eV").value
    9300.0
    >>> energy > 9
    True
    """

    __slots__ = ("more", "unit", "value")

    def __init__(self, value: Any, unit: str = "", more: Metadata | None = None) -> None:
        self.value = value
        self.unit = unit
        self.more = more

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in Value.__slots__ or self.more is None:
            raise AttributeError(name)
        return getattr(self.more, name)

    def __getitem__(self, key: str) -> Any:
        if self.more is None:
            raise MissingKey(tr("{value} is one value; it has no {key}.", value=str(self)[:100], key=repr(key)[:100]))
        return self.more[key]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(dir(self.more) if self.more is not None else ())]

    def to(self, unit: str) -> Value:
        """The same in another unit.

        Raises
        ------
        UnitError
            One of the units is unknown, they measure different things, or the value is no number.
        """
        from jupyter_shinecat.units import UnitError, convert

        several = isinstance(self.value, (list, tuple))
        try:
            numbers = [float(one) for one in (self.value if several else [self.value])]
        except (TypeError, ValueError):
            raise UnitError(
                tr("{value} is no number, so it has no other unit.", value=repr(self.value)[:100])
            ) from None
        converted = [convert(one, self.unit, unit) for one in numbers]
        return Value(converted if several else converted[0], unit)

    @property
    def pint(self) -> Any:
        """As a quantity of pint's application registry; pint raises where it does not know the unit."""
        import pint

        from jupyter_shinecat.units import pint_text

        registry: Any = pint.get_application_registry()  # type: ignore[no-untyped-call]  # pint
        return registry.Quantity(self.value, pint_text(self.unit))

    def __repr__(self) -> str:
        return f"{self.value} {self.unit}" if self.unit else str(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value):
            return bool(self.value == other.value and self.unit == other.unit)
        return bool(self.value == other)

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _number(self, other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _number(self, other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _number(self, other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _number(self, other))

    def __hash__(self) -> int:
        return hash((str(self.value), self.unit))


def _number(value: Value, other: Any) -> Any:
    return other.to(value.unit).value if isinstance(other, Value) and other.unit != value.unit else _bare(other)


def _bare(other: Any) -> Any:
    return other.value if isinstance(other, Value) else other


def pair(entry: object) -> Value | None:
    """The value and unit in ``{value, unit}`` or ``{v, u}``; None for anything else."""
    if not isinstance(entry, Mapping):
        return None
    for value, unit in (("value", "unit"), ("v", "u")):
        if value in entry and not isinstance(entry[value], Mapping):
            others = set(entry) - {value, unit, "valueSI", "unitSI", "human_name", "label", "type"}
            if not others and (unit in entry or len(entry) == 1 or "valueSI" in entry or value == "value"):
                return Value(entry[value], str(entry.get(unit) or ""))
    return None


def led(level: Mapping[str, Any]) -> tuple[Value | None, Mapping[str, Any]]:
    """The value that leads a level, and the members that this leaves: a quantity with its range reads as one."""
    for value, unit in (("value", "unit"), ("v", "u")):
        own = {key: level[key] for key in (value, unit, "valueSI", "unitSI") if key in level}
        if value in own and (head := pair(own)) is not None:
            return head, {key: entry for key, entry in level.items() if key not in own}
    return None, level
