"""What calls of somebody else's functions give: all that they are given, one of it, or it by its parts."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Sequence

from jupyter_shinecat.record.flow.functions import Function
from jupyter_shinecat.record.flow.names import base_name
from jupyter_shinecat.record.flow.sources import Origin
from jupyter_shinecat.record.flow.words import (
    GATHERERS,
    JOINING,
    KEEPS_PARTS,
    NOTHING,
    PURE_METHODS,
    RESHAPING,
    SELECTING,
    SHORTENING,
    STACKING,
    is_maker,
)

from .expressions import Expressions
from .known import Known
from .spots import Hit
from .values import REST, Value, alone, either, gathered, holding, mix, part_of


class Making(Expressions):
    """Goes through what calls give whose code is not looked into."""

    def _made_by(
        self,
        node: ast.Call,
        receiver: Value | None,
        called: Value | None,
        args: Sequence[Value],
        words: Sequence[tuple[str | None, Value]],
        seen: Sequence[Value],
        opaque: bool,
    ) -> Value:
        """The value of a call whose code is not looked into."""
        func = node.func
        whole = mix([one for one in (receiver, called, *seen) if one is not None])
        if opaque or (
            isinstance(func, ast.Name) and self._keeps_code(func.id)
        ):  # code of the session that does not tell
            return alone(mix([whole, self._behind(base_name(func))]))
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        fields = self._fields(name) if isinstance(func, ast.Name) else ()
        if fields:
            return holding(whole, {**dict(zip(fields, args, strict=False)), **dict(words)})
        if isinstance(func, ast.Call) and any(arg.parts is not None for arg in args):  # itemgetter(1)(parts)
            return alone(whole)
        if isinstance(func, ast.Subscript):  # kept[0](x): code that somebody put there
            behind = self._behind(base_name(func))
            return alone(mix([whole, behind])) if behind.every - whole.every else whole
        if isinstance(func, ast.Name) and not self._is_library(name):
            return whole
        if name in NOTHING and (receiver is None or name != "print"):
            return Value((), whole.every)
        module = isinstance(func, ast.Attribute) and self._is_module(func.value)
        if name == "getattr" and receiver is None and len(args) > 1 and args[0].parts is not None:
            return part_of(args[0], node.args[1]).beside(whole.every)
        if name == "reduce" and len(args) > 1:
            return self._reduced(args, whole)
        if name in SHORTENING and args:
            few = [arg for arg in args if arg.parts is not None]
            return Value((), whole.every, {REST: few[0].element()}) if few else whole
        if name in SELECTING:
            return self._selected(node, name, receiver if not module else None, args, whole)
        if receiver is not None and not module:
            if receiver.parts is None and name != "assign":
                return whole
            if name in ("mean", "sum") and (receiver.parts or {}).keys() == {REST}:
                return whole
            if name in RESHAPING:
                found = holding(whole, {REST: receiver.element()})
                found.leads = [receiver]
                return found
            if name in KEEPS_PARTS:
                found = Value(whole.sure, whole.every, receiver.parts)
                found.leads = [receiver] if name not in PURE_METHODS else []
                return found
            if name == "assign":
                before = receiver.parts if receiver.parts is not None else {REST: receiver}
                return holding(whole, {**before, **{key: v for key, v in words if key}})
            if name == "items":
                return holding(whole, {REST: holding(whole, {0: whole, 1: receiver.element()})})
            if name == "values":
                return holding(whole, {REST: receiver.element()})
            if name in ("drop", "filter", "loc"):
                return holding(Value((), whole.every), {**(receiver.parts or {})})
            return whole
        if name == "dict" and words and not args and all(key for key, _ in words):
            return holding(whole, dict(words))
        if name in STACKING | RESHAPING and args and args[0].parts is not None:
            return holding(whole, {REST: args[0].element()})
        if name in JOINING and len(args) > 1:
            return holding(whole, {REST: gathered(args).element()})
        if name in GATHERERS and args:
            return self._gathered(name, args, seen, whole)
        if name[:1].isupper() and not args and words and all(key for key, _ in words):
            return holding(whole, dict(words))
        if is_maker(name) and len(args) == 1 and args[0].parts is not None and isinstance(node.args[0], ast.Dict):
            return Value(whole.sure, whole.every, args[0].parts)
        return whole

    def _gathered(self, name: str, args: Sequence[Value], seen: Sequence[Value], whole: Value) -> Value:
        if name in ("zip",):
            rows = [arg.element() for arg in args]
            return holding(whole, {REST: holding(whole, dict(enumerate(rows)))})
        if name == "enumerate":
            return holding(whole, {REST: holding(whole, {0: Value(), 1: args[0].element()})})
        if name == "map":
            return whole if all(one.parts is None for one in seen) else gathered(seen).beside(whole.every)
        if name == "filter":
            one = args[-1].element()
            return Value(
                one.sure | args[0].sure if args[-1].parts is not None else whole.sure, whole.every, {REST: one}
            )
        if len(args) != 1 or args[0].parts is None:
            return whole
        if name in ("sorted", "reversed", "set", "frozenset"):
            return holding(whole, {REST: args[0].element()})
        return Value(whole.sure, whole.every, args[0].parts)

    def _reduced(self, args: Sequence[Value], whole: Value) -> Value:
        """What a function makes of two, and again of that and the next: certain only what both ways reach it."""
        known = args[0].known
        if not isinstance(known, Known) or not self._may_run(known):
            return whole
        parts = Value(mix(args[1:]).sure, mix(args[1:]).every)
        both = [self.run(known, [*given], [], []) for given in ((parts, Value()), (Value(), parts))]
        return Value(both[0].sure & both[1].sure, whole.every)

    def _selected(
        self, node: ast.Call, name: str, receiver: Value | None, args: Sequence[Value], whole: Value
    ) -> Value:
        """One of several: ``max(a, b)``, ``found.pop()``, ``next(parts)``, ``random.choice(runs)``."""
        if receiver is not None:
            if name in ("max", "min", "choice", "sample", "first", "last"):
                return receiver.element().beside(whole.every) if receiver.parts is not None else whole
            if receiver.parts is None:
                return whole
            if name == "popitem":
                return receiver.element().beside(whole.every)
            key = node.args[0] if node.args else None
            part = part_of(receiver, key) if key is not None else receiver.element()
            if name in ("get", "setdefault") and len(args) > 1:
                surely = isinstance(key, ast.Constant) and key.value in receiver.parts
                part = part if surely else either(part, args[1])
            return part.beside(whole.every)
        if name in ("max", "min", "next", "choice") and len(args) == 1:
            return args[0].element().beside(whole.every) if args[0].parts is not None else whole
        if name in ("sample", "choices") and args:
            return Value((), whole.every, {REST: args[0].element()}) if args[0].parts is not None else whole
        if name == "next" and len(args) == 2:
            return either(args[0].element(), args[1], self._shown(args[0])).beside(whole.every)
        if name in ("max", "min", "where", "choose") and len(args) > 1:
            return gathered(args).element().beside(whole.every) if name in ("max", "min") else whole
        return whole

    def _is_library(self, name: str) -> bool:
        """Whether a name means what it means everywhere: a builtin, or something that a library gave."""
        if name in self.names or name in self.around:
            return False
        return all(thing.module is not None for thing, _ in self.state.names.get(name, ()))

    def _keeps_code(self, name: str) -> bool:
        """Whether a name means something that others made of a function of the session: ``partial(f, a)``."""
        if name in self.names or name in self.around:
            return False
        links = self.state.names.get(name, ())
        return any(isinstance(held.function, Function) for thing, _ in links for held, _ in thing.holds)

    def _is_module(self, node: ast.AST) -> bool:
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.names:
            return False
        return any(thing.module is not None for thing, _ in self.state.names.get(root.id, ()))

    def _fields(self, name: str) -> tuple[str, ...]:
        return next((thing.fields for thing, _ in self.state.names.get(name, ()) if thing.fields), ())

    @staticmethod
    def _shown(value: Value) -> set[Origin]:
        return value.sure if value.parts is None else set()

    @abstractmethod
    def run(
        self, known: Known, args: Sequence[Value], words: Sequence[tuple[str | None, Value]], hits: Sequence[Hit]
    ) -> Value:
        """What a function of the session gives for these arguments, when this happens in it."""
