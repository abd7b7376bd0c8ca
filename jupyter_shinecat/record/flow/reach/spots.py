"""Which expression of a piece of code an event happened in."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from types import CodeType
from typing import Any

from jupyter_shinecat.record.flow.trace import Event, Place, Span

# An event, and how many places of its trail lead to the code that is looked at.
Hit = tuple[Event, int]


# Parts of code that bind names in other ways than by the name itself.
_BINDING = (
    ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.Match,
)  # fmt: skip


class Spots:
    """Events by the expressions of one piece of code.

    Parameters
    ----------
    code
        Its statements or expressions.
    events
        Each with the number of places of its trail that lead here; 0 is the cell itself.

    Attributes
    ----------
    loose
        Events of which it isn't known in which expression they happened.
    """

    def __init__(self, code: Iterable[ast.AST], events: Iterable[Hit]) -> None:
        self.loose: list[Hit] = []
        self._found: dict[int, list[Hit]] = {}
        ends: dict[tuple[int, int], list[ast.expr]] = {}
        events = list(events)
        code = list(code)
        if events:
            for top in code:
                for node in ast.walk(top):
                    if isinstance(node, ast.expr):
                        ends.setdefault((node.end_lineno or 0, node.end_col_offset or 0), []).append(node)
        for event, depth in events:
            place, depth = _here(event, depth)
            span = place.span() if isinstance(place, Place) else None
            found = _node(ends, span) if span else None
            if found is None and depth < len(event.trail) and len(code) == 1 and isinstance(code[0], ast.Call):
                found = code[0]  # ``with opened() as x``: its entry runs what the call has made
            if found is None:
                self.loose.append((event, depth))
            else:
                self._found.setdefault(id(found), []).append((event, depth))

    def at(self, node: ast.AST) -> list[Hit]:
        """Events that happened in ``node`` itself, or in what it calls."""
        return self._found.get(id(node), [])

    def within(self, nodes: Iterable[ast.AST]) -> list[Event]:
        """Events in any part of ``nodes``."""
        if not self._found:
            return []
        return [event for top in nodes for node in ast.walk(top) for event, _ in self._found.get(id(node), ())]


def is_code_of(code: CodeType, node: ast.AST) -> bool:
    """Whether ``code`` may be the code of a function of the session."""
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and code.co_firstlineno == node.lineno
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or code.co_name != node.name:
        return False
    marks = [mark.lineno for mark in node.decorator_list]
    names = {*(arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))}
    if code.co_firstlineno not in (node.lineno, *marks) or not names <= set(code.co_varnames):
        return False
    # Another function of the same name may have stood in the same line of another cell.
    own = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    own |= {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    plain = not any(isinstance(part, _BINDING) for part in ast.walk(node) if part is not node)
    last = max((line for _, _, line in code.co_lines() if line), default=0)
    return last <= (node.end_lineno or last) and (not plain or own >= set(code.co_varnames))


def _here(event: Event, depth: int) -> tuple[Any, int]:
    """The place in the code that is looked at; comprehensions and lambdas in it are parts of it."""
    place = event.trail[depth - 1] if depth else event.place
    while depth < len(event.trail) and isinstance(place, Place):
        inner = event.trail[depth]
        if not inner.code.co_name.startswith("<") or not _nested(place.code, inner.code):
            break
        place, depth = inner, depth + 1
    return place, depth


def _nested(outer: CodeType, inner: CodeType) -> bool:
    return any(
        one is inner or (isinstance(one, CodeType) and one.co_name.startswith("<") and _nested(one, inner))
        for one in outer.co_consts
    )


def _node(ends: dict[tuple[int, int], list[ast.expr]], span: Span) -> ast.expr | None:
    line, column, end, last = span
    same = ends.get((end, last), [])
    for node in same:
        if (node.lineno, node.col_offset) == (line, column):
            return node
    # A call in a chain over several lines begins where its own name stands.
    calls = [node for node in same if isinstance(node, (ast.Call, ast.Subscript, ast.Attribute))]
    return calls[0] if calls and (calls[0].lineno, calls[0].col_offset) <= (line, column) else None
