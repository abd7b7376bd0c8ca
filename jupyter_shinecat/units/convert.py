"""SI pairs and conversion; one cached factor per unit text, pint loaded when the first unit is met."""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .aliases import ACCEPTED, EXACT, PREFERRED

# Unit texts come from files, and pint evaluates powers: 9**9**9**9 runs for hours. Only names, 1, * / and one small
# power per factor are let through.
_FACTOR = r"(?:[A-Za-z_µΩ°%]+|1)\)*(?:\s*(?:\^|\*\*)\s*\(?\s*[+-]?[0-9](?:\.[0-9]{1,3})?\s*\)?)?\)*"
_SHAPE = re.compile(rf"\(*\s*{_FACTOR}(?:(?:\s*[*/]\s*|\s+|\s*(?=\())\(*\s*{_FACTOR}){{0,7}}\s*")
_TRAILING_POWER = re.compile(r"(?<=[A-Za-zµΩÅ])([+-]?[1-9])(?![\d.])")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

# Order and symbols of mathjs, which makes the pairs in the real server.
_BASE = ("kilogram", "meter", "second", "ampere", "kelvin", "candela", "mole", "radian")
_SYMBOL = {
    "kilogram": "kg",
    "meter": "m",
    "second": "s",
    "ampere": "A",
    "kelvin": "K",
    "candela": "cd",
    "mole": "mol",
    "radian": "rad",
}
# The real server's electronvolt is CODATA 2010 (1.602176565e-19 J); pairs written by either must compare equal.
_SERVER_EV_RATIO = 1.602176565e-19 / 1.602176634e-19


class UnitError(ShineCatError):
    """A unit is unknown, or two units measure different things."""


@dataclass(frozen=True, slots=True)
class _Affine:
    """``si = value * factor + offset`` in the base units ``si_text``; ``ev`` is the power of the electronvolt in it."""

    factor: float
    offset: float
    si_text: str
    ev: int


def si_pair(value: float, unit: str) -> tuple[float, str] | None:
    """A value in SI base units, as the real SciCat writes ``valueSI`` and ``unitSI``.

    Parameters
    ----------
    value
        Number in ``unit``.
    unit
        Unit as the file spells it.

    Returns
    -------
    :
        Value and base units in mathjs's text (``(kg m^2) / s^2``; ``1`` for a plain ratio); None for an unknown unit
        or a number that is not finite.

    Examples
    --------
    >>> si_pair(5, "mm")
    (0.005, 'm')
    >>> si_pair(25, "C")
    (298.15, 'K')
    >>> si_pair(3, "foobars") is None
    True
    """
    if isinstance(value, bool) or not math.isfinite(value):
        return None
    known = _resolve(unit)
    if known is None:
        return None
    si = _tidy(value * known.factor * _SERVER_EV_RATIO**known.ev + known.offset)
    return (si, known.si_text) if math.isfinite(si) else None


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """``value`` in another unit of the same quantity.

    Raises
    ------
    UnitError
        A unit is unknown, or the two measure different things.

    Examples
    --------
    >>> convert(12.4, "keV", "eV")
    12400.0
    """
    if canonical(from_unit) == canonical(to_unit):
        return value
    source, target = _resolve(from_unit), _resolve(to_unit)
    for unit, known in ((from_unit, source), (to_unit, target)):
        if known is None:
            raise UnitError(tr("The unit {unit} is not known.", unit=repr(unit)))
    assert source is not None
    assert target is not None
    if source.si_text != target.si_text:
        raise UnitError(
            tr(
                "{source} cannot be converted to {target}: they measure different things.",
                source=from_unit,
                target=to_unit,
            )
        )
    return _tidy((value * source.factor + source.offset - target.offset) / target.factor)


def canonical(unit: str) -> str:
    """One spelling of a known unit (``Angstrom`` and ``Å`` -> ``Å``); an unknown one is only trimmed."""
    text = unit.strip()
    expression = _expression(text)
    if expression is None:
        return text
    return PREFERRED.get(expression, text)


def pint_text(unit: str) -> str:
    """What pint parses for a unit as files spell it (``m-2`` -> ``m**-2``); an unknown one is only trimmed."""
    text = unit.strip()
    return _expression(text) or text or "dimensionless"


def known(unit: str) -> bool:
    """Whether ``unit`` gets an SI pair."""
    return _resolve(unit) is not None


def _tidy(value: float) -> float:
    """15 significant digits: what a factor's last binary digit adds is noise to readers and to comparisons."""
    return float(f"{value:.15g}")


def _expression(text: str) -> str | None:
    """What pint shall parse for ``text``; None when it is no unit or doesn't look like one."""
    if text in EXACT:
        return EXACT[text]
    text = unicodedata.normalize("NFC", text.translate(_SUPERSCRIPTS)).replace("μ", "µ")
    if text in EXACT:
        return EXACT[text]
    text = text.replace("Å", "angstrom").replace("·", "*")
    if "^" not in text and "**" not in text:
        text = _TRAILING_POWER.sub(r"**\1", text)  # NeXus and gnuplot style: m-2, s2
    return text if len(text) <= 60 and _SHAPE.fullmatch(text) else None


@functools.lru_cache(maxsize=4096)
def _resolve(unit: str) -> _Affine | None:
    """Factor, offset and base units of a unit text; the slow part (127 us in pint), done once per spelling."""
    expression = _expression(unit.strip())
    if expression is None:
        return None
    registry = _registry()
    try:
        parsed = registry.parse_units(expression)
        parts = dict(parsed._units)
        if not parts or any(_root_name(registry, name) not in ACCEPTED for name in parts):
            return None
        one, zero = (registry.Quantity(number, parsed).to_base_units() for number in (1.0, 0.0))
        text = _si_text(dict(one.units._units))
    except Exception:  # pint raises some thirty kinds for texts it can't read; to us they all mean "unknown"
        return None
    factor, offset = one.magnitude - zero.magnitude, zero.magnitude
    if text is None or not math.isfinite(factor) or factor == 0:
        return None
    ev = sum(int(power) for name, power in parts.items() if name.endswith("electron_volt"))
    return _Affine(factor, offset, text, ev)


def _root_name(registry: Any, name: str) -> str:
    """``kilometer`` -> ``meter``; a name that is accepted as it is stays."""
    if name in ACCEPTED:
        return name
    candidates = registry.parse_unit_name(name)
    return candidates[0][1] if candidates else name


def _si_text(base: dict[str, float]) -> str | None:
    powers = {name: power for name, power in base.items() if name != "count"}
    if any(name not in _SYMBOL for name in powers):
        return None
    above = [(name, powers[name]) for name in _BASE if powers.get(name, 0) > 0]
    below = [(name, powers[name]) for name in _BASE if powers.get(name, 0) < 0]

    def write(parts: list[tuple[str, float]], sign: int) -> str:
        words = [_SYMBOL[n] if p * sign == 1 else f"{_SYMBOL[n]}^{p * sign:g}" for n, p in parts]
        return " ".join(words)

    if not above:
        return write(below, 1) or "1"
    top = write(above, 1)
    if not below:
        return top
    bottom = write(below, -1)
    return f"{_grouped(top, above)} / {_grouped(bottom, below)}"


def _grouped(text: str, parts: list[tuple[str, float]]) -> str:
    return f"({text})" if len(parts) > 1 else text


@functools.cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
