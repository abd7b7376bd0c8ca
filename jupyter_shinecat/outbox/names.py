"""Which files are results, by their names and places. Nothing here opens a file."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path

FIGURES = frozenset({".png", ".jpg", ".jpeg", ".svg", ".pdf"})
# Code, caches, locks and half-made files; everything else that a cell writes may be data.
_NO_DATA = frozenset(
    {".ipynb", ".py", ".pyc", ".pyo", ".pyi", ".pyd", ".so", ".o", ".a", ".c", ".h", ".cpp", ".f90", ".jl", ".r", ".m",
     ".sh", ".lock", ".lck", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", ".swo", ".bak", ".pid",
     ".sock", ".log", ".egg", ".whl", ".nbc", ".nbi", ".aux", ".cache"}
)  # fmt: skip
_NO_DATA_FOLDERS = frozenset({"__pycache__", "site-packages", "dist-packages", "node_modules", "__MACOSX"})
# Stores that are folders keep their own metadata in hidden files.
_STORES = (".zarr", ".zarr2", ".ome.zarr", ".n5")


def is_figure(path: str) -> bool:
    """Whether the file is a picture for people rather than data."""
    return os.path.splitext(path)[1].lower() in FIGURES


def is_data(path: str, roots: Iterable[Path]) -> bool:
    """Whether a file written at ``path`` is a result as far as its name and place tell.

    Parameters
    ----------
    path
        Absolute path.
    roots
        Folders whose files may be results: the results folder, the notebook's, the home.
    """
    return any(_is_clean(relative) for root in roots if (relative := beneath(path, root)) is not None)


def beneath(path: str, root: Path) -> str | None:
    """``path`` relative to ``root``, None when it lies elsewhere."""
    base = os.path.normpath(root)
    if len(Path(base).parts) < 2:  # a session in / must not make the whole machine a results folder
        return None
    if path.startswith(base + os.sep):
        return path[len(base) + 1 :]
    real = _real(base)
    return path[len(real) + 1 :] if path.startswith(real + os.sep) else None


def in_store(folder: str) -> bool:
    """Whether ``folder`` is, or lies in, a store that keeps its own metadata in hidden files (Zarr, N5)."""
    return any(part.lower().endswith(_STORES) for part in folder.split(os.sep))


def store_of(path: str) -> str | None:
    """The outermost store (Zarr, N5) that the file at ``path`` is a part of; None when it is a file by itself."""
    parts = path.split(os.sep)
    for number, part in enumerate(parts[:-1], start=1):
        if part.lower().endswith(_STORES):
            return os.sep.join(parts[:number])
    return None


@functools.lru_cache(maxsize=64)
def _real(folder: str) -> str:
    return os.path.realpath(folder)


def _is_clean(relative: str) -> bool:
    parts = relative.split(os.sep)
    for index, part in enumerate(parts):
        if part.startswith(".") and not in_store(os.sep.join(parts[:index])):
            return False
        if part in _NO_DATA_FOLDERS or part.endswith((".egg-info", ".dist-info")):
            return False
    name = parts[-1]
    return not name.endswith("~") and os.path.splitext(name)[1].lower() not in _NO_DATA


def common_folder(paths: Iterable[str]) -> str:
    """The deepest folder above all ``paths``."""
    folders = [os.path.dirname(path) for path in paths]
    return os.path.commonpath(folders) if folders else ""
