"""Libraries that open files beside Python: no audit event tells of those, so their doors are wrapped.

h5py, PyTables (and with it ``pandas.read_hdf``), netCDF4 (and with it xarray), pyarrow (Parquet, Feather, CSV, data
sets), and workers in processes that are not forks: what those do is not seen, but what they are handed may name files.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from .wrapping import Wrap

_MOST = 1000  # names in one call
_CLOCK_S = 0.02  # file systems stamp with the last tick of the clock


class Seen(Protocol):
    """Who wants to know."""

    def __call__(self, name: object, mode: str, how: str) -> None:
        """A file was opened; ``mode`` as in h5py: r, r+, a, w, x."""


def table(opened: Seen, handed: Callable[[str, Iterable[object]], None]) -> dict[str, list[Wrap]]:
    """What to wrap, by module.

    Parameters
    ----------
    opened
        Told of each opened file.
    handed
        Told of each piece of work given to a worker that is not seen: what kind of worker, and its arguments.
    """

    def door(how: str, position: int, name: str, mode: str | tuple[int, str, str]) -> Callable[..., None]:
        """A function one of whose arguments names the file, and another, or the function itself, says the mode."""

        def note(args: tuple[Any, ...], kwargs: Mapping[str, Any], began: float) -> None:
            target = args[position] if len(args) > position else kwargs.get(name)
            if isinstance(mode, str):
                wanted = mode
            else:
                at, called, usual = mode
                wanted = str((args[at] if len(args) > at else kwargs.get(called, usual)) or usual)
            if _is_elsewhere(kwargs.get("filesystem")):
                return
            for one in _names(target):
                opened(one, wanted, how)

        return note

    def h5py(args: tuple[Any, ...], kwargs: Mapping[str, Any], began: float) -> None:
        name = args[0] if args else kwargs.get("name")
        mode = str((args[1] if len(args) > 1 else kwargs.get("mode", "r")) or "r")
        if kwargs.get("driver") == "core" and not kwargs.get("backing_store", True) and mode in ("w", "w-", "x"):
            return  # it lives in memory only
        # h5py makes a File of an open file's id at each `.file`: only names are files being opened.
        if isinstance(name, (str, bytes, os.PathLike)):
            for one in _members(os.fsdecode(name), kwargs):
                opened(one, mode, "h5py")

    def netcdf(args: tuple[Any, ...], kwargs: Mapping[str, Any], began: float) -> None:
        if kwargs.get("memory") is None and not kwargs.get("diskless"):
            name = args[0] if args else kwargs.get("filename")
            mode = str((args[1] if len(args) > 1 else kwargs.get("mode", "r")) or "r").rstrip("s")
            if isinstance(name, (str, bytes, os.PathLike)) and "://" not in os.fsdecode(name):
                opened(name, mode or "a", "netCDF4")

    def dataset(args: tuple[Any, ...], kwargs: Mapping[str, Any], began: float) -> None:
        if (len(args) < 2 and "base_dir" not in kwargs) or _is_elsewhere(kwargs.get("filesystem")):
            return
        base = args[1] if len(args) > 1 else kwargs["base_dir"]
        if isinstance(base, (str, os.PathLike)):
            for path in _written_since(os.path.abspath(base), began):
                opened(path, "w", "pyarrow")

    def work(args: tuple[Any, ...], kwargs: Mapping[str, Any], began: float) -> None:
        context = getattr(args[0], "_ctx", None) or getattr(args[0], "_mp_context", None)
        if context is None or context.get_start_method() == "fork":
            return  # forks record themselves
        values: list[object] = [*kwargs.values()]
        for arg in args[1:]:  # only what is there already: a generator is the user's to draw from
            values += list(arg[:_MOST]) if isinstance(arg, (list, tuple, range)) else [arg]
        handed("multiprocessing", values)

    def batch(args: tuple[Any, ...], kwargs: Mapping[str, Any], began: float) -> None:
        backend, items = args[0]._backend, (args[1] if len(args) > 1 else kwargs["batch"]).items
        # Threads are seen, and so are forks.
        if type(backend).__name__ not in ("LokyBackend", "DaskDistributedBackend"):
            return
        values = [value for _, given, named in items[:_MOST] for value in (*given, *named.values())]
        handed("joblib", values)

    arrow = "pyarrow"
    return {
        "h5py": [Wrap("File.__init__", h5py)],
        "tables.file": [Wrap("File.__init__", door("tables", 0, "filename", (1, "mode", "r")))],
        "netCDF4": [
            Wrap("Dataset", netcdf),
            Wrap("MFDataset.__init__", door("netCDF4", 0, "files", "r")),
        ],
        "pyarrow.parquet.core": [
            Wrap("ParquetFile.__init__", door(arrow, 0, "source", "r")),
            Wrap("ParquetDataset.__init__", door(arrow, 0, "path_or_paths", "r")),
            Wrap("ParquetWriter.__init__", door(arrow, 0, "where", "w")),
            Wrap("read_metadata", door(arrow, 0, "where", "r")),
            Wrap("read_schema", door(arrow, 0, "where", "r")),
        ],
        "pyarrow.orc": [
            Wrap("ORCFile.__init__", door(arrow, 0, "source", "r")),
            Wrap("ORCWriter.__init__", door(arrow, 0, "where", "w")),
            Wrap("read_table", door(arrow, 0, "source", "r")),
        ],
        "pyarrow.ipc": [
            Wrap("RecordBatchFileReader.__init__", door(arrow, 0, "source", "r")),
            Wrap("RecordBatchStreamReader.__init__", door(arrow, 0, "source", "r")),
            Wrap("RecordBatchFileWriter.__init__", door(arrow, 0, "sink", "w")),
            Wrap("RecordBatchStreamWriter.__init__", door(arrow, 0, "sink", "w")),
        ],
        "pyarrow.json": [
            Wrap("read_json", door(arrow, 0, "input_file", "r")),
            Wrap("open_json", door(arrow, 0, "input_file", "r")),
        ],
        "pyarrow.feather": [
            Wrap("write_feather", door(arrow, 1, "dest", "w")),
            Wrap("read_table", door(arrow, 0, "source", "r")),
        ],
        "pyarrow.csv": [
            Wrap("read_csv", door(arrow, 0, "input_file", "r")),
            Wrap("open_csv", door(arrow, 0, "input_file", "r")),
            Wrap("write_csv", door(arrow, 1, "output_file", "w")),
        ],
        "pyarrow.dataset": [
            Wrap("dataset", door(arrow, 0, "source", "r")),
            Wrap("write_dataset", dataset),
        ],
        "pyarrow": [
            Wrap("input_stream", door(arrow, 0, "source", "r")),
            Wrap("output_stream", door(arrow, 0, "source", "w")),
            Wrap("memory_map", door(arrow, 0, "path", (1, "mode", "r"))),
            Wrap("OSFile", door(arrow, 0, "path", (1, "mode", "r"))),
        ],
        "joblib.parallel": [Wrap("Parallel._dispatch", batch, before=True)],
        "multiprocessing.popen_spawn_posix": [Wrap("Popen.__init__", _process(handed), before=True)],
        "multiprocessing.popen_forkserver": [Wrap("Popen.__init__", _process(handed), before=True)],
        "multiprocessing.pool": [
            Wrap("Pool._map_async", work, before=True),
            Wrap("Pool.apply_async", work, before=True),
        ],
        "concurrent.futures.process": [Wrap("ProcessPoolExecutor.submit", work, before=True)],
    }


def _process(handed: Callable[[str, Iterable[object]], None]) -> Callable[..., None]:
    def note(args: tuple[Any, ...], kwargs: Mapping[str, Any], began: float) -> None:
        process = args[1] if len(args) > 1 else kwargs.get("process_obj")
        handed("multiprocessing", [*getattr(process, "_args", ()), *getattr(process, "_kwargs", {}).values()])

    return note


def _names(target: object) -> Iterable[object]:
    """The names in an argument: one, several, or a pattern; none in buffers and open files."""
    if isinstance(target, (list, tuple)):
        return [one for one in target[:_MOST] if isinstance(one, (str, bytes, os.PathLike))]
    if isinstance(target, str) and "*" in target:
        return sorted(glob.glob(target))[:_MOST]
    if isinstance(target, str) and "://" in target:
        return [target[len("file://") :]] if target.startswith("file:///") else []
    return [target] if isinstance(target, (str, bytes, os.PathLike)) else []


def _members(name: str, options: Mapping[str, Any]) -> list[str]:
    """Files of HDF5's drivers that make several: ``run%d.h5`` counted from 0, or one for metadata and one for data."""
    if options.get("driver") == "split":
        return [name + str(options.get(f"{part}_ext", f"-{part[0]}.h5")) for part in ("meta", "raw")]
    if options.get("driver") != "family":
        return [name]
    found: list[str] = []
    while len(found) < _MOST and os.path.exists(one := name % len(found)):
        found.append(one)
    return found


def _is_elsewhere(filesystem: object) -> bool:
    """Whether a file system is not this machine's."""
    return filesystem is not None and "local" not in f"{type(filesystem).__name__} {filesystem}".lower()


def _written_since(folder: str, began: float) -> list[str]:
    """Files of a data set that was just written into a folder, which may have held others before."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(place, name)
            if os.stat(path).st_mtime >= began - _CLOCK_S:
                found.append(path)
        if len(found) >= _MOST:
            break
    return found[:_MOST]
