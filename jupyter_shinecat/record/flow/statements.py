"""The abstract run of one cell: its statements one after the other, and code in magics."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable

from . import magics
from .bindings import Bindings
from .sources import Thing
from .trace import Sites
from .words import PURE_FUNCTIONS


class Statements(Bindings):
    """Takes the simple statements of one run through the session's state."""

    def go(self) -> None:
        """Run all of it."""
        self.state.doubt_figures()
        if self.trace.strays:
            self.state.session.merge(self._origins(self.trace.strays), certain=False)
            self.state.spread(self._origins(self.trace.strays))
        tree = self._tree()
        self._sites = Sites(tree, self.trace.events)
        for event in self._sites.ambient:
            self._ambient.merge(self._origins([event]), certain=False)
        self.state.session.merge(self._ambient, certain=False)
        for number, node in enumerate(tree.body):
            self._statement(node, last=number == len(tree.body) - 1)
        if self.trace.code is None:
            step = self._step([])
            step.opaque = True
            self._finish(step, [])
        beside = [event for event in self._sites.ambient if event.kind != "read"]
        if beside:  # a task or a thread: all that this cell had in hand may have gone there
            step = self._step([])
            step.sources.merge(self._seen, certain=False)
            self._finish(step, beside)

    def _tree(self) -> ast.Module:
        try:
            return ast.parse(self.trace.code or "")
        except (SyntaxError, ValueError, RecursionError):
            self.trace.code = None
            return ast.Module(body=[], type_ignores=[])

    # -- one statement -------------------------------------------------------------------------------------------

    def _statement(self, node: ast.stmt, last: bool = False) -> None:
        if self._failed and (node.lineno, node.col_offset) > self._failed:
            return  # the cell ended before it came here
        method = getattr(self, f"_on_{type(node).__name__.lower()}", None)
        if method is not None:
            method(node)
        elif isinstance(node, ast.Expr):
            self._expression(node, last)
        else:  # return, raise, assert, pass, ...
            step = self._step(ast.iter_child_nodes(node))
            self._finish(step, self._sites.at(node))

    def _body(self, nodes: Iterable[ast.stmt]) -> None:
        for node in nodes:
            self._statement(node)

    def _expression(self, node: ast.Expr, last: bool) -> None:
        call = magics.is_shell(node.value)
        if call is not None:
            self._magic(node, call)
            return
        step = self._step([node.value], discarded=True)
        if _only_shows(node.value):
            step.files.clear()
        events = self._sites.at(node)
        sources = self._finish(step, events)
        for name in step.changed:  # an object whose method opened a file leads to it from now on
            for event in events:
                if event.kind == "write" and event.path:
                    for thing, definite in self.state.names.get(name, ()):
                        thing.files.setdefault(event.path, definite)
        if last and self.trace.count is not None:
            thing = Thing(sources.copy())
            links = [(thing, True), *step.links(node.value)]
            self.state.bind("_", links)
            self.state.bind(f"_{self.trace.count}", links)
            self.state.bind("Out", [(thing, False)], keep=True)

    def _magic(self, node: ast.Expr, call: ast.Call) -> None:
        code = magics.code_of(call)
        if not isinstance(code, ast.Module):
            step = self._step(call.args)
            step.roots[:] = [call]
            step.opaque = True
            self._finish(step, self._sites.at(node))
            return
        events = self._sites.at(node)
        # The code inside has places of its own: those of the frame that the magic started.
        moved = [dataclasses.replace(event, place=event.inner, inner=None) for event in events]
        outer, failed, self._failed = self._sites, self._failed, None
        self._sites = Sites(code, moved)
        strays = self._sites.ambient
        for part in code.body:
            self._statement(part)
        if strays or not code.body:
            step = self._step([])
            step.sources.merge(self._seen, certain=False)
            self._finish(step, strays)
        self._sites, self._failed = outer, failed


def _only_shows(value: ast.AST) -> bool:
    """``print(file, data)`` puts nothing into the file; ``print(data, file=file)`` does."""
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in PURE_FUNCTIONS
        and not any(keyword.arg == "file" for keyword in value.keywords)
    )
