"""Tables of a dataset as pandas data frames."""

from __future__ import annotations

import contextlib
import io
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_shinecat.locale import tr

from .errors import FileProblem, file_problem

if TYPE_CHECKING:
    import pandas as pd

_OBJECTS = 5000
_WIDE = 10_000
# What h5py raises at objects that are damaged, of a type that numpy lacks, or packed with a filter that is not here.
DAMAGE = (KeyError, OSError, RuntimeError, TypeError, ValueError)


def from_text(source: Path | bytes, name: str) -> pd.DataFrame:
    """Columns of a text file (its path or its content); the separator is found out.

    Raises
    ------
    FileProblem
        It is not text with columns.
    """
    import pandas as pd

    try:
        with open(source, "rb") if isinstance(source, Path) else io.BytesIO(source) as file:
            lines = [line for line in file.read(65536).decode("utf-8", "replace").splitlines() if line.strip()]
        if not lines:
            return pd.DataFrame()
        comment = "#" if lines[0].startswith("#") else None
        body = next((line for line in lines if not line.startswith("#")), "")
        counts = {mark: body.count(mark) for mark in ("\t", ";", ",")}
        mark = max(counts, key=lambda one: counts[one])
        separator = mark if counts[mark] else r"\s+" if len(body.split()) > 1 else ","
        given = source if isinstance(source, Path) else io.BytesIO(source)
        return pd.read_csv(given, sep=separator, comment=comment, encoding="utf-8", encoding_errors="replace")
    except (ValueError, pd.errors.ParserError) as cause:
        raise _no_table(name, str(cause)) from cause


def from_hdf5(file: Any, path: str | None, name: str) -> pd.DataFrame:
    """A table in an open HDF5 file.

    Parameters
    ----------
    file
        The ``h5py.File``.
    path
        What to take; None for the default plot, else the first table.
    name
        Of the file, for messages.

    Raises
    ------
    FileProblem
        There is no such object, or no table in it.
    """
    import h5py

    if path is not None:
        found = file.get(path)
        if found is None:
            raise file_problem(
                "format",
                tr("{file} has no object {path}.", file=name, path=path),
                tr("It has: {objects}", objects=", ".join(object_paths(file)[:20])),
            )
        frame = _group(found) if isinstance(found, h5py.Group) else None
        if isinstance(found, h5py.Dataset):  # and no type that has a name
            frame = _dataset(found)
        if frame is None:
            raise _no_table(f"{name}:{path}")
        return frame
    frame = _default_plot(file)
    if frame is not None:
        return frame
    known = object_paths(file)
    unread: Exception | None = None
    for one in known:
        try:
            item = file.get(one)
            if isinstance(item, h5py.Dataset) and item.dtype.names and item.ndim == 1:
                frame = _dataset(item)
            elif isinstance(item, h5py.Group):
                frame = _group(item)
        except DAMAGE as cause:  # another one may be whole
            unread = unread or cause
        if frame is not None:
            return frame
    for one in known:  # nothing like a table: the first column will do
        try:
            item = file.get(one)
            if isinstance(item, h5py.Dataset) and item.ndim == 1 and item.size > 1:
                return _columns({one.rsplit("/", 1)[-1]: item[()]})
        except DAMAGE as cause:
            unread = unread or cause
    if unread is not None:
        raise unread
    raise _no_table(name)


def object_paths(file: Any) -> list[str]:
    """Paths of groups and datasets in an HDF5 file, at most some thousands; links to other files are not followed."""
    import h5py

    found: list[str] = []
    groups: list[Any] = [file["/"]]
    while groups and len(found) < _OBJECTS:
        group = groups.pop(0)
        with contextlib.suppress(*DAMAGE):  # the other groups still count
            for key in itertools.islice(group, _OBJECTS - len(found)):
                path = f"{group.name.rstrip('/')}/{key}"
                inner = False
                with contextlib.suppress(*DAMAGE):
                    link = group.get(key, getlink=True)
                    if isinstance(link, h5py.ExternalLink):
                        continue
                    inner = isinstance(link, h5py.HardLink) and group.get(key, getclass=True) is h5py.Group
                found.append(path)
                # An object may be its own grandchild, so the depth is bounded.
                if inner and path.count("/") < 30:
                    groups.append(group[key])
    return found


def _default_plot(file: Any) -> pd.DataFrame | None:
    """NeXus: ``@default`` leads from the root to an NXdata group."""
    import h5py

    here: Any = file
    for _ in range(10):
        if _text(here.attrs.get("NX_class")) == "NXdata":
            return _group(here)
        following = here.get(_text(here.attrs.get("default")) or "\0missing") if "default" in here.attrs else None
        if not isinstance(following, h5py.Group):
            return None
        here = following
    return None


def _group(group: Any) -> pd.DataFrame | None:
    """NXdata with its axes, or 1-D datasets of one length as columns."""
    import h5py

    from .nexus import axis_names, errors_of, signal_of

    columns: dict[str, Any] = {}
    data = signal_of(group)
    if data is not None:
        if data.ndim not in (1, 2) or (data.shape[-1] > _WIDE and data.ndim == 2):
            return None
        signal = data.name.rsplit("/", 1)[-1]
        axis = axis_names(group, data)[0]
        along = group.get(axis) if axis not in ("", ".") else None
        if isinstance(along, h5py.Dataset) and along.ndim:
            values = along[()]
            # Edges of bins are one more than the bins.
            edges = len(values) == len(data) + 1 and values.dtype.kind in "iuf"
            columns[axis] = (values[:-1] + values[1:]) / 2 if edges else values
        numbers = data[()]
        if data.ndim == 2:
            columns.update({f"{signal}_{number}": numbers[:, number] for number in range(data.shape[1])})
        else:
            columns[signal] = numbers
            errors = errors_of(group, data)
            if errors is not None:
                columns[errors.name.rsplit("/", 1)[-1]] = errors[()]
        return _columns({key: values for key, values in columns.items() if len(values) == len(data)})
    for key in group:
        if isinstance(group.get(key, getlink=True), h5py.ExternalLink):
            continue
        item = group.get(key)
        if isinstance(item, h5py.Dataset) and item.ndim == 1 and item.size > 1:
            columns[key] = item
    lengths = {len(item) for item in columns.values()}
    if len(columns) < 2 or len(lengths) != 1:
        return None
    return _columns({key: item[()] for key, item in columns.items()})


def _dataset(item: Any) -> pd.DataFrame | None:
    import pandas as pd

    if item.dtype.names and item.ndim <= 1:
        values = item[()]
        return _columns(
            {
                name: values[name].reshape(-1, *values[name].shape[1:]) if item.ndim else [values[name]]
                for name in item.dtype.names
            }
        )
    if item.ndim == 1:
        return _columns({item.name.rsplit("/", 1)[-1]: item[()]})
    if item.ndim == 2 and item.shape[1] <= _WIDE:
        return pd.DataFrame(_native(item[()]))
    return None


def _columns(columns: dict[str, Any]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    plain: dict[str, Any] = {}
    for name, values in columns.items():
        values = values if isinstance(values, np.ndarray) else np.asarray(values)
        if values.dtype.names and values.ndim == 1:  # a compound in a compound
            inner = _columns({f"{name}.{field}": values[field] for field in values.dtype.names})
            plain.update({str(field): inner[field] for field in inner})
        elif values.ndim > 1:  # a field that is an array itself
            plain[name] = list(values)
        elif values.dtype.kind in "SO":
            plain[name] = [part.decode("utf-8", "replace") if isinstance(part, bytes) else part for part in values]
        else:
            plain[name] = _native(values)
    return pd.DataFrame(plain)


def _native(values: Any) -> Any:
    """As pandas takes it: in the byte order of this machine; bytes without a meaning as they are."""
    if values.dtype.kind == "V":
        return values.astype(object)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _text(value: Any) -> str:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def _no_table(name: str, reason: str = "") -> FileProblem:
    what = tr("There is no table in {name}.", name=name)
    return file_problem(
        "format",
        f"{what} {reason}".strip(),
        tr("ds.h5() opens an HDF5 file as it is; ds.path() gives the path of any file."),
    )
