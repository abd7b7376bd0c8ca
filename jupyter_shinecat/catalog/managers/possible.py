"""What can be asked of a metadata key: told when a condition can't find anything, whatever its number."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Visible
from jupyter_shinecat.catalog.errors import bad_request
from jupyter_shinecat.catalog.search.condition import Exists, OneOf, either
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.fields import Schema
from jupyter_shinecat.catalog.search.fullquery import NUMBER_RELATIONS, ONE, TEXT_RELATIONS, in_si
from jupyter_shinecat.catalog.search.options import Limits
from jupyter_shinecat.catalog.search.paths import split, values_at
from jupyter_shinecat.catalog.search.quantities import is_unit, number_in, pair_of

from .si import si_pair

_SAMPLE = Limits(200)
_SHOWN = 10


def check_conditions(engine: Engine, schema: Schema, conditions: Any, visible: Visible) -> None:
    """Raise a 400 when a condition's unit or kind of value is nowhere among what the caller sees of its key.

    Called when nothing was found, so that a search that finds something costs no more. A key that the caller sees
    nowhere is no error.
    """
    for item in conditions if isinstance(conditions, list) else ():
        _check(engine, schema, item, visible)


def _check(engine: Engine, schema: Schema, item: dict[str, Any], visible: Visible) -> None:
    key, relation, rhs, unit = item["lhs"], item["relation"], item.get("rhs"), item.get("unit") or ""
    base = (schema.metadata, *split(key))
    textual = relation in TEXT_RELATIONS or (relation == "EQUAL_TO" and isinstance(rhs, str))
    if unit and not textual and _measured_in(engine, schema, base, unit, visible):
        return
    known = _Known()
    for doc in engine.find(schema.kind, Exists(base), visible, _SAMPLE):
        for value in values_at(doc, base):
            known.add(value)
    shown = key[:80]
    if unit and not textual:
        if known.units:
            units = ", ".join(sorted(known.units)[:_SHOWN])
            why = "measures something else" if is_unit(unit) or unit in ONE else "is not a known unit"
            raise bad_request(f"{unit[:40]!r} {why}; {shown} is given in: {units}")
        if known.numbers:
            raise bad_request(f"{shown} is stored without a unit; leave the unit out")
        if not is_unit(unit) and unit not in ONE:
            raise bad_request(f"{unit[:40]!r} is not a known unit; write it as keV, mm, K, s^-1 or the like")
    if not textual and known.texts and not known.numbers:
        raise bad_request(f"{shown} holds texts, no numbers; compare it with: {', '.join(TEXT_RELATIONS)}")
    if textual and known.numbers and not known.texts:
        raise bad_request(f"{shown} holds numbers, no texts; compare it with: {', '.join(NUMBER_RELATIONS)}")


def _measured_in(engine: Engine, schema: Schema, base: tuple[str, ...], unit: str, visible: Visible) -> bool:
    pair = in_si(si_pair, 1.0, unit)
    places = [OneOf((*base, "unitSI"), (pair[1],))] if pair else []
    written = (unit, *ONE) if pair and pair[1] == "1" else (unit,)
    where = either(*places, OneOf((*base, "unit"), written), OneOf((*base, "u"), written))
    return bool(engine.find(schema.kind, where, visible, Limits(1)))


class _Known:
    """What stands at a key."""

    def __init__(self) -> None:
        self.units: set[str] = set()
        self.numbers = False
        self.texts = False

    def add(self, value: Any) -> None:
        for item in value if isinstance(value, list) else (value,):
            pair = pair_of(item)
            plain = pair[0] if pair else item
            if pair and pair[1] and number_in(item, "") is not None:
                self.units.add(pair[1])
            self.numbers = self.numbers or number_in(item, "") is not None
            self.texts = self.texts or isinstance(plain, str)
