"""In the kernel: open, search, handles."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import plainly

if TYPE_CHECKING:
    from .dataset import Dataset
    from .hits import Hits

__all__ = ["derived", "load_ipython_extension", "open", "results", "search"]


@plainly
def open(pid: str | Dataset) -> Dataset:
    """Open a dataset of the catalog.

    Parameters
    ----------
    pid
        Its identifier (or a handle, which is opened afresh).

    Returns
    -------
    Dataset
        A handle; no file is opened yet.

    Raises
    ------
    ShineCatError
        The catalog has no such dataset (or not for you), does not answer, or your sign-in has expired.

    Examples
    --------
    >>> ds = sc.open("20.500.12269/4f1c")         # doctest: +SKIP
    >>> ds.metadata["photon energy"].to("eV")     # doctest: +SKIP
    """
    from . import session
    from .dataset import open_dataset

    session.begin()
    return open_dataset(pid if isinstance(pid, str) else pid.pid)


@plainly
def search(
    text: str = "",
    *,
    type: str = "",
    group: str | Sequence[str] = (),
    keywords: str | Sequence[str] = (),
    since: str = "",
    until: str = "",
    limit: int = 25,
) -> Hits:
    """Datasets that you may read and that fit, newest first.

    Parameters
    ----------
    text
        Words to find anywhere in the dataset.
    type
        ``raw``, ``derived`` or a facility's own.
    group, keywords
        One or several owner groups, one or several keywords; several are alternatives.
    since, until
        Bounds of the time the data were taken, ISO 8601.
    limit
        At most so many.

    Returns
    -------
    Hits
        A sequence of handles that shows itself as a table.
    """
    from . import session
    from .hits import find

    session.begin()
    return find(text, type=type, groups=group, keywords=keywords, since=since, until=until, limit=limit)


@plainly
def results(name: str | PathLike[str] | None = None) -> Path:
    """Where to save a result: a path in the results folder, whose folder is made when needed.

    Parameters
    ----------
    name
        Name of the file, also with folders (``"run17/peaks.h5"``). Without one, the results folder itself.

    Raises
    ------
    ShineCatError
        The name leads out of the results folder, or the folder can't be made.

    Warns
    -----
    UserWarning
        There is such a file already; what is saved there replaces it.
    """
    from . import session
    from .result_files import results_path

    session.begin()
    return results_path(name)


@plainly
def derived(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    name: str | None = None,
    keywords: Sequence[str] = (),
    description: str | None = None,
    parameters: dict[str, Any] | None = None,
) -> None:
    """Say what a result is: the files become one Derived dataset with this name.

    Parameters
    ----------
    path
        The file or files, written before.
    name, keywords, description
        Shown in the catalog.
    parameters
        What the analysis was run with; values as in JSON.

    Raises
    ------
    ShineCatError
        A file is not there, or this is not a notebook that is recorded.
    """
    from . import session
    from .result_files import announce

    session.begin()
    paths = [path] if isinstance(path, (str, PathLike)) else list(path)
    announce(paths, name=name, keywords=keywords, description=description, parameters=parameters)


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext jupyter_shinecat``: start the record and add ``%shinecat``."""
    from . import session

    session.begin(ipython, quiet=True)


def __dir__() -> builtins.list[str]:
    return sorted(__all__)
