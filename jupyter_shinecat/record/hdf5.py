"""h5py's files: no audit event tells of them, so the constructor of ``h5py.File`` is wrapped, when h5py is imported."""

from __future__ import annotations

import contextlib
import functools
import importlib.abc
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Called with name and mode as the user gave them, after the file was opened.
Opened = Callable[[object, str], None]

_MARK = "__shinecat_original__"


class Hdf5Watch:
    """Wraps ``h5py.File.__init__``, now or as soon as somebody imports h5py, and takes the wrapping off again."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._finder = _Finder(self._wrap)
        self._active = False

    def start(self) -> None:
        """Begin."""
        self._active = True
        module = sys.modules.get("h5py")
        if module is not None and hasattr(module, "File"):
            self._wrap(module)
        elif self._finder not in sys.meta_path:
            sys.meta_path.insert(0, self._finder)

    def stop(self) -> None:
        """End: ``h5py.File.__init__`` is the original again, unless somebody wrapped it after us."""
        self._active = False
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        file = getattr(sys.modules.get("h5py"), "File", None)
        original = getattr(getattr(file, "__init__", None), _MARK, None)
        if file is not None and original is not None:
            file.__init__ = original

    def _wrap(self, module: ModuleType) -> None:
        file: Any = module.File
        original = file.__init__
        if not self._active or hasattr(original, _MARK):
            return

        @functools.wraps(original)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            try:
                original(self, *args, **kwargs)
            except BaseException as error:
                # Our frame is no news to the reader of a traceback: take it out of it.
                error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                raise
            note(args, kwargs)

        def note(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if not self._active:
                return
            try:
                name = args[0] if args else kwargs.get("name")
                # h5py makes a File of an open file's id at each `.file`: only names are files being opened.
                if isinstance(name, (str, bytes, os.PathLike)):
                    mode = args[1] if len(args) > 1 else kwargs.get("mode", "r")
                    in_memory = kwargs.get("driver") == "core" and not kwargs.get("backing_store", True)
                    self._opened(name, "r" if in_memory and mode in ("w", "w-", "x") else str(mode or "r"))
            except Exception:  # noqa: S110 - whatever we could not note must not become the user's error
                pass

        setattr(__init__, _MARK, original)
        file.__init__ = __init__


class _Finder(importlib.abc.MetaPathFinder):
    """Stands first in ``sys.meta_path`` until h5py is imported, then wraps it and steps out."""

    def __init__(self, wrap: Callable[[ModuleType], None]) -> None:
        self._wrap = wrap

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "h5py":
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec("h5py")
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._wrap)
        return spec


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
        with contextlib.suppress(Exception):  # h5py without our wrapping is better than no h5py
            self._wrap(module)
