"""Calls in a statement: what they use, and what they may change."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from . import magics
from .functions import Function
from .links import unsure
from .loaded import names_in
from .names import base_name, scope_of
from .sources import SOME
from .state import reach
from .step import Expressions, key_of
from .words import (
    BUFFERS,
    CHANGING,
    DRAWING,
    FACES,
    KEEPS_NOTHING,
    LEAVES_ARGUMENTS,
    OPAQUE_CALLS,
    OUTPUTS,
    PURE_FUNCTIONS,
    PURE_METHODS,
    PURE_PREFIXES,
    PUTTING,
    REMOVING,
    SHALLOW_METHODS,
    shows_itself,
)

_DEEPEST = 4
_NAMES = re.compile(r"(@?)\b([^\W\d]\w*)")


class Step(Expressions):
    """One statement: what it uses, what it changes, which files it wrote."""

    def _call(self, node: ast.Call, discarded: bool) -> None:
        if magics.is_shell(node):
            self._shell(node)
            return
        func = node.func
        if isinstance(func, ast.Name):
            if func.id in OPAQUE_CALLS and func.id not in self.state.names and not self._readable(node):
                self.opaque = True
            self.name(func.id)
        elif isinstance(func, ast.Attribute):
            keyed = bool(node.args) and isinstance(node.args[0], ast.Constant)
            if func.attr in ("get", "pop") and keyed and isinstance(func.value, ast.Name):
                self.name(func.value.id, key_of(node.args[0]))
            else:
                self.load(func.value)
        else:
            self.load(func)
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        self._all(arguments)
        for keyword in node.keywords:
            if keyword.arg in OUTPUTS:
                self.change(base_name(keyword.value), True)
        for part in arguments:  # map(found.append, values)
            if isinstance(part, ast.Attribute) and part.attr in SHALLOW_METHODS:
                self.change(base_name(part), False)
        self._buffers(arguments)
        first = base_name(node.args[0]) if node.args else None
        if isinstance(func, ast.Name):
            self._call_of_name(func.id, node, first, discarded)
        elif isinstance(func, ast.Attribute):
            self._call_of_method(func, node, first, discarded)
        else:  # functions[0](x), make()(x)
            self.change(base_name(func), False)
        self._give(node, arguments)

    def _call_of_name(self, name: str, node: ast.Call, first: str | None, discarded: bool) -> None:
        if name in ("setattr", "delattr", "next"):
            self.change(first, True)
        if name in PURE_FUNCTIONS and name not in self.state.names:
            return
        links = self.state.names.get(name, ())
        for thing, _ in links:
            if isinstance(thing.function, Function):
                self._change_arguments(thing.function, node)
                if thing.function.keeps and not thing.function.is_class:
                    self.change(name, False)
            elif (
                thing.module is None or thing.module[0] == "user"
            ):  # a closure, a bound method, an object that is called
                self.change(name, False)
                self._change_all(node)
            elif thing.module[0] == "state":
                self.figures = True
            else:
                self._call_of_library(name, thing.module[1].rpartition(".")[0], node, discarded)
        if not links and discarded and not name.startswith(PURE_PREFIXES):
            self.change(first, False)

    def _call_of_method(self, func: ast.Attribute, node: ast.Call, first: str | None, discarded: bool) -> None:
        root, kinds = base_name(func.value), self._kinds(base_name(func.value))
        if func.attr in ("query", "eval", "evaluate"):
            self.in_text(node)
        if "state" in kinds:
            self.figures = True
            self.change(root, True)
        elif "user" in kinds:
            self.change(root, False)
            self._change_all(node)
        elif "library" in kinds:
            module = next(t.module[1] for t, _ in self.state.names.get(root or "", ()) if t.module)
            self._call_of_library(func.attr, module, node, discarded)
        elif root is None or (root not in self.state.names and root not in self._hidden):
            if isinstance(func.value, ast.Name) and discarded:  # list.append(a, b), object.__setattr__(a, "x", b)
                self.change(first, False)
        elif self._has_own_class(root) or not (
            func.attr in PURE_METHODS or shows_itself(func.attr, node.args, node.keywords)
        ):
            self._call_of_object(func, root, node, discarded)
        if any(word.arg == "inplace" and not _is_false(word.value) for word in node.keywords):
            self.change(root, True)

    def _call_of_object(self, func: ast.Attribute, root: str, node: ast.Call, discarded: bool) -> None:
        near = isinstance(func.value, ast.Name) or (isinstance(func.value, ast.Attribute) and func.value.attr in FACES)
        own = self._has_own_class(root)
        shallow = near and func.attr in SHALLOW_METHODS and not own
        certain = discarded or (func.attr in SHALLOW_METHODS and not own)
        if shallow and func.attr in REMOVING and isinstance(func.value, ast.Name):
            key = key_of(node.args[0]) if node.args else SOME
            self.lost.append((root, None if func.attr == "clear" else key))
        else:
            self.change(root, certain, shallow=shallow, put=shallow and func.attr in PUTTING)
        if own or (discarded and func.attr not in LEAVES_ARGUMENTS and not func.attr.startswith(PURE_PREFIXES)):
            for arg in node.args:  # pool.map(fill, buffers); handler.apply(target)
                if isinstance(arg, ast.Name) and not self._is_function(arg.id):
                    self.change(arg.id, False)

    def _call_of_library(self, name: str, module: str, node: ast.Call, discarded: bool) -> None:
        """Libraries change what they are told to: the argument for output, or what a function is there for."""
        if name in CHANGING:
            self.change(base_name(node.args[CHANGING[name]]) if len(node.args) > CHANGING[name] else None, True)
        inputs = _inputs(module, name)
        if inputs is not None:  # numpy.add(a, b, out)
            for arg in node.args[inputs:]:
                self.change(base_name(arg), True)
        elif discarded and name not in DRAWING and not name.startswith(PURE_PREFIXES):
            self._change_all(node)

    def inputs_of(self, root: str, name: str) -> int | None:
        """How many arguments of ``root.name`` are inputs, where those after them are changed."""
        modules = [thing.module[1] for thing, _ in self.state.names.get(root, ()) if thing.module]
        return _inputs(modules[0], name) if modules else None

    def _give(self, node: ast.Call, arguments: Iterable[ast.AST]) -> None:
        """What is called may keep what it is given."""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in KEEPS_NOTHING or called.startswith(PURE_PREFIXES):
            return
        ways = [link for part in arguments for link in self.ways(part)]
        self.given += ways if called in PUTTING else unsure(ways)

    def _change_all(self, node: ast.Call) -> None:
        """Any argument may be changed."""
        for arg in [*node.args, *(keyword.value for keyword in node.keywords)]:
            root = base_name(arg)
            if root and not self._is_function(root) and isinstance(arg, (ast.Name, ast.Attribute, ast.Subscript)):
                self.change(root, False)

    def _buffers(self, arguments: Iterable[ast.AST]) -> None:
        """Memory that others write into gets all that the call has."""
        for part in arguments:
            root = base_name(part) if isinstance(part, (ast.Name, ast.Attribute)) else None
            links = self.state.names.get(root, ()) if root else ()
            if any(thing.buffer for thing, _ in reach(links)):
                self.change(root, True)

    # -- functions of the session --------------------------------------------------------------------------------

    def _function(self, function: Function, *, called: bool) -> None:
        """The code of a function runs now: it takes what its names hold now, and changes what it changes."""
        before, self._hidden = self._hidden, set() if called else self._hidden | set(function.params)
        for name in function.free:
            self.name(name)
        for name, sure in self._changes(function):
            if name in function.free or name not in function.params:
                self.change(name, sure)
        self.opaque = self.opaque or function.opaque
        self._hidden = before

    def _changes(self, function: Function, depth: int = 0) -> Iterator[tuple[str, bool]]:
        """Names that a function changes: itself, and by what it calls."""
        yield from function.changes.items()
        reachable = function.free | set(function.params)
        for call in function.handed if depth < _DEEPEST else ():
            given = [(at, name) for at, name in call.given if name in reachable and name != call.root]
            links = self.state.names.get(call.root, ()) if call.root in function.free else ()
            known = [thing.function for thing, _ in links if isinstance(thing.function, Function)]
            if known and call.bare:
                for inner in known:
                    changed = {name for name, _ in self._changes(inner, depth + 1)}
                    yield from ((name, False) for at, name in given if inner.parameter(at) in changed)
            elif self._is_library(call.root) or (not links and call.root in function.free):
                if call.discarded:
                    yield from ((name, False) for _, name in given)
            else:  # a function that it was given, or made itself
                yield from ((name, False) for _, name in given)

    def _change_arguments(self, function: Function, node: ast.Call) -> None:
        changes: dict[str, bool] = {}
        for name, sure in self._changes(function):
            changes[name] = sure or changes.get(name, False)
        given: list[tuple[int | str, ast.expr]] = [*enumerate(node.args)]
        given += [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        for at, arg in given:
            param = function.parameter(at)
            if param in changes:
                sure = changes[param] and param not in (function.rest, function.options)
                self.change(base_name(arg), sure and not isinstance(arg, ast.Starred))

    # -- code in texts -------------------------------------------------------------------------------------------

    def in_text(self, node: ast.Call) -> None:
        """``d.query("x > @t")``, ``pd.eval("a + b")``: names in a text; where the text isn't known, any."""
        assert isinstance(node.func, ast.Attribute)
        texts = [part.value for arg in node.args[:1] for part in ast.walk(arg) if isinstance(part, ast.Constant)]
        if node.args and not texts:
            self.sources.merge(self.state.session, certain=False)
        for at, word in (found for text in texts for found in _NAMES.findall(str(text))):
            if at:
                self.name(word)
            elif node.func.attr != "query" and word in self.state.names and not self._is_library(word):
                with self._perhaps():
                    self.name(word)

    def _readable(self, node: ast.Call) -> bool:
        """``eval("a + b")`` with its text in plain sight is decided like any expression."""
        assert isinstance(node.func, ast.Name)
        text = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if node.func.id == "vars" and node.args:
            return True
        if node.func.id != "eval" or not isinstance(text, str):
            return False
        try:
            self.load(ast.parse(text, mode="eval").body)
        except SyntaxError:
            return False
        return True

    def _shell(self, node: ast.Call) -> None:
        """A magic inside an expression (``x = %time f(a)``)."""
        code = magics.code_of(node)
        if isinstance(code, ast.Module):
            for name in scope_of(code.body).free():
                self.name(name)
        else:
            self.opaque = True


def _inputs(module: str, name: str) -> int | None:
    function = (names_in(module) or {}).get(name)
    inputs = getattr(function, "nin", None) if type(function).__name__ == "ufunc" else None
    return inputs if isinstance(inputs, int) else None


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and not node.value


def is_buffer(node: ast.AST | None) -> bool:
    """Whether ``node`` makes memory that others write into."""
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in BUFFERS
