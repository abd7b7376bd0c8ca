"""What calls of somebody else's functions change in place, and put into files."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jupyter_shinecat.record.flow.calls import Step
from jupyter_shinecat.record.flow.words import CHANGING, OUTPUTS, PURE_METHODS, PUTTING, REMOVING, SHALLOW_METHODS

from .known import Known
from .making import Making
from .values import REST, Value, mix


class Changing(Making):
    """Goes through what calls change."""

    def _change(
        self,
        node: ast.Call,
        receiver: Value | None,
        args: Sequence[Value],
        words: Sequence[tuple[str | None, Value]],
        seen: Sequence[Value],
        discarded: bool,
    ) -> None:
        """What a call changes in place."""
        func = node.func
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        given = mix(seen)
        handed = [*args, *(value for _, value in words)]
        for word, value in words:
            if word in OUTPUTS:
                value.take(given)
        for value in handed:
            if value.handles():
                self._into_files(value, mix([given, receiver] if receiver is not None else [given]))
        if name in CHANGING and len(args) > CHANGING[name]:
            args[CHANGING[name]].take(given)
        elif name == "setattr" and len(args) == 3 and receiver is None:
            key = node.args[1].value if isinstance(node.args[1], ast.Constant) else REST
            args[0].take(args[2], key if args[0].parts is not None else None)
        if receiver is None or not isinstance(func, ast.Attribute):
            return
        inputs = self._ufunc_inputs(func)
        if inputs is not None:
            for value in args[inputs:]:
                value.take(given)
        inplace = any(word.arg == "inplace" and not _is_false(word.value) for word in node.keywords)
        own = isinstance(receiver.known, Known)
        if name in REMOVING and not own:
            key = node.args[0] if node.args and name == "pop" else None
            receiver.lose(None if name == "clear" else key.value if isinstance(key, ast.Constant) else REST)
        elif name in PUTTING and receiver.parts is not None:
            receiver.take(given, self._put_at(node, name, receiver))
        elif (
            name in SHALLOW_METHODS
            or inplace
            or (not own and self._is_stateful(func.value))
            or (discarded and not own and name not in PURE_METHODS and not self._is_module(func.value))
        ):
            receiver.take(given)
        if receiver.handles():
            self._into_files(receiver, mix([given, receiver]))

    def _into_files(self, value: Value, given: Value) -> None:
        if value.files:
            value.take(given)
        for number in value.handles() if not self.unknown else ():
            self.wrote.setdefault(number, set()).update(given.sure)

    def _is_stateful(self, node: ast.AST) -> bool:
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.names:
            return False
        return any(thing.module and thing.module[0] == "state" for thing, _ in self.state.names.get(root.id, ()))

    def _ufunc_inputs(self, func: ast.Attribute) -> int | None:
        root = func.value.id if isinstance(func.value, ast.Name) else ""
        return Step(self.state).inputs_of(root, func.attr) if root and root not in self.names else None

    @staticmethod
    def _put_at(node: ast.Call, name: str, receiver: Value) -> object:
        if name == "__setitem__" and isinstance(node.args[0], ast.Constant):
            return node.args[0].value
        if name in ("append", "add", "appendleft", "extend", "setdefault"):
            if name == "appendleft":
                receiver.parts = {REST: receiver.element()} if receiver.parts else {}
            return REST
        return None


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and not node.value
