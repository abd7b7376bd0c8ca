"""Being told when a module has been imported."""

from __future__ import annotations

import contextlib
import importlib.abc
import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .flow import names_in


def is_loaded(name: str) -> bool:
    """Whether a module is there and not half-way through its import; asks nothing of the module itself."""
    spec = (names_in(name) or {}).get("__spec__")
    return name in sys.modules and not (type(spec) is ModuleSpec and getattr(spec, "_initializing", False))


class Imports(importlib.abc.MetaPathFinder):
    """Stands first in ``sys.meta_path`` while it waits for modules.

    Parameters
    ----------
    imported
        Told of each awaited module once it has been imported; must not raise.

    Attributes
    ----------
    waiting
        Names of the modules.
    """

    def __init__(self, imported: Callable[[ModuleType], None]) -> None:
        self._imported = imported
        self._asking: set[tuple[int, str]] = set()
        self.waiting: set[str] = set()

    def start(self) -> None:
        """Wait, when there is something to wait for."""
        if self.waiting and self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def stop(self) -> None:
        """Wait no longer."""
        self.waiting = set()
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the other finders find, with a loader that tells us."""
        asking = (threading.get_ident(), fullname)
        if fullname not in self.waiting or asking in self._asking:
            return None
        self._asking.add(asking)
        try:
            for finder in list(sys.meta_path):
                spec = finder.find_spec(fullname, path, target) if finder is not self else None
                if spec is not None:
                    with contextlib.suppress(Exception):  # a loader that can't be told apart from itself: unseen
                        self._listen(spec.loader)
                    return spec
        except BaseException as error:
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            raise
        finally:
            self._asking.discard(asking)
        return None

    def _listen(self, loader: Any) -> None:
        """The loader stays what it is; only for the next module that it runs, it tells us."""
        run = loader.exec_module
        if isinstance(loader, type) or "exec_module" in vars(loader):
            return  # one loader for many modules

        def exec_module(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)
            try:
                run(module)
            except BaseException as error:
                error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                raise
            self._imported(module)

        loader.exec_module = exec_module
