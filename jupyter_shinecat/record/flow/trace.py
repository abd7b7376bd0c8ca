"""One run of a cell, as the flow needs it: its code, what happened in it, and where."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType
from typing import Any

from .sources import Origin, Sources

Point = tuple[int, int]
Span = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a cell's code something happened, kept as cheaply as the interpreter has it."""

    code: CodeType
    instruction: int

    def point(self) -> Point | None:
        """Line (from 1) and column (in bytes, from 0); None where the compiler did not keep them."""
        span = self.span()
        return None if span is None else span[:2]

    def span(self) -> Span | None:
        """Where the code of the instruction begins and ends."""
        position = next(islice(self.code.co_positions(), self.instruction // 2, None), None)
        line, end, column, last = position or (None, None, None, None)
        return None if line is None else (line, column or 0, end or line, last or 0)


@dataclass(slots=True)
class Event:
    """Something that the hooks saw.

    Attributes
    ----------
    kind
        ``read``, ``write``, ``rename``, ``remove``, ``link`` (``path`` was copied to ``target``), ``named``
        (``sc.derived``), ``fork`` or ``process``.
    pid, path, target
        Dataset and file concerned; ``target`` is where a rename or a copy went.
    place
        Where; None when it happened beside the cell's own code (a task, a thread).
    inner
        Where in the code that a magic ran (``%%time``), when that is another place.
    trail
        From there inwards, the places in functions of the session on the way to what happened.
    beyond
        The place after these, in code that is not the session's.
    certain
        False for a dataset that was opened and not looked into (yet).
    fresh
        A write that replaced what the file held before.
    """

    kind: str
    pid: str | None = None
    path: str | None = None
    target: str | None = None
    place: Place | Point | None = None
    inner: Place | None = None
    trail: tuple[Place, ...] = ()
    beyond: Place | None = None
    certain: bool = True
    fresh: bool = False

    def point(self) -> Point | None:
        """Line and column of its place."""
        return self.place.point() if isinstance(self.place, Place) else self.place


@dataclass(slots=True)
class Trace:
    """One run of a cell.

    Attributes
    ----------
    run
        Its number in the session, from 1.
    code
        Its code as Python (IPython's syntax transformed); None when it could not be read as Python.
    events
        What happened, in order.
    failed
        Where an exception left it; None when it ran to its end.
    count
        IPython's execution count, for ``_12``.
    before
        It ran before the record began: nothing is known of what it read.
    strays
        Reads of tasks and threads of earlier cells: what they read may be in any name by now.
    """

    run: int
    code: str | None
    events: list[Event] = field(default_factory=list)
    failed: Place | Point | None = None
    count: int | None = None
    before: bool = False
    strays: list[Event] = field(default_factory=list)

    def failed_at(self) -> Point | None:
        """Line and column where it failed."""
        return self.failed.point() if isinstance(self.failed, Place) else self.failed


class Sites:
    """Events of a run by the piece of code (a statement, or an item of ``with``) in which they happened."""

    def __init__(self, tree: ast.Module, events: Iterable[Event]) -> None:
        self.placed: list[tuple[Point, Event]] = []
        self.ambient: list[Event] = []
        for event in events:
            point = event.point()
            if point is None or not any(_holds(node, point) for node in tree.body):
                self.ambient.append(event)
            else:
                self.placed.append((point, event))
        self._by_node: dict[int, list[tuple[Point, Event]]] = {}
        for point, event in self.placed:
            node = _smallest(tree, point)
            self._by_node.setdefault(id(node), []).append((point, event))

    def at(self, node: ast.AST, part: ast.AST | None = None) -> list[Event]:
        """Events in ``node`` itself (not in statements inside it); with ``part`` only those in that expression."""
        found = self._by_node.get(id(node), [])
        return [event for point, event in found if part is None or _holds(part, point)]

    def within(self, nodes: Iterable[ast.AST]) -> bool:
        """Whether anything happened in these statements: then they ran."""
        return any(_holds(node, point) for point, _ in self.placed for node in nodes) if self.placed else False

    def _in(self, nodes: Iterable[ast.AST]) -> Iterator[tuple[tuple[object, ...], Event]]:
        for point, event in self.placed:
            if any(_holds(node, point) for node in nodes):
                trail = tuple(part for place in event.trail for part in (id(place.code), place.instruction))
                yield (point, event.place.span() if isinstance(event.place, Place) else None, trail), event

    def varying(self, nodes: Iterable[ast.AST], origins: Callable[[list[Event]], Sources]) -> set[Origin]:
        """What was read at places of a loop that read something else each time."""
        places: dict[tuple[object, ...], list[Event]] = {}
        for place, event in self._in(nodes):
            if event.kind == "read":
                places.setdefault(place, []).append(event)
        found = [origins(events).origins for events in places.values() if len(events) > 1]
        return {origin for several in found if len(several) > 1 for origin in several}

    def replaced(self, nodes: Iterable[ast.AST]) -> set[str]:
        """Files that a loop writes anew each time."""
        places: dict[tuple[object, ...], set[str]] = {}
        for place, event in self._in(nodes):
            if event.kind == "write" and event.fresh and event.path:
                places.setdefault(place, set()).add(event.path)
        return {path for paths in places.values() for path in paths if len(paths) == 1}


def _holds(node: Any, point: Point) -> bool:
    if isinstance(node, ast.withitem):
        node = node.context_expr
    start = (node.lineno, node.col_offset)
    if getattr(node, "decorator_list", None):
        start = (node.decorator_list[0].lineno, 0)
    return start <= point <= (node.end_lineno, node.end_col_offset)


def _smallest(node: ast.AST, point: Point) -> ast.AST:
    """The innermost statement or item of ``with`` that holds ``point``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.ExceptHandler, ast.match_case)):
            inner = _smallest(child, point)
            if inner is not child:
                return inner
        elif isinstance(child, (ast.stmt, ast.withitem)) and _holds(child, point):
            return child if isinstance(child, ast.withitem) else _smallest(child, point)
    return node
