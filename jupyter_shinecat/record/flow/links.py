"""Ways from an expression to the things of the session: what its value may be, and what it may hold."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from .functions import Function, function_of
from .names import base_name
from .sources import Sources, Thing
from .state import Link, State
from .words import COPIES, GATHERERS, NEW_VALUES, PURE_FUNCTIONS, PURE_METHODS, SELECTING, VIEW_METHODS, VIEWS, is_maker


class Ways:
    """Finds the things that expressions lead to.

    Parameters
    ----------
    state
        What the session holds.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._hidden: set[str] = set()

    def links(self, node: ast.AST | None) -> list[Link]:
        """Things that the value of ``node`` may be, or be a way to."""
        if isinstance(node, ast.Name):
            return [] if node.id in self._hidden else list(self.state.names.get(node.id, ()))
        if isinstance(node, (ast.Attribute, ast.Await, ast.NamedExpr, ast.Starred)):
            return _not_modules(self.links(node.value))
        if isinstance(node, ast.Subscript):
            return unsure([*self.links(node.value), *self.held(node.value)])
        if isinstance(node, ast.IfExp):
            return unsure(self.links(node.body) + self.links(node.orelse))
        if isinstance(node, ast.BoolOp):
            return unsure([link for part in node.values for link in self.links(part)])
        if isinstance(node, ast.Call):
            return self._links_of_call(node)
        return []

    def held(self, node: ast.AST | None) -> list[Link]:
        """Things that the value of ``node``, a new one, leads to: elements, arguments of what made it."""
        if isinstance(node, (ast.Await, ast.NamedExpr, ast.Starred)):
            return self.held(node.value)
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return [link for part in node.elts for link in self.ways(part)]
        if isinstance(node, ast.Dict):
            return [link for part in node.values for link in self.ways(part)]
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            return unsure([link for part in node.generators for link in self.elements(part.iter)])
        if isinstance(node, (ast.IfExp, ast.BoolOp)):
            return unsure([link for part in ast.iter_child_nodes(node) for link in self.held(part)])
        if isinstance(node, ast.Call):
            return self._held_by_call(node)
        return []

    def ways(self, node: ast.AST | None) -> list[Link]:
        """Links to the value of ``node`` and to what it holds, for who keeps it."""
        if isinstance(node, ast.Lambda):
            thing = Thing(Sources())
            thing.function = function_of(node)
            return [(thing, False)]
        return _not_modules([*self.links(node), *self.held(node)])

    def elements(self, node: ast.AST | None) -> list[Link]:
        """Things that the elements of ``node`` may be, where it is gone through one by one."""
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if called in GATHERERS:
                return unsure([link for part in node.args for link in self.elements(part)])
        if isinstance(node, (ast.List, ast.Tuple)):
            return unsure([link for part in node.elts for link in [*self.ways(part), *self.elements(part)]])
        return unsure([*self.links(node), *self.held(node)])

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

    # -- what names stand for -------------------------------------------------------------------------------------

    def _kinds(self, root: str | None) -> set[str]:
        """Kinds of the modules that a name stands for."""
        return {thing.module[0] for thing, _ in self.state.names.get(root, ()) if thing.module} if root else set()

    def _is_library(self, name: str) -> bool:
        links = self.state.names.get(name, ())
        return bool(links) and all(thing.module is not None and thing.module[0] == "library" for thing, _ in links)

    def _is_function(self, name: str) -> bool:
        return any(isinstance(thing.function, Function) for thing, _ in self.state.names.get(name, ()))

    def _has_own_class(self, root: str | None) -> bool:
        """Whether a name stands for an object of a class of the session, whose methods may be called anything."""
        return any(thing.makers for thing, _ in self.state.names.get(root, ())) if root else False

    def _is_class(self, name: str) -> bool:
        functions = (thing.function for thing, _ in self.state.names.get(name, ()))
        return any(isinstance(function, Function) and function.is_class for function in functions)

    def _links_of_call(self, node: ast.Call) -> list[Link]:
        func = node.func
        called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if called in SELECTING:  # one of the things that it is given, or that its object holds
            handed = [*node.args, *(word.value for word in node.keywords)]
            handed += [func.value] if isinstance(func, ast.Attribute) else []
            return unsure([link for part in handed for link in [*self.ways(part), *self.elements(part)]])
        if isinstance(func, ast.Attribute):
            root = base_name(func.value)
            receiver = self.links(func.value)
            if self._kinds(root) - {"user"}:
                return unsure(self._argument_links(node)) if func.attr in VIEWS else []
            if func.attr in PURE_METHODS and not self._has_own_class(root):
                return unsure(receiver) if func.attr in VIEW_METHODS else []
            return unsure([*receiver, *self._argument_links(node)])
        if isinstance(func, ast.Name) and func.id not in NEW_VALUES:
            if "library" in self._kinds(func.id):
                return unsure(self._argument_links(node)) if func.id in VIEWS else []
            return [] if self._is_class(func.id) else unsure(self._argument_links(node))
        return []

    def _held_by_call(self, node: ast.Call) -> list[Link]:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if isinstance(node.func, ast.Attribute) and called in COPIES and not node.args:
            return unsure(self.ways(node.func.value))
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        if called in GATHERERS:
            return unsure([link for part in arguments for link in self.ways(part)])
        if is_maker(called) or called in VIEWS or self._is_class(called):  # an object keeps what it was made with
            found = unsure([link for part in arguments for link in self.ways(part)])
            method = [part.value for part in arguments if isinstance(part, ast.Attribute)]
            return [*found, *unsure([link for part in method for link in self.ways(part)])]
        # Functions that are handed over may be kept by anybody.
        functions = [part for part in arguments if isinstance(part, (ast.Lambda, ast.Name))]
        links = [link for part in functions for link in self.ways(part)]
        return unsure([link for link in links if isinstance(link[0].function, Function)])

    def _argument_links(self, node: ast.Call) -> list[Link]:
        handed = [*node.args, *(keyword.value for keyword in node.keywords)]
        return [
            link
            for part in handed
            if isinstance(part, (ast.Name, ast.Starred))
            for link in _not_modules(self.links(part))
        ]


def unsure(links: Iterable[Link]) -> list[Link]:
    """The same, none of them certain; modules are left out."""
    return [(thing, False) for thing, _ in links if thing.module is None]


def _not_modules(links: Iterable[Link]) -> list[Link]:
    return [link for link in links if link[0].module is None]
