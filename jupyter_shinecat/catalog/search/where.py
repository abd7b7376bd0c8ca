"""``where`` of a filter: MongoDB's operators and LoopBack's aliases, compiled to a condition."""

from __future__ import annotations

import re
from typing import Any

import re2

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import bad_request

from .condition import And, Compare, Condition, Element, Exists, Never, Not, OneOf, Pattern, Size, Text, both, either
from .paths import MAX_SEGMENTS, split
from .words import parse_text

MAX_DEPTH = 20
MAX_NODES = 2000
_ALIASES = {
    "inq": "$in", "nin": "$nin", "eq": "$eq", "neq": "$ne", "gt": "$gt", "gte": "$gte", "lt": "$lt", "lte": "$lte",
    "exists": "$exists", "regexp": "$regex", "between": "between", "like": "like", "nlike": "nlike", "ilike": "ilike",
    "nilike": "nilike",
}  # fmt: skip
_LOGIC = {"and": "$and", "or": "$or", "nor": "$nor"}
FIELD_ALIASES = {
    "proposalId": "proposalIds",
    "sampleId": "sampleIds",
    "instrumentId": "instrumentIds",
    "principalInvestigator": "principalInvestigators",
    "investigator": "principalInvestigators",
}
DATE_FIELDS = frozenset(
    {"creationTime", "startTime", "endTime", "createdAt", "updatedAt", "publishedOn", "dateOfDiskPurging",
     "dateOfPublishing", "archiveRetentionTime", "time"}
)  # fmt: skip
V4_OPERATORS = frozenset(
    [
        "$in",
        "$or",
        "$and",
        "$nor",
        "$match",
        "$eq",
        "$gt",
        "$gte",
        "$lt",
        "$lte",
        "$ne",
        "$nin",
        "$not",
        "$exists",
        "$regex",
        "$options",
    ]
)


class WhereParser:
    """Compiles one ``where``.

    Parameters
    ----------
    kind
        Collection asked about; dataset fields have aliases of the older API.
    known
        Names that may stand at the top (the v4 whitelist); None lets every name pass.
    """

    def __init__(self, kind: str, known: frozenset[str] | None = None) -> None:
        self._aliases = FIELD_ALIASES if kind == "dataset" and known is None else {}
        self._known = known
        self._nodes = 0

    def parse(self, where: Any) -> Condition:
        """The condition; raises a 400 that names what is not understood."""
        return self._object(where, 0)

    def _object(self, where: Any, depth: int) -> Condition:
        if where is None:
            return And(())
        if not isinstance(where, dict):
            raise bad_request(f"where must be an object, not {_shown(where)}")
        if depth > MAX_DEPTH:
            raise bad_request(f"where is nested deeper than {MAX_DEPTH} levels")
        parts = []
        for key, value in where.items():
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise bad_request(f"where has more than {MAX_NODES} conditions")
            parts.append(self._entry(key, value, depth))
        return both(*parts)

    def _entry(self, key: str, value: Any, depth: int) -> Condition:
        name = _LOGIC.get(key, key) if self._known is None else key
        if name in ("$and", "$or", "$nor"):
            if not isinstance(value, list) or not value:
                raise bad_request(f"{name} must be a nonempty array")
            parts = [self._object(item, depth + 1) for item in value]
            if name == "$and":
                return both(*parts)
            return either(*parts) if name == "$or" else Not(either(*parts))
        if name == "$text" and self._known is None:
            text = value.get("$search") if isinstance(value, dict) else None
            if not isinstance(text, str):
                raise bad_request("$text needs {$search: text}")
            return Text(parse_text(text))
        if key.startswith("$"):
            raise self._unknown(key)
        if self._known is not None and key.split(".", 1)[0] not in self._known:
            raise self._unknown(key)
        return self._field(self._path(key), value, depth)

    def _unknown(self, key: str) -> Exception:
        if self._known is not None:
            return bad_request(f"Property where.{key} should not exist in the filter object")
        return bad_request(f"unknown top level operator: {key}")

    def _path(self, key: str) -> tuple[str, ...]:
        segments = split(key)
        if len(segments) > MAX_SEGMENTS or not all(segments):
            raise bad_request(f"{_shown(key)} is not a field name")
        return (self._aliases.get(segments[0], segments[0]), *segments[1:])

    def _field(self, path: tuple[str, ...], value: Any, depth: int) -> Condition:
        if not isinstance(value, dict) or not value:
            return OneOf(path, (_cast(path, value),))
        operators = self._operators(value)
        if operators is None:
            # LoopBack's names, which v4 doesn't know, would else be taken for an object that is there word by word.
            if self._known is not None and path[0] != "scientificMetadata":
                for name in value.keys() - self._known:
                    raise self._unknown(f"{'.'.join(path)}.{name}")
            return OneOf(path, (value,))
        parts = []
        for name, operand in operators.items():
            if self._known is not None and name not in V4_OPERATORS:
                raise self._unknown(f"{'.'.join(path)}.{name}")
            if name != "$options":
                parts.append(self._operator(path, name, operand, operators, depth))
        return both(*parts)

    def _operators(self, value: dict[str, Any]) -> dict[str, Any] | None:
        if any(key.startswith("$") for key in value):
            return value
        if self._known is None and all(key in _ALIASES or key == "options" for key in value):
            return {_ALIASES.get(key, "$options"): operand for key, operand in value.items()}
        return None

    def _operator(self, path: tuple[str, ...], name: str, operand: Any, all_: dict[str, Any], depth: int) -> Condition:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise bad_request("the filter is too large")
        if name == "$eq":
            return OneOf(path, (_cast(path, operand),))
        if name == "$ne":
            return Not(OneOf(path, (_cast(path, operand),)))
        if name in ("$in", "$nin"):
            if not isinstance(operand, list):
                raise bad_request(f"{name} needs an array")
            chosen: Condition = OneOf(path, tuple(_cast(path, item) for item in operand)) if operand else Never()
            return chosen if name == "$in" else Not(chosen)
        if name in ("$gt", "$gte", "$lt", "$lte"):
            return Compare(path, name, _cast(path, operand))  # type: ignore[arg-type]
        if name == "between":
            if not isinstance(operand, list) or len(operand) != 2:
                raise bad_request("between needs two values")
            return both(Compare(path, "$gte", _cast(path, operand[0])), Compare(path, "$lte", _cast(path, operand[1])))
        if name == "$exists":
            return Exists(path) if operand not in (False, 0, None, "false") else Not(Exists(path))
        if name in ("$regex", "like", "ilike", "nlike", "nilike"):
            flags = str(all_.get("$options", "")) + ("i" if "ilike" in name else "")
            found = pattern(path, operand, flags)
            return Not(found) if name.startswith("n") else found
        if name == "$not":
            if not isinstance(operand, dict):
                raise bad_request("$not needs an object of operators")
            return Not(self._field(path, operand, depth + 1))
        if name == "$all":
            if not isinstance(operand, list):
                raise bad_request("$all needs an array")
            return both(*(OneOf(path, (_cast(path, item),)) for item in operand)) if operand else Never()
        if name == "$size":
            if isinstance(operand, bool) or not isinstance(operand, int):
                raise bad_request("$size needs a whole number")
            return Size(path, operand)
        if name == "$elemMatch":
            if not isinstance(operand, dict):
                raise bad_request("$elemMatch needs an object")
            if operand and all(key.startswith("$") for key in operand):
                return Element(path, self._field((), operand, depth + 1))
            return Element(path, WhereParser("", None)._object(operand, depth + 1))
        raise bad_request(f"unknown operator: {name}")


def pattern(path: tuple[str, ...], expression: Any, flags: str = "") -> Condition:
    """An expression at a path; a 400 when RE2 can't run it (look-around and back references need unbounded time)."""
    if not isinstance(expression, str) or len(expression) > 2000:
        raise bad_request("an expression must be a text of at most 2000 characters")
    # MongoDB drivers and LoopBack write /expression/flags too.
    written = re.fullmatch(r"/(.*)/([imsux]*)", expression, re.DOTALL)
    if written:
        expression, flags = written[1], flags + written[2]
    try:
        return Pattern(path, expression, flags)
    except re2.error as error:
        reason = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise bad_request(f"Regular expression is invalid: {_shown(expression)}: {reason}") from None


def _cast(path: tuple[str, ...], value: Any) -> Any:
    """Dates are stored in one form, so dates asked for are brought into it."""
    if path and path[-1] in DATE_FIELDS and isinstance(value, str):
        return dates.normal(value) or value
    return value


def _shown(value: Any) -> str:
    return repr(value)[:80]
