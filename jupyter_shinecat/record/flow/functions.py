"""What running the code of a function or class of the session can reach and change."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .names import base_name, params_of, scope_of, target_names
from .words import (
    COPIES,
    GATHERERS,
    HANDS_ON_NOTHING,
    OPAQUE_CALLS,
    OUTPUTS,
    PURE_FUNCTIONS,
    PURE_METHODS,
    PURE_PREFIXES,
)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
_MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call)


@dataclass(frozen=True)
class Handed:
    """A call inside a function that hands names on.

    Attributes
    ----------
    root
        Name at the root of what is called.
    bare
        It is called by that name itself, not through an attribute or item of it.
    discarded
        Nobody takes what it gives.
    given
        Names handed on, each with its position or keyword.
    """

    root: str
    bare: bool
    discarded: bool
    given: tuple[tuple[int | str, str], ...]


@dataclass(frozen=True)
class Function:
    """What a function or class of the session reaches when its code runs.

    Attributes
    ----------
    node
        Its code.
    params
        Names of its parameters in order.
    free
        Names it takes from the session.
    changes
        Names (parameters or the session's) that it changes, each certain or not.
    opaque
        It can reach any name.
    handed
        Calls that may change what they are given.
    is_class
        It makes objects whose methods run later.
    keeps
        It holds something from one call to the next: a default that can change, a decorator that remembers.
    lazy
        Of a class: its objects may read when an attribute is asked for.
    gives
        It gives a function that it makes.
    rest, options
        Names of the parameters that take all other arguments.
    """

    node: Definition
    params: tuple[str, ...]
    free: frozenset[str]
    changes: dict[str, bool]
    opaque: bool
    handed: tuple[Handed, ...] = ()
    is_class: bool = False
    keeps: bool = False
    lazy: bool = False
    gives: bool = False
    rest: str | None = None
    options: str | None = None

    def parameter(self, at: int | str) -> str | None:
        """The parameter that takes the argument at a position, or of a keyword."""
        if isinstance(at, str):
            return at if at in self.params and at not in (self.rest, self.options) else self.options
        plain = [name for name in self.params if name not in (self.rest, self.options)]
        return plain[at] if at < len(plain) else self.rest


def function_of(node: Definition) -> Function:
    """What running the code of ``node`` can reach."""
    rest = options = None
    keeps = lazy = False
    if isinstance(node, ast.ClassDef):
        params: tuple[str, ...] = ()
        body: list[ast.AST] = list(node.body)
        for member in node.body:
            if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lazy = lazy or bool(member.decorator_list) or member.name in ("__getattr__", "__getitem__")
                if member.name == "__init__":
                    params = params_of(member.args)[1:]
                    rest, options = _others(member.args)
            keeps = keeps or (isinstance(member, ast.Assign) and isinstance(member.value, _MUTABLE))
        free = frozenset(scope_of(body).free())
    else:
        params = params_of(node.args)
        rest, options = _others(node.args)
        body = [ast.Expr(node.body)] if isinstance(node, ast.Lambda) else [*node.body]
        free = frozenset(scope_of(body).free(params))
        keeps = any(isinstance(default, _MUTABLE) for default in (*node.args.defaults, *node.args.kw_defaults))
        keeps = keeps or bool(getattr(node, "decorator_list", None))
    found = _Found()
    for part in (inner for top in body for inner in ast.walk(top)):
        found.look(part)
    reach = free | set(params) | found.declared
    found.spread()
    kept = {name: sure for name, sure in found.changes.items() if name in reach}
    return Function(
        node,
        params,
        free,
        kept,
        found.opaque,
        tuple(found.handed),
        isinstance(node, ast.ClassDef),
        keeps,
        lazy,
        not isinstance(node, ast.ClassDef) and found.gives,
        rest,
        options,
    )


def fields_of(node: ast.AST | None) -> tuple[str, ...]:
    """Fields of a class that is made of them: ``namedtuple("Pair", "a b")``, a dataclass, a ``NamedTuple``."""
    if isinstance(node, ast.Call) and len(node.args) > 1 and getattr(node.func, "id", "") == "namedtuple":
        given = node.args[1]
        named = given.elts if isinstance(given, (ast.List, ast.Tuple)) else [given]
        words = [part.value for part in named if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        return tuple(" ".join(words).replace(",", " ").split())
    if isinstance(node, ast.ClassDef):
        marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in (*node.decorator_list, *node.bases)]
        if {"dataclass", "NamedTuple"} & {getattr(mark, "attr", getattr(mark, "id", "")) for mark in marks}:
            parts = (part.target for part in node.body if isinstance(part, ast.AnnAssign))
            return tuple(part.id for part in parts if isinstance(part, ast.Name))
    return ()


class _Found:
    """What a look at each part of a function's code has found."""

    def __init__(self) -> None:
        self.changes: dict[str, bool] = {}
        self.declared: set[str] = set()
        self.opaque = False
        self.handed: list[Handed] = []
        self._aliases: list[tuple[str, str]] = []
        self.gives = False
        self._inner: set[str] = set()
        self._discarded: set[int] = set()

    def look(self, part: ast.AST) -> None:
        """Take in one part; parts that hold others come before them."""
        if isinstance(part, (ast.Global, ast.Nonlocal)):
            if isinstance(part, ast.Global):
                self.declared.update(part.names)
            self.changes.update(dict.fromkeys(part.names, True))
        elif isinstance(part, (ast.Assign, ast.AugAssign, ast.Delete, ast.AnnAssign)):
            targets = part.targets if isinstance(part, (ast.Assign, ast.Delete)) else [part.target]
            for target in targets:
                root = base_name(target)
                if root and (isinstance(part, ast.AugAssign) or not isinstance(target, ast.Name)):
                    self.changes[root] = True
            if not isinstance(part, ast.Delete):
                self._alias(targets, part.value)
        elif isinstance(part, (ast.For, ast.AsyncFor, ast.comprehension)):
            self._alias([part.target], part.iter)
        elif isinstance(part, ast.NamedExpr):
            self._alias([part.target], part.value)
        elif isinstance(part, ast.withitem) and part.optional_vars is not None:
            self._alias([part.optional_vars], part.context_expr)
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            self._discarded.add(id(part.value))
        elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._inner.add(part.name)
        elif isinstance(part, ast.Return) and part.value is not None:
            names = {inner.id for inner in ast.walk(part.value) if isinstance(inner, ast.Name)}
            self.gives = self.gives or bool(names & self._inner) or isinstance(part.value, ast.Lambda)
        elif isinstance(part, ast.Call):
            self._call(part, id(part) in self._discarded)

    def spread(self) -> None:
        """What changes another name of a thing changes the thing."""
        for _ in range(3):
            for alias, name in self._aliases:
                if alias in self.changes and alias != name:
                    self.changes.setdefault(name, False)

    def _alias(self, targets: Iterable[ast.AST], value: ast.AST | None) -> None:
        for name in _ways_to(value):
            self._aliases += [(target, name) for one in targets for target in target_names(one)]

    def _call(self, call: ast.Call, discarded: bool) -> None:
        func = call.func
        if isinstance(func, ast.Name) and func.id in OPAQUE_CALLS:
            self.opaque = self.opaque or func.id not in ("locals", "vars")
        for word in call.keywords:
            root = base_name(word.value) if word.arg in OUTPUTS else None
            if root:
                self.changes[root] = True
        if isinstance(func, ast.Attribute):
            root, bare = base_name(func.value), False
            if root and (func.attr not in PURE_METHODS or _in_place(call)):
                self.changes[root] = discarded or self.changes.get(root, False)
            if func.attr in HANDS_ON_NOTHING or func.attr.startswith(PURE_PREFIXES):
                return
        else:
            root, bare = base_name(func), isinstance(func, ast.Name)
            if root in PURE_FUNCTIONS or (root or "").startswith(PURE_PREFIXES):
                return
        if root:
            given = [(number, name) for number, arg in enumerate(call.args) if (name := base_name(arg))]
            named = [(word.arg, name) for word in call.keywords if word.arg and (name := base_name(word.value))]
            self.handed.append(Handed(root, bare, discarded, (*given, *named)))


def _others(arguments: ast.arguments) -> tuple[str | None, str | None]:
    return (
        arguments.vararg.arg if arguments.vararg else None,
        arguments.kwarg.arg if arguments.kwarg else None,
    )


def _in_place(call: ast.Call) -> bool:
    return any(word.arg == "inplace" for word in call.keywords)


def _ways_to(value: ast.AST | None) -> Iterator[str]:
    """Names whose thing ``value`` may be, or be a part of."""
    if isinstance(value, ast.Call):
        method = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        if method in COPIES:
            return
        if isinstance(value.func, ast.Name):  # zip(a, b), enumerate(a), iter(a)
            for arg in value.args if value.func.id in GATHERERS else ():
                yield from _ways_to(arg)
            return
    elif isinstance(value, (ast.IfExp, ast.BoolOp, ast.Tuple, ast.List)):
        for part in ast.iter_child_nodes(value):
            yield from _ways_to(part)
        return
    if isinstance(value, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
        name = base_name(value)
        if name:
            yield name
