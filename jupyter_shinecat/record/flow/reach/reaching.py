"""Which origins surely reach the value of an expression: not what was merely used on the way, or dropped."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from jupyter_shinecat.record.flow.calls import Step
from jupyter_shinecat.record.flow.sources import Origin, Sources
from jupyter_shinecat.record.flow.state import State
from jupyter_shinecat.record.flow.trace import Event

from .known import Known, is_class, is_plain, known_of
from .spots import Hit, Spots
from .values import REST, Value, gathered, holding, mix, of_sources

_DEEPEST = 6
_MOST = 8000  # expressions that are gone through for one statement of a cell, those of functions too


class TooMuchError(Exception):
    """The code behind a statement takes too long to go through."""


class Reaching(ABC):
    """Finds what surely reaches the values of expressions, as far as it understands them.

    Parameters
    ----------
    state
        What the session holds.
    origins
        What events have read.
    spots
        What happened where in the code.

    Attributes
    ----------
    names
        Values of names of an own scope.
    outer
        Values of the session's names, as they are used; what was added to one of them came by a change in place.
    wrote
        What surely went into the file of each writing event, by the event's identity.
    into
        What surely went into each expression, by its identity.
    """

    def __init__(self, state: State, origins: Callable[[Sequence[Event]], Sources], spots: Spots) -> None:
        self.state = state
        self.origins = origins
        self.spots = spots
        self.names: dict[str, Value] = {}
        self.around: dict[str, Value] = {}
        self.outer: dict[str, Value] = {}
        self.wrote: dict[int, set[Origin]] = {}
        self.into: dict[int, set[Origin]] = {}
        self.stack: tuple[ast.AST, ...] = ()
        self.left = [_MOST]  # shared with the functions that are gone through
        self.once = True
        self.unknown = 0
        self._single = False

    def value(self, node: ast.AST | None, *, discarded: bool = False) -> Value:
        """What surely reaches the value of an expression; ``discarded`` when nobody takes it."""
        if node is None or isinstance(node, ast.Constant):
            return Value()
        self.left[0] -= 1
        if self.left[0] < 0:
            raise TooMuchError
        if isinstance(node, ast.Call):
            found = self._call(node, discarded)
        else:
            method = getattr(self, f"_of_{type(node).__name__.lower()}", None)
            found = method(node) if method else mix(self._inside(node))
            hits = self.spots.at(node)
            if hits:
                found = mix([found, self._read(hits)])
        self.into[id(node)] = found.sure
        return found

    def _may_run(self, known: Known) -> bool:
        """Whether code of the session can be gone through now."""
        plain = is_class(known) or all(is_plain(mark) for mark in getattr(known.node, "decorator_list", ()))
        return plain and known.node not in self.stack and len(self.stack) < _DEEPEST

    def _inside(self, node: ast.AST) -> Iterator[Value]:
        for part in ast.iter_child_nodes(node):
            if isinstance(part, (ast.expr, ast.keyword)):
                yield self.value(part)

    def _read(self, hits: Iterable[Hit], *, alone: bool = False) -> Value:
        """What events have read; with ``alone`` certain only where there is nothing else."""
        events = [event for event, _ in hits if event.kind == "read"]
        found = self.origins(events)
        if len(found.origins) > 1 and alone:
            # Read at one place beyond, of a call that is made again and again: each in its own.
            places = {(id(event.beyond.code), event.beyond.instruction) for event in events if event.beyond}
            alone = self.once or len(places) > 1
        sure = {origin for origin, is_sure in found.origins.items() if is_sure}
        return Value(sure if len(found.origins) == 1 or not (alone or self._single) else (), found.origins)

    def _origins_in(self, nodes: Iterable[ast.AST]) -> set[Origin]:
        events = self.spots.within(nodes)
        return set(self.origins(events).origins) if events else set()

    # -- names ---------------------------------------------------------------------------------------------------

    def _of_name(self, node: ast.Name) -> Value:
        return self._named(node.id)

    def _named(self, name: str) -> Value:
        for space in (self.names, self.around):
            if name in space:
                return space[name]
        if name not in self.outer:
            self.outer[name] = self._from_session(name)
        return self.outer[name]

    def _from_session(self, name: str) -> Value:
        step = Step(self.state)
        step.name(name, enter=False)  # code behind it is gone through where it is called
        found = of_sources(step.settle())
        links = self.state.names.get(name, ())
        functions = [link for link in links if link[0].function is not None]
        if len(functions) == 1 and functions[0][1]:  # g = f
            found.known = known_of(functions[0][0])
        sure = [thing for thing, definite in links if definite]
        if len(links) == 1 or len(sure) == 1:
            thing = (sure or [link[0] for link in links])[0]
            parts = thing.parts()
            if parts is not None:
                found.parts = {REST if key is None else key: Value(part) for key, part in parts.items()}
            found.known = known_of(thing)
            if isinstance(found.known, Known) and found.known.is_object and not found.every:
                found.parts = {}
            if thing.buffer or thing.files:
                found.files.add(0)
        return found

    @contextmanager
    def _scope(self) -> Iterator[None]:
        before, self.names, once = self.names, dict(self.names), self.once
        self.once = False
        try:
            yield
        finally:
            self.names, self.once = before, once

    @contextmanager
    def _one(self) -> Iterator[None]:
        before, self._single = self._single, True
        try:
            yield
        finally:
            self._single = before

    def _bind_each(self, target: ast.AST, rows: tuple[Value, Value], *, whole: bool) -> None:
        """Let a target mean all elements of something taken together, or one of them."""
        value = rows[0 if whole else 1]
        if isinstance(target, (ast.Tuple, ast.List)) and value.parts is None and len(value.every) > 1:
            value = rows[1] if rows[1] is rows[0] else Value(rows[1].one_of().sure, value.every)
        self.bind(target, value)

    def _rows(self, node: ast.AST) -> tuple[Value, Value]:
        """The elements of something that is gone through: all of them taken together, and one of them."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in self.state.names:
            name, plain = node.func.id, not any(isinstance(arg, ast.Starred) for arg in node.args)
            if name == "zip" and plain and not self.spots.at(node):
                given = [self._rows(arg) for arg in node.args]
                all_of, one_of = [one[0] for one in given], [one[1] for one in given]
                return holding(mix(all_of), dict(enumerate(all_of))), holding(mix(one_of), dict(enumerate(one_of)))
            if name == "enumerate" and node.args and plain and not self.spots.at(node):
                whole, one = self._rows(node.args[0])
                return holding(whole, {0: Value(), 1: whole}), holding(one, {0: Value(), 1: one})
            same = name in ("reversed", "list", "tuple", "iter") and len(node.args) == 1
            if same and plain and not self.spots.at(node):
                return self._rows(node.args[0])
        value = self.value(node)
        if value.parts is None:
            return value, value
        one, rows = value.element(), list(value.parts.values())
        if rows and all(row.parts is not None for row in rows):  # each row has columns of its own
            keys = {key for row in rows for key in row.parts or ()}
            return holding(value, {key: mix(row.element(key) for row in rows) for key in keys}), one
        return Value(value.sure, value.every), one

    def bind(self, target: ast.AST, value: Value) -> None:
        """Let a target mean a value."""
        if isinstance(target, ast.Name):
            self._store(target.id, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part, one in parts_of(target, value):
                self.bind(part, one)
        elif isinstance(target, (ast.Attribute, ast.Subscript)):
            base = self.value(target.value)
            key: object = REST
            if isinstance(target, ast.Attribute):
                key = target.attr
            elif isinstance(target.slice, ast.Constant):
                key = target.slice.value
            else:
                value = mix([value, self.value(target.slice)]) if base.parts is None else value
                if is_all(target.slice) and self.once:
                    base.sure.clear()
                    base.parts = None
            base.take(value, key if base.parts is not None else None)
            self._into_files(base, value)

    @abstractmethod
    def _call(self, node: ast.Call, discarded: bool) -> Value:
        """A call: what it gives, and what it changes."""

    def _behind(self, name: str | None) -> Value:
        """What a name holds, and what the code behind it takes from the session."""
        if name is None or name in self.names or name in self.around:
            return Value()
        step = Step(self.state)
        step.name(name)
        return of_sources(step.settle())

    def _store(self, name: str, value: Value) -> None:
        self.names[name] = value

    @abstractmethod
    def _into_files(self, value: Value, given: Value) -> None:
        """``given`` goes into the files that ``value`` is a handle of."""


def is_all(node: ast.AST) -> bool:
    if isinstance(node, ast.Slice):
        return node.lower is None and node.upper is None and node.step is None
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def parts_of(target: ast.Tuple | ast.List, value: Value) -> Iterator[tuple[ast.expr, Value]]:
    """What each part of an unpacking gets."""
    after = False
    for number, part in enumerate(target.elts):
        if value.parts is None:
            yield part, value
        elif isinstance(part, ast.Starred):
            rest = [v for k, v in value.parts.items() if k is REST or (isinstance(k, int) and k >= number)]
            last = len(target.elts) - 1 == number and REST not in value.parts
            one = gathered(rest).element() if rest else Value()
            yield part.value, holding(mix(rest) if last else Value((), value.every), {REST: one})
            after = True
        else:
            yield part, value.element() if after else value.element(number)
