"""The files of a dataset: where they are, and what is in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.files import locate_all
from jupyter_shinecat.locale import tr

from . import archive, pictures, remote, session
from .arrays import find_array, warn_of_missing_sources, warn_of_missing_sources_in
from .dataset_places import DatasetPlaces
from .errors import MissingKey, plainly
from .metadata import Metadata
from .opening import HDF5_SUFFIXES, TABLE_SUFFIXES, not_inside
from .reading import load_filters, reading

if TYPE_CHECKING:
    import h5py
    import numpy as np
    import pandas as pd

    from .images import Image

_LMF_SUFFIXES = (".lmf",)


class DatasetFiles(DatasetPlaces):
    """What a handle does with files; `Dataset` adds what the catalog says."""

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
        opened = self._open_h5(self._choose(file, HDF5_SUFFIXES))
        with record.quiet():
            warn_of_missing_sources_in(opened)
        return opened

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
            self._note("h5", Path(self._h5.filename) if self._h5.driver != "fileobj" else None)
        with reading(wanted.path):
            try:
                found = self._h5[path]
            except KeyError as cause:
                raise MissingKey(not_inside(self._h5, path, wanted.path, cause)) from None
            if hasattr(found, "is_virtual"):
                warn_of_missing_sources(found)
                load_filters(found)
        return found

    def _ipython_key_completions_(self) -> list[str]:
        from .tables import object_paths

        try:
            with record.quiet(), self._open_h5(self._choose(None, HDF5_SUFFIXES)) as file:
                return object_paths(file)
        except (ShineCatError, OSError):
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
            wanted = self._choose(None, HDF5_SUFFIXES, "table")
        else:
            wanted = self._choose(file, (*TABLE_SUFFIXES, *HDF5_SUFFIXES), "table")
        if wanted.path.lower().endswith(TABLE_SUFFIXES):
            source = self._whole(wanted, "table")
            with record.quiet():
                return tables.from_text(source, wanted.path)
        with self._open_h5(wanted, how="table") as opened, reading(wanted.path):
            return tables.from_hdf5(opened, path, wanted.path)

    @plainly
    def array(self, path: str | None = None, file: str | None = None) -> np.ndarray[Any, Any]:
        """An array of an HDF5 file or a picture, all of it in memory (``ds[path]`` reads only what is indexed).

        Parameters
        ----------
        path
            Of the array, or of an NXdata group whose signal is meant; without it the file's default signal (NeXus
            ``@default`` and ``@signal``), else its largest array of numbers.
        file
            Path as in ``.files``, or the end of one; not needed when there is one HDF5 file only.

        Raises
        ------
        FileProblem
            There is no array, or the file can't be opened (see `path`).
        """
        wanted = self._choose(file, HDF5_SUFFIXES, "array")
        if pictures.is_picture(wanted.path):
            source = self._whole(wanted, "array")
            with record.quiet():
                return cast("np.ndarray[Any, Any]", pictures.values(source, wanted.path))
        with self._open_h5(wanted, how="array") as opened, reading(wanted.path):
            found: np.ndarray[Any, Any] = find_array(opened, path, self._record.name)[()]
        return found

    @plainly
    def plot(self, path: str | None = None, file: str | None = None, ax: Any = None) -> Any:
        """A quick look: the NeXus signal over its axes; without NeXus a histogram, or an image of two dimensions.

        Of a picture (TIFF, PNG, JPEG) the picture; of a text file with columns its columns over the first one.

        Parameters
        ----------
        path, file
            As for `array`. Of more than two dimensions the first image is shown (`image` gives any).
        ax
            matplotlib axes to draw into; new ones are made without.

        Returns
        -------
        matplotlib.axes.Axes
            What was drawn, for titles and limits of your own.

        Raises
        ------
        FileProblem
            There is nothing to draw, matplotlib is missing, or the file can't be opened.
        """
        from . import plots, tables

        wanted = self._choose(file, HDF5_SUFFIXES, "plot")
        if pictures.is_picture(wanted.path):
            source = self._whole(wanted, "plot")
            with record.quiet():
                return plots.draw_picture(pictures.one_picture(source, wanted.path, 0), ax)
        if wanted.path.lower().endswith(TABLE_SUFFIXES):
            source = self._whole(wanted, "plot")
            with record.quiet():
                return plots.draw_table(tables.from_text(source, wanted.path), wanted.path, ax)
        with self._open_h5(wanted, how="plot") as opened, reading(wanted.path):
            return plots.draw(opened, path, self._record.name, ax)

    @plainly
    def image(self, n: int = 0, path: str | None = None, file: str | None = None) -> Image:
        """One image of a stack, of which only that one is read; or a picture (TIFF, PNG, JPEG).

        Parameters
        ----------
        n
            Its number, counted over all leading axes; negative from the end.
        path, file
            As for `array`.

        Returns
        -------
        Image
            Shows itself; ``.array`` and ``numpy.asarray`` give its values.

        Raises
        ------
        FileProblem
            There is no image, or no such number.
        """
        from .images import one_image

        wanted = self._choose(file, HDF5_SUFFIXES, "image")
        if pictures.is_picture(wanted.path):
            source = self._whole(wanted, "image")
            with record.quiet():
                return pictures.one_picture(source, wanted.path, n)
        with self._open_h5(wanted, how="image") as opened, reading(wanted.path):
            return one_image(opened, path, n, self._record.name)

    @plainly
    def lmf(self, file: str | None = None) -> Metadata:
        """What the header of a list-mode file says: times, comment, coordinates, events, hardware.

        Parameters
        ----------
        file
            Path as in ``.files``, or the end of one; not needed when there is one list-mode file only.

        Raises
        ------
        FileProblem
            It is no list-mode file, or its header is damaged; or it can't be opened (see `path`).
        """
        from .listmode import header

        wanted = self._choose(file, _LMF_SUFFIXES, "lmf")
        place = self._place(wanted)
        far = self._remote(place, lambda client: remote.head_of(client, self._record.pid, wanted))
        if far is not None:
            self._note("lmf")
            with record.quiet(), far as head:
                return header(head, wanted.path)
        local = self._here(place)
        self._note("lmf", local)
        with record.quiet():
            return header(local, wanted.path)

    @plainly
    def retrieve(self, *, timeout_s: float = 3600.0, poll_s: float = 5.0) -> None:
        """Bring archived files back: start the catalog's job, and wait for its end with a line for each of its steps.

        Where such a job is under way already, it is waited for. Stop the waiting as any cell: the job goes on.

        Parameters
        ----------
        timeout_s
            How long to wait, in seconds; the job goes on afterwards.
        poll_s
            How often to ask, in seconds.

        Raises
        ------
        FileProblem
            They can't be retrieved, the catalog has no such job, or the job failed.
        """
        self._record = archive.retrieve(self._record, timeout_s=timeout_s, poll_s=poll_s, say=print)

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
                "state": [self._state(place) for place in places],
            }
        )
