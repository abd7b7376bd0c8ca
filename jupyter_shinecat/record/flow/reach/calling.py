"""Calls: whose code they run, and what happened in it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from jupyter_shinecat.record.flow import magics
from jupyter_shinecat.record.flow.calls import Step
from jupyter_shinecat.record.flow.trace import Event
from jupyter_shinecat.record.flow.words import PURE_METHODS

from .changing import Changing
from .known import Known, fields_of_class, is_class, leads_to, name_of, spread
from .spots import Hit
from .values import Value, mix, of_sources

# Methods that make something within their object: axes of a figure, a group of a file.
_MAKING = ("add_", "create_", "require_", "subplot", "gca", "twin", "inset", "group")


class Calling(Changing):
    """Goes through calls."""

    def _call(self, node: ast.Call, discarded: bool) -> Value:
        hits = self.spots.at(node)
        if magics.is_shell(node):
            found = mix([*(self.value(arg) for arg in node.args), self._read(hits, alone=True)])
            for event, _ in hits:
                self._wrote(event, found)
            return found
        func = node.func
        receiver = self.value(func.value) if isinstance(func, ast.Attribute) else None
        called = self.value(func) if receiver is None else None
        args = [self.value(arg) for arg in node.args]
        words = [(word.arg, self.value(word.value)) for word in node.keywords]
        known = self._whose(func, receiver, called)
        given = [*args, *(value for _, value in words)]
        whose = receiver
        if called is not None and isinstance(called.known, Known) and called.known.is_object:
            whose = called  # an object that is called
        own = self._own(known, node, args, words, whose, hits) if known is not None else None
        seen: list[Value] = []
        if own is not None:
            found = own
        else:
            seen = self._seen_in(node, receiver, given, hits)
            opaque = known is not None or (whose is not None and isinstance(whose.known, Known))
            found = self._made_by(node, receiver, called, args, words, seen, opaque)
            self._change(node, receiver, args, words, seen, discarded)
            leads = [value for value in given if value.handles()] if discarded is False else []
            if receiver is not None and isinstance(func, ast.Attribute) and not discarded:
                makes = func.attr not in PURE_METHODS and (receiver.handles() or func.attr.startswith(_MAKING))
                leads += [receiver] if makes and not self._is_module(func.value) else []
            if leads:
                found = found.beside(())
                found.leads += leads
        used = mix([one for one in (receiver, called, *given) if one is not None])
        for event, depth in hits:
            if event.kind in ("write", "rename") and depth == len(event.trail):
                self._wrote(event, used if own is not None else mix([used, *seen]))
                found.files.add(id(event))
        return found

    def _wrote(self, event: Event, value: Value) -> None:
        """A file was written at this place: what went in each time, where it was more than once."""
        self.wrote.setdefault(id(event), set()).update(value.sure)

    def _whose(self, func: ast.AST, receiver: Value | None, called: Value | None) -> Known | None:
        """The code of the session that a call runs."""
        if receiver is not None and isinstance(func, ast.Attribute):
            known = receiver.known
            if isinstance(known, Known) and (known.is_object or is_class(known)):
                return self._method(known, func.attr)
            part = receiver.parts.get(func.attr) if receiver.parts else None
            return part.known if part is not None and isinstance(part.known, Known) else None
        known = called.known if called is not None else None
        if isinstance(known, Known) and known.is_object:
            return self._method(known, "__call__")
        return known if isinstance(known, Known) else None

    def _method(self, known: Known, name: str) -> Known | None:
        assert isinstance(known.node, ast.ClassDef)
        for member in known.node.body:
            if isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)) and member.name == name:
                return Known(member, known.names)
        for base in known.node.bases:
            parent = self._named(base.id).known if isinstance(base, ast.Name) else None
            found = self._method(parent, name) if isinstance(parent, Known) and is_class(parent) else None
            if found is not None:
                return found
        return None

    def _property(self, known: Known, name: str, base: Value) -> Value | None:
        found = self._method(known, name)
        if found is None or not getattr(found.node, "decorator_list", None) or not self._may_run(found):
            return None
        return self.run(found, [base], [], [])

    def _own(
        self,
        known: Known,
        node: ast.Call,
        args: Sequence[Value],
        words: Sequence[tuple[str | None, Value]],
        receiver: Value | None,
        hits: Sequence[Hit],
    ) -> Value | None:
        """A call of a function or class of the session; None where its code does not tell."""
        if is_class(known) and self._may_run(known):
            return self._object(known, args, words, hits)
        if not self._may_run(known):
            return None
        marks = getattr(known.node, "decorator_list", ())
        kinds = {name_of(mark) for mark in marks}
        owner = receiver.known if receiver is not None else None
        if isinstance(owner, Known) and "staticmethod" not in kinds and (owner.is_object or "classmethod" in kinds):
            args = [receiver, *args] if receiver is not None else args
        before = [(False, arg) for arg in args[: len(args) - len(node.args)]]
        starred = [isinstance(arg, ast.Starred) for arg in node.args]
        args, words = spread([*before, *zip(starred, args[len(before) :], strict=True)], words)
        return self._with_strays(known, hits, lambda inner: self.run(known, args, words, inner))

    def _with_strays(self, known: Known, hits: Sequence[Hit], run: Callable[[Sequence[Hit]], Value]) -> Value:
        """Run code with what happened in it; what happened elsewhere in the same call is certain only if alone."""
        inner = [(event, depth + 1) for event, depth in hits if leads_to(event, depth, known.node)]
        mine = {id(event) for event, _ in inner}
        value = run(inner)
        strays = [(event, depth) for event, depth in hits if id(event) not in mine and event.kind == "read"]
        if strays:
            read = self._read(strays, alone=True)
            alone = not (value.every - read.every)
            value = value.beside(read.every)
            if alone:
                value.sure |= read.sure
        return value

    def _object(
        self, known: Known, args: Sequence[Value], words: Sequence[tuple[str | None, Value]], hits: Sequence[Hit]
    ) -> Value | None:
        assert isinstance(known.node, ast.ClassDef)
        made = Value(parts={})
        made.known = Known(known.node, known.names, is_object=True)
        start = self._method(known, "__init__")
        if start is not None:
            if any(name is None for name, _ in words):
                return None
            self._with_strays(start, hits, lambda inner: self.run(start, [made, *args], words, inner))
            made.added = set()
            return made
        if known.node.bases and not fields_of_class(known.node):
            return None
        for name, value in [*zip(fields_of_class(known.node), args, strict=False), *words]:
            made.take(value, name)
        made.added = set()
        return made

    def _seen_in(
        self, node: ast.Call, receiver: Value | None, given: Sequence[Value], hits: Sequence[Hit]
    ) -> list[Value]:
        """What reaches the value of a call of somebody else's function: what it is given, and what it reads."""
        found: list[Value] = []
        handled: set[int] = set()
        code = _code_in_text(node)
        if code is not None:
            found.append(self.value(code))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("query", "eval", "evaluate"):
            step = Step(self.state)
            step.in_text(node)
            found.append(of_sources(step.settle()))
        for value in given:
            known = value.known
            if not isinstance(known, Known) or known.is_object or is_class(known) or not self._may_run(known):
                found.append(value)
                if isinstance(known, Known) and not known.is_object:
                    found.append(self._behind(getattr(known.node, "name", None)))
                continue
            others = mix([*(one for one in given if one is not value), *([receiver] if receiver else [])])
            inner = [(event, depth + 1) for event, depth in hits if leads_to(event, depth, known.node)]
            handled |= {id(event) for event, _ in inner}
            with self._scope():
                found.append(self.run(known, [others] * 8, [], inner))
        rest = [(event, depth) for event, depth in hits if event.kind == "read" and id(event) not in handled]
        direct = [(event, depth) for event, depth in rest if depth == len(event.trail)]
        if direct:
            found.append(self._read(direct, alone=self._reads_unseen(node.func)))
        astray: dict[int, tuple[Known, list[Hit]]] = {}
        for event, depth in rest:
            if depth < len(event.trail):
                known = self._known_by(event.trail[depth].code.co_name)
                if known is None or not leads_to(event, depth, known.node) or not self._may_run(known):
                    found.append(self._read([(event, depth)]))
                    found[-1].sure.intersection_update(() if len(rest) > 1 else found[-1].sure)
                else:
                    astray.setdefault(id(known.node), (known, []))[1].append((event, depth + 1))
        for known, inner in astray.values():
            read = self._read(inner)
            with self._scope():
                given_value = self.run(known, [Value()] * 8, [], inner)
            found.append(Value(given_value.sure & read.sure, read.every))
        return found

    def _known_by(self, name: str) -> Known | None:
        known = self._named(name).known if name in self.state.names or name in self.names else None
        return known if isinstance(known, Known) and not known.is_object and not is_class(known) else None

    def _reads_unseen(self, func: ast.AST) -> bool:
        """Whether a call may run code of the user's that is not seen here: a module, a name nobody bound."""
        root = func
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.names or root.id in self.around:
            return False
        links = self.state.names.get(root.id, ())
        return not links or any(thing.module is not None and thing.module[0] == "user" for thing, _ in links)


def _code_in_text(node: ast.Call) -> ast.expr | None:
    """The code of ``eval("a + b")``."""
    text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if getattr(node.func, "id", "") != "eval" or not isinstance(text, str):
        return None
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
