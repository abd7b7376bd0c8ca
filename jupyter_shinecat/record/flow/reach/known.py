"""Code of the session as the flow knows it: functions, classes and objects of them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from jupyter_shinecat.record.flow.functions import Definition, Function
from jupyter_shinecat.record.flow.sources import Thing
from jupyter_shinecat.record.flow.trace import Event

from .spots import is_code_of
from .values import REST, Value, gathered, holding, mix, of_sources

_PLAIN = frozenset(
    {"cache", "lru_cache", "staticmethod", "classmethod", "property", "cached_property", "contextmanager",
     "njit", "jit", "vectorize", "asynccontextmanager", "memoize", "wraps"}
)  # fmt: skip
_EVERYDAY = frozenset(
    {"__init__", "__repr__", "__str__", "__enter__", "__exit__", "__len__", "__del__", "__call__", "__post_init__"}
)


@dataclass(eq=False)
class Known:
    """A function of the session, or the class of an object, with the names around it."""

    node: Definition
    names: dict[str, Value] = field(default_factory=dict)
    defaults: Value = field(default_factory=Value)
    is_object: bool = False


def known_of(thing: Thing) -> Known | None:
    """The code of the session that a thing is, or the class that made it."""
    if isinstance(thing.function, Function):
        return Known(thing.function.node, {}, of_sources(thing.sources))
    classes = [maker for maker in thing.makers if isinstance(maker.function, Function) and maker.function.is_class]
    if len(classes) == 1 and len(thing.makers) == 1:
        function = classes[0].function
        assert isinstance(function, Function)
        return Known(function.node, {}, is_object=True)
    return None


def is_class(known: Known) -> bool:
    return isinstance(known.node, ast.ClassDef) and not known.is_object


def leads_to(event: Event, depth: int, node: ast.AST) -> bool:
    return depth < len(event.trail) and is_code_of(event.trail[depth].code, node)


def name_of(mark: ast.AST) -> str:
    mark = mark.func if isinstance(mark, ast.Call) else mark
    return getattr(mark, "attr", getattr(mark, "id", ""))


def is_plain(mark: ast.AST) -> bool:
    """Whether a decorator leaves what its function gives as it is."""
    return name_of(mark) in _PLAIN


def fields_of_class(node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(
        part.target.id for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    )


def spread(
    args: Sequence[tuple[bool, Value]], words: Sequence[tuple[str | None, Value]]
) -> tuple[list[Value], list[tuple[str | None, Value]]]:
    """``f(*a, **k)``: what is spread, one by one where that is known; else nobody knows which parameter gets what."""
    plain: list[Value] = []
    named: list[tuple[str | None, Value]] = []
    known = True
    for starred, value in args:
        if starred and (value.parts is None or not all(isinstance(key, int) for key in value.parts)):
            known = False
        plain += list((value.parts or {}).values()) if starred else [value]
    for name, value in words:
        if name is None and (value.parts is None or not all(isinstance(key, str) for key in value.parts)):
            known = False
        named += [(str(key), part) for key, part in (value.parts or {}).items()] if name is None else [(name, value)]
    if known:
        return plain, named
    one = gathered([v.element() if is_one else v for is_one, v in args] + [v if n else v.element() for n, v in words])
    whole = mix([value for _, value in args] + [value for _, value in words])
    part = one.element()
    return [holding(whole, {REST: part})], [(None, Value(part.sure, whole.every))]


def says_itself(known: object) -> bool:
    """Whether the code of the session says what operators do with an object."""
    if not isinstance(known, Known) or not known.is_object or not isinstance(known.node, ast.ClassDef):
        return False
    names = {getattr(member, "name", "") for member in known.node.body}
    return any(name.startswith("__") and name not in _EVERYDAY for name in names)
