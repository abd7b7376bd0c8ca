"""Which file of a dataset is meant, and opening it for reading only."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_shinecat import record
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import DataFile
from jupyter_shinecat.scicat import Dataset as Record

from .errors import FileProblem, file_problem

HDF5_SUFFIXES = (
    ".h5",
    ".hdf5",
    ".hdf",
    ".he5",
    ".nxs",
    ".nx5",
    ".nx",
    ".nexus",
    ".cxi",
    ".nc",
    ".h5oina",
    ".nwb",
    ".mat",
)
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".dat")
_NAMED_AT_MOST = 12


def choose(
    dataset: Record, files: Sequence[DataFile], name: str | None, suffixes: Sequence[str], method: str
) -> DataFile:
    """The one file that is meant.

    Parameters
    ----------
    dataset, files
        Where it is looked for.
    name
        Its path, or the end of one; None for the only one that fits.
    suffixes
        Kinds of file that fit without a name; when none is of these kinds, all do.
    method
        Of the handle, for the example in the message.

    Raises
    ------
    FileProblem
        There is none, or there are several.
    """
    if not files:
        raise file_problem(
            "empty",
            tr("{name} has no files in the catalog.", name=dataset.name),
            tr("Ask its owner group {group} to register them.", group=dataset.owner_group),
        )
    if name is not None:
        name = os.fspath(name)
        fits = [file for file in files if file.path == name] or [
            file for file in files if file.path.endswith("/" + name.lstrip("/"))
        ]
        if not fits:
            raise file_problem(
                "missing",
                tr("{name} has no file {file}.", name=dataset.name, file=name),
                _has(files),
            )
    else:
        fits = [file for file in files if file.path.lower().endswith(tuple(suffixes))] if suffixes else []
        if method in ("h5", "lmf") and not fits and len(files) > 1:  # a single one may be called otherwise than usual
            raise file_problem(
                "missing",
                tr("No file of {name} has an ending that ds.{method} knows.", name=dataset.name, method=f"{method}()"),
                tr("Name the one you want: {example}", example=_example(method, files[0])) + " " + _has(files),
            )
        fits = fits or list(files)
    if len(fits) > 1:
        raise file_problem(
            "ambiguous",
            tr("{name} has several files that fit: {files}", name=dataset.name, files=_names(fits)),
            tr("Name the one you want: {example}", example=_example(method, fits[0])),
        )
    return fits[0]


def _example(method: str, file: DataFile) -> str:
    named = "file=" if method in ("array", "plot", "image") else ""  # their first place is an object's path
    return f"ds.{method}({named}{file.path!r})"


def _has(files: Sequence[DataFile]) -> str:
    return tr("It has: {files}", files=_names(files))


def read_only(local: Path) -> Any:
    """Without a lock, so that nobody who writes the file is disturbed; unless it is open here with one already."""
    import h5py

    try:
        return h5py.File(local, "r", locking=False)
    except OSError as error:
        if "locking" not in str(error):
            raise
        return h5py.File(local, "r")


def _names(files: Sequence[DataFile]) -> str:
    names = ", ".join(file.path for file in files[:_NAMED_AT_MOST])
    more = len(files) - _NAMED_AT_MOST
    return tr("{names} and {count} more.", names=names, count=more) if more > 0 else names + "."


def not_hdf5(local: Path, name: str, cause: OSError) -> FileProblem:
    try:
        with record.quiet(), open(local, "rb") as file:
            # The signature stands at 0, or behind a user block of 512, 1024, 2048 ... bytes.
            start = b""
            for offset in (0, 512, 1024, 2048, 4096):
                file.seek(offset)
                start = file.read(8)
                if start == b"\x89HDF\r\n\x1a\n":
                    break
    except OSError as unreadable:
        reason = unreadable.strerror or str(unreadable)
        return file_problem("unreadable", tr("{path} can't be read: {cause}.", path=str(local), cause=reason))
    if start == b"\x89HDF\r\n\x1a\n":
        return file_problem(
            "unreadable",
            tr("{file} is an HDF5 file that can't be opened: {cause}", file=name, cause=str(cause)[:300]),
            tr("It may be damaged, or still be written by another program."),
        )
    return file_problem(
        "format",
        tr("{file} is not an HDF5 file.", file=name),
        tr("Its path for other readers: ds.path({name})", name=repr(name)),
    )


def not_inside(file: Any, path: str, name: str, cause: KeyError) -> str:
    from .tables import object_paths

    known = object_paths(file)
    if "/" + path.strip("/") in known:  # it is damaged, or in another file that is not here
        return tr("{path} of {file} can't be opened: {cause}.", path=path, file=name, cause=str(cause.args[0])[:300])
    near = difflib.get_close_matches(path, known, n=3, cutoff=0.4)
    if near:
        return tr("{file} has no object {path}; near it are: {near}.", file=name, path=path, near=", ".join(near))
    return tr("{file} has no object {path}.", file=name, path=path)
