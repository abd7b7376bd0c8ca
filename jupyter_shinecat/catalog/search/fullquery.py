"""``fields`` of fullquery and fullfacet, compiled to a condition per field so that a facet can leave its own out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import Refused, bad_request

from .asked_text import text_condition
from .condition import Always, Compare, Condition, Near, OneOf, Text, both, either
from .fields import Schema
from .paths import split
from .quantities import FORMS
from .where import FIELD_ALIASES, WhereParser, pattern
from .words import parse_text

RELATIONS = (
    "EQUAL_TO", "EQUAL_TO_NUMERIC", "EQUAL_TO_STRING", "CONTAINS_STRING", "GREATER_THAN", "LESS_THAN",
    "GREATER_THAN_OR_EQUAL", "LESS_THAN_OR_EQUAL", "RANGE",
)  # fmt: skip
_ORDER: dict[str, Any] = {
    "GREATER_THAN": "$gt",
    "LESS_THAN": "$lt",
    "GREATER_THAN_OR_EQUAL": "$gte",
    "LESS_THAN_OR_EQUAL": "$lte",
}
TEXT_RELATIONS = ("EQUAL_TO_STRING", "CONTAINS_STRING")
NUMBER_RELATIONS = tuple(relation for relation in RELATIONS if relation not in TEXT_RELATIONS)
MAX_CONDITIONS = 50
ONE = ("1", "dimensionless")  # units of pure numbers
SiPair = Callable[[float, str], "tuple[float, str] | None"]


class FieldsParser:
    """Compiles the ``fields`` of one kind of document.

    Parameters
    ----------
    schema
        Fields of the kind; an unknown one is a 400.
    si_pair
        Conversion of a value and its unit to SI.
    nested
        Whether metadata conditions may name nested keys (the real server can't).
    """

    def __init__(self, schema: Schema, si_pair: SiPair, *, nested: bool = True) -> None:
        self._schema = schema
        self._si_pair = si_pair
        self._nested = nested
        self._similar = False

    def parse(self, fields: Any) -> dict[str, Condition]:
        """One condition for each key; all of them are to be fulfilled."""
        if fields is None:
            return {}
        if not isinstance(fields, dict):
            raise bad_request("fields must be an object")
        similar = fields.get("similar") if self._nested else None
        if similar not in (None, True, False):
            raise bad_request("similar must be true or false; it says whether words that are alike count too")
        self._similar = bool(similar)
        return {
            key: self._one(key, value)
            for key, value in fields.items()
            if value is not None and (key != "similar" or not self._nested)
        }

    def _one(self, key: str, value: Any) -> Condition:
        if key == "mode":
            return WhereParser(self._schema.kind).parse(value)
        if key == "text":
            return self._text(value)
        if key == self._schema.conditions:
            return self._metadata(value)
        if key == "userGroups":
            groups = tuple(_as_list(value))
            return either(OneOf(("ownerGroup",), groups), OneOf(("accessGroups",), groups))
        name = FIELD_ALIASES.get(key, key) if self._schema.kind == "dataset" else key
        path = split(name)
        if path[0] not in self._schema.names:
            raise bad_request(f"{key} is not a field of a {self._schema.kind}")
        return self._field(path, value)

    def _text(self, value: Any) -> Condition:
        if not isinstance(value, str):
            raise bad_request("text must be a string")
        if self._nested:
            return text_condition(value, self._schema.kind, similar=self._similar)
        phrases = parse_text(value)
        return Text(phrases) if phrases else Always()

    def _field(self, path: tuple[str, ...], value: Any) -> Condition:
        date = path[-1] in self._schema.dates
        if isinstance(value, dict):
            if value and all(key.startswith("$") for key in value):
                return WhereParser(self._schema.kind).parse({".".join(path): value})
            bounds = [("begin", "$gte"), ("end", "$lte"), ("min", "$gte"), ("max", "$lte")]
            if not set(value) <= {name for name, _ in bounds}:
                raise bad_request(f"{'.'.join(path)} takes begin and end, or min and max")
            parts = []
            for name, operator in bounds:
                bound = value.get(name)
                if bound is not None:
                    parts.append(Compare(path, operator, _date(bound) if date else _number(bound)))  # type: ignore[arg-type]
            return both(*parts)
        values = [_date(item) if date and isinstance(item, str) else item for item in _as_list(value)]
        if path[-1] in self._schema.numbers:
            values = [_number(item) for item in values]
        if path[-1] in self._schema.flags:
            values = [item if isinstance(item, bool) else str(item).lower() == "true" for item in values]
        return OneOf(path, tuple(values))

    def _metadata(self, value: Any) -> Condition:
        if not isinstance(value, list) or len(value) > MAX_CONDITIONS:
            raise bad_request(f"{self._schema.conditions} must be an array of at most {MAX_CONDITIONS} conditions")
        return both(*(self._metadata_condition(item) for item in value))

    def _metadata_condition(self, item: Any) -> Condition:
        if not isinstance(item, dict) or not isinstance(item.get("lhs"), str) or not item["lhs"]:
            raise bad_request("a metadata condition needs lhs, relation and rhs")
        relation, rhs, unit = item.get("relation"), item.get("rhs"), item.get("unit") or ""
        if relation not in RELATIONS:
            raise bad_request(f"{relation!r} is not a relation; there are: {', '.join(RELATIONS)}")
        if not isinstance(unit, str):
            raise bad_request("unit must be a string")
        segments = split(item["lhs"])
        base = (self._schema.metadata, *(segments if self._nested else (item["lhs"].replace(".", "%2E"),)))
        if not all(base) or len(base) > 30:
            raise bad_request(f"{item['lhs'][:80]!r} is not a metadata key")
        if relation == "CONTAINS_STRING":
            return _any_form(base, lambda path: pattern(path, _quoted(rhs), "i"))
        if relation == "EQUAL_TO_STRING" or (relation == "EQUAL_TO" and isinstance(rhs, str)):
            # Who types a condition writes flags as words.
            meant = (str(rhs), *(flag for flag in (True, False) if rhs == str(flag).lower()))
            return _any_form(base, lambda path: OneOf(path, meant))
        if relation == "EQUAL_TO" and isinstance(rhs, bool) and not unit:
            return _any_form(base, lambda path: OneOf(path, (rhs,)))
        if relation == "RANGE":
            if not isinstance(rhs, list) or len(rhs) != 2:
                raise bad_request("RANGE needs two numbers: [lower, upper]")
            low, high = (_compared(relation, bound) for bound in rhs)
            return both(
                self._numeric(base, lambda path, v: Compare(path, "$gt", v), low, unit),
                self._numeric(base, lambda path, v: Compare(path, "$lt", v), high, unit),
            )
        number = _compared(relation, rhs)
        if relation in _ORDER:
            operator = _ORDER[relation]
            return self._numeric(base, lambda path, v: Compare(path, operator, v), number, unit)
        return self._numeric(base, Near if unit and in_si(self._si_pair, number, unit) else _equal, number, unit)

    def _numeric(
        self, base: tuple[str, ...], make: Callable[[tuple[str, ...], float], Condition], number: float, unit: str
    ) -> Condition:
        if not unit:
            return _any_form(base, lambda path: make(path, number))

        def literal(number: float, units: tuple[str, ...]) -> list[Condition]:
            """As written by someone else with the same text, for units that have no SI pair."""
            return [both(make((*base, value), number), OneOf((*base, name), units)) for value, name in FORMS]

        pair = in_si(self._si_pair, number, unit)
        if pair is None:
            return either(*literal(number, (unit,)))
        converted = both(make((*base, "valueSI"), pair[0]), OneOf((*base, "unitSI"), (pair[1],)))
        return either(converted, *literal(pair[0], ONE)) if pair[1] == "1" else converted


def in_si(si_pair: SiPair, number: float, unit: str) -> tuple[float, str] | None:
    """A number asked for, in SI; pure numbers too, which are stored without a pair."""
    return (number, "1") if unit in ONE else si_pair(number, unit)


def _equal(path: tuple[str, ...], number: float) -> Condition:
    """Whole numbers are meant as they are; of others nobody writes all digits."""
    return OneOf(path, (number,)) if isinstance(number, int) or number.is_integer() else Near(path, number)


def _any_form(base: tuple[str, ...], make: Callable[[tuple[str, ...]], Condition]) -> Condition:
    return either(*(make(path) for path in (base, (*base, "value"), (*base, "v"))))


def _quoted(text: Any) -> str:
    if not isinstance(text, str):
        raise bad_request(f"CONTAINS_STRING needs a text; numbers are compared with {', '.join(NUMBER_RELATIONS)}")
    return "".join(c if c.isalnum() or not c.isascii() else f"\\x{ord(c):02x}" for c in text)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _compared(relation: str, value: Any) -> float:
    try:
        return _number(value)
    except Refused as refusal:
        texts = " and ".join(TEXT_RELATIONS)
        raise bad_request(f"{refusal}; {relation} compares numbers, texts are compared with {texts}") from None


def _date(value: Any) -> str:
    date = dates.normal(value)
    if date is None:
        raise bad_request(f"{str(value)[:40]!r} is not a date")
    return date


def _number(value: Any) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise bad_request(f"{value[:40]!r} is not a number") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise bad_request(f"{str(value)[:40]!r} is not a number")
    return value
