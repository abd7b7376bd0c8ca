"""Expressions of which it can be seen at a glance that all that they use reaches their value."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jupyter_shinecat.record.flow.names import base_name
from jupyter_shinecat.record.flow.state import State
from jupyter_shinecat.record.flow.words import GATHERERS, NOTHING, REMOVING, SELECTING, SHORTENING

_PLAIN = (
    ast.Name, ast.Attribute, ast.Constant, ast.BinOp, ast.UnaryOp, ast.JoinedStr, ast.FormattedValue, ast.Slice,
    ast.keyword, ast.expr_context, ast.operator, ast.unaryop,
)  # fmt: skip
_NOT_WHOLE = NOTHING | SELECTING | SHORTENING | REMOVING | GATHERERS
_NOT_WHOLE |= {"reduce", "getattr", "eval", "partial"}


def is_plain(nodes: Iterable[ast.AST], state: State) -> bool:
    """Whether ``nodes`` hold nothing but names, operators and calls of somebody else's functions."""
    rest = list(nodes)
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Call):
            func = node.func
            name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else None
            if name is None or name in _NOT_WHOLE or any(_has_code(part, state) for part in (func, *node.args)):
                return False
        elif isinstance(node, ast.Subscript):
            if base_name(node) is None or _has_code(node, state):
                return False
        elif isinstance(node, ast.Attribute):
            if _has_code(node, state):
                return False
        elif not isinstance(node, _PLAIN):
            return False
        rest.extend(ast.iter_child_nodes(node))
    return True


def _has_code(node: ast.AST, state: State) -> bool:
    """Whether code of the session may stand behind a name, or behind what is kept in it."""
    root = base_name(node)
    links = state.names.get(root, ()) if root else ()
    return any(
        thing.function is not None or thing.makers or any(held.function is not None for held, _ in thing.holds)
        for thing, _ in links
    )
