"""The abstract run of one cell: branches and loops with their doubts, definitions and imports."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

from .loaded import names_in
from .names import function_of, target_names
from .sources import Sources, Thing
from .statements import Statements
from .step import Step
from .trace import Event


class Walk(Statements):
    """Takes one run through the session's state: ``Walk(state, trace).go()``."""

    # -- blocks --------------------------------------------------------------------------------------------------

    @contextmanager
    def _block(self, *, maybe: bool = False, weak: bool = False, control: Sources | None = None) -> Any:
        self._maybe += maybe
        self._weak += weak
        if control is not None:
            self._control.append(control)
        try:
            yield
        finally:
            self._maybe -= maybe
            self._weak -= weak
            if control is not None:
                self._control.pop()

    def _branch(self, nodes: Sequence[ast.stmt], control: Sources | None) -> None:
        """Statements that may not have run; something that happened in them proves that they did."""
        ran = self._sites.within(nodes)
        with self._block(maybe=not ran, weak=not ran or self._loops > 0, control=control):
            self._body(nodes)

    def _on_if(self, node: ast.If) -> None:
        step = self._step([node.test])
        control = self._finish(step, self._sites.at(node))
        first, second = self._sites.within(node.body), self._sites.within(node.orelse)
        once = not self._loops
        if not (once and second and not first):
            self._branch(node.body, control)
        if not (once and first and not second):
            self._branch(node.orelse, control)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, control: Sources) -> None:
        ran = self._sites.within(node.body)
        self._loops += 1
        for _ in range(2):  # the second time round, what the first one left flows in
            with self._block(weak=not ran, control=control):
                if not isinstance(node, ast.While):
                    links = [(thing, False) for thing, _ in Step(self.state).links(node.iter)]
                    self._bind(node.target, control, links)
                self._body(node.body)
        self._loops -= 1
        with self._block(weak=True):
            self._body(node.orelse)

    def _on_for(self, node: ast.For | ast.AsyncFor) -> None:
        step = self._step([node.iter])
        self._loop(node, self._finish(step, self._sites.at(node)))

    _on_asyncfor = _on_for

    def _on_while(self, node: ast.While) -> None:
        step = self._step([node.test])
        self._loop(node, self._finish(step, self._sites.at(node)))

    def _on_try(self, node: ast.Try) -> None:
        with self._block(weak=bool(node.handlers)):
            self._body(node.body)
            self._body(node.orelse)
        for handler in node.handlers:
            before, self._spare = self._spare, not self._sites.within(handler.body)
            self._branch(handler.body, None)
            self._spare = before
        self._body(node.finalbody)

    _on_trystar = _on_try

    def _on_match(self, node: ast.Match) -> None:
        step = self._step([node.subject])
        control = self._finish(step, self._sites.at(node))
        links = [(thing, False) for thing, _ in step.links(node.subject)]
        for case in node.cases:
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    self.state.bind(name, [(Thing(control.copy()), True), *links], keep=True)
            self._branch(case.body, control)

    def _on_with(self, node: ast.With | ast.AsyncWith) -> None:
        late: list[Event] = []
        for item in node.items:
            events = self._sites.at(item)
            # A rename at this place is the exit of a writer that replaces its file when all is well.
            late += [event for event in events if event.kind in ("rename", "remove")]
            events = [event for event in events if event.kind not in ("rename", "remove")]
            step = self._step([item.context_expr])
            links, files = step.links(item.context_expr), self._files(step, item.context_expr, events)
            sources = self._finish(step, events)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, sources, links, files)
        self._body(node.body)
        late += self._sites.at(node)
        wrote = [e for item in node.items for e in self._sites.at(item) if e.kind == "write"]
        if late or wrote:
            for event in wrote:
                event.fresh = False
            step = self._step([])
            for item in node.items:
                for name in target_names(item.optional_vars) if item.optional_vars else ():
                    step.name(name)
            self._finish(step, [*wrote, *late])

    _on_asyncwith = _on_with

    # -- definitions ---------------------------------------------------------------------------------------------

    def _on_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        parts: list[ast.AST] = list(node.decorator_list)
        if isinstance(node, ast.ClassDef):
            parts += [*node.bases, *(keyword.value for keyword in node.keywords)]
        else:
            parts += [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        sources = self._finish(self._step(parts), self._sites.at(node))
        thing = Thing(sources.copy())
        thing.function = function_of(node)
        self.state.bind(node.name, [(thing, True)], keep=bool(self._weak or self._maybe))

    _on_asyncfunctiondef = _on_functiondef
    _on_classdef = _on_functiondef

    def _on_import(self, node: ast.Import) -> None:
        sources = self._finish(self._step([]), self._sites.at(node))
        for alias in node.names:
            self._import(alias.asname or alias.name.partition(".")[0], alias.name, sources)

    def _on_importfrom(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        step = self._step([])
        names = [alias.name for alias in node.names]
        if names == ["*"]:
            found = _public_names(module)
            step.opaque = found is None
            sources = self._finish(step, self._sites.at(node))
            for name in found or ():
                self._import(name, module, sources)
            return
        sources = self._finish(step, self._sites.at(node))
        for alias in node.names:
            self._import(alias.asname or alias.name, f"{module}.{alias.name}", sources, module)

    def _import(self, name: str, dotted: str, sources: Sources, module: str = "") -> None:
        thing = Thing(sources.copy())
        kind = self.state.module(dotted)
        thing.module = kind if kind[0] == "state" or not module else self.state.module(module)
        self.state.bind(name, [(thing, True)])


def _public_names(module: str) -> list[str] | None:
    """What ``from module import *`` binds, as far as the loaded module tells."""
    space = names_in(module)
    if space is None:
        return None
    listed = space.get("__all__")
    return [str(name) for name in listed] if isinstance(listed, (list, tuple)) else [n for n in space if n[:1] != "_"]
