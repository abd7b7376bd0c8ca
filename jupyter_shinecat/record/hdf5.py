"""Files that h5py opens, seen where it hands their names to HDF5; and the members of files that are several."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Protocol

from .flow import names_in
from .paths import absolute, plain
from .wrapping import Call, Wrap

_MOST = 1000  # members of one file
_RDWR = 1  # H5F_ACC_RDWR


class Opened(Protocol):
    """Who wants to know of opened files."""

    def __call__(self, path: object, *, reads: bool, writes: bool, fresh: bool, how: str) -> None:
        """A file was opened."""


def hdf5_table(opened: Opened) -> dict[str, list[Wrap]]:
    """What to wrap of h5py: its low level, through which all of it goes."""

    def tell(name: object, access: Any, *, reads: bool, writes: bool) -> None:
        for path in _files(plain(name) or "", access):
            opened(path, reads=reads, writes=writes, fresh=writes and not reads, how="h5py")

    def opening(call: Call) -> None:
        flags, access = call.value(1, "flags", 0), call.value(2, "fapl")
        # A file in memory may be changed there, and is written back only where that was asked for.
        writes = type(flags) is int and bool(flags & _RDWR) and _is_kept(access)
        tell(call.value(0, "name"), access, reads=True, writes=writes)

    def creating(call: Call) -> None:
        access = call.value(3, "fapl")
        if _is_kept(access):
            tell(call.value(0, "name"), access, reads=False, writes=True)

    return {"h5py.h5f": [Wrap("open", opening), Wrap("create", creating)]}


def split_members(name: str, meta: object, raw: object) -> list[str]:
    """Names of the files for metadata and data (HDF5's split driver), by what their names end with."""
    return [name + (plain(meta) or "-m.h5"), name + (plain(raw) or "-r.h5")]


def _files(name: str, access: Any) -> Iterable[str]:
    driver, kinds = _driver(access), names_in("h5py.h5fd") or {}
    if not name or driver == kinds.get("fileobj_driver") or driver == kinds.get("ROS3D", -1):
        return []  # Python opened it and said so; or it is not on this machine
    if driver == kinds.get("MULTI"):
        usual = split_members(name, None, None)
        return usual if any(map(os.path.exists, usual)) else _open_with(name)
    if driver != kinds.get("FAMILY"):
        return [name]
    found: list[str] = []
    while len(found) < _MOST and os.path.exists(one := name % len(found)):
        found.append(one)
    return found


def _driver(access: Any) -> Any:
    return access.get_driver() if access is not None else (names_in("h5py.h5fd") or {}).get("SEC2")


def _is_kept(access: Any) -> bool:
    """Whether what is written comes to the disk."""
    return _driver(access) != (names_in("h5py.h5fd") or {}).get("CORE") or bool(access.get_fapl_core()[1])


def _open_with(name: str) -> list[str]:
    """Files that this process has open and whose names begin so: nobody else tells how the members are called."""
    start, found = absolute(name), []
    try:
        for one in os.listdir("/proc/self/fd"):
            try:
                path = os.readlink(f"/proc/self/fd/{one}")
            except OSError:  # the one of the listing itself
                continue
            if start and path.startswith(start):
                found.append(path)
    except OSError:
        return []
    return found
