"""The abstract run of one cell: simple statements, what flows in them, and what names mean after them."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Sequence

from . import magics
from .names import PURE_FUNCTIONS, base_name
from .sources import Sources, Thing
from .state import Link, State
from .step import Step, figure_module, function_behind
from .trace import Event, Sites, Trace

FORKED = "\0forked"  # stands for the files that children of this process write
PROCESS = "\0process"  # and for those that other programs write


class Statements:
    """Takes the simple statements of one run through the session's state.

    Parameters
    ----------
    state
        What the session held before; changed in place.
    trace
        The run.

    Attributes
    ----------
    written
        Paths that this run wrote, or wrote into through a handle.
    """

    def __init__(self, state: State, trace: Trace) -> None:
        self.state = state
        self.trace = trace
        self.written: dict[str, None] = {}
        self._made: set[str] = set()
        self._seen = Sources()
        self._control: list[Sources] = []
        self._ambient = Sources()
        self._maybe = 0
        self._weak = 0
        self._loops = 0
        self._spare = False
        self._bit = 1 << trace.run
        self._failed = trace.failed_at()
        self._sites: Sites

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

    def _step(self, expressions: Iterable[ast.AST]) -> Step:
        step = Step(self.state)
        for node in expressions:
            step.load(node)
        return step

    def _origins(self, events: Iterable[Event]) -> Sources:
        found = Sources()
        for event in events:
            if event.kind != "read":
                continue
            if event.pid:
                found.add(("pid", event.pid), event.certain)
            elif event.path and event.path in self._made:
                found.merge(self.state.results.get(event.path, Sources()))  # made by this very run: not an input
            elif event.path:
                found.add(("path", event.path), event.certain)
        return found

    def _finish(self, step: Step, events: Sequence[Event]) -> Sources:
        """Everything that the statement uses flows into everything that it changes, and into the files it writes."""
        sources = step.sources
        read = self._origins(events)
        if self._maybe and not events:
            sources.doubt()
        sources.merge(read)
        self.state.session.merge(read, certain=False)
        sources.merge(self._ambient, certain=False)
        for control in self._control:
            sources.merge(control, certain=False)
        if step.opaque:
            sources.merge(self.state.session, certain=False)
            sources.merge(self._seen, certain=False)
        if step.figures:
            sources.merge(self._seen, certain=False)
        sources.runs |= self._bit
        for name, certain in step.changed.items():
            if name not in self.state.names:  # ``global name`` in a function makes it
                self.state.bind(name, [(Thing(sources.copy()), certain)])
            for thing, definite in self.state.names[name]:
                thing.sources.merge(sources, certain and definite)
        for path, certain in step.files.items():
            self._wrote(path, sources, certain)
        for event in events:
            self._effect(event, sources)
        for node, links in step.bound:
            self._bind(node.target, sources, links)
        if step.opaque:
            self.state.poison()
        self._seen.merge(sources)
        return sources

    def _effect(self, event: Event, sources: Sources) -> None:
        if event.kind == "write" and event.path:
            self._made.add(event.path)
            if event.fresh and not self._loops:
                self.state.results.pop(event.path, None)
            self._wrote(event.path, sources)
        elif event.kind == "rename" and event.path and event.target:
            self.state.rename(event.path, event.target, sources)
            self._made.add(event.target)
            self.written.pop(event.path, None)
            self.written[event.target] = None
        elif event.kind == "remove" and event.path:
            self.state.results.pop(event.path, None)
            self.written.pop(event.path, None)
        elif event.kind == "link" and event.target:  # a copy of an input: no result any more
            self.state.results.pop(event.target, None)
            self.written.pop(event.target, None)
        elif event.kind == "fork":
            self._wrote(FORKED, sources)
        elif event.kind == "process":
            if PROCESS not in self.written:
                self.state.results.pop(PROCESS, None)
            self._wrote(PROCESS, sources)

    def _wrote(self, path: str, sources: Sources, certain: bool = True) -> None:
        self.state.flow_into(path, sources, certain)
        self.written[path] = None

    # -- binding -------------------------------------------------------------------------------------------------

    def _bind(
        self,
        target: ast.AST,
        sources: Sources,
        links: Sequence[Link] = (),
        files: dict[str, bool] | None = None,
        thing: Thing | None = None,
    ) -> Thing:
        """Let a target mean a new thing (the same one for all names of an unpacking)."""
        own = thing or Thing(sources.copy(), dict(files or {}))
        if isinstance(target, ast.Name):
            if self._maybe:
                links = [(thing, False) for thing, _ in links]
            keep = bool(self._weak or self._maybe)
            self.state.bind(target.id, [(own, True), *links], keep=keep, spare=self._spare)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for part in target.elts:
                self._bind(part, sources, links, files, own)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, sources, links, files, own)
        else:
            self._change(target, sources)
        return own

    def _change(self, target: ast.AST, sources: Sources) -> None:
        root = base_name(target)
        for thing, definite in self.state.names.get(root, ()) if root else ():
            thing.sources.merge(sources, definite and not self._maybe)

    def _files(self, step: Step, value: ast.AST | None, events: Iterable[Event]) -> dict[str, bool]:
        """Files that the value is a handle of."""
        files = step.passed_files(value)
        for event in events:
            if event.kind == "write" and event.path:
                files[event.path] = True
            elif event.kind == "fork":
                files[FORKED] = True
        return files

    def _expression(self, node: ast.Expr, last: bool) -> None:
        call = magics.is_shell(node.value)
        if call is not None:
            self._magic(node, call)
            return
        step = Step(self.state)
        step.load(node.value, discarded=True)
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

    def _on_assign(self, node: ast.Assign) -> None:
        targets = node.targets
        if len(targets) == 1 and _pairwise(targets[0], node.value):
            # a, b = x, y: each part for itself, all right sides before the first name changes
            pairs = list(zip(targets[0].elts, node.value.elts, strict=True))  # type: ignore[attr-defined]
            rest = list(self._sites.at(node))
            done = []
            for target, value in pairs:
                events = self._sites.at(node, value)
                rest = [event for event in rest if event not in events]
                step = self._step([value])
                done.append((target, self._finish(step, events), step.links(value), self._files(step, value, events)))
            if rest:
                self._finish(self._step([]), rest)
            for target, sources, links, files in done:
                self._bind(target, sources, links, files)
            return
        self._assign(node, targets, node.value)

    def _assign(self, node: ast.stmt, targets: Sequence[ast.AST], value: ast.AST) -> None:
        step = self._step([value])
        for target in targets:
            if not isinstance(target, ast.Name):
                step.load(_indexes(target))
        events = self._sites.at(node)
        links, files = step.links(value), self._files(step, value, events)
        sources = self._finish(step, events)
        made = function_behind(step, value)
        module = figure_module(step, value)
        for target in targets:
            thing = self._bind(target, sources, links, files)
            thing.function = made
            if module:
                self.state.names[module] = [*self.state.names[module], (thing, True)]

    def _on_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node, [node.target], node.value)

    def _on_augassign(self, node: ast.AugAssign) -> None:
        step = self._step([node.value])
        root = base_name(node.target)
        if root:
            step.name(root)
        if not isinstance(node.target, ast.Name):
            step.load(_indexes(node.target))
        sources = self._finish(step, self._sites.at(node))
        if isinstance(node.target, ast.Name):
            # In place for arrays and lists, a new value for numbers: other names of the thing may have changed too.
            links = [(thing, False) for thing, _ in self.state.names.get(node.target.id, ())]
            for thing, _ in links:
                thing.sources.merge(sources, certain=False)
            self._bind(node.target, sources, links)
        else:
            self._change(node.target, sources)

    def _on_delete(self, node: ast.Delete) -> None:
        step = self._step(target for target in node.targets if not isinstance(target, ast.Name))
        sources = self._finish(step, self._sites.at(node))
        for target in node.targets:
            if not isinstance(target, ast.Name):
                self._change(target, sources)
            elif not (self._maybe or self._weak):
                self.state.names.pop(target.id, None)


def _only_shows(value: ast.AST) -> bool:
    """``print(file, data)`` puts nothing into the file; ``print(data, file=file)`` does."""
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in PURE_FUNCTIONS
        and not any(keyword.arg == "file" for keyword in value.keywords)
    )


def _pairwise(target: ast.AST, value: ast.AST) -> bool:
    return (
        isinstance(target, (ast.Tuple, ast.List))
        and isinstance(value, (ast.Tuple, ast.List))
        and len(target.elts) == len(value.elts)
        and not any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))
    )


def _indexes(target: ast.AST) -> ast.AST:
    """The expressions inside a target that are read: base and index of ``a[i]``, object of ``a.b``."""
    parts: list[ast.expr] = []
    for node in [target] if not isinstance(target, (ast.Tuple, ast.List)) else target.elts:
        if isinstance(node, ast.Subscript):
            parts += [node.value, node.slice]
        elif isinstance(node, ast.Attribute):
            parts.append(node.value)
    return ast.Tuple(elts=parts, ctx=ast.Load())
