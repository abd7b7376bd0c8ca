"""One statement of the abstract run: what its expressions use, and which things their values may be."""

from __future__ import annotations

import ast
import builtins
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .functions import Function, function_of
from .links import Ways
from .names import base_name, target_names
from .sources import SOME, Sources, Thing
from .state import Link, State, reach

if TYPE_CHECKING:
    from .reach import Value

_BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "display", "In"}


class Expressions(Ways, ABC):
    """Reads an expression: collects what flows in, and which names it changes.

    Attributes
    ----------
    sources
        What flows in.
    behind
        What code takes that is kept somewhere behind what it uses: it need not have run.
    files
        Files open for writing that the statement has in hand, each certain or not.
    changed
        Names whose things it changes, each certain or not.
    shallow
        Of these, the names whose things change only at their surface: not what they hold.
    put
        Of these, the names that get a part, whose key is not known.
    given
        Things that it gives to calls: what it changes may hold them afterwards.
    lazy
        Objects that it uses which may keep what they read when they are asked.
    lost
        Names from which it takes a part out, and its key.
    roots
        The expressions that it is made of.
    discarded
        Nobody takes their value.
    stores
        It puts their value into a part of something.
    value
        What surely reaches their value, as far as that was looked for.
    opaque
        It can reach any name.
    figures
        It uses a module that keeps data of its own (pyplot).
    """

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.sources = Sources()
        self.behind = Sources()
        self.files: dict[str, bool] = {}
        self.changed: dict[str, bool] = {}
        self.shallow: set[str] = set()
        self.put: set[str] = set()
        self.given: list[Link] = []
        self.lazy: list[Thing] = []
        self.lost: list[tuple[str, object]] = []
        self.bound: list[tuple[ast.NamedExpr, list[Link]]] = []
        self.roots: list[ast.AST] = []
        self.discarded = False
        self.stores = False
        self.value: Value | None = None
        self.opaque = False
        self.figures = False
        self._entered: set[int] = set()
        self._maybe = 0
        self._maybe_changed = 0
        self._behind = 0

    def load(self, node: ast.AST | None, *, discarded: bool = False) -> None:
        """Take in an expression; ``discarded`` when nobody takes its value."""
        if node is None or isinstance(node, ast.Constant):
            return
        if isinstance(node, ast.Name):
            self.name(node.id)
        elif isinstance(node, ast.Call):
            self._call(node, discarded)
        elif isinstance(node, ast.Lambda):
            self._function(function_of(node), called=False)
            self._all([*node.args.defaults, *(default for default in node.args.kw_defaults if default)])
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            self._comprehension(node)
        elif isinstance(node, ast.IfExp):
            self.load(node.test)
            with self._perhaps_changed():
                self._all([node.body, node.orelse])
        elif isinstance(node, ast.BoolOp):
            self.load(node.values[0])
            with self._perhaps_changed():
                self._all(node.values[1:])
        elif isinstance(node, ast.NamedExpr):
            self.load(node.value)
            self.bound.append((node, self.links(node.value)))
        elif isinstance(node, ast.Await):
            self.load(node.value, discarded=discarded)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.value, ast.Name):
            self._part(node, node.value.id)
        else:
            self._all(ast.iter_child_nodes(node))

    def name(self, name: str, key: object = None, *, enter: bool = True) -> None:
        """Take in what a name holds, or a part of it; with ``enter`` also what the code behind it takes."""
        if name in self._hidden:
            return
        links = self.state.names.get(name)
        if links is None:
            if name not in _BUILTINS:
                self.sources.merge(self.state.unknown, certain=False)
            return
        near = {id(thing) for thing, _ in links}
        for thing, definite in reach(links):
            sure = definite and not self._maybe and (key is None or id(thing) in near)
            found = thing.sources if key is None else thing.part(key)
            self.sources.merge(found, sure and not self._behind)
            if sure and self._behind:
                self.behind.merge(found)
            if any(isinstance(maker.function, Function) and maker.function.lazy for maker in thing.makers):
                self.lazy.append(thing)
            for path, known in thing.files.items():
                self.files[path] = (known and sure) or self.files.get(path, False)
            if not enter:
                continue
            if sure:
                self._enter(thing)
            else:
                self._behind += 1
                self._enter(thing)
                self._behind -= 1

    def _enter(self, thing: Thing) -> None:
        """Code behind a thing may run where it is used: its own, that of its class and of classes behind that."""
        if id(thing) in self._entered:
            return
        self._entered.add(id(thing))
        if isinstance(thing.function, Function):
            self._function(thing.function, called=True)
        for maker in thing.makers:
            for part, _ in reach([(maker, False)]):
                self.sources.merge(part.sources, certain=False)
                self._enter(part)

    def change(self, name: str | None, certain: bool, *, shallow: bool = False, put: bool = False) -> None:
        """The statement changes what ``name`` holds; with ``shallow`` only that, not what it leads to."""
        if not name or name in self._hidden or self._is_library(name):
            return
        self.shallow = (self.shallow | {name}) if shallow and name not in self.changed else self.shallow - {name}
        self.put = (self.put | {name}) if put and name not in self.changed else self.put - {name}
        self.changed[name] = (certain and not (self._maybe or self._maybe_changed)) or self.changed.get(name, False)

    def settle(self) -> Sources:
        """What flows in, at the end: a single origin behind it all is it, though nobody knows the way."""
        if self.behind.origins.keys() == self.sources.origins.keys() and len(self.behind.origins) == 1:
            self.sources.merge(self.behind)
        return self.sources

    def hide(self, names: Iterable[str]) -> None:
        """These are names of an own scope, not the session's."""
        self._hidden = self._hidden | set(names)

    # -- for the calls -------------------------------------------------------------------------------------------

    @abstractmethod
    def _call(self, node: ast.Call, discarded: bool) -> None:
        """A call: what it uses, and what it may change."""

    @abstractmethod
    def _function(self, function: Function, *, called: bool) -> None:
        """The code of a function runs now, or may later."""

    def _all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.load(node)

    @contextmanager
    def _perhaps(self) -> Iterator[None]:
        self._maybe += 1
        try:
            yield
        finally:
            self._maybe -= 1

    @contextmanager
    def _perhaps_changed(self) -> Iterator[None]:
        """What may not be come to: whether its value is taken is looked for later (`Reaching`)."""
        self._maybe_changed += 1
        try:
            yield
        finally:
            self._maybe_changed -= 1

    def _part(self, node: ast.Subscript | ast.Attribute, name: str) -> None:
        """``a["x"]``, ``a.x``: what was put there."""
        if isinstance(node, ast.Subscript):
            self.load(node.slice)
            if isinstance(node.slice, (ast.Slice, ast.Tuple, ast.Compare, ast.List)):
                self.name(name)
            else:  # where the key isn't known, it may be any part
                self.name(name, key_of(node.slice))
            return
        own = [thing for thing, _ in self.state.names.get(name, ())]
        self.name(name, node.attr if any(thing.has_part(node.attr) for thing in own) else None)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.load(node.generators[0].iter)
        before = self._hidden
        self._hidden = before | {name for part in node.generators for name in target_names(part.target)}
        for number, part in enumerate(node.generators):
            if number:
                self.load(part.iter)
            self._all(part.ifs)
        if isinstance(node, ast.DictComp):
            self._all([node.key, node.value])
        else:
            self.load(node.elt, discarded=True)
        self._hidden = before


def key_of(node: ast.AST) -> object:
    """The key of a part, where it stands in the code: ``"x"``, ``0``."""
    if isinstance(node, ast.UnaryOp):  # a[-1]
        return SOME
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, (str, int)) else SOME


def makers_of(step: Expressions, node: ast.AST | None) -> Sequence[Thing]:
    """Classes and functions of the session that made the value of ``node``, and whose code may run with it later."""
    if isinstance(node, (ast.Await, ast.NamedExpr)):
        node = node.value
    if not isinstance(node, ast.Call):
        return []
    root = base_name(node.func) if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    links = step.state.names.get(root, ()) if root else ()
    functions = [(thing, thing.function) for thing, _ in links if isinstance(thing.function, Function)]
    found = [thing for thing, function in functions if function.is_class or function.gives]
    return [*found, *(maker for thing, _ in links for maker in thing.makers if thing not in found)]


def figure_module(step: Expressions, node: ast.AST | None) -> str | None:
    """The name of the plotting module whose call made ``node``: what goes into the axes goes into its figure."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        root = base_name(node.func.value)
        if root and any(thing.module and thing.module[0] == "state" for thing, _ in step.state.names.get(root, ())):
            return root
    return None
