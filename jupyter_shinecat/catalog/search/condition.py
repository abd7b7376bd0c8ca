"""The one tree of conditions that every query language compiles to, with its exact meaning on a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import re2

from .paths import candidates, values_at
from .words import Phrase, text_matches

Operator = Literal["$gt", "$gte", "$lt", "$lte"]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


class Condition:
    """A question about one document."""

    def matches(self, doc: Any) -> bool:
        """Whether ``doc`` fulfils it; the truth against which every index is checked."""
        raise NotImplementedError


@dataclass(frozen=True)
class Always(Condition):
    """Every document."""

    def matches(self, doc: Any) -> bool:
        return True


@dataclass(frozen=True)
class Never(Condition):
    """No document."""

    def matches(self, doc: Any) -> bool:
        return False


@dataclass(frozen=True)
class And(Condition):
    """All of the parts."""

    parts: tuple[Condition, ...]

    def matches(self, doc: Any) -> bool:
        return all(part.matches(doc) for part in self.parts)


@dataclass(frozen=True)
class Or(Condition):
    """At least one of the parts."""

    parts: tuple[Condition, ...]

    def matches(self, doc: Any) -> bool:
        return any(part.matches(doc) for part in self.parts)


@dataclass(frozen=True)
class Not(Condition):
    """Not the part."""

    part: Condition

    def matches(self, doc: Any) -> bool:
        return not self.part.matches(doc)


@dataclass(frozen=True)
class OneOf(Condition):
    """The value at ``path``, or one of its elements, equals one of ``values``; None also stands for a missing value."""

    path: tuple[str, ...]
    values: tuple[Any, ...]
    _texts: frozenset[str] = field(init=False, repr=False, compare=False)
    _others: tuple[Any, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Mostly texts are asked for, and of every document of a page: who may see it.
        object.__setattr__(self, "_texts", frozenset(value for value in self.values if isinstance(value, str)))
        object.__setattr__(self, "_others", tuple(value for value in self.values if not isinstance(value, str)))

    def matches(self, doc: Any) -> bool:
        found = False
        for candidate in candidates(doc, self.path):
            found = True
            if isinstance(candidate, str):
                if candidate in self._texts:
                    return True
            elif any(same(candidate, value) for value in self._others):
                return True
        return not found and None in self._others


@dataclass(frozen=True)
class Compare(Condition):
    """The value at ``path`` stands in an order relation to ``value``; only numbers with numbers, texts with texts."""

    path: tuple[str, ...]
    operator: Operator
    value: Any

    def matches(self, doc: Any) -> bool:
        compare = _COMPARE[self.operator]
        kind = _order_kind(self.value)
        if kind == "other":
            return False
        return any(_order_kind(c) == kind and compare(c, self.value) for c in candidates(doc, self.path))


@dataclass(frozen=True)
class Near(Condition):
    """A number equal to ``value`` but for the rounding of a unit conversion (relative 1e-9)."""

    path: tuple[str, ...]
    value: float

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval that counts as equal."""
        slack = abs(self.value) * 1e-9
        return self.value - slack, self.value + slack

    def matches(self, doc: Any) -> bool:
        low, high = self.bounds
        return any(_order_kind(c) == "number" and low <= c <= high for c in candidates(doc, self.path))


@dataclass(frozen=True)
class Pattern(Condition):
    """A text at ``path`` contains a match of an RE2 expression."""

    path: tuple[str, ...]
    expression: str
    flags: str = ""
    _compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        options = re2.Options()
        options.log_errors = False
        options.case_sensitive = "i" not in self.flags
        options.dot_nl = "s" in self.flags
        options.max_mem = 8 << 20
        prefix = "(?m)" if "m" in self.flags else ""
        object.__setattr__(self, "_compiled", re2.compile(prefix + self.expression, options))

    def fits(self, text: str) -> bool:
        """Whether a text contains a match."""
        return self._compiled.search(text) is not None

    def matches(self, doc: Any) -> bool:
        return any(isinstance(c, str) and self.fits(c) for c in candidates(doc, self.path))


@dataclass(frozen=True)
class Exists(Condition):
    """There is a value at ``path``."""

    path: tuple[str, ...]

    def matches(self, doc: Any) -> bool:
        return any(True for _ in values_at(doc, self.path))


@dataclass(frozen=True)
class Size(Condition):
    """The list at ``path`` has ``size`` elements."""

    path: tuple[str, ...]
    size: int

    def matches(self, doc: Any) -> bool:
        return any(isinstance(v, list) and len(v) == self.size for v in values_at(doc, self.path))


@dataclass(frozen=True)
class Element(Condition):
    """One element of the list at ``path`` fulfils the part (asked about the element itself)."""

    path: tuple[str, ...]
    part: Condition

    def matches(self, doc: Any) -> bool:
        return any(
            isinstance(v, list) and any(self.part.matches(element) for element in v) for v in values_at(doc, self.path)
        )


@dataclass(frozen=True)
class Text(Condition):
    """All words and phrases of a search text occur in the document (see :mod:`.words`)."""

    phrases: tuple[Phrase, ...]

    def matches(self, doc: Any) -> bool:
        return text_matches(doc, self.phrases)


@dataclass(frozen=True)
class Marked(Condition):
    """Entries of the index with one of these terms; every document passes: who asks it has found them so."""

    terms: tuple[str, ...]

    def matches(self, doc: Any) -> bool:
        return True


def same(a: Any, b: Any) -> bool:
    """Equality as in JSON: ``true`` is not 1."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def both(*parts: Condition) -> Condition:
    """All of ``parts``, without needless nesting."""
    flat: list[Condition] = []
    for part in parts:
        if isinstance(part, And):
            flat.extend(part.parts)
        elif not isinstance(part, Always):
            flat.append(part)
    if not flat:
        return Always()
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def either(*parts: Condition) -> Condition:
    """At least one of ``parts``."""
    kept = [part for part in parts if not isinstance(part, Never)]
    if any(isinstance(part, Always) for part in kept):
        return Always()
    if not kept:
        return Never()
    return kept[0] if len(kept) == 1 else Or(tuple(kept))


def _order_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "other"
