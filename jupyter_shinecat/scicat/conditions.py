"""Conditions on scientific metadata, as people write them and as SciCat takes them."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

if TYPE_CHECKING:
    from lark import Lark, Token

# Lark's own names of these terminals are what `_blame` looks for among what could have followed.
_GRAMMAR = r"""
start: _all
_all: _one (_AND _one)*
_one: "(" _all ")" | compare | turned | chain | span | inside | equal
compare: key OP number
turned: number OP key
chain: number OP key OP number
span: key _BETWEEN number _AND number
inside: key _IN "[" number _AND number "]" UNIT?
equal: key (EQUAL | CONTAINS) (QUOTED | WORD | number)
     | number EQUAL key
key: _part (_DOT _part)*
_part: QUOTED | WORD
number: NUMBER UNIT?

_AND.5: /and\b|&&?|，|且/i | ","
_BETWEEN.5: /between\b/i
_IN.5: /in\b/i
CONTAINS.5: /contains\b|~|包含/i
OP: "<=" | ">=" | "<" | ">" | "≤" | "≥"
EQUAL: "==" | "=" | "＝"
_DOT.3: "."
NUMBER.4: /[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
UNIT.2: /(?!(?:and|or|in|between|contains)\b)(?:[^\s\d+__-][^\s__]*|'[^']*'|"[^"]*")/
QUOTED.6: /"[^"]*"|'[^']*'|`[^`]*`/
WORD: /(?!(?:and|or|in|between|contains)\b)[^\W\d][\w%+:@\/-]*/
%ignore /\s+/
"""

# What ends a unit.
_GRAMMAR = _GRAMMAR.replace("__", r"""<>=≤≥!,，:()\[\]"'~&|""")

_RELATIONS = {
    "<": "LESS_THAN",
    "<=": "LESS_THAN_OR_EQUAL",
    "≤": "LESS_THAN_OR_EQUAL",
    ">": "GREATER_THAN",
    ">=": "GREATER_THAN_OR_EQUAL",
    "≥": "GREATER_THAN_OR_EQUAL",
}
_MIRRORED = {"<": ">", "<=": ">=", "≤": ">=", ">": "<", ">=": "<=", "≥": "<="}
_SIGNS = {"LESS_THAN": "<", "LESS_THAN_OR_EQUAL": "<=", "GREATER_THAN": ">", "GREATER_THAN_OR_EQUAL": ">="}
MAX_LENGTH = 4000
_EXACT = 2**53


class QueryError(ShineCatError):
    """A query text that can't be understood; ``position`` is the 0-based place in it."""

    position: int = 0


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One condition on a metadata key.

    Attributes
    ----------
    key
        Key of ``scientificMetadata``; nested ones with dots (``detector.distance``).
    relation
        SciCat's: ``EQUAL_TO_NUMERIC``, ``EQUAL_TO_STRING``, ``CONTAINS_STRING``, ``GREATER_THAN``, ``LESS_THAN``, both
        with ``_OR_EQUAL``, and ``RANGE`` (its bounds excluded).
    value
        Number, text, or the two bounds of a range.
    unit
        Unit of the numbers; empty where the metadata have none, too.
    position
        Where the key stands in the text that was parsed.
    """

    key: str
    relation: str
    value: float | str | tuple[float, float]
    unit: str = ""
    position: int = 0

    @property
    def nested(self) -> bool:
        """Whether the key leads into a group of keys."""
        return "." in self.key

    def to_scicat(self) -> dict[str, Any]:
        """An element of ``scientific`` in SciCat's fullquery."""
        rhs = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"lhs": self.key, "relation": self.relation, "rhs": rhs, "unit": self.unit}

    def __str__(self) -> str:
        key = self.key if all(part.isidentifier() for part in self.key.split(".")) else f"`{self.key}`"
        unit = f" {self.unit}" if self.unit and " " not in self.unit else f" '{self.unit}'" if self.unit else ""
        if isinstance(self.value, tuple):
            return f"{_written(self.value[0])}{unit} < {key} < {_written(self.value[1])}{unit}"
        if isinstance(self.value, str):
            quote = '"' if "'" in self.value else "'"
            sign = "contains" if self.relation == "CONTAINS_STRING" else "="
            return f"{key} {sign} {quote}{self.value}{quote}"
        return f"{key} {_SIGNS.get(self.relation, '=')} {_written(self.value)}{unit}"


def parse_conditions(text: str, *, offset: int = 0) -> tuple[Condition, ...]:
    """Conditions of a text: ``photon_energy > 9 keV and detector = 'AGIPD'``.

    ==========================================  ==========================================================
    ``gap < 5 mm``, ``<=``, ``>``, ``>=``       order; the unit may differ from the one in the metadata
    ``8 keV < energy < 10 keV``                 range without its bounds
    ``energy between 8 and 10 keV``             range with its bounds; also ``energy in [8, 10] keV``
    ``run = 17``, ``detector = 'AGIPD'``        equality of numbers and of texts
    ``title contains 'lysozyme'``               part of a text, in any case
    ``detector.distance``, ``'photon energy'``  nested keys; keys that hold blanks or signs
    ==========================================  ==========================================================

    Parameters
    ----------
    text
        Conditions joined with ``and``.
    offset
        Added to the positions in errors, where the text is part of a longer one.

    Raises
    ------
    QueryError
        It can't be understood; the error has its place.

    >>> [condition.to_scicat() for condition in parse_conditions("photon_energy > 9 keV")]
    [{'lhs': 'photon_energy', 'relation': 'GREATER_THAN', 'rhs': 9.0, 'unit': 'keV'}]
    """
    if len(text) > MAX_LENGTH:
        raise query_error(offset + MAX_LENGTH, tr("These conditions are longer than {count} signs.", count=MAX_LENGTH))
    if not text.strip():
        return ()
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

    try:
        tree = _parser().parse(text)
    except UnexpectedCharacters as error:
        _blame(text, int(error.pos_in_stream or 0), set(error.allowed or ()), offset)
    except UnexpectedToken as error:
        place = len(text.rstrip()) if error.token.type == "$END" else int(error.pos_in_stream or 0)
        _blame(text, place, set(error.expected), offset)
    except UnexpectedInput as error:
        _blame(text, int(error.pos_in_stream or 0), set(), offset)
    found: list[Condition] = []
    parts: list[Any] = list(tree.children)
    for part in parts:
        found.extend(_read(part.data, part.children, offset))
    return tuple(found)


def query_error(place: int, what: str, do: str = "") -> QueryError:
    """A `QueryError` at a 0-based place."""
    error = QueryError(what, do=" ".join(part for part in (do, tr("See position {place}.", place=place + 1)) if part))
    error.position = place
    return error


@functools.cache
def _parser() -> Lark:
    # Loaded at the first condition: import and table cost some tens of milliseconds.
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


def _read(kind: str, parts: list[Any], offset: int) -> list[Condition]:
    if kind == "compare":
        key, sign, number = parts
        return [_order(key, str(sign), *_number(number, offset), offset)]
    if kind == "turned":
        number, sign, key = parts
        return [_order(key, _MIRRORED[str(sign)], *_number(number, offset), offset)]
    if kind == "equal":
        if isinstance(parts[-1], str):
            key, sign, text = parts
            relation = "EQUAL_TO_STRING" if sign.type == "EQUAL" else "CONTAINS_STRING"
            return [_make(key, relation, _plain(text), "", offset)]
        first, sign, second = parts
        key, number = (first, second) if first.data == "key" else (second, first)
        if sign.type == "CONTAINS":
            return [_make(key, "CONTAINS_STRING", str(number.children[0]), "", offset)]
        return [_make(key, "EQUAL_TO_NUMERIC", *_number(number, offset), offset)]
    if kind == "chain":
        low_tree, low_sign, key, high_sign, high_tree = parts
        if (low_sign[0] in "<≤") != (high_sign[0] in "<≤"):
            raise query_error(
                offset + (high_sign.start_pos or 0), tr("Both signs of a range must point in the same direction.")
            )
        return _span(
            key, _number(low_tree, offset), _number(high_tree, offset), _MIRRORED[str(low_sign)], str(high_sign), offset
        )
    if kind == "span":
        key, low_tree, high_tree = parts
        return _span(key, _number(low_tree, offset), _number(high_tree, offset), ">=", "<=", offset)
    key, low_tree, high_tree, *unit = parts
    low, high = _number(low_tree, offset), _number(high_tree, offset)
    if unit:
        low, high = (low[0], low[1] or _plain(unit[0])), (high[0], high[1] or _plain(unit[0]))
    return _span(key, low, high, ">=", "<=", offset)


def _span(
    key: Any, one: tuple[float, str], two: tuple[float, str], first: str, second: str, offset: int
) -> list[Condition]:
    """Both bounds; a unit given once counts for both."""
    one, two = (one[0], one[1] or two[1]), (two[0], two[1] or one[1])
    if (first, second) in ((">", "<"), ("<", ">")) and one[1] == two[1]:
        low, high = sorted((one[0], two[0])) if first == "<" else (one[0], two[0])
        return [_make(key, "RANGE", (low, high), one[1], offset)]
    return [_order(key, first, *one, offset), _order(key, second, *two, offset)]


def _order(key: Any, sign: str, value: float, unit: str, offset: int) -> Condition:
    return _make(key, _RELATIONS[sign], value, unit, offset)


def _make(key: Any, relation: str, value: Any, unit: str, offset: int) -> Condition:
    tokens: list[Token] = key.children
    position = offset + (tokens[0].start_pos or 0)
    parts = [_plain(token) for token in tokens]
    if not all(part.strip(".") for part in parts):
        raise query_error(position, tr("A key can't be empty."))
    return Condition(key=".".join(parts), relation=relation, value=value, unit=unit, position=position)


def _number(tree: Any, offset: int) -> tuple[float, str]:
    text, *unit = tree.children
    # Whole numbers that a float would round stay as they are: identifiers, times in nanoseconds.
    value: float = int(text) if text.lstrip("+-").isdecimal() and abs(int(text)) > _EXACT else float(text)
    if not math.isfinite(float(text)):
        raise query_error(int(text.start_pos or 0) + offset, tr("This number is too large: {text}", text=text))
    return value, _plain(unit[0]) if unit else ""


def _written(number: float) -> str:
    """A number as it can be read again: the same."""
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else repr(number)


def _plain(token: str) -> str:
    return str(token[1:-1]) if token[:1] in "\"'`" else str(token)


def _blame(text: str, place: int, expected: set[str], offset: int) -> NoReturn:
    """Say what is wrong at a place, in the words of who wrote it."""
    rest = text[place:].lstrip()
    place = len(text) - len(rest) if rest else place
    lowered = rest.lower()
    do = ""
    if lowered.startswith(("or ", "or(", "|", "或")) or lowered == "or":
        what = tr("Conditions can only be joined with 'and': the catalog knows no 'or' between them.")
    elif rest.startswith(("!", "≠")) or lowered.startswith("not "):
        what = tr("The catalog knows no condition that says 'not'.")
    elif rest and rest[0] in "\"'`" and rest[0] not in rest[1:]:
        what = tr("A quote opens here and is never closed.")
    elif not rest and text.count("(") > text.count(")"):
        what = tr("A parenthesis opens and is never closed.")
    elif not rest:
        what = tr("The condition ends too early.")
        do = tr("A condition reads like: photon_energy > 9 keV.")
    elif "_AND" in expected:
        what = tr("Here must be 'and' or the end; there is “{text}”.", text=rest[:20])
        do = tr("Put a text of several words in quotes; words and parts such as type:raw come before the conditions.")
    elif expected & {"OP", "EQUAL"} and "UNIT" not in expected:
        what = tr(
            "After a key there must be =, <, <=, >, >=, contains, between or in; here is “{text}”.", text=rest[:20]
        )
        do = tr("Put a key that holds blanks or signs in quotes.")
    elif "NUMBER" in expected and "WORD" not in expected:
        what = tr("Here must be a number; there is “{text}”.", text=rest[:20])
    else:
        what = tr("This part of the conditions can't be read: “{text}”.", text=rest[:20])
        do = tr("A condition reads like: photon_energy > 9 keV.")
    raise query_error(offset + place, what, do)
