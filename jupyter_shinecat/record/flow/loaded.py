"""Names of modules that the process has loaded, without running any of their code."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


def names_in(module: str) -> dict[str, Any] | None:
    """The namespace of a module as it is now; None where there is none.

    A lazy module (`importlib.util.LazyLoader`) is imported as soon as anything of it is asked for in the ordinary way,
    its ``__dict__`` too.
    """
    found = sys.modules.get(module)
    return object.__getattribute__(found, "__dict__") if issubclass(type(found), ModuleType) else None
