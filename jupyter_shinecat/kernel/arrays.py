"""The array in an HDF5 file that is meant."""

from __future__ import annotations

import contextlib
import difflib
import glob
import os
from typing import Any

from jupyter_shinecat.locale import tr

from .errors import file_problem, warn
from .nexus import default_group, signal_of
from .reading import load_filters
from .tables import DAMAGE, object_paths

_NUMBERS = "biufc"
_NAMED_AT_MOST = 10
_LOOKED_AT = 100
_SAID_AT_MOST = 3


def find_array(file: Any, path: str | None, name: str) -> Any:
    """The ``h5py.Dataset`` that is meant; nothing of it is read.

    Parameters
    ----------
    file
        The open ``h5py.File``.
    path
        Of the array, or of a group with a signal; None for the file's own default.
    name
        Of the dataset in the catalog, for messages.

    Raises
    ------
    FileProblem
        There is nothing like it.
    """
    found = _named(file, path, name) if path is not None else _default(file, name)
    warn_of_missing_sources(found)
    load_filters(found)
    return found


def warn_of_missing_sources(array: Any) -> bool:
    """A virtual dataset gives fill values where its sources can't be read: that must not go unsaid.

    Returns
    -------
    bool
        Whether some can't.

    Raises
    ------
    FileProblem
        Its file is read over the network, where none of its sources is.
    """
    if not getattr(array, "is_virtual", False):
        return False
    sources = {source.file_name for source in array.virtual_sources() if source.file_name != "."}
    if array.file.driver == "fileobj":
        if sources:
            raise file_problem(
                "unreadable",
                tr(
                    "{path} is put together from other files, which can't be read over the network: {files}.",
                    path=array.name,
                    files=_some(sources),
                ),
                tr("Copy them and the file itself into one folder with ds.fetch(), and open the copy."),
            )
        return False
    folder = os.path.dirname(os.path.abspath(os.fsdecode(array.file.filename)))
    missing = {one for one in sources if not _readable(one, folder)}
    if missing:
        warn(
            tr(
                "{path} is put together from other files, and these can't be read here: {files}. Fill values stand in "
                "their place.",
                path=array.name,
                files=_some(missing),
            ),
        )
    return bool(missing)


def warn_of_missing_sources_in(file: Any) -> None:
    """The same for the first objects of a file that is handed out as it is; looking at all would take long.

    Over the network reading such data is an error, so that nothing needs to be looked at.
    """
    from h5py import h5d, h5g, h5l, h5o

    if file.driver == "fileobj":
        return
    groups, seen, said = [(b"", file.id)], 0, 0
    while groups and said < _SAID_AT_MOST:
        above, group = groups.pop(0)
        with contextlib.suppress(*DAMAGE):
            for name in _links(group, _LOOKED_AT - seen):
                seen += 1
                if group.links.get_info(name).type != h5l.TYPE_HARD:
                    continue
                found, path = h5o.open(group, name), above + b"/" + name
                if isinstance(found, h5g.GroupID):
                    groups.append((path, found))
                elif isinstance(found, h5d.DatasetID) and found.get_create_plist().get_layout() == h5d.VIRTUAL:
                    said += warn_of_missing_sources(file[path])


def _links(group: Any, limit: int) -> list[bytes]:
    names: list[bytes] = []
    if limit > 0:
        group.links.iterate(lambda name: names.append(name) if len(names) < limit else True)
    return names


def _some(names: set[str]) -> str:
    shown = sorted(names)[:_NAMED_AT_MOST]
    more = len(names) - len(shown)
    return ", ".join(shown) + (tr(" and {count} more", count=more) if more else "")


def _readable(source: str, folder: str) -> bool:
    """Whether HDF5 finds a source: as named, beside the file, or in the working folder; ``%b`` counts files."""
    name = source.replace("%%", "%")
    for place in (os.path.join(folder, name), os.path.join(folder, os.path.basename(name)), os.path.abspath(name)):
        if "%b" in source:
            pattern = glob.escape(place).replace("%b", "[0-9]*")
            if any(os.access(found, os.R_OK) for found in glob.iglob(pattern)):
                return True
        elif os.access(place, os.R_OK):
            return True
    return False


def _named(file: Any, path: str, name: str) -> Any:
    import h5py

    try:
        item = file.get(path)
    except (KeyError, OSError, RuntimeError):
        item = None
    if isinstance(item, h5py.Dataset):
        return item
    if isinstance(item, h5py.Group):
        signal = signal_of(item)
        if signal is not None:
            return signal
        inside = [f"{item.name.rstrip('/')}/{key}" for key in list(item)[:12]]
        raise file_problem(
            "format",
            tr("{path} of {name} is a group without a signal.", path=path, name=name),
            tr("It has: {objects}", objects=", ".join(inside)),
        )
    known = object_paths(file)
    near = difflib.get_close_matches(path, known, n=3, cutoff=0.4) or known[:12]
    raise file_problem(
        "format",
        tr("{file} has no object {path}.", file=name, path=path),
        tr("It has: {objects}", objects=", ".join(near)),
    )


def _default(file: Any, name: str) -> Any:
    import h5py

    group = default_group(file)
    signal = signal_of(group) if group is not None else None
    if signal is not None:
        return signal
    largest = None
    for path in object_paths(file):
        with contextlib.suppress(*DAMAGE):
            item = file.get(path)
            if (
                isinstance(item, h5py.Dataset)
                and item.dtype.kind in _NUMBERS
                and item.shape
                and (largest is None or item.size > largest.size)
            ):
                largest = item
    if largest is None:
        raise file_problem(
            "format",
            tr("There is no array of numbers in {name}.", name=name),
            tr("ds.h5() opens an HDF5 file as it is; ds.path() gives the path of any file."),
        )
    return largest
