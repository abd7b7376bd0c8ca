"""Who writes the index: brings in what changed in the store, in the order of changes."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Order, Query

from jupyter_shinecat.catalog.search import about
from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.entry import as_document, build_entry
from jupyter_shinecat.catalog.search.file_names import with_files
from jupyter_shinecat.catalog.search.insights import Insights
from jupyter_shinecat.catalog.search.parts import NotBuilt, Parts, Stopped, number_of_parts
from jupyter_shinecat.catalog.search.schema import open_index
from jupyter_shinecat.catalog.search.terms import asked, unprepared_term
from jupyter_shinecat.catalog.search.view import View
from jupyter_shinecat.catalog.store.store import Store

_log = logging.getLogger(__name__)
_HEAP = 40_000_000
# A new index is written with few large commits: its parts then need not be merged so often.
_LARGE_HEAP = 250_000_000
_BATCH, _LARGE_BATCH = 5_000, 100_000
_BATCH_BYTES, _LARGE_BATCH_BYTES = 32_000_000, 512_000_000
_MANY_KEYS = 200_000
_PLACES = (1_000, 30_000)


class Keeper:
    """Writes one index.

    Parameters
    ----------
    store
        The truth.
    index, columns, change
        An index, and what it says of itself.
    stopping
        Says that somebody waits for the end: a long way is then left for the next start.
    """

    def __init__(
        self, store: Store, index: tantivy.Index, columns: Columns, change: int, stopping: Callable[[], bool]
    ) -> None:
        self._store = store
        self._index = index
        self._columns = columns
        self._change = change
        self._stopping = stopping
        with store.snapshot() as snapshot:
            self._large = snapshot.number_of_changes("dataset", change, _LARGE_BATCH) == _LARGE_BATCH
            # A new index has none of what is changed up to here.
            self._new_until = 0 if change else snapshot.last_change()
        self._writer: tantivy.IndexWriter | None = index.writer(_LARGE_HEAP if self._large else _HEAP, 1)
        self._searcher = index.searcher()
        columns.left_out_before = self._left_out
        self._newest: tuple[int, ...] = ()
        self._measured = -1
        self._insights = Insights()
        self.brought_in = 0  # changes of the latest commit

    @classmethod
    def open(cls, store: Store, folder: Path, stopping: Callable[[], bool]) -> Keeper:
        """The index in ``folder``, or a new one when that is missing, of another version or of another database.

        Raises :class:`.parts.Stopped` when a large one was to be built, and somebody waits for the end.
        """
        state = None
        if folder.exists():
            try:
                index = open_index(folder)
                state = about.read_state(index)
            except BaseException as error:  # a panic counts as a broken file
                _log.warning("the search index can't be opened: %s", error)
            if state is not None and _trusted(store, index, state):
                return cls(store, index, about.read_columns(index), state["change"], stopping)
            _log.info("the search index is built anew")
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        change = _in_parts(store, folder, stopping)
        if change:
            index = open_index(folder)
            return cls(store, index, about.read_columns(index), change, stopping)
        return cls(store, open_index(folder, new=True), Columns(), 0, stopping)

    def catch_up(self) -> View | None:
        """Bring in every change and show the result; None when that was too much for the time left."""
        while self._step():
            if self._stopping() and self._large:
                return None
        if self._large:
            self._settle()
        return View(
            self._index.schema, self._searcher, self._change, self._columns, self._places(self._searcher.num_docs),
            insights=self._insights,
        )  # fmt: skip

    def close(self) -> None:
        """Let the files go."""
        try:
            if self._writer is not None:
                self._writer.wait_merging_threads()
        except BaseException as error:  # panics included
            _log.debug("closing the index: %s", error)

    def _settle(self) -> None:
        """Give back what building took."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
        self._large, self._writer = False, None
        self._writer = self._index.writer(_HEAP, 1)
        self._reload()

    def _step(self) -> bool:
        """Write one commit; whether there is more to do."""
        most, room = (_LARGE_BATCH, _LARGE_BATCH_BYTES) if self._large else (_BATCH, _BATCH_BYTES)
        writer: Any = self._writer
        target, number, more, new = self._change, 0, False, self._change == 0
        with self._store.snapshot() as snapshot:
            # Deletions first, later ones too: a number that became free may stand for a new dataset.
            gone = [] if new else snapshot.deleted_since("dataset", self._change)
            for _change, seq in gone:
                writer.delete_documents_by_term("key", str(seq))
            for row in snapshot.changes("dataset", self._change):
                if row.change > self._new_until:
                    writer.delete_documents_by_term("key", str(row.seq))
                writer.add_document(as_document(build_entry(row.seq, with_files(snapshot, row.doc), self._columns)))
                target, number, room = row.change, number + 1, room - row.size
                full = number == most or room <= 0 or len(self._columns.left_out) > _MANY_KEYS
                if full or (self._large and self._stopping()):
                    more = True
                    break
            if not more:
                target = snapshot.last_change()
        if not number and not gone and self._change:
            # Other kinds changed only: nothing to write, the index is as new as the store.
            self._change = target
            return more
        about.write_state(writer, self._store.uuid, target)
        if new or self._columns.changed:
            about.write_columns(writer, self._columns)
            self._columns.changed = False
        writer.commit()
        self._change, self.brought_in = target, number
        self._reload()
        return more

    def _reload(self) -> None:
        self._index.reload()
        self._searcher = self._index.searcher()
        self._columns.left_out.clear()

    def _left_out(self, path: str) -> bool:
        """Whether the index has numbers at ``path`` that are in no column."""
        return bool(self._searcher.doc_freq("eq", asked(unprepared_term(path))))

    def _places(self, number: int) -> tuple[int, ...]:
        """Order keys at some places of the list, newest first; old ones are as good for a while."""
        if abs(number - self._measured) > 1000 + self._measured // 20:
            self._newest, self._measured = tuple(self._place(place) for place in _PLACES if place < number), number
        return self._newest

    def _place(self, place: int) -> int:
        hits = self._searcher.search(
            Query.all_query(), 1, count=False, order_by_field="order", offset=place - 1, order=Order.Desc
        ).hits
        return int(hits[0][0])


def _in_parts(store: Store, folder: Path, stopping: Callable[[], bool]) -> int:
    """Build a large index by several processes; gives the change it has, 0 where that is no use or does not work."""
    with store.snapshot() as snapshot:
        large = snapshot.number_of_changes("dataset", 0, _LARGE_BATCH) == _LARGE_BATCH
    number = number_of_parts()
    if not large or number < 2:
        return 0
    if stopping():
        raise Stopped
    try:
        return Parts(store, folder, number, stopping).build()
    except Stopped:
        raise
    except NotBuilt as why:
        _log.warning("the search index is built by one process, since several did not work: %s", why)
        shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        return 0


def _trusted(store: Store, index: tantivy.Index, state: dict[str, Any]) -> bool:
    if state.get("version") != about.current_version() or state.get("uuid") != store.uuid:
        return False
    with store.snapshot() as snapshot:
        if state["change"] > snapshot.last_change():
            return False
        expected = snapshot.count("dataset")
        changed = snapshot.number_of_changes("dataset", state["change"], _BATCH)
        deleted = len(snapshot.deleted_since("dataset", state["change"]))
    # What changed since may be new or not, so the number is known within these bounds only.
    found = index.searcher().num_docs - about.NUMBER_OF_NOTES
    return bool(expected - changed <= found <= expected + deleted) or changed == _BATCH
