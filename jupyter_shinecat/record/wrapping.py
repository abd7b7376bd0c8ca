"""Wrapping functions of other people's libraries, when (and only if) the library is imported, and unwrapping them.

What is wrapped runs exactly once, gives what it gave, and raises what it raised, with the traceback it had. What we
could not note must not become the user's error.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Called with the positional arguments (without ``self``), the keyword ones, and when the call began (Unix seconds).
Note = Callable[[tuple[Any, ...], dict[str, Any], float], None]

_MARK = "__shinecat_original__"


@dataclass(frozen=True)
class Wrap:
    """One function to wrap.

    Attributes
    ----------
    where
        Name in its module, with dots: ``File.__init__`` or ``read_table``.
    note
        Told of each call that succeeded.
    before
        Told before the call instead, with ``self`` (for calls that hand work to others).
    """

    where: str
    note: Note
    before: bool = False


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
        self._named: list[tuple[dict[str, Any], str, Any, Any]] = []
        self._finder = _Finder(self._wrap)
        self._active = False
        self._undo: list[tuple[Any, str, Any, Any]] = []

    def start(self) -> None:
        """Begin."""
        self._active = True
        self._finder.waiting = set()
        for name in self._table:
            if _is_loaded(sys.modules.get(name)):
                self._wrap(sys.modules[name])
            else:
                self._finder.waiting.add(name)
        with contextlib.suppress(Exception):
            self._rename_imported()
        if self._finder.waiting and self._finder not in sys.meta_path:
            sys.meta_path.insert(0, self._finder)

    def stop(self) -> None:
        """End: the functions are the originals again, unless somebody wrapped them after us."""
        self._active = False
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        for holder, name, original, ours in reversed(self._undo):
            if holder.__dict__.get(name) is ours:
                setattr(holder, name, original)
        for space, name, original, ours in self._named:  # also in modules that are no longer known
            if space.get(name) is ours:
                space[name] = original
        with contextlib.suppress(Exception):
            self._rename_back()
        self._named.clear()
        self._undo.clear()

    def _rename_imported(self) -> None:
        """``from netCDF4 import Dataset`` before we began, by anybody: that name, too, leads to what is wrapped."""
        self._instead({id(old): (old, ours) for holder, _, old, ours in self._undo if isinstance(holder, ModuleType)})

    def _rename_back(self) -> None:
        """And what was imported by name since then leads to the original again."""
        self._instead({id(ours): (ours, old) for holder, _, old, ours in self._undo if isinstance(holder, ModuleType)})

    def _instead(self, instead: Mapping[int, tuple[Any, Any]]) -> None:
        wrapped = {id(holder.__dict__) for holder, *_ in self._undo}
        for space in self._spaces() if instead else ():
            with contextlib.suppress(RuntimeError):  # another thread is importing: its names come later
                # A look at the ids of all values costs little; only the few spaces that know one are gone through.
                if id(space) in wrapped or instead.keys().isdisjoint(map(id, space.values())):
                    continue
                for name, value in list(space.items()):
                    known, other = instead.get(id(value), (None, None))
                    if other is not None and value is known:
                        space[name] = other
                        self._named.append((space, name, known, other))

    def _wrap(self, module: ModuleType) -> None:
        if not self._active:
            return
        for wrap in self._table[module.__name__]:
            with contextlib.suppress(Exception):  # another version of the library: the others are wrapped all the same
                self._replace(module, wrap)

    def _replace(self, module: ModuleType, wrap: Wrap) -> None:
        holder: Any = module
        *parents, name = wrap.where.split(".")
        for parent in parents:
            holder = getattr(holder, parent)
        original = holder.__dict__[name]
        if hasattr(original, _MARK):
            return
        if isinstance(original, type):
            ours: Any = self._stand_in(original, wrap.note)
        else:
            ours = self._around(original, wrap, method=isinstance(holder, type))
        # Pickles name a class or function by the module that made it: there, too, the name must lead to ours.
        home = sys.modules.get(original.__module__) if holder is module else None
        if home is not None and home is not module and getattr(home, name, None) is original:
            self._put(home, name, original, ours)
        self._put(holder, name, original, ours)

    def _put(self, holder: Any, name: str, original: Any, ours: Any) -> None:
        setattr(holder, name, ours)
        self._undo.append((holder, name, original, ours))

    def _around(self, original: Any, wrap: Wrap, *, method: bool) -> Any:
        note, before = wrap.note, wrap.before
        skip = 1 if method else 0

        @functools.wraps(original)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            began = time.time()
            if before:
                self._tell(note, args, kwargs, began)
            try:
                given = original(*args, **kwargs)
            except BaseException as error:
                # Our frame is no news to the reader of a traceback: take it out of it.
                error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                raise
            if not before:
                self._tell(note, args[skip:], kwargs, began)
            return given

        setattr(wrapped, _MARK, original)
        return wrapped

    def _stand_in(self, original: type, note: Note) -> type:
        """For a class of C, whose constructor can't be replaced: a class that makes objects of the original one."""
        tell = self._tell

        class Meta(type(original)):  # type: ignore[misc]
            def __call__(cls, *args: Any, **kwargs: Any) -> Any:
                maker = original if cls is ours else super().__call__  # a subclass of the user's makes its own
                try:
                    made = maker(*args, **kwargs)
                except BaseException as error:
                    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                    raise
                tell(note, args, kwargs, 0.0)
                return made

            def __instancecheck__(cls, instance: Any) -> bool:
                return isinstance(instance, original) if cls is ours else super().__instancecheck__(instance)

            def __subclasscheck__(cls, subclass: type) -> bool:
                return issubclass(subclass, original) if cls is ours else super().__subclasscheck__(subclass)

        space = {"__doc__": original.__doc__, "__module__": original.__module__, "__qualname__": original.__qualname__}
        ours: Any = Meta(original.__name__, (original,), space)
        setattr(ours, _MARK, original)
        return ours  # type: ignore[no-any-return]

    def _tell(self, note: Note, args: tuple[Any, ...], kwargs: dict[str, Any], began: float) -> None:
        if self._active:
            with contextlib.suppress(Exception):  # whatever we could not note must not become the user's error
                note(args, kwargs, began)


def _is_loaded(module: ModuleType | None) -> bool:
    """Whether a module is there and not half-way through its import."""
    return module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False)


class _Finder(importlib.abc.MetaPathFinder):
    """Stands first in ``sys.meta_path`` and wraps each awaited module once, when it is imported."""

    def __init__(self, wrap: Callable[[ModuleType], None]) -> None:
        self._wrap = wrap
        self.waiting: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.waiting:
            return None
        self.waiting.discard(fullname)
        for finder in list(sys.meta_path):
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(fullname, path, target)
                if spec is not None:
                    if spec.loader is not None:
                        spec.loader = _Loader(spec.loader, self._wrap)
                    return spec
        return None


class _Loader(importlib.abc.Loader):
    """The module's own loader, and our wrapping after it."""

    def __init__(self, loader: Any, wrap: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._wrap = wrap

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        with contextlib.suppress(Exception):  # a library without our wrapping is better than none
            self._wrap(module)
