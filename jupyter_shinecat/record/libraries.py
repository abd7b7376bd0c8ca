"""Libraries that open files beside Python: no audit event tells of those, so their doors are wrapped.

h5py, PyTables (and with it ``pandas.read_hdf``), netCDF4 (and with it xarray), pyarrow, and workers in processes that
are not forks. The doors are the innermost ones that Python knows: what a name is, the library has said by then, and
nothing is asked of what the user gave.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from . import audit, hdf5
from .arrow import arrow_table
from .flow import names_in
from .paths import plain
from .workers import worker_table
from .wrapping import Call, Note, Wrap


class Sink(audit.Sink, Protocol):
    """Who wants to know."""

    def handed(self, worker: str, values: Iterable[object]) -> None:
        """Work is given to a worker that is not seen; its arguments may name files."""


def table(sink: Sink) -> dict[str, list[Wrap]]:
    """What to wrap, by module.

    Parameters
    ----------
    sink
        Told of files and of work given away.
    """

    def netcdf(call: Call) -> None:
        mode = plain(call.value(2, "mode", "r")) or "r"
        mode = mode.rstrip("s").replace("r+", "a")
        in_memory = is_true(call.value(5, "diskless"))
        if call.value(8, "memory") is not None or (in_memory and mode == "w" and not is_true(call.value(6, "persist"))):
            return
        name = plain(call.value(1, "filename"))
        if name is None:
            # As the library has understood it: who asks a path of the user's own kind runs the user's code.
            name = (names_in("netCDF4._netCDF4") or {})["Dataset"].filepath(call.args[0])
        if "://" not in name:
            writes = mode != "r" and not (in_memory and not is_true(call.value(6, "persist")))
            sink.opened(name, reads=mode in ("r", "a"), writes=writes, fresh=mode in ("w", "x"), how="netCDF4")

    def tables(call: Call) -> None:
        name, mode = plain(call.value(1, "name")) or "", plain(call.value(2, "pymode"))
        in_memory = call.kwargs.get("DRIVER") in ("H5FD_CORE", "H5FD_CORE_INMEMORY")
        kept = is_true(call.kwargs.get("DRIVER_CORE_BACKING_STORE", 1))
        if call.kwargs.get("DRIVER_CORE_IMAGE") or (in_memory and not kept and mode == "w"):
            return
        writes = mode != "r" and (kept or not in_memory)
        names = [name]
        if call.kwargs.get("DRIVER") == "H5FD_SPLIT":
            names = hdf5.split_members(name, *(call.kwargs.get(f"DRIVER_SPLIT_{part}_EXT") for part in ("META", "RAW")))
        for one in names:
            sink.opened(one, reads=mode in ("r", "r+", "a"), writes=writes, fresh=mode == "w", how="tables")

    doors: dict[str, list[Wrap]] = {
        **hdf5.hdf5_table(sink.opened),
        "tables.hdf5extension": [Wrap("File._g_new", tables)],
        "netCDF4._netCDF4": [Wrap("Dataset.__init__", netcdf, warns=True)],
        **arrow_table(sink),
        **worker_table(sink.handed),
    }
    return {module: [replace(wrap, note=_quietly(wrap.note)) for wrap in wraps] for module, wraps in doors.items()}


def _quietly(note: Note) -> Note:
    """What we look up for the record is not the user's doing."""

    def told(call: Call) -> None:
        if not audit.is_quiet():
            with audit.quiet():
                note(call)

    return told


def is_true(value: object) -> bool:
    """Whether an option is on; of things of the user's own kind nothing is asked, and they are taken for off."""
    return value is True or (type(value) is int and value != 0)
