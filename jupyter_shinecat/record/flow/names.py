"""Names that a piece of code uses and defines, by the scope rules of Python."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Scope:
    """Names of one scope: loaded, stored, declared global, and free in the scopes inside it."""

    loads: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    inner: set[str] = field(default_factory=set)

    def free(self, bound: Iterable[str] = ()) -> set[str]:
        """Names that come from outside."""
        return (self.loads | self.inner) - (self.stores - self.outer) - set(bound)

    def used(self) -> set[str]:
        """Names that are read in it, or that others may read."""
        return self.loads | self.inner | self.outer


def base_name(node: ast.AST) -> str | None:
    """The name at the root of ``a.b[c].d(...)``; None when the root is something else."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "vars" and node.args:
            node = node.args[0]
        else:
            return None


def scope_of(nodes: Iterable[ast.AST]) -> Scope:
    """Names of ``nodes`` taken as one scope."""
    scope = Scope()
    for node in nodes:
        _collect(node, scope)
    return scope


def target_names(node: ast.AST) -> set[str]:
    """Names that an assignment target binds."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def params_of(arguments: ast.arguments) -> tuple[str, ...]:
    """Names of parameters in their order."""
    found = [*arguments.posonlyargs, *arguments.args]
    if arguments.vararg:
        found.append(arguments.vararg)
    found += arguments.kwonlyargs
    if arguments.kwarg:
        found.append(arguments.kwarg)
    return tuple(arg.arg for arg in found)


def _collect(node: ast.AST, scope: Scope) -> None:
    if isinstance(node, ast.Name):
        (scope.loads if isinstance(node.ctx, ast.Load) else scope.stores).add(node.id)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        if not isinstance(node, ast.Lambda):
            scope.stores.add(node.name)
            _all(node.decorator_list, scope)
        _all([*node.args.defaults, *(default for default in node.args.kw_defaults if default)], scope)
        inner = scope_of([node.body] if isinstance(node, ast.Lambda) else node.body)
        scope.inner |= inner.free(params_of(node.args))
        # A function inside may declare the session's names global.
        scope.outer |= inner.outer
    elif isinstance(node, ast.ClassDef):
        scope.stores.add(node.name)
        _all([*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)], scope)
        inner = scope_of(node.body)
        # Methods do not see the names of the class body.
        scope.inner |= (inner.loads - inner.stores) | inner.inner
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        inner = Scope()
        for child in ast.iter_child_nodes(node):
            _collect(child, inner)
        scope.loads |= (inner.loads | inner.inner) - inner.stores
        _collect(node.generators[0].iter, scope)
    elif isinstance(node, ast.Global):
        scope.outer.update(node.names)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        scope.stores.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    else:
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)) and name:
            scope.stores.add(name)
        _all(ast.iter_child_nodes(node), scope)


def _all(nodes: Iterable[ast.AST], scope: Scope) -> None:
    for node in nodes:
        _collect(node, scope)
