"""What the parameters of a function get."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .values import REST, Value, mix


def bound(
    arguments: ast.arguments, args: Sequence[Value], words: Sequence[tuple[str | None, Value]], defaults: Value
) -> dict[str, Value]:
    """What each parameter of a call gets."""
    names = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)]
    anything = next((value for name, value in words if name is None), None)
    found: dict[str, Value] = {}
    optional = [*zip(reversed(names), reversed(arguments.defaults), strict=False)]
    optional += [(arg.arg, kept) for arg, kept in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if kept]
    own = [name for name, kept in optional if not isinstance(kept, ast.Constant)]
    for name, kept in optional:
        found[name] = (
            Value()
            if isinstance(kept, ast.Constant)
            else (Value(defaults.sure if len(own) == 1 or len(defaults.every) == 1 else (), defaults.every))
        )
    if anything is not None:
        for name in (*names, *(arg.arg for arg in arguments.kwonlyargs)):
            found[name] = anything
    else:
        found.update(zip(names, args, strict=False))
    if arguments.vararg:
        rest = list(args[len(names) :]) if anything is None else []
        found[arguments.vararg.arg] = (
            args[0] if anything is not None and args else Value(mix(rest).sure, mix(rest).every, dict(enumerate(rest)))
        )
    known = {*names, *(arg.arg for arg in arguments.kwonlyargs)}
    others: dict[object, Value] = {}
    for word, value in words:
        if word in known:
            found[str(word)] = value
        elif word is not None:
            others[word] = value
    if arguments.kwarg:
        if anything is not None:
            others = {REST: anything}
        found[arguments.kwarg.arg] = Value(mix(others.values()).sure, mix(others.values()).every, others)
    return found
