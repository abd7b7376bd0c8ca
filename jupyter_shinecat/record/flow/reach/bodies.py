"""The code of a function of the session, gone through with what it is given, for what surely reaches what it gives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from jupyter_shinecat.record.flow.names import scope_of, target_names
from jupyter_shinecat.record.flow.sources import Origin

from .calling import Calling
from .known import Known
from .loops import overwritten
from .parameters import bound
from .spots import Hit, Spots
from .values import REST, Memo, Value, copies, either, mix

_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)


class Body(Calling):
    """Goes through statements; of a cell it takes single expressions only (`value`)."""

    def run(
        self, known: Known, args: Sequence[Value], words: Sequence[tuple[str | None, Value]], hits: Sequence[Hit]
    ) -> Value:
        """What a function of the session gives for these arguments, when this happens in it."""
        node = known.node
        if isinstance(node, ast.ClassDef):
            return Value()
        code: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
        here = isinstance(node, ast.Lambda) and not hits and bool(self.spots.within(code))
        inner = Body(self.state, self.origins, self.spots if here else Spots(code, hits))
        inner.outer, inner.wrote, inner.around = self.outer, self.wrote, known.names
        inner.left = self.left
        inner.stack, inner.once, inner.unknown = (*self.stack, node), self.once, self.unknown
        inner._single = self._single
        inner.names = bound(node.args, args, words, known.defaults)
        value = inner.go(node)
        strays = [hit for hit in inner.spots.loose if hit[0].kind == "read"] if not here else []
        return mix([value, self._read(strays, alone=True)]) if strays else value

    def go(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Value:
        """Go through the whole of a function."""
        self._returned: list[tuple[Value, set[Origin]]] = []
        self._yielded: list[Value] = []
        self._proof: set[Origin] = set()
        self._globals: set[str] = set()
        if isinstance(node, ast.Lambda):
            return self.value(node.body)
        scope = scope_of(node.body)
        self._own_names = scope.stores - scope.outer
        self._globals = scope.outer
        # Functions inside may set these whenever they run.
        self._shared = frozenset(
            name for part in ast.walk(node) if isinstance(part, ast.Nonlocal) for name in part.names
        )
        self.around = {**self.around, **{name: Value() for name in self._own_names}}
        self._block(node.body)
        given = _joined(self._returned)
        if not self._yielded:
            return given
        if any("contextmanager" in ast.dump(mark) for mark in node.decorator_list):
            return mix(self._yielded)
        whole = mix([given, *self._yielded])
        one = self._yielded[0]
        for other in self._yielded[1:]:
            one = either(one, other)
        several = len(whole.every) > 1 and self._varied
        return Value(whole.sure, whole.every, {REST: Value((), whole.every) if several else one.beside(whole.every)})

    _varied = False

    _shared: frozenset[str] = frozenset()

    def _named(self, name: str) -> Value:
        found = super()._named(name)
        return Value((), found.every) if name in self._shared else found

    def _store(self, name: str, value: Value) -> None:
        if name in getattr(self, "_globals", ()):
            found = Value(value.sure, value.every, value.parts)
            found.added, found.touched = set(value.sure), True
            found.lost = self._named(name).sure - value.sure
            self.outer[name] = found
        else:
            self.names[name] = value

    # -- statements ----------------------------------------------------------------------------------------------

    def _block(self, nodes: Sequence[ast.stmt]) -> bool:
        """Go through statements; True when what follows them is not come to."""
        for number, node in enumerate(nodes):
            method = getattr(self, f"_on_{type(node).__name__.lower()}", None)
            if isinstance(node, (ast.If, ast.Match)):
                left = self._on_branches(node, nodes[number + 1 :])
            elif method is not None:
                left = bool(method(node))
            else:
                for part in ast.iter_child_nodes(node):
                    if isinstance(part, ast.expr) and not isinstance(getattr(part, "ctx", None), (ast.Store, ast.Del)):
                        self.value(part)
                left = isinstance(node, _LEAVING)
            if left:
                return True
        return False

    def _on_assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self.bind(target, value)

    def _on_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.bind(node.target, self.value(node.value))

    def _on_augassign(self, node: ast.AugAssign) -> None:
        value = self.value(node.value)
        if isinstance(node.target, ast.Name):
            before = self._named(node.target.id)
            if before.parts is not None and isinstance(node.op, ast.Add):  # a list gets longer
                before.take(Value(value.sure, value.every, None), REST)
            else:
                # In place for arrays, a new value for numbers: what else has this name of before is in doubt.
                before.every |= value.every
                self._store(node.target.id, mix([before, value]))
                if node.target.id in self._globals:
                    self.outer[node.target.id].added = set(value.sure)
        elif isinstance(node.target, (ast.Attribute, ast.Subscript)):
            before = self.value(ast.copy_location(_loaded(node.target), node.target))
            self.bind(node.target, mix([before, value]))

    def _on_expr(self, node: ast.Expr) -> None:
        self.value(node.value, discarded=True)

    def _on_return(self, node: ast.Return) -> bool:
        if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._returned.append((self.value(node.value), set(self._proof) if self.unknown else set()))
        return True

    def _of_yield(self, node: ast.Yield) -> Value:
        value = self.value(node.value)
        sure = value.sure & self._proof if self.unknown else value.sure
        self._yielded.append(Value(sure, value.every, value.parts))
        self._varied = self._varied or (not self.once and len(value.every) > 1)
        return Value()

    def _of_yieldfrom(self, node: ast.YieldFrom) -> Value:
        value = self.value(node.value)
        self._yielded.append(Value(value.sure if not self.unknown else (), value.every))
        self._varied = True
        return Value()

    def _on_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        names = {**self.around, **self.names}
        found = Value()
        found.known = Known(node, names)
        if not isinstance(node, ast.ClassDef):
            free = scope_of(node.body).free(bound(node.args, [], [], Value()))
            whole = mix(self._named(name) for name in sorted(free) if name in names)
            found.sure, found.every = whole.sure, whole.every
            found.known.names[node.name] = found
        self._store(node.name, found)

    _on_asyncfunctiondef = _on_functiondef
    _on_classdef = _on_functiondef

    def _on_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                base = self.value(target.value)
                if base.parts is not None:
                    base.parts = {REST: base.one_of()}
                base.sure &= base.one_of().sure

    def _on_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name.partition(".")[0]] = Value()

    _on_importfrom = _on_import

    # -- branches ------------------------------------------------------------------------------------------------

    def _on_branches(self, node: ast.If | ast.Match, later: Sequence[ast.stmt]) -> bool:
        if isinstance(node, ast.If):
            self.value(node.test)
            ways = [node.body, node.orelse]
        else:
            subject = self.value(node.subject)
            for case in node.cases:
                for part in ast.walk(case.pattern):
                    name = getattr(part, "name", None) or getattr(part, "rest", None)
                    if isinstance(name, str):
                        self._store(name, subject.element().beside(subject.every))
            ways = [case.body for case in node.cases]
            if not any(isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None for case in node.cases):
                ways.append([])
        if self.once:
            ran = [way for way in ways if self.spots.within(way)]
            if len(ran) == 1:  # what happened there proves that it was gone
                return self._block(ran[0])
            if self.spots.within(later):  # and what happened later, that a way that leaves was not
                staying = [way for way in ways if not (way and isinstance(way[-1], _LEAVING))]
                if len(staying) == 1:
                    return self._block(staying[0])
                ways = staying or ways
        return self._either_way(ways)

    def _either_way(self, ways: Sequence[Sequence[ast.stmt]]) -> bool:
        """One of several ways was gone, nobody knows which."""
        names, outer = self.names, self.outer
        ends: list[tuple[dict[str, Value], dict[str, Value], set[Origin], dict[int, Value]]] = []
        proof = self._proof
        self.unknown += 1
        for way in ways:
            memo: dict[int, Value] = {}
            self.names, self.outer = copies(names, memo), copies(outer, memo)
            own = self._origins_in(way)
            self._proof = proof | own
            if not self._block(way):
                ends.append((self.names, self.outer, own, memo))
        self.unknown -= 1
        self._proof, self.names, self.outer = proof, names, outer
        if not ends:
            return True
        first = ends[0]
        for end in ends[1:]:
            memo_of: Memo = {}
            first = (
                _join(first[0], end[0], first[2], end[2], memo_of),
                _join(first[1], end[1], first[2], end[2], memo_of),
                first[2] | end[2],
                {
                    key: either(one, end[3][key], first[2], end[2], memo_of)
                    for key, one in first[3].items()
                    if key in end[3]
                },
            )
        self._settle(first, [end[3] for end in ends])
        return False

    def _settle(
        self,
        end: tuple[dict[str, Value], dict[str, Value], set[Origin], dict[int, Value]],
        memos: Sequence[dict[int, Value]],
    ) -> None:
        """After a branch: things that were there before are the same things, with what came into them."""
        before = {id(value): value for space in (self.names, self.outer) for value in space.values()}
        instead: dict[int, Value] = {}
        for key, joined in end[3].items():
            thing = before.get(key)
            if thing is not None:
                thing.sure, thing.every, thing.added = joined.sure, joined.every, joined.added
                thing.parts, thing.files, thing.touched = joined.parts, joined.files, joined.touched
                thing.lost = joined.lost
                instead[id(joined)] = thing
        names = {name: instead.get(id(value), value) for name, value in end[0].items()}
        self.names.clear()
        self.names.update(names)
        found = {name: instead.get(id(value), value) for name, value in end[1].items()}
        self.outer.update(found)

    def _on_for(self, node: ast.For | ast.AsyncFor) -> bool:
        rows = self._rows(node.iter)
        whole, one = rows
        varying = whole.every - one.sure if len(whole.every) > 1 else set()
        self._loop(node, lambda: self._bind_each(node.target, rows, whole=True), varying)
        for name in target_names(node.target):
            if name in self.names:
                self.names[name] = Value(self.names[name].sure & one.sure, self.names[name].every)
        return False

    _on_asyncfor = _on_for

    def _on_while(self, node: ast.While) -> bool:
        self._loop(node, lambda: self.value(node.test), set())
        return False

    def _loop(
        self, node: ast.For | ast.AsyncFor | ast.While, begin: Callable[[], object], varying: set[Origin]
    ) -> None:
        once, self.once = self.once, False
        for _ in range(2):  # the second time round, what the first one left flows in
            begin()
            self._block(node.body)
        for name, doubt in overwritten(node, varying | self._varying(node)).items():
            value = self.names.get(name)
            if value is not None:
                sure = value.sure - doubt if doubt is not None else (value.sure if len(value.every) == 1 else set())
                self.names[name] = Value(sure, value.every, None if value.parts is None else {REST: value.one_of()})
        self._block(node.orelse)
        self.once = once

    def _varying(self, node: ast.For | ast.AsyncFor | ast.While) -> set[Origin]:
        """What came at a place of a loop that got something else each time."""
        found: set[Origin] = set()
        for part in (inner for top in node.body for inner in ast.walk(top)):
            hits = self.spots.at(part)
            if len(hits) > 1:
                read = self._read(hits)
                found |= read.every if len(read.every) > 1 else set()
        return found

    def _on_try(self, node: ast.Try) -> bool:
        before = len(self._returned)
        left = self._block(node.body)
        left = left or self._block(node.orelse)
        for handler in node.handlers:
            if handler.name:
                self.names[handler.name] = Value((), mix(self.names.values()).every)
            if self.once and self.spots.within(handler.body):
                del self._returned[before:]  # it did not come to that
                left = self._block(handler.body)
                break
            left = self._handled(handler, left)
        return self._block(node.finalbody) or left

    _on_trystar = _on_try

    def _handled(self, handler: ast.ExceptHandler, left: bool) -> bool:
        """What was done instead, perhaps: nothing that counts, when it only leaves or sets plain values."""
        plain = all(
            isinstance(part, (ast.Pass, ast.Raise, ast.Continue, ast.Break))
            or (isinstance(part, (ast.Return, ast.Assign)) and isinstance(part.value, (ast.Constant, type(None))))
            or (isinstance(part, ast.Expr) and isinstance(part.value, (ast.Call, ast.Constant)))
            for part in handler.body
        )
        if plain:
            return left
        if left:  # the body gave its value, or this does
            self.unknown += 1
            self._block(handler.body)
            self.unknown -= 1
            return True
        return self._either_way([[], handler.body])

    def _on_with(self, node: ast.With | ast.AsyncWith) -> bool:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        return self._block(node.body)

    _on_asyncwith = _on_with


def _joined(returned: Sequence[tuple[Value, set[Origin]]]) -> Value:
    """What a function gives that has several ways out."""
    if not returned:
        return Value()
    found, proof = returned[0]
    for value, also in returned[1:]:
        found = either(found, value, proof, also)
        proof = proof | also
    return found


def _join(
    first: dict[str, Value], second: dict[str, Value], ran: set[Origin], also: set[Origin], memo: Memo
) -> dict[str, Value]:
    return {
        name: either(first.get(name) or _EMPTY, second.get(name) or _EMPTY, ran, also, memo)
        for name in {**first, **second}
    }


_EMPTY = Value()


def _loaded(node: ast.Attribute | ast.Subscript) -> ast.expr:
    if isinstance(node, ast.Attribute):
        return ast.Attribute(node.value, node.attr, ast.Load())
    return ast.Subscript(node.value, node.slice, ast.Load())
