"""What names mean after a statement of the abstract run: assignments, parts of things, deletions."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .calls import Step, is_buffer
from .effects import Effects, separate
from .functions import Function, fields_of, function_of
from .names import base_name
from .reach import Value, parts_of
from .sources import Sources, Thing
from .state import Link, reach
from .step import figure_module, key_of, makers_of
from .words import FACES


class Bindings(Effects):
    """Takes the assignments of one run through the session's state."""

    def _bind(
        self,
        target: ast.AST,
        sources: Sources,
        links: Sequence[Link] = (),
        files: dict[str, bool] | None = None,
        thing: Thing | None = None,
        held: Sequence[Link] = (),
    ) -> Thing:
        """Let a target mean a new thing (the same one for all names of an unpacking)."""
        own = thing or Thing(sources.copy(), dict(files or {}))
        own.hold(list(held))
        if isinstance(target, ast.Name):
            if self._maybe:
                links = [(thing, False) for thing, _ in links]
            keep = bool(self._weak or self._maybe)
            self.state.bind(target.id, [(own, True), *links], keep=keep, spare=self._spare)
        elif isinstance(target, (ast.Tuple, ast.List)):
            links = [(part, False) for part, _ in links]
            for part in target.elts:
                self._bind(part, sources, links, files, own)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, sources, links, files, own)
        else:
            self._change(target, sources, [*links, *own.holds])
        return own

    def _change(self, target: ast.AST, sources: Sources, links: Sequence[Link] = ()) -> None:
        """``a.b``, ``a["b"]`` or something deeper gets another value, and with it ways to ``links``."""
        root = base_name(target)
        key, near = None, False
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            inner = target.value
            near = isinstance(inner, ast.Name) or (isinstance(inner, ast.Attribute) and inner.attr in FACES)
            if isinstance(inner, ast.Name):
                key = target.attr if isinstance(target, ast.Attribute) else key_of(target.slice)
        own = self.state.names.get(root, ()) if root else ()
        if _is_all(target) and not (self._maybe or self._weak or self._loops):
            for thing, definite in own:
                if definite:
                    thing.lose()
        direct = {id(thing) for thing, _ in own}
        for thing, definite in reach(own, deep=not near):
            sure = definite and not self._maybe and id(thing) in direct
            if thing.module is not None:
                if thing.module[1] == "builtins" and isinstance(target, ast.Attribute):
                    self.state.bind(target.attr, [(Thing(sources.copy()), True), *links])
                thing.take(sources, sure)
                continue
            thing.put(key if isinstance(key, (str, int)) else None, sources, sure, instead=sure and not self._weak)
            thing.hold(list(links))
            for maker in thing.makers:
                if isinstance(maker.function, Function):  # a property may do anything
                    with_setter = Step(self.state)
                    with_setter.name(root or "")
                    self._change_all(with_setter, sources)

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
                links, held, files = step.links(value), step.held(value), self._files(step, value, events)
                done.append((target, value, self._finish(step, events), links, held, files, step.value))
            if rest:
                self._finish(self._step([]), rest)
            for target, value, sources, links, held, files, known in done:
                thing = self._bind(target, sources, links, files, held=held)
                self._about(thing, value)
                separate(thing, known)
            return
        self._assign(node, targets, node.value)

    def _assign(self, node: ast.stmt, targets: Sequence[ast.AST], value: ast.AST) -> None:
        step = self._step([value])
        for target in targets:
            self._into(step, target)
        events = self._sites.at(node)
        links, held, files = step.links(value), step.held(value), self._files(step, value, events)
        sources = self._finish(step, events)
        module = figure_module(step, value)
        for target in targets:
            if isinstance(target, (ast.Tuple, ast.List)) and step.value is not None and step.value.parts is not None:
                self._unpack(target, step.value, sources, links, files, held)
                continue
            thing = self._bind(target, sources, links, files, held=held)
            self._about(thing, value)
            separate(thing, step.value)
            if module:
                self.state.names[module] = [*self.state.names[module], (thing, True)]

    def _unpack(
        self,
        target: ast.Tuple | ast.List,
        value: Value,
        sources: Sources,
        links: Sequence[Link],
        files: dict[str, bool],
        held: Sequence[Link],
    ) -> None:
        """Each name of an unpacking gets its own part; that it is one of the others' too can't be ruled out."""
        things: list[Thing] = []
        for part, one in parts_of(target, value):
            if isinstance(part, (ast.Tuple, ast.List)) and one.parts is not None:
                self._unpack(part, one, sources, links, files, held)
                continue
            perhaps = [(known, False) for known, _ in held]
            thing = self._bind(part, sources.of(one.sure), [(known, False) for known, _ in links], files, held=perhaps)
            separate(thing, one)
            things.append(thing)
        for thing in things:
            thing.hold([(other, False) for other in things])

    def _about(self, thing: Thing, value: ast.AST) -> None:
        """What the code says of a new thing: what it is, and who made it."""
        step = Step(self.state)
        thing.makers = list(makers_of(step, value))
        if isinstance(value, ast.Lambda):
            thing.function = function_of(value)
        thing.buffer = is_buffer(value)
        thing.fields = fields_of(value)
        copied = value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "copy":
            copied = value.func.value
        if isinstance(copied, ast.Name):
            for other, definite in self.state.names.get(copied.id, ()):
                if definite and other is not thing:
                    thing.share_parts(other)

    def _into(self, step: Step, target: ast.AST) -> None:
        """A target that is a part: its index is used, what it is a part of is only a way, perhaps to a file."""
        for node in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
            step.stores = step.stores or not isinstance(node, ast.Name)
            if isinstance(node, ast.Subscript):
                step.load(node.slice)
                step.roots += [node.slice] if not isinstance(node.slice, ast.Constant) else []
            if isinstance(node, (ast.Subscript, ast.Attribute)):
                way = self._step([node.value])
                step.sources.runs |= way.sources.runs
                step.files.update(way.files)
                step.opaque = step.opaque or way.opaque
                for name, sure in way.changed.items():
                    step.change(name, sure)

    def _on_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node, [node.target], node.value)

    def _on_augassign(self, node: ast.AugAssign) -> None:
        root = base_name(node.target)
        before = ast.Name(root, ast.Load()) if root else ast.Constant(None)
        step = self._step([ast.BinOp(before, node.op, node.value)])
        self._into(step, node.target)
        sources = self._finish(step, self._sites.at(node))
        if isinstance(node.target, ast.Name):
            # In place for arrays and lists, a new value for numbers: other names of the thing may have changed too.
            links = [(thing, False) for thing, _ in self.state.names.get(node.target.id, ())]
            for thing, _ in links:
                if thing.module is None:
                    thing.take(sources, certain=False)
            thing = self._bind(node.target, sources, links, held=step.ways(node.value))
            separate(thing, step.value)
        else:
            self._change(node.target, sources)

    def _on_delete(self, node: ast.Delete) -> None:
        step = self._step([])
        for target in node.targets:
            self._into(step, target)
        sources = self._finish(step, self._sites.at(node))
        for target in node.targets:
            if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                for thing, definite in self.state.names.get(target.value.id, ()):
                    if definite and not (self._maybe or self._weak):
                        thing.lose(key_of(target.slice))
                    thing.take(sources, certain=False)
            elif not isinstance(target, ast.Name):
                self._change(target, sources)
            elif not (self._maybe or self._weak):
                self.state.names.pop(target.id, None)


def _pairwise(target: ast.AST, value: ast.AST) -> bool:
    return (
        isinstance(target, (ast.Tuple, ast.List))
        and isinstance(value, (ast.Tuple, ast.List))
        and len(target.elts) == len(value.elts)
        and not any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts))
    )


def _is_all(target: ast.AST) -> bool:
    """``a[:]`` and ``a[...]``: nothing of what was there stays."""
    if not isinstance(target, ast.Subscript) or not isinstance(target.value, ast.Name):
        return False
    part = target.slice
    if isinstance(part, ast.Slice):
        return part.lower is None and part.upper is None and part.step is None
    return isinstance(part, ast.Constant) and part.value is Ellipsis
