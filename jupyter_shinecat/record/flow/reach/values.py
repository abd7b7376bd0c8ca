"""What surely flowed into a value, and into each of its parts where the code keeps them apart."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jupyter_shinecat.record.flow.sources import Origin, Sources

_MOST = 8  # things that a value leads to
REST = object()  # stands for each part that has no key of its own


class Value:
    """A value of the code, with what surely flowed into it.

    Attributes
    ----------
    sure
        Origins that surely flowed into it.
    every
        These, and all that may have.
    parts
        Of something that holds several things as they are (a display, what a loop gathered): its parts by key, `REST`
        for all others; None for what is of one piece, where each part has what the whole has.
    added
        Of ``sure``, what came by a change in place.
    lost
        What was surely in it, and is so no longer.
    touched
        It was changed in place.
    leads
        Things that get what it gets: the figure of axes, the file of a group.
    files
        Numbers of the writing events whose file it is a handle of.
    known
        The function behind it, with the names that it sees; None for all else.
    """

    __slots__ = ("added", "every", "files", "known", "leads", "lost", "parts", "sure", "touched")

    def __init__(
        self, sure: Iterable[Origin] = (), every: Iterable[Origin] = (), parts: dict[object, Value] | None = None
    ) -> None:
        self.sure: set[Origin] = set(sure)
        self.every: set[Origin] = self.sure.union(every)
        self.parts = parts
        self.added: set[Origin] = set()
        self.touched = False
        self.lost: set[Origin] = set()
        self.leads: list[Value] = []
        self.files: set[int] = set()
        self.known: object | None = None

    def element(self, key: object = REST) -> Value:
        """Its part ``key`` (`REST`: one of them)."""
        if self.parts is None:
            return self
        found = self.parts.get(key) if key is not REST else None
        if found is None and REST in self.parts and (key is not REST or len(self.parts) == 1):
            found = self.parts[REST]
        if found is None and key is not REST:  # nobody put it there where it was seen
            return Value(self.sure if len(self.every) == 1 else (), self.every)
        if found is None:
            return self.one_of()
        return found if found.every >= self.every else found.beside(self.every)

    def one_of(self) -> Value:
        """One of its parts, whichever: certain only where all have the same single origin."""
        if self.parts is None:
            return self
        common = set.intersection(*(part.sure for part in self.parts.values())) if self.parts else set()
        return Value(self.sure if len(self.every) == 1 else common, self.every)

    def beside(self, every: Iterable[Origin]) -> Value:
        """The same value, of which may have come also what is in ``every``."""
        found = Value(self.sure, self.every.union(every), self.parts)
        found.leads, found.files, found.known = [self], self.files, self.known
        return found

    def lose(self, key: object = REST) -> None:
        """Its part ``key`` is taken out (`REST`: one of them; None: all)."""
        self.touched = True
        if self.parts is None:
            return
        before = set(self.sure)
        if key is None:
            self.sure, self.parts = set(), {}
        elif key in self.parts and key is not REST and REST not in self.parts:
            rest = [part for name, part in self.parts.items() if name != key]
            self.sure = mix(rest).sure
            self.parts = (
                {REST: gathered(rest).element()}
                if isinstance(key, int)
                else {name: part for name, part in self.parts.items() if name != key}
            )
        else:
            one = self.one_of()
            self.sure, self.parts = set(one.sure), {REST: one}
        self.lost |= before - self.sure

    def take(self, other: Value, key: object = None) -> None:
        """``other`` flows into it, as its part ``key`` (`REST`: one of them; None: as a whole) by a change in place."""
        self._take(other, key, set())

    def _take(self, other: Value, key: object, seen: set[int]) -> None:
        if id(self) in seen:
            return
        seen.add(id(self))
        self.touched = True
        if self.parts is not None:
            if key is None:
                self.parts = {REST: self.one_of()} if self.parts else {}
                key = REST
            before = self.parts.get(key)
            fresh = Value(other.sure, other.every, other.parts)
            self.parts[key] = either(before, fresh) if before is not None and key is REST else fresh
            if before is not None and key is not REST:  # instead of what was there
                gone = before.sure - mix(self.parts.values()).sure
                self.sure -= gone
                self.lost |= gone
        self.sure |= other.sure
        self.every |= other.every
        self.added |= other.sure
        for thing in self.leads:
            thing._take(Value(other.sure, other.every), None, seen)

    def handles(self) -> set[int]:
        """Writing events whose file it leads to."""
        found, seen, rest = set(self.files), {id(self)}, list(self.leads)
        while rest:
            thing = rest.pop()
            if id(thing) not in seen:
                seen.add(id(thing))
                found |= thing.files
                rest += thing.leads
        return found


def mix(values: Iterable[Value]) -> Value:
    """Something made of all of ``values``."""
    found = Value()
    for value in values:
        found.sure |= value.sure
        found.every |= value.every
    return found


def gathered(values: Iterable[Value]) -> Value:
    """Something that holds all of ``values``, nobody knows where."""
    found, part = Value(parts={}), None
    for value in values:
        found.sure |= value.sure
        found.every |= value.every
        part = value if part is None else either(part, value)
    if part is not None:
        found.parts = {REST: part}
    return found


def either(
    first: Value, second: Value, ran: Iterable[Origin] = (), also: Iterable[Origin] = (), memo: Memo | None = None
) -> Value:
    """One of two values.

    Parameters
    ----------
    first, second
        What it may be.
    ran, also
        Origins that prove, each, that the way to the first (the second) value was gone at least once.
    memo
        What was joined before: two names of one thing are two names of one thing afterwards.
    """
    if first is second:
        return first
    memo = {} if memo is None else memo
    known = memo.get((id(first), id(second)))
    if known is not None:
        return known[2]
    sure = (first.sure & second.sure) | first.sure.intersection(ran) | second.sure.intersection(also)
    found = Value(sure, first.every | second.every)
    memo[id(first), id(second)] = (first, second, found)
    found.added = (first.added & second.added) | (sure & (first.added | second.added))
    found.lost = first.lost | second.lost
    found.files, found.touched = first.files | second.files, first.touched or second.touched
    if len(first.leads) == len(second.leads):
        found.leads = [either(one, two, ran, also, memo) for one, two in zip(first.leads, second.leads, strict=True)]
    else:
        found.leads = [*first.leads, *second.leads][:_MOST]
    found.known = first.known if first.known is second.known else None
    if first.parts is not None or second.parts is not None:
        keys = (first.parts or {}).keys() | (second.parts or {}).keys()
        found.parts = {key: either(first.element(key), second.element(key), ran, also, memo) for key in keys}
    return found


# The two values that were joined are kept, so that nothing else gets their identity meanwhile.
Memo = dict[tuple[int, int], tuple[Value, Value, Value]]


def copies(names: dict[str, Value], memo: dict[int, Value]) -> dict[str, Value]:
    """The same names with things of their own, remembered in ``memo`` by the identity of the old ones."""

    def copy(value: Value) -> Value:
        found = memo.get(id(value))
        if found is None:
            found = memo[id(value)] = Value(value.sure, value.every)
            found.added, found.files, found.known = set(value.added), set(value.files), value.known
            found.touched, found.lost = value.touched, set(value.lost)
            found.leads = [copy(one) for one in value.leads]
            if value.parts is not None:
                found.parts = {key: copy(part) for key, part in value.parts.items()}
        return found

    return {name: copy(value) for name, value in names.items()}


def of_sources(sources: Sources) -> Value:
    """What flowed in, and of it what is certain."""
    return Value((origin for origin, sure in sources.origins.items() if sure), sources.origins)


def alone(value: Value) -> Value:
    """Certain only if all of it has a single origin."""
    return Value(value.sure if len(value.every) == 1 else (), value.every)


def holding(whole: Value, parts: dict[object, Value]) -> Value:
    """The same with these parts."""
    return Value(whole.sure, whole.every, parts)


def part_of(base: Value, key: ast.AST) -> Value:
    """The part of a value that stands in brackets."""
    if base.parts is None:
        return base
    if isinstance(key, ast.Constant):
        return base.element(key.value)
    if isinstance(key, ast.UnaryOp) and isinstance(key.operand, ast.Constant):  # a[-1]
        numbers = [number for number in base.parts if isinstance(number, int)]
        at = len(numbers) - key.operand.value if isinstance(key.operand.value, int) else -1
        return base.element(at) if len(numbers) == len(base.parts) and at in base.parts else base.one_of()
    if isinstance(key, ast.List) and key.elts and all(isinstance(part, ast.Constant) for part in key.elts):
        columns: dict[object, Value] = {
            part.value: base.element(part.value) for part in key.elts if isinstance(part, ast.Constant)
        }
        return holding(Value(mix(columns.values()).sure, base.every), columns)
    if isinstance(key, ast.Tuple) and key.elts:
        first, last = key.elts[0], key.elts[-1]
        if isinstance(last, ast.List) or (isinstance(last, ast.Constant) and isinstance(last.value, str)):
            return part_of(base, last)  # d.loc[:, "x"]
        return base if isinstance(first, ast.Slice) else part_of(base, first)
    if isinstance(key, ast.Slice):
        if key.lower is None and key.upper is None:
            return base
        return holding(Value(base.one_of().sure, base.every), {REST: base.one_of()})
    if isinstance(key, (ast.Compare, ast.BoolOp, ast.BinOp)):  # rows of a table
        return base
    return base.element()
