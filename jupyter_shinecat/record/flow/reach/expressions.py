"""What surely reaches the value of an expression, by the kinds of expressions; calls apart."""

from __future__ import annotations

import ast
from abc import abstractmethod

from jupyter_shinecat.record.flow.calls import Step
from jupyter_shinecat.record.flow.words import NOTHING

from .known import Known, says_itself
from .reaching import Reaching
from .values import REST, Value, alone, either, gathered, holding, mix, of_sources, part_of


class Expressions(Reaching):
    """Goes through expressions: displays, operators, choices, comprehensions."""

    def _of_subscript(self, node: ast.Subscript) -> Value:
        base, key = self.value(node.value), self.value(node.slice)
        part = alone(base) if says_itself(base.known) else part_of(base, node.slice)
        found = Value(part.sure | key.sure, part.every | key.every, part.parts)
        found.leads, found.known = [base], part.known
        return found

    def _of_attribute(self, node: ast.Attribute) -> Value:
        base = self.value(node.value)
        known = base.known
        if isinstance(known, Known) and known.is_object:
            found = self._property(known, node.attr, base)
            if found is not None:
                return found
        part = base
        if base.parts is not None and (node.attr in base.parts or isinstance(known, Known)):
            part = base.element(node.attr)
        found = Value(part.sure, part.every, part.parts)
        found.leads = [base]
        found.known = part.known if part is not base else None
        return found

    def _of_list(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        parts: dict[object, Value] = {}
        starred = False
        values = []
        for number, part in enumerate(node.elts):
            value = self.value(part)
            values.append(value)
            if isinstance(part, ast.Starred):
                starred, value = True, value.element()
            if starred or isinstance(node, ast.Set):
                parts[REST] = either(parts[REST], value) if REST in parts else value
            else:
                parts[number] = value
        return holding(mix(values), parts)

    _of_tuple = _of_set = _of_list

    def _of_dict(self, node: ast.Dict) -> Value:
        parts: dict[object, Value] = {}
        values = []
        for key, part in zip(node.keys, node.values, strict=True):
            value = self.value(part)
            if key is None:
                values += [value, *parts.values()]
                if value.parts is not None and REST not in value.parts:
                    parts.update(value.parts)
                else:  # it may bring any key
                    parts = {REST: gathered([value.element(), *parts.values()]).element()}
            elif isinstance(key, ast.Constant):
                parts[key.value] = value
            else:
                used = self.value(key)
                values += [used, value]
                parts[REST] = either(parts[REST], value) if REST in parts else value
        kept = mix(part for key, part in parts.items() if key is not REST)
        return holding(mix([kept, *(part for part in values)]), parts)

    def _of_binop(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if says_itself(left.known) or says_itself(right.known):  # its own method says what comes of it
            return alone(mix([left, right]))
        if isinstance(node.op, (ast.Add, ast.Mult, ast.BitOr)) and (left.parts is not None or right.parts is not None):
            if isinstance(node.op, ast.BitOr):  # of two dictionaries the second counts
                return holding(Value((), left.every | right.every), {REST: gathered([left, right]).element()})
            if isinstance(node.op, ast.Mult):
                return holding(mix([left, right]), {REST: (left if left.parts is not None else right).element()})
            return holding(mix([left, right]), {REST: either(left.element(), right.element())})
        if left.parts is not None or right.parts is not None:  # element by element
            return holding(mix([left, right]), {REST: mix([left.element(), right.element()])})
        if isinstance(node.op, ast.Add) and left.every != right.every:  # arrays, or lists one behind the other
            return holding(mix([left, right]), {REST: either(left, right)})
        return mix([left, right])

    def _of_compare(self, node: ast.Compare) -> Value:
        """``a < b < c``: what comes later is looked at only if the first comparison holds."""
        found = mix([self.value(node.left), self.value(node.comparators[0])])
        for part in node.comparators[1:]:
            found = mix([found, self._perhaps(part)])
        return found

    def _perhaps(self, node: ast.AST) -> Value:
        """What may not have been looked at, unless something happened in it."""
        value = self.value(node)
        return Value(value.sure & self._origins_in([node]), value.every)

    def _of_ifexp(self, node: ast.IfExp) -> Value:
        self.value(node.test)
        first, second = self._origins_in([node.body]), self._origins_in([node.orelse])
        if self.once and bool(first) != bool(second):
            return self.value(node.body if first else node.orelse)
        return either(self.value(node.body), self.value(node.orelse), first, second)

    def _of_boolop(self, node: ast.BoolOp) -> Value:
        values = [part for part in node.values if not (isinstance(node.op, ast.Or) and _is_nothing(part))]
        for part in node.values:
            if part not in values:
                self.value(part)
        found = [self.value(part) for part in values] or [Value()]
        proofs = [self._origins_in([part]) for part in values] or [set()]
        if self.once and proofs[-1]:  # the last one was looked at: it is the value
            return found[-1]
        while self.once and len(found) > 1 and proofs and any(proofs[1:]) and not proofs[0]:
            found, proofs = found[1:], proofs[1:]
        result = found[0]
        for number, other in enumerate(found[1:], 1):
            result = either(result, other, () if number > 1 else proofs[0], proofs[number])
        return result

    def _of_namedexpr(self, node: ast.NamedExpr) -> Value:
        value = self.value(node.value)
        self.into[id(node.value)] = value.sure
        if isinstance(node.target, ast.Name):
            self._store(node.target.id, value)
        return value

    def _of_lambda(self, node: ast.Lambda) -> Value:
        step = Step(self.state)
        step.hide(self.names)
        step.load(node)
        found = of_sources(step.settle())
        own = mix(
            self.names[part.id] for part in ast.walk(node) if isinstance(part, ast.Name) and part.id in self.names
        )
        found = mix([found, own])
        found.known = Known(node, {**self.around, **self.names})
        return found

    def _of_starred(self, node: ast.Starred) -> Value:
        return self.value(node.value)

    _of_await = _of_starred

    def _of_listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Value:
        made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        filtered = any(part.ifs for part in node.generators)
        with self._scope():
            for part in node.generators:
                self._bind_each(part.target, self._rows(part.iter), whole=True)
                for test in part.ifs:
                    self.value(test)
            whole = mix([self.value(part) for part in made])
        with self._scope(), self._one():
            for part in node.generators:
                self._bind_each(part.target, self._rows(part.iter), whole=False)
                for test in part.ifs:
                    self.value(test)
            values = [self.value(part) for part in made]
        one = values[-1]
        sure = set(whole.sure)
        if filtered:  # what is left of several may be of one only, but what happened in the making is in it
            sure = mix(values).sure | (whole.sure & self._origins_in(made))
        return holding(Value(sure, whole.every), {REST: Value(one.sure, whole.every, one.parts)})

    _of_setcomp = _of_generatorexp = _of_dictcomp = _of_listcomp

    @abstractmethod
    def _property(self, known: Known, name: str, base: Value) -> Value | None:
        """What a property of an object of the session gives; None when ``name`` is none."""


def _is_nothing(node: ast.AST) -> bool:
    """Whether an expression surely gives None or nothing: ``print(b) or a``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NOTHING
