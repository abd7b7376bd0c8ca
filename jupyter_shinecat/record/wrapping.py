"""Wrapping functions of other people's libraries, when (and only if) the library is imported, and unwrapping them.

What is wrapped runs exactly once, gives what it gave, and raises what it raised, with the traceback it had. What we
could not note must not become the user's error. Nothing gets another identity where that can be had: a Python function
gets other code (`trampoline`), an attribute of a class of C is exchanged in the class itself (`cclass`); only functions
of C in a module get a stand-in (`mimic`), and the names by which others know them are led to it and back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

from .flow import names_in
from .importing import Imports, is_loaded
from .mimic import constructor, is_ours, mimic
from .trampoline import trampoline


@dataclass(frozen=True)
class Call:
    """One call of a wrapped function.

    Attributes
    ----------
    args, kwargs
        Its arguments, with ``self``.
    given
        What it returned; None when it is told before.
    began
        When it began, in Unix seconds; 0 when it is told before.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    given: Any = None
    began: float = 0.0

    def value(self, position: int, name: str, usual: Any = None) -> Any:
        """An argument, by its place or its name."""
        return self.args[position] if len(self.args) > position else self.kwargs.get(name, usual)


Note = Callable[[Call], None]


@dataclass(frozen=True)
class Wrap:
    """One function to wrap.

    Attributes
    ----------
    where
        Name in its module, with dots: ``File.__init__`` or ``read_table``.
    note
        Told of each call: of functions of C after those that succeeded, of Python's before they begin.
    warns
        A function of C that may warn of a call.
    """

    where: str
    note: Note
    warns: bool = False


class Wrapping:
    """Wraps what ``table`` names, now or as soon as a module is imported, and takes the wrapping off again.

    Parameters
    ----------
    table
        What to wrap, by the dotted name of the module that holds it.
    spaces
        Gives the namespaces in which somebody may have imported what is wrapped, by its name, before we began.
    """

    def __init__(
        self, table: Mapping[str, Sequence[Wrap]], spaces: Callable[[], Iterable[dict[str, Any]]] = lambda: ()
    ) -> None:
        self._table = table
        self._spaces = spaces
        self._imports = Imports(self._wrap)
        self._active = False
        self._undo: list[Callable[[], None]] = []
        # Functions of modules that have a stand-in: the function, the stand-in.
        self._instead: list[tuple[Any, Any]] = []
        self._named: list[tuple[dict[str, Any], str, Any, Any]] = []

    def start(self) -> None:
        """Begin."""
        self._active = True
        for name in self._table:
            if is_loaded(name):
                self._wrap_names(name)
            else:
                self._imports.waiting.add(name)
        with contextlib.suppress(Exception):
            self._rename({id(old): (old, ours) for old, ours in self._instead})
        self._imports.start()

    def stop(self) -> None:
        """End: the functions are the originals again, unless somebody wrapped them after us."""
        self._active = False
        self._imports.stop()
        for undo in reversed(self._undo):
            with contextlib.suppress(Exception):
                undo()
        for space, name, original, ours in self._named:  # also in modules that are no longer known
            if space.get(name) is ours:
                space[name] = original
        with contextlib.suppress(Exception):  # what was imported by name since then
            self._rename({id(ours): (ours, old) for old, ours in self._instead})
        self._named.clear()
        self._instead.clear()
        self._undo.clear()

    def _rename(self, instead: Mapping[int, tuple[Any, Any]]) -> None:
        """``from pyarrow import memory_map`` by anybody: that name, too, leads to what is wrapped, and back."""
        for space in self._spaces() if instead else ():
            with contextlib.suppress(RuntimeError):  # another thread is importing: its names come later
                # A look at the ids of all values costs little; only the few spaces that know one are gone through.
                if instead.keys().isdisjoint(map(id, space.values())):
                    continue
                for name, value in list(space.items()):
                    known, other = instead.get(id(value), (None, None))
                    if other is not None and value is known:
                        space[name] = other
                        self._named.append((space, name, known, other))

    def _wrap(self, module: ModuleType) -> None:
        with contextlib.suppress(Exception):
            name = object.__getattribute__(module, "__dict__")["__name__"]
            if name in self._imports.waiting:
                self._imports.waiting.discard(name)
                self._wrap_names(name)

    def _wrap_names(self, module: str) -> None:
        space = names_in(module) or {}
        for wrap in self._table[module] if self._active else ():
            with contextlib.suppress(Exception):  # another version of the library: the others are wrapped all the same
                self._replace(space, wrap)

    def _replace(self, space: dict[str, Any], wrap: Wrap) -> None:
        holder: type | None = None
        *parents, name = wrap.where.split(".")
        for parent in parents:
            holder = (space if holder is None else holder.__dict__)[parent]
        original = (space if holder is None else holder.__dict__).get(name)
        if is_ours(original):
            return
        if type(original) is FunctionType:
            self._exchange_code(original, wrap.note)
        elif holder is not None:
            self._put(holder, name, original, wrap)
        elif original is not None:
            ours = mimic(original, self._after(wrap.note))
            space[name] = ours
            self._instead.append((original, ours))
            self._named.append((space, name, original, ours))

    def _exchange_code(self, function: FunctionType, note: Note) -> None:
        def told(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._tell(note, Call(args, kwargs))

        code, ours = function.__code__, trampoline(function, told)

        def undo() -> None:
            if function.__code__ is ours:
                function.__code__ = code

        function.__code__ = ours
        self._undo.append(undo)

    def _put(self, holder: type, name: str, original: Any, wrap: Wrap) -> None:
        from . import cclass  # ctypes is slow to load, and nobody with classes of C comes without it

        told = self._after(wrap.note)
        if original is not None:
            ours = mimic(original, told, warns=wrap.warns)
        elif name == "__init__" and getattr(holder, name) is object.__init__:
            ours = constructor(object.__init__, told)
        else:
            raise LookupError(f"{holder.__qualname__} has no {name} of its own")

        def undo() -> None:
            if holder.__dict__.get(name) is not ours:
                return
            if original is None:
                cclass.take(holder, name)
            else:
                cclass.put(holder, name, original)
                cclass.restored(holder, name)

        cclass.put(holder, name, ours)
        self._undo.append(undo)

    def _after(self, note: Note) -> Callable[[tuple[Any, ...], dict[str, Any], Any, float], None]:
        def told(args: tuple[Any, ...], kwargs: dict[str, Any], given: Any, began: float) -> None:
            self._tell(note, Call(args, kwargs, given, began))

        return told

    def _tell(self, note: Note, call: Call) -> None:
        if self._active:
            with contextlib.suppress(Exception):  # whatever we could not note must not become the user's error
                note(call)
