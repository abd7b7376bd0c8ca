"""Versions of the software that a result was made with."""

from __future__ import annotations

import ast
import functools
import platform
import sys
from collections.abc import Iterable

from .flow import names_in

_versions: dict[str, str | None] = {}
# They do the work behind our handles, whether or not the user imports them.
_BEHIND = ("h5py", "pandas", "numpy")


@functools.lru_cache(maxsize=2000)
def imported_names(code: str | None) -> frozenset[str]:
    """Top-level names of the modules that a piece of code imports."""
    try:
        tree = ast.parse(code or "")
    except (SyntaxError, ValueError, RecursionError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return frozenset(found)


def modules_of(codes: Iterable[str | None]) -> dict[str, str]:
    """Names and versions of Python and of the modules that the given code imports and the process has loaded."""
    names: set[str] = {"jupyter_shinecat", *_BEHIND}
    for code in codes:
        names |= imported_names(code)
    found = {"python": platform.python_version()}
    for name in sorted(names):
        if name in sys.modules and name not in sys.stdlib_module_names:
            version = _version(name)
            if version:
                found[name] = version
    return found


def _version(name: str) -> str | None:
    if name not in _versions:
        version = (names_in(name) or {}).get("__version__")
        if not isinstance(version, str):
            from importlib import metadata  # slow to load, and most modules say it themselves

            try:
                version = metadata.version(name)
            except Exception:
                version = None
        _versions[name] = version
    return _versions[name]
