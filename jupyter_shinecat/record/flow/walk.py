"""The abstract run of one cell: branches and loops with their doubts, definitions and imports."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import contextmanager
from typing import Any

from .calls import Step
from .functions import Function, fields_of, function_of
from .loaded import names_in
from .names import base_name, target_names
from .reach import Body, Spots, overwritten
from .sources import Origin, Sources, Thing
from .statements import Statements
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

    @contextmanager
    def _collecting(self, sources: Sources) -> Any:
        """All that statements inside use is put into ``sources``."""
        self._collected.append(sources)
        try:
            yield
        finally:
            self._collected.pop()

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
                    self._bind_elements(node.target, node.iter, control)
                self._body(node.body)
        self._loops -= 1
        with self._block(weak=True):
            self._body(node.orelse)
        varying = self._sites.varying(node.body, self._origins)
        if not isinstance(node, ast.While):  # what the last one was: one of several
            held = Step(self.state).links(node.iter)
            value = Body(self.state, self._origins, Spots([], [])).value(node.iter) if control.origins else None
            several = any(thing.has_part(None) or thing.has_part(0) for thing, _ in held)
            if len(control.origins) > 1 and (several or (value is not None and value.parts is not None)):
                varying = varying.union(control.origins)
                for name in target_names(node.target):
                    self._doubt(name, varying)
        for name, doubt in overwritten(node, varying).items():
            self._doubt(name, doubt)
        for path in self._sites.replaced(node.body):
            if varying and path in self.state.results:
                self.state.results[path] = self.state.results[path].without(varying)

    def _doubt(self, name: str, origins: set[Origin] | None) -> None:
        links = self.state.names.get(name, ())
        every = {origin for thing, _ in links for origin in thing.sources.origins}
        for thing, definite in links if origins is not None or len(every) > 1 else ():
            if definite:
                thing.doubt(every if origins is None else origins)

    def _bind_elements(self, target: ast.expr, iterable: ast.expr, control: Sources) -> None:
        """``for x, y in zip(a, b)``: each name gets what its own container has."""
        called = iterable.func.id if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name) else ""
        if isinstance(target, ast.Tuple) and isinstance(iterable, ast.Call) and called in ("zip", "enumerate"):
            given = [ast.Constant(0), *iterable.args[:1]] if called == "enumerate" else iterable.args
            # What happens in the call itself may belong to any of them.
            plain = not any(isinstance(part, (ast.Call, ast.Starred)) for arg in given for part in ast.walk(arg))
            if plain and len(given) == len(target.elts):
                for name, arg in zip(target.elts, given, strict=True):
                    step = Step(self.state)
                    step.load(arg)
                    step.sources.runs |= control.runs
                    step.sources.merge(control, certain=False)
                    self._bind(name, step.sources, step.elements(arg))
                return
        self._bind(target, control, Step(self.state).elements(iterable))

    def _on_for(self, node: ast.For | ast.AsyncFor) -> None:
        step = self._step([node.iter])
        self._loop(node, self._finish(step, self._sites.at(node)))

    _on_asyncfor = _on_for

    def _on_while(self, node: ast.While) -> None:
        step = self._step([node.test])
        self._loop(node, self._finish(step, self._sites.at(node)))

    def _on_try(self, node: ast.Try) -> None:
        tried = Sources()
        with self._block(weak=bool(node.handlers)), self._collecting(tried):
            self._body(node.body)
            self._body(node.orelse)
        for handler in node.handlers:
            before, self._spare = self._spare, not self._sites.within(handler.body)
            if handler.name:  # what was raised may carry anything of the body
                self.state.bind(handler.name, [(Thing(tried.copy()), True)])
            self._branch(handler.body, tried)
            self._spare = before
            if not self._sites.within(handler.body):  # what it may have set instead
                for part in handler.body:
                    if isinstance(part, ast.Assign):
                        for name in (name for target in part.targets for name in target_names(target)):
                            self._doubt(name, None)
        self._body(node.finalbody)

    _on_trystar = _on_try

    def _on_match(self, node: ast.Match) -> None:
        step = self._step([node.subject])
        control = self._finish(step, self._sites.at(node))
        links = step.elements(node.subject)
        for case in node.cases:
            for part in ast.walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    self.state.bind(name, [(Thing(control.copy()), True), *links], keep=True)
            self._branch(case.body, control)

    def _on_with(self, node: ast.With | ast.AsyncWith) -> None:
        late: list[Event] = []
        # Reading at the place of the statement itself is the entry of what was opened.
        entry = [event for event in self._sites.at(node) if event.kind == "read"]
        inside = Sources()
        for item in node.items:
            events = [*self._sites.at(item), *entry]
            # A rename at this place is the exit of a writer that replaces its file when all is well.
            late += [event for event in events if event.kind in ("rename", "remove")]
            events = [event for event in events if event.kind not in ("rename", "remove")]
            step = self._step([item.context_expr])
            value = item.context_expr
            links, files = step.links(value), self._files(step, value, events)
            if isinstance(value, ast.Call):
                links = [*links, *((thing, False) for part in value.args for thing, _ in step.ways(part))]
            sources = self._finish(step, events)
            if item.optional_vars is not None:
                self._about(self._bind(item.optional_vars, sources, links, files, held=step.held(value)), value)
        with self._collecting(inside):
            self._body(node.body)
        self._redirected(node, inside)
        late += [event for event in self._sites.at(node) if event.kind != "read"]
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

    def _redirected(self, node: ast.With | ast.AsyncWith, inside: Sources) -> None:
        """What is printed goes into the memory that stands for the terminal."""
        for call in (item.context_expr for item in node.items):
            called = getattr(getattr(call, "func", None), "attr", getattr(getattr(call, "func", None), "id", ""))
            if isinstance(call, ast.Call) and called in ("redirect_stdout", "redirect_stderr"):
                for part in call.args:
                    for thing, _ in self.state.names.get(base_name(part) or "", ()):
                        thing.take(inside, certain=False)

    # -- definitions ---------------------------------------------------------------------------------------------

    def _on_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        parts: list[ast.AST] = list(node.decorator_list)
        if isinstance(node, ast.ClassDef):
            parts += [*node.bases, *(keyword.value for keyword in node.keywords)]
        else:
            parts += [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        step = self._step(parts)
        thing = Thing(Sources())
        thing.function = function_of(node)
        if not isinstance(node, ast.ClassDef):  # defaults live as long as the function
            thing.hold([(one, False) for part in node.args.defaults for one, _ in step.ways(part)])
        if node.decorator_list:  # a decorator may keep the function, and give another in its place
            step.given.append((thing, False))
            thing.hold([(one, False) for part in node.decorator_list for one, _ in step.ways(part)])
            for part in node.decorator_list:
                if not isinstance(part, ast.Call):
                    step.change(base_name(part), False)
        if isinstance(node, ast.ClassDef):
            bases = [self.state.names.get(base_name(base) or "", ()) for base in node.bases]
            thing.fields = fields_of(node)
            thing.makers = [one for links in bases for one, _ in links if isinstance(one.function, Function)]
        thing.take(self._finish(step, self._sites.at(node)))
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
