"""In the kernel: open, search, handles."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from jupyter_shinecat.locale import tr

from .errors import plainly

if TYPE_CHECKING:
    from datetime import date

    from .browser import Browser
    from .dataset import Dataset
    from .hits import Hits
    from .several import Datasets

__all__ = ["browse", "derived", "latest", "load_ipython_extension", "open", "results", "search"]


@overload
def open(what: str | PathLike[str] | Dataset, /) -> Dataset: ...  # type: ignore[overload-overlap]  # a str is iterable
@overload
def open(what: Iterable[str | PathLike[str] | Dataset], /) -> Datasets: ...
@overload
def open(
    *,
    proposal: str | int | None = ...,
    run: str | int | None = ...,
    sample: str | None = ...,
    instrument: str | None = ...,
    group: str | None = ...,
    type: str | None = ...,
) -> Dataset: ...
@plainly
def open(
    what: Any = None,
    /,
    *,
    proposal: str | int | None = None,
    run: str | int | None = None,
    sample: str | None = None,
    instrument: str | None = None,
    group: str | None = None,
    type: str | None = None,
) -> Dataset | Datasets:
    """Open a dataset of the catalog.

    Parameters
    ----------
    what
        Its PID, its DOI, its address in the catalog's web page, the path of one of its files (or of its folder), or a
        handle or hit, which is opened afresh. Several in a list are opened together.
    proposal, run, sample, instrument, group, type
        Instead of ``what``: what it was measured for. Exactly one dataset must fit all that is given; where several do
        and one only is raw, that is it.

    Returns
    -------
    Dataset
        A handle; no file is opened yet. Of a list: `Datasets`, whose ``["/path"]`` is one array over all of them.

    Raises
    ------
    ShineCatError
        The catalog has no such dataset (or not for you), several fit, it does not answer, or your sign-in has expired.

    Examples
    --------
    >>> ds = sc.open("20.500.12269/4f1c")         # doctest: +SKIP
    >>> ds = sc.open("/data/p2345/r0017/a.h5")    # doctest: +SKIP
    >>> ds = sc.open(proposal=2345, run=17)       # doctest: +SKIP
    >>> ds.metadata["photon energy"].to("eV")     # doctest: +SKIP
    """
    from . import session
    from .dataset import open_measured

    session.begin()
    wanted = {
        "proposal": proposal,
        "run": run,
        "sample": sample,
        "instrument": instrument,
        "group": group,
        "type": type,
    }
    if all(value is None for value in wanted.values()):
        return _open(what)
    if what is not None:
        raise TypeError(tr("sc.open takes either what to open, or what it was measured for, not both."))
    return open_measured(**wanted)


@plainly
def latest(
    *,
    instrument: str | None = None,
    group: str | None = None,
    proposal: str | int | None = None,
    sample: str | None = None,
    type: str | None = "raw",
) -> Dataset:
    """The dataset that was taken last, of those that fit and that you may read.

    Parameters
    ----------
    instrument
        Its identifier or name, or the last part of the place where data are taken (``AMO`` of ``/SHINE/AMO``).
    group, proposal, sample
        Owner group, proposal, sample.
    type
        ``raw``; None for any.

    Raises
    ------
    ShineCatError
        None fits.
    """
    from . import session
    from .dataset import newest

    session.begin()
    return newest(instrument=instrument, group=group, proposal=proposal, sample=sample, type=type)


def _open(what: Any) -> Dataset | Datasets:
    from .dataset import open_dataset, open_file
    from .several import Datasets

    if isinstance(what, str):
        return open_dataset(what)
    if isinstance(what, PathLike):
        return open_file(fspath(what))
    pid = getattr(what, "pid", None)
    if isinstance(pid, str):
        return open_dataset(pid)
    if isinstance(what, Iterable) and not isinstance(what, (bytes, bytearray)):
        found = [_open(one) for one in what]
        return Datasets([each for one in found for each in (one if isinstance(one, Datasets) else (one,))])
    raise TypeError(tr("sc.open opens a PID, DOI, address, path, hit, or a list of them, not {what}.", what=repr(what)))


@plainly
def search(
    text: str = "",
    *,
    type: str = "",
    where: str = "",
    since: str | date = "",
    until: str | date = "",
    group: str | Sequence[str] = (),
    proposal: str | int | Sequence[str | int] = (),
    instrument: str | Sequence[str] = (),
    sample: str | Sequence[str] = (),
    keywords: str | Sequence[str] = (),
    limit: int | None = None,
) -> Hits:
    """Datasets that you may read and that fit, newest first.

    Parameters
    ----------
    text
        Words to find anywhere in the dataset.
    type
        ``raw``, ``derived`` or a facility's own.
    where
        Conditions on metadata: ``"photon_energy > 9 keV and detector = 'AGIPD'"``.
    since, until
        Bounds of the time the data were taken: ISO 8601 (UTC, without a time the whole day) or a date.
    group, proposal, instrument, sample, keywords
        One or several of each; several are alternatives.
    limit
        At most so many; None for all.

    Returns
    -------
    Hits
        A sequence of handles that shows itself as a table. It can be narrowed (``.where``), sorted (``.sort``), counted
        (``len``, ``.facets``), tabulated with metadata (``.table``), and a loop over it fetches as it goes.

    Raises
    ------
    QueryError
        The conditions can't be understood; the error shows the place.
    ShineCatError
        The catalog does not answer, or your sign-in has expired.

    Examples
    --------
    >>> hits = sc.search("溶菌酶", where="photon_energy > 9 keV", since="2026-09-01")   # doctest: +SKIP
    >>> hits.table("photon_energy [eV]")                                                # doctest: +SKIP
    """
    from . import session
    from .hits import find

    session.begin()
    return find(
        text,
        type=type,
        where=where,
        since=since,
        until=until,
        group=group,
        proposal=proposal,
        instrument=instrument,
        sample=sample,
        keywords=keywords,
        limit=limit,
    )


@plainly
def browse(text: str = "", *, within: Hits | None = None) -> Browser:
    """The catalog's browser in the notebook: search, conditions, details and figures, and a selection.

    Parameters
    ----------
    text
        What stands in its search box at first: words, ``type:raw``, ``group:GET``, and conditions at the end
        (``photon_energy > 9 keV and detector = 'AGIPD'``).
    within
        Hits of ``sc.search``: nothing else is shown.

    Returns
    -------
    Browser
        A widget; ``.selected`` are handles of what is selected in it.

    Examples
    --------
    >>> browser = sc.browse("溶菌酶")           # doctest: +SKIP
    >>> browser                               # doctest: +SKIP
    >>> ds = browser.selected[0]              # doctest: +SKIP
    """
    from . import session
    from .browser import Browser

    session.begin()
    session.client()
    return Browser(text, within.query if within is not None else None)


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
    from .starting import begin

    begin(ipython, quiet=True)


def __dir__() -> builtins.list[str]:
    return sorted(__all__)
