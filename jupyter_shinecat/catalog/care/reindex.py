"""Building the search index anew."""

from __future__ import annotations

import shutil
from pathlib import Path

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.catalog.search.index import DatasetIndex
from jupyter_shinecat.catalog.store.store import Store
from jupyter_shinecat.locale import tr

from .reading import reading


def reindex(folder: Path, *, timeout_s: float = 3600) -> int:
    """Remove a stopped catalog's index and build it anew; gives the number of datasets in it.

    Raises
    ------
    CatalogError
        There is no catalog, a server runs, or the index can't be built.
    """
    with reading(folder):
        pass  # says so when there is none, instead of making one
    store = Store(folder)
    try:
        shutil.rmtree(folder / "index", ignore_errors=True)
        with store.snapshot() as snapshot:
            change, number = snapshot.last_change(), snapshot.count("dataset")
        index = DatasetIndex(store, folder / "index")
        try:
            if not index.wait(change, timeout_s):
                raise CatalogError(
                    tr("The index of {folder} could not be built in {seconds} s.", folder=folder, seconds=timeout_s),
                    left=tr("The documents are untouched; a server builds the index when it starts."),
                    do=tr("Look at the log for its reason."),
                )
        finally:
            index.close()
    finally:
        store.close()
    return number
