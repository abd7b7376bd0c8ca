"""Names that a piece of code uses, defines and changes, by the scope rules of Python."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

# Calls that can reach any name of the session.
OPAQUE_CALLS = frozenset({"exec", "eval", "globals", "locals", "vars", "__import__"})

_METHODS = """
h5 table path metadata files all any argmax argmin argsort array astype base close copy corr count cumsum decode
describe diff dot dtypes dropna encode endswith fillna find flatten flush get groupby head index info isin isna
isnull isoformat item items iterrows itertuples join keys loc lower max mean median merge min nonzero norm nunique
prod quantile query ravel read readline readlines replace reshape reset_index resample rolling round sample select
shape show sort_values split splitlines squeeze startswith std strftime strip sum tail take to to_dict to_numpy
tobytes tolist transpose upper unique value_counts values var visit where zfill
"""
_FUNCTIONS = """
print display len repr str type isinstance id bool int float sum min max sorted hash format dir help callable abs
round all any range zip enumerate
"""
# Methods and functions that give something back and change nothing.
PURE_METHODS = frozenset(_METHODS.split())
PURE_FUNCTIONS = frozenset(_FUNCTIONS.split())
# Functions of libraries whose first argument is what they write, not what they change.
PURE_PREFIXES = (
    "save",
    "dump",
    "write",
    "print",
    "display",
    "to_",
    "imsave",
    "imwrite",
    "copy",
    "move",
    "assert_",
    "log",
)


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


@dataclass(frozen=True)
class Function:
    """What a function or class of the session reaches when its code runs.

    Attributes
    ----------
    params
        Names of its parameters in order.
    free
        Names it takes from the session.
    changes
        Names (parameters or the session's) that it changes, each certain or not.
    opaque
        It can reach any name.
    is_class
        It makes objects whose methods run later.
    """

    params: tuple[str, ...]
    free: frozenset[str]
    changes: dict[str, bool]
    opaque: bool
    is_class: bool = False


def base_name(node: ast.AST) -> str | None:
    """The name at the root of ``a.b[c].d(...)``; None when the root is something else."""
    while True:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func.value
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


def function_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef) -> Function:
    """What running the code of ``node`` can reach."""
    if isinstance(node, ast.ClassDef):
        params: tuple[str, ...] = ()
        body: list[ast.AST] = list(node.body)
        for method in node.body:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and method.name == "__init__":
                params = params_of(method.args)[1:]
        free = frozenset(scope_of(body).free())
    else:
        params = params_of(node.args)
        body = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        free = frozenset(scope_of(body).free(params))
    changes: dict[str, bool] = {}
    declared: set[str] = set()
    opaque = False
    for part in (inner for top in body for inner in ast.walk(top)):
        if isinstance(part, ast.Global):
            declared.update(part.names)
            changes.update(dict.fromkeys(part.names, True))
        elif isinstance(part, (ast.Assign, ast.AugAssign, ast.Delete)):
            targets = [part.target] if isinstance(part, ast.AugAssign) else part.targets
            for target in targets:
                root = base_name(target)
                if root and not (isinstance(target, ast.Name) and not isinstance(part, ast.AugAssign)):
                    changes[root] = True
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            _note_call(part.value, changes)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in OPAQUE_CALLS:
            opaque = opaque or part.func.id not in ("locals", "vars")
    reach = free | set(params) | declared
    kept = {name: sure for name, sure in changes.items() if name in reach}
    return Function(params, free, kept, opaque, isinstance(node, ast.ClassDef))


def _note_call(call: ast.Call, changes: dict[str, bool]) -> None:
    if isinstance(call.func, ast.Attribute):
        root = base_name(call.func.value)
        if root and call.func.attr not in PURE_METHODS:
            changes[root] = True
    if not (isinstance(call.func, ast.Name) and call.func.id in PURE_FUNCTIONS):
        for arg in call.args[:1]:
            root = base_name(arg)
            if root:
                changes.setdefault(root, False)


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
