"""A dataset in a variable."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_shinecat import record
from jupyter_shinecat.files import Located, locate, locate_all
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, BadRequest, CatalogClient, DataFile, NotFound, operations, quote_pid
from jupyter_shinecat.scicat import Dataset as Record

from . import session
from .card import dataset_html, dataset_text
from .errors import FileProblem, MissingKey, file_problem, plainly
from .metadata import Metadata
from .opening import HDF5_SUFFIXES, TABLE_SUFFIXES, choose, not_hdf5, not_inside, read_only

if TYPE_CHECKING:
    import h5py
    import pandas as pd


class Dataset:
    """A dataset of the catalog; made by ``sc.open`` and by the hits of ``sc.search``.

    Examples
    --------
    >>> ds = sc.open("20.500.12269/4f1c")              # doctest: +SKIP
    >>> ds.metadata.photon_energy.to("eV")             # doctest: +SKIP
    >>> with ds.h5() as f:                             # doctest: +SKIP
    ...     frame = f["/entry/data/data"][0]
    """

    def __init__(self, record_: Record) -> None:
        self._record = record_
        self._listed: list[DataFile] | None = record_.files or None
        self._h5: Any = None
        self._h5_key: tuple[int, str] | None = None

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def pid(self) -> str:
        """Persistent identifier."""
        return self._record.pid

    @property
    def name(self) -> str:
        """Name."""
        return self._record.name

    @property
    def type(self) -> str:
        """``raw``, ``derived`` or a facility's own type."""
        return self._record.type

    @property
    def owner_group(self) -> str:
        """Group that owns it."""
        return self._record.owner_group

    @property
    def keywords(self) -> list[str]:
        """Keywords."""
        return self._record.keywords

    @property
    def description(self) -> str:
        """Free text."""
        return self._record.description

    @property
    def input_pids(self) -> list[str]:
        """Identifiers of the datasets that a derived dataset was made from."""
        return self._record.input_datasets

    @property
    def metadata(self) -> Metadata:
        """Scientific metadata: ``ds.metadata.photon_energy``, ``ds.metadata["detector/distance"].to("mm")``."""
        return Metadata(self._record.metadata, name=self.name, used=lambda: self._note("metadata"))

    @property
    def raw(self) -> dict[str, Any]:
        """The catalog's own document."""
        self._note("metadata")
        return dict(self._record.doc)

    def __repr__(self) -> str:
        return dataset_text(self._record)

    def _repr_html_(self) -> str:
        return dataset_html(self._record, self._listed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and other.pid == self.pid

    def __hash__(self) -> int:
        return hash(self.pid)

    # -- its files -----------------------------------------------------------------------------------------------

    @property
    def files(self) -> pd.DataFrame:
        """All files: ``path`` in the dataset, ``size`` in bytes, ``time``, ``local`` path and ``state`` here."""
        return self._files()

    @plainly
    def path(self, file: str | None = None) -> Path:
        """Path of a file on this machine, for any program.

        Parameters
        ----------
        file
            Path as in ``.files``, or the end of one; not needed when there is one file only.

        Raises
        ------
        FileProblem
            It is gone, moved, truncated, unreadable or not on this machine; or several fit.
        """
        found = self._locate(self._choose(file, (), "path"))
        self._note("path", found)
        return found

    @plainly
    def h5(self, file: str | None = None) -> h5py.File:
        """An HDF5 file of the dataset, open for reading only.

        Parameters
        ----------
        file
            Path as in ``.files``, or the end of one; not needed when there is one HDF5 file only.

        Returns
        -------
        h5py.File
            An ordinary one; close it, or use it in ``with``.

        Raises
        ------
        FileProblem
            It is no HDF5 file, or it can't be opened (see `path`).
        """
        return self._open_h5(self._choose(file, HDF5_SUFFIXES))

    @plainly
    def __getitem__(self, path: str) -> Any:
        """An object inside the HDF5 file, by its path; data are read when they are indexed."""
        if not isinstance(path, str):
            raise TypeError(tr("An object in the file is named by its path as text, not by {what}.", what=repr(path)))
        wanted = self._choose(None, HDF5_SUFFIXES)
        key = (os.getpid(), wanted.path)
        if self._h5 is None or not self._h5 or self._h5_key != key:
            self._h5, self._h5_key = self._open_h5(wanted), key
        else:
            self._note("h5", Path(self._h5.filename))
        try:
            return self._h5[path]
        except KeyError:
            raise MissingKey(not_inside(self._h5, path, wanted.path)) from None

    def _ipython_key_completions_(self) -> list[str]:
        from .tables import object_paths

        try:
            with record.quiet(), self._open_h5(self._choose(None, HDF5_SUFFIXES)) as file:
                return object_paths(file)
        except (FileProblem, OSError):
            return []

    @plainly
    def table(self, file: str | None = None, path: str | None = None) -> pd.DataFrame:
        """A table of the dataset.

        Parameters
        ----------
        file
            Path as in ``.files``, or the end of one: CSV or other text with columns, or HDF5.
        path
            In an HDF5 file, what to take: a compound dataset, a 1-D or 2-D dataset, or a group (NXdata, or columns side
            by side). Without it the default plot of the file, else the first table in it.

        Raises
        ------
        FileProblem
            There is no table in it, or it can't be opened (see `path`).
        """
        from . import tables

        if file is None and path is not None:
            wanted = self._choose(None, HDF5_SUFFIXES)
        else:
            wanted = self._choose(file, (*TABLE_SUFFIXES, *HDF5_SUFFIXES), "table")
        if wanted.path.lower().endswith(TABLE_SUFFIXES):
            local = self._locate(wanted)
            self._note("table", local)
            with record.quiet():
                return tables.from_text(local, wanted.path)
        with self._open_h5(wanted, how="table") as opened:
            return tables.from_hdf5(opened, path, wanted.path)

    # -- inside --------------------------------------------------------------------------------------------------

    @plainly
    def _files(self) -> pd.DataFrame:
        import pandas as pd

        listed = self._list()
        places = list(locate_all(self._record, listed, session.path_maps()))
        for place in places:
            self._belongs(place)
        return pd.DataFrame(
            {
                "path": [file.path for file in listed],
                "size": [file.size_bytes for file in listed],
                "time": pd.to_datetime(
                    pd.Series([file.time for file in listed], dtype=object), utc=True, errors="coerce", format="mixed"
                ),
                "local": [str(place.path) if place.path else None for place in places],
                "state": [place.state for place in places],
            }
        )

    def _list(self) -> list[DataFile]:
        if self._listed is None:
            self._listed = session.ask(lambda catalog: catalog.files(self.pid))
        return self._listed

    def _choose(self, name: str | None, suffixes: Sequence[str], method: str = "h5") -> DataFile:
        return choose(self._record, self._list(), name, suffixes, method)

    def _locate(self, file: DataFile) -> Path:
        place = locate(self._record, file, session.path_maps())
        self._belongs(place)
        if place.path is None or place.state not in ("ok", "changed"):
            raise file_problem(place.state, place.reason, place.do)
        if place.state == "changed":
            warnings.warn(place.reason, UserWarning, stacklevel=5)
        return place.path

    def _belongs(self, place: Located) -> None:
        recorder = record.current()
        if recorder is not None and place.path is not None:
            recorder.belongs(str(place.path), self.pid)

    def _open_h5(self, file: DataFile, how: str = "h5") -> Any:
        local = self._locate(file)
        try:
            with record.quiet():
                opened = read_only(local)
        except OSError as cause:
            raise not_hdf5(local, file.path, cause) from None
        self._note(how, local)
        return opened

    def _note(self, how: str, path: Path | None = None) -> None:
        recorder = record.current()
        if recorder is not None:
            recorder.read(self.pid, how=how, path=str(path) if path else None)


def open_dataset(pid: str) -> Dataset:
    """Fetch a dataset; who may not read it learns no more than who invents its PID."""
    pid = pid.strip()
    try:
        if not pid:
            raise NotFound("")
        found = session.ask(lambda catalog: _fetch(catalog, pid))
    except (NotFound, AccessDenied):
        error = NotFound(
            tr("The catalog has no dataset {pid}, or not for you.", pid=pid or '""'),
            do=tr("Check the PID (sc.search finds it by words); its owner group decides who may read it."),
        )
        error.status = 404
        raise error from None
    return handle(found)


def _fetch(catalog: CatalogClient, pid: str) -> Record:
    """The dataset with its files in one call; who has no account gets at public data by the older route only."""
    path = f"/api/v4/datasets/{quote_pid(pid)}?include=origdatablocks"
    try:
        found = catalog.send(operations.Operation(tr("read the dataset"), "GET", path, Record, subject=pid))
        if found.doc and found.pid:
            return found
    except (AccessDenied, BadRequest, NotFound):
        pass
    return catalog.dataset(pid)


def handle(found: Record) -> Dataset:
    """A handle of what the catalog told; from now on the dataset may have been read."""
    recorder = record.current()
    if recorder is not None:
        recorder.read(found.pid, how="open", certain=False)
    return Dataset(found)
