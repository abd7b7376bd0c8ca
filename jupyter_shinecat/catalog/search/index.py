"""The tantivy index of datasets: kept beside the store, never trusted over it, built anew on any doubt."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path

from jupyter_shinecat.catalog.search.keeper import Keeper
from jupyter_shinecat.catalog.search.parts import Stopped
from jupyter_shinecat.catalog.search.view import View
from jupyter_shinecat.catalog.store.store import Store

_log = logging.getLogger(__name__)
# What comes in the same moment is gathered, since a commit takes as long as many documents; where much comes, longer.
_GATHER_S, _GATHER_MUCH_S = 0.2, 0.6
_MUCH = 50
_RETRY_S = 5.0


class DatasetIndex:
    """Follows the store in a thread of its own.

    Parameters
    ----------
    store
        The truth.
    folder
        The index's folder; removed and made anew when it is in doubt.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._view: View | None = None
        self._failed = False
        self._doubt = False
        self._closing = False
        self._wake = threading.Condition()
        self._changed = True
        self._waiting = 0
        self._thread = threading.Thread(target=self._run, name="catalog-index", daemon=True)
        store.listen(self._on_commit)
        self._thread.start()

    @property
    def view(self) -> View | None:
        """The newest state; None while there is none to be trusted."""
        return self._view

    @property
    def failed(self) -> bool:
        """Whether it could not be built; it is tried again, but a damaged document stays damaged."""
        return self._failed

    def distrust(self, why: str) -> None:
        """Stop using the index and build it anew."""
        _log.warning("the search index is built anew: %s", why)
        self._view = None
        with self._wake:
            self._doubt = self._changed = True
            self._wake.notify_all()

    def wait(self, change: int, timeout_s: float) -> bool:
        """Wait until the changes up to ``change`` are in; False when the time is over."""
        with self._wake:
            self._waiting += 1
            self._wake.notify_all()
            try:
                return self._wake.wait_for(lambda: self._view is not None and self._view.change >= change, timeout_s)
            finally:
                self._waiting -= 1

    def close(self) -> None:
        """Bring in what is missing, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()

    def _on_commit(self) -> None:
        with self._wake:
            self._changed = True
            self._wake.notify_all()

    # -- the thread --

    def _run(self) -> None:
        keeper: Keeper | None = None
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._changed or self._closing)
                closing, doubt = self._closing, self._doubt
                self._changed = self._doubt = False
                if not closing and keeper is not None:
                    self._gather(keeper)
            try:
                if doubt and keeper is not None:
                    keeper.close()
                    keeper = None
                    shutil.rmtree(self._folder, ignore_errors=True)
                if keeper is None:
                    keeper = Keeper.open(self._store, self._folder, lambda: self._closing)
                self._publish(keeper)
                self._failed = False
            except Stopped:
                _log.info("the search index is built at the next start")
            except BaseException as error:  # tantivy's panics are no Exception; the catalog goes on without an index
                self._view = None
                self._failed = True
                _log.error(
                    "the search index failed; searches read the documents meanwhile (shinecat catalog check says "
                    "whether a document is damaged): %s", error,
                )  # fmt: skip
                if keeper is not None:
                    keeper.close()
                    keeper = None
                shutil.rmtree(self._folder, ignore_errors=True)
                with self._wake:
                    self._changed = True
                    self._wake.wait_for(lambda: self._closing, _RETRY_S)
            if closing:
                if keeper is not None:
                    keeper.close()
                return

    def _gather(self, keeper: Keeper) -> None:
        if not self._wake.wait_for(lambda: self._closing, _GATHER_S) and keeper.brought_in > _MUCH:
            self._wake.wait_for(lambda: self._closing or self._waiting > 0, _GATHER_MUCH_S - _GATHER_S)

    def _publish(self, keeper: Keeper) -> None:
        view = keeper.catch_up()
        with self._wake:
            if view is not None and not self._doubt:
                self._view = view
            self._wake.notify_all()
