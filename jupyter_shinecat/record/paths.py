"""Which paths are user data: everything but libraries, caches, devices and the notebook itself."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import PurePath
from typing import Any

# Folders of the system. /usr/local and /opt may hold data on some machines, their libraries are caught by name below.
_SYSTEM = ("/proc", "/sys", "/dev", "/run", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/usr", "/var/lib", "/var/cache")
_FOLDER_NAMES = frozenset(
    {"__pycache__", "site-packages", "dist-packages", "node_modules", "mpl-data", "fontconfig", "lost+found"}
)
_SUFFIXES = (
    ".py",
    ".pyc",
    ".pyo",
    ".pyi",
    ".pyd",
    ".so",
    ".ipynb",
    ".pth",
    ".lock",
    ".swp",
    ".egg",
    "~",
    ".nbi",
    ".nbc",
)
_HIDING = ("~", ".lock", ".swp")
# Sources of cells (for debuggers) and caches that libraries put beside the user's own temporary files.
_TEMPORARY = ("/tmp/ipykernel", "/tmp/matplotlib-", "/tmp/fontconfig", "/tmp/systemd-", "/tmp/ssh-")  # noqa: S108
_LIMIT = 20_000


def _library_folders() -> tuple[str, ...]:
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    found.update(site.getsitepackages() if hasattr(site, "getsitepackages") else [])
    folders = {os.path.realpath(folder) for folder in found} | {os.path.abspath(folder) for folder in found}
    # A Python that lives in the root of the disk or of all homes must not hide everything there.
    return tuple(sorted(folder for folder in folders if folder.count("/") > 1 or folder == "/usr"))


class PathFilter:
    """Tells data files from all else; remembers its answer by folder, so that a second look costs a dictionary access.

    Parameters
    ----------
    roots
        Folders of user data whose own path may run through a hidden folder (the results folder, the notebook's).
    excluded
        Folders that are never user data (our own state).
    """

    def __init__(self, roots: tuple[str, ...] = (), excluded: tuple[str, ...] = ()) -> None:
        self._roots = tuple(os.path.abspath(root) for root in roots)
        self._excluded = (*_SYSTEM, *_library_folders(), *(os.path.abspath(folder) for folder in excluded))
        self._folders: dict[str, bool] = {}

    def __call__(self, path: str) -> bool:
        """Whether the absolute ``path`` is user data."""
        folder, _, name = path.rpartition("/")
        if not name or name.endswith(_SUFFIXES) or (name[0] == "." and store_of(folder + "/x") is None):
            return False
        known = self._folders.get(folder)
        if known is None:
            if len(self._folders) > _LIMIT:
                self._folders.clear()
            known = self._folders[folder] = self._is_data_folder(folder)
        return known

    def may_become(self, path: str) -> bool:
        """Whether only its name hides a file: many programs write ``.result.h5.tmp``, then rename it."""
        folder, _, name = path.rpartition("/")
        return (name.startswith(".") or name.endswith(_HIDING)) and self(folder + "/x")

    def _is_data_folder(self, folder: str) -> bool:
        inner = folder + "/"
        if any(inner.startswith(excluded + "/") for excluded in self._excluded):
            return False
        for root in self._roots:
            if inner.startswith(root + "/"):
                inner = inner[len(root) :]
                break
        parts = [part for part in inner.split("/") if part]
        if any(part[0] == "." or part in _FOLDER_NAMES for part in parts):
            return False
        return not folder.startswith(_TEMPORARY)


_STORES = (".zarr", ".zarr2", ".n5")


def store_of(path: str) -> str | None:
    """The folder of the store (Zarr, N5) that the file at ``path`` is a part of; None when it is a file by itself."""
    if ".zarr" not in path and ".n5" not in path:
        return None
    end = path.find("/", 1)
    while end > 0:
        if path[:end].endswith(_STORES):
            return path[:end]
        end = path.find("/", end + 1)
    return None


def plain(path: object) -> str | None:
    """What names a file, as ordinary text; None for what names none (descriptors, buffers).

    Nothing is asked of objects of other people's classes, which may answer with any code: a path object of another
    kind than `pathlib`'s gives None, too.
    """
    kind: Any = type(path)
    one: Any = path
    if kind is str or kind is bytes:
        return os.fsdecode(one)
    if issubclass(kind, str):
        return str.__str__(one)
    if issubclass(kind, bytes):
        return os.fsdecode(bytes.__getitem__(one, slice(None)))
    if kind is os.DirEntry:
        return os.fsdecode(one.path)
    if not issubclass(kind, PurePath) or hasattr(kind, "__getattr__"):
        return None
    return PurePath.__str__(one) if all(getattr(kind, name) is getattr(PurePath, name) for name in _NAMING) else None


_NAMING = ("__fspath__", "__str__", "__getattribute__")


def absolute(path: object) -> str | None:
    """``path`` as absolute text without touching the disk; None for what `plain` gives none."""
    text = plain(path)
    if not text or "\0" in text:
        return None
    return os.path.normpath(text if text[0] == "/" else os.path.join(os.getcwd(), text))
