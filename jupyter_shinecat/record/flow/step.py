"""One statement of the abstract run: what it uses, what it changes, which files it wrote."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from . import magics
from .names import (
    OPAQUE_CALLS,
    PURE_FUNCTIONS,
    PURE_METHODS,
    PURE_PREFIXES,
    Function,
    base_name,
    function_of,
    scope_of,
    target_names,
)
from .sources import Sources
from .state import Link, State

_BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "display", "In"}


class Step:
    """Reads an expression: collects what flows in, and which names it changes.

    Attributes
    ----------
    sources
        What flows in.
    files
        Files open for writing that the statement has in hand, each certain or not.
    changed
        Names whose things it changes, each certain or not.
    opaque
        It can reach any name.
    figures
        It uses a module that keeps data of its own (pyplot).
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.sources = Sources()
        self.files: dict[str, bool] = {}
        self.changed: dict[str, bool] = {}
        self.bound: list[tuple[ast.NamedExpr, list[Link]]] = []
        self.opaque = False
        self.figures = False
        self._hidden: set[str] = set()
        self._entered: set[int] = set()
        self._maybe = 0

    def load(self, node: ast.AST | None, *, discarded: bool = False) -> None:
        """Take in an expression; ``discarded`` when nobody takes its value."""
        if node is None or isinstance(node, ast.Constant):
            return
        if isinstance(node, ast.Name):
            self.name(node.id)
        elif isinstance(node, ast.Call):
            self._call(node, discarded)
        elif isinstance(node, ast.Lambda):
            self._function(function_of(node), called=False)
            self._all([*node.args.defaults, *(default for default in node.args.kw_defaults if default)])
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            self._comprehension(node)
        elif isinstance(node, ast.IfExp):
            self.load(node.test)
            with self._perhaps():
                self._all([node.body, node.orelse])
        elif isinstance(node, ast.BoolOp):
            self.load(node.values[0])
            with self._perhaps():
                self._all(node.values[1:])
        elif isinstance(node, ast.NamedExpr):
            self.load(node.value)
            self.bound.append((node, self.links(node.value)))
        elif isinstance(node, ast.Await):
            self.load(node.value, discarded=discarded)
        else:
            self._all(ast.iter_child_nodes(node))

    def name(self, name: str) -> None:
        """Take in what a name holds."""
        if name in self._hidden:
            return
        links = self.state.names.get(name)
        if links is None:
            if name not in _BUILTINS:
                self.sources.merge(self.state.unknown, certain=False)
            return
        for thing, definite in links:
            sure = definite and not self._maybe
            self.sources.merge(thing.sources, sure)
            for path, known in thing.files.items():
                self.files[path] = (known and sure) or self.files.get(path, False)
            if isinstance(thing.function, Function) and id(thing) not in self._entered:
                self._entered.add(id(thing))
                self._function(thing.function, called=True)

    def change(self, name: str | None, certain: bool) -> None:
        """The statement changes what ``name`` holds."""
        if name and name not in self._hidden:
            self.changed[name] = (certain and not self._maybe) or self.changed.get(name, False)

    def links(self, node: ast.AST | None) -> list[Link]:
        """Things that the value of ``node`` may be, or be part of, or hold."""
        if isinstance(node, ast.Name):
            return [] if node.id in self._hidden else list(self.state.names.get(node.id, ()))
        if isinstance(node, (ast.Attribute, ast.Await, ast.NamedExpr, ast.Starred)):
            return _not_modules(self.links(node.value))
        if isinstance(node, ast.Subscript):
            return _unsure(self.links(node.value))
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return [link for part in node.elts for link in self.links(part)]
        if isinstance(node, ast.Dict):
            return [link for part in node.values for link in self.links(part)]
        if isinstance(node, ast.IfExp):
            return _unsure(self.links(node.body) + self.links(node.orelse))
        if isinstance(node, ast.BoolOp):
            return _unsure([link for part in node.values for link in self.links(part)])
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return _unsure([link for part in node.generators for link in self.links(part.iter)])
        if isinstance(node, ast.Call):
            return self._links_of_call(node)
        return []

    def passed_files(self, node: ast.AST | None) -> dict[str, bool]:
        """Open files that the value of a call is a way to: ``csv.writer(file)``, ``file.create_group("a")``."""
        if isinstance(node, (ast.Await, ast.NamedExpr)):
            node = node.value
        if not isinstance(node, ast.Call):
            return {}
        handed: list[ast.AST] = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in PURE_METHODS:
                return {}
            handed.append(node.func.value)
        elif isinstance(node.func, ast.Name) and node.func.id in PURE_FUNCTIONS:
            return {}
        found: dict[str, bool] = {}
        for part in handed:
            root = base_name(part)
            for thing, definite in self.state.names.get(root, ()) if root else ():
                for path, known in thing.files.items():
                    found[path] = (known and definite) or found.get(path, False)
        return found

    def _all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.load(node)

    @contextmanager
    def _perhaps(self) -> Iterator[None]:
        self._maybe += 1
        try:
            yield
        finally:
            self._maybe -= 1

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.load(node.generators[0].iter)
        before = self._hidden
        self._hidden = before | {name for part in node.generators for name in target_names(part.target)}
        for number, part in enumerate(node.generators):
            if number:
                self.load(part.iter)
            self._all(part.ifs)
        if isinstance(node, ast.DictComp):
            self._all([node.key, node.value])
        else:
            self.load(node.elt, discarded=True)
        self._hidden = before

    def _function(self, function: Function, *, called: bool) -> None:
        """The code of a function runs now: it takes what its names hold now, and changes what it changes."""
        before, self._hidden = self._hidden, set() if called else self._hidden | set(function.params)
        for name in function.free:
            self.name(name)
        for name, sure in function.changes.items():
            if name in function.free or name not in function.params:
                self.change(name, sure)
        self.opaque = self.opaque or function.opaque
        self._hidden = before

    def _call(self, node: ast.Call, discarded: bool) -> None:
        if magics.is_shell(node):
            self._shell(node)
            return
        func = node.func
        if isinstance(func, ast.Name):
            if func.id in OPAQUE_CALLS and func.id not in self.state.names and not self._readable(node):
                self.opaque = True
            self.name(func.id)
        else:
            self.load(func)
        self._all(node.args)
        self._all(keyword.value for keyword in node.keywords)
        for keyword in node.keywords:
            if keyword.arg in ("out", "ax", "axes", "fig", "figure", "buf", "buffer"):
                self.change(base_name(keyword.value), True)
        first = base_name(node.args[0]) if node.args else None
        if isinstance(func, ast.Name):
            self._call_of_name(func.id, node, first, discarded)
        elif isinstance(func, ast.Attribute):
            self._call_of_method(func, node, first, discarded)

    def _call_of_name(self, name: str, node: ast.Call, first: str | None, discarded: bool) -> None:
        if name in ("setattr", "delattr", "next"):
            self.change(first, True)
        if name in PURE_FUNCTIONS and name not in self.state.names:
            return
        known = False
        for thing, _ in self.state.names.get(name, ()):
            if isinstance(thing.function, Function):
                known = True
                self._change_arguments(thing.function, node)
            elif thing.module and thing.module[0] == "user":
                self.change(name, False)
            elif thing.module and thing.module[0] == "state":
                self.figures = True
        if not known and discarded and not name.startswith(PURE_PREFIXES):
            self.change(first, False)

    def _call_of_method(self, func: ast.Attribute, node: ast.Call, first: str | None, discarded: bool) -> None:
        root = base_name(func.value)
        kinds = {thing.module[0] for thing, _ in self.state.names.get(root, ()) if thing.module} if root else set()
        if "state" in kinds:
            self.figures = True
            self.change(root, True)
        elif "user" in kinds:
            self.change(root, False)
            self.change(first, False)
        elif "library" in kinds:
            if discarded and not func.attr.startswith(PURE_PREFIXES):
                self.change(first, False)
        elif func.attr in ("query", "eval") and node.args and isinstance(node.args[0], ast.Constant):
            for word in str(node.args[0].value).replace("@", " @").split():
                if word[0] == "@":
                    self.name("".join(c if c.isalnum() or c == "_" else " " for c in word[1:]).split(" ")[0])
        elif func.attr not in PURE_METHODS:
            self.change(root, discarded)
            if discarded and not func.attr.startswith(PURE_PREFIXES):
                for arg in node.args:  # pool.map(fill, buffers); handler.apply(target)
                    if isinstance(arg, ast.Name) and not self._is_function(arg.id):
                        self.change(arg.id, False)

    def _is_function(self, name: str) -> bool:
        return any(isinstance(thing.function, Function) for thing, _ in self.state.names.get(name, ()))

    def _change_arguments(self, function: Function, node: ast.Call) -> None:
        for param, arg in zip(function.params, node.args, strict=False):
            if param in function.changes:
                self.change(base_name(arg), function.changes[param])
        for keyword in node.keywords:
            if keyword.arg in function.changes:
                self.change(base_name(keyword.value), function.changes[keyword.arg])

    def _readable(self, node: ast.Call) -> bool:
        """``eval("a + b")`` with its text in plain sight is decided like any expression."""
        assert isinstance(node.func, ast.Name)
        text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if node.func.id == "vars" and node.args:
            return True
        if node.func.id != "eval" or not isinstance(text, str):
            return False
        try:
            self.load(ast.parse(text, mode="eval").body)
        except SyntaxError:
            return False
        return True

    def _shell(self, node: ast.Call) -> None:
        """A magic inside an expression (``x = %time f(a)``)."""
        code = magics.code_of(node)
        if isinstance(code, ast.Module):
            for name in scope_of(code.body).free():
                self.name(name)
        else:
            self.opaque = True

    def _links_of_call(self, node: ast.Call) -> list[Link]:
        func = node.func
        if isinstance(func, ast.Attribute):
            if func.attr in PURE_METHODS:
                return []
            receiver = self.links(func.value)
            if any(thing.module for thing, _ in receiver):
                return _unsure(self._argument_links(node)) if func.attr.startswith(("as", "atleast", "ravel")) else []
            return _unsure(receiver)
        if isinstance(func, ast.Name) and func.id not in PURE_FUNCTIONS | {"list", "dict", "set", "tuple", "str"}:
            return _unsure(self._argument_links(node))
        return []

    def _argument_links(self, node: ast.Call) -> list[Link]:
        handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        return [link for part in handed if isinstance(part, ast.Name) for link in _not_modules(self.links(part))]


def _unsure(links: Iterable[Link]) -> list[Link]:
    return [(thing, False) for thing, _ in links if thing.module is None]


def _not_modules(links: Iterable[Link]) -> list[Link]:
    return [link for link in links if link[0].module is None]


def function_behind(step: Step, node: ast.AST | None) -> Function | None:
    """The class or function of the session that made the value of ``node``: its methods run that code later."""
    if isinstance(node, ast.Lambda):
        return function_of(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for thing, _ in step.state.names.get(node.func.id, ()):
            if isinstance(thing.function, Function) and thing.function.is_class:
                return thing.function
    return None


def figure_module(step: Step, node: ast.AST | None) -> str | None:
    """The name of the plotting module whose call made ``node``: what goes into the axes goes into its figure."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        root = base_name(node.func.value)
        if root and any(thing.module and thing.module[0] == "state" for thing, _ in step.state.names.get(root, ())):
            return root
    return None
