"""The tantivy index of datasets: kept beside the store, never trusted over it, built anew on any doubt."""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import tantivy

from jupyter_shinecat.catalog.search.entry import VERSION, build_entry, build_schema
from jupyter_shinecat.catalog.store.store import Store

_log = logging.getLogger(__name__)
_HEAP = 60_000_000
_BATCH = 5_000
_GATHER_S = 0.05
_RETRY_S = 5.0


@dataclass(frozen=True)
class View:
    """A state of the index that doesn't change any more: all changes up to ``change`` are in it."""

    index: tantivy.Index
    searcher: tantivy.Searcher
    change: int


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
        self._doubt = False
        self._closing = False
        self._wake = threading.Condition()
        self._changed = True
        self._thread = threading.Thread(target=self._run, name="catalog-index", daemon=True)
        store.listen(self._on_commit)
        self._thread.start()

    @property
    def view(self) -> View | None:
        """The newest state; None while there is none to be trusted."""
        return self._view

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
            return self._wake.wait_for(lambda: self._view is not None and self._view.change >= change, timeout_s)

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
        keeper: _Keeper | None = None
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._changed or self._closing)
                closing, doubt = self._closing, self._doubt
                self._changed = self._doubt = False
                if not closing:
                    # Gather what comes in the same moment: one commit takes as long as many documents.
                    self._wake.wait_for(lambda: self._closing, _GATHER_S)
            try:
                if doubt and keeper is not None:
                    keeper.close()
                    keeper = None
                    shutil.rmtree(self._folder, ignore_errors=True)
                if keeper is None:
                    keeper = _Keeper.open(self._store, self._folder)
                self._publish(keeper)
            except BaseException as error:  # tantivy's panics are no Exception; the catalog goes on without an index
                self._view = None
                _log.error("the search index failed; searches read the documents meanwhile: %s", error)
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

    def _publish(self, keeper: _Keeper) -> None:
        view = keeper.catch_up()
        with self._wake:
            if not self._doubt:
                self._view = view
            self._wake.notify_all()


class _Keeper:
    """Writes one index."""

    def __init__(self, store: Store, index: tantivy.Index, change: int) -> None:
        self._store = store
        self._index = index
        self._writer = index.writer(_HEAP, 1)
        self._change = change

    @classmethod
    def open(cls, store: Store, folder: Path) -> _Keeper:
        """The index in ``folder``, or a new one when that is missing, of another version or of another database."""
        state = None
        if folder.exists():
            try:
                index = tantivy.Index(build_schema(), str(folder), reuse=True)
                state = read_state(index)
            except BaseException as error:  # a panic counts as a broken file
                _log.warning("the search index can't be opened: %s", error)
            if state is not None and cls._trusted(store, index, state):
                return cls(store, index, state["change"])
            _log.info("the search index is built anew")
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        return cls(store, tantivy.Index(build_schema(), str(folder), reuse=False), 0)

    @staticmethod
    def _trusted(store: Store, index: tantivy.Index, state: dict[str, Any]) -> bool:
        if state.get("version") != current_version() or state.get("uuid") != store.uuid:
            return False
        with store.snapshot() as snapshot:
            if state["change"] > snapshot.last_change():
                return False
            expected = snapshot.count("dataset")
            changed = len(snapshot.changed_since("dataset", state["change"], _BATCH))
            deleted = len(snapshot.deleted_since("dataset", state["change"]))
        # What changed since may be new or not, so the number is known within these bounds only.
        found = index.searcher().num_docs - 1
        return bool(expected - changed <= found <= expected + deleted) or changed == _BATCH

    def catch_up(self) -> View:
        """Bring in every change and show the result."""
        while True:
            with self._store.snapshot() as snapshot:
                rows = snapshot.changed_since("dataset", self._change, _BATCH)
                full = len(rows) == _BATCH
                target = rows[-1].change if full else snapshot.last_change()
                deleted = [(n, seq) for n, seq in snapshot.deleted_since("dataset", self._change) if n <= target]
            if not rows and not deleted and self._change:
                # Other kinds changed only: nothing to write, the index is as new as the store.
                self._change = target
                break
            for _number, seq in deleted:
                self._writer.delete_documents_by_term("key", str(seq))
            for row in rows:
                self._writer.delete_documents_by_term("key", str(row.seq))
                self._writer.add_document(build_entry(row.seq, row.doc))
            self._writer.delete_documents_by_term("state", "state")
            self._writer.add_document(_state_entry(self._store.uuid, target))
            self._writer.commit()
            self._change = target
            if not full:
                break
        self._index.reload()
        return View(self._index, self._index.searcher(), self._change)

    def close(self) -> None:
        """Let the files go."""
        try:
            self._writer.wait_merging_threads()
        except BaseException as error:  # panics included
            _log.debug("closing the index: %s", error)


def current_version() -> str:
    """What an index made now would say of itself: our version of entries, and the engine's."""
    return f"{VERSION}/{metadata.version('tantivy')}"


def _state_entry(uuid: str, change: int) -> tantivy.Document:
    entry = tantivy.Document()
    entry.add_text("state", "state")
    entry.add_text(
        "state", msgspec.json.encode({"uuid": uuid, "change": change, "version": current_version()}).decode()
    )
    return entry


def read_state(index: tantivy.Index) -> dict[str, Any] | None:
    """What an index says of itself: ``uuid``, ``change``, ``version``; None when it says nothing."""
    index.reload()
    searcher = index.searcher()
    found = searcher.search(tantivy.Query.term_query(index.schema, "state", "state", "basic"), 2).hits
    if len(found) != 1:
        return None
    for text in searcher.doc(found[0][1])["state"]:
        if text != "state":
            state: dict[str, Any] = msgspec.json.decode(text)
            return state
    return None
