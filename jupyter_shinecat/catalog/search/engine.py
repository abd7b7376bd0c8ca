"""Finding, counting and counting by value: the index proposes, the truth decides."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from jupyter_shinecat.catalog.access import Visible
from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.search import notes
from jupyter_shinecat.catalog.search.asked_facets import Facet
from jupyter_shinecat.catalog.search.condition import Condition, both
from jupyter_shinecat.catalog.search.cursor import Cursors, behind
from jupyter_shinecat.catalog.search.facets import tallied
from jupyter_shinecat.catalog.search.index import DatasetIndex
from jupyter_shinecat.catalog.search.indexed import Behind, Doubt, IndexedSearch
from jupyter_shinecat.catalog.search.options import Limits
from jupyter_shinecat.catalog.search.ordering import in_order
from jupyter_shinecat.catalog.search.patience import Patience, begin, kept
from jupyter_shinecat.catalog.search.read_before import ReadBefore
from jupyter_shinecat.catalog.search.scan import matching, named_ids
from jupyter_shinecat.catalog.store.documents import Doc, Row, Snapshot
from jupyter_shinecat.catalog.store.store import Store

T = TypeVar("T")
_log = logging.getLogger(__name__)
_CATCH_UP_S = 2.0


class Engine:
    """Answers conditions over one store; what a caller may see is always an argument of its own.

    Parameters
    ----------
    store
        The truth.
    index_folder
        Where the index of datasets lies.
    """

    def __init__(self, store: Store, index_folder: Path) -> None:
        self._store = store
        self.index = DatasetIndex(store, index_folder)
        self._cursors = Cursors(store)
        self._read_before = ReadBefore()

    def close(self) -> None:
        """Let the index's files go."""
        self.index.close()

    @staticmethod
    def begin(seconds: float, size_bytes: int) -> None:
        """Limit what this thread's next request may take; see :class:`.patience.Patience`."""
        begin(Patience(seconds, size_bytes))

    @staticmethod
    def take_notes(*, explain: bool, everything: bool) -> notes.Notes:
        """Note what this thread's next request has to say beside its body; see :class:`.notes.Notes`."""
        taken = notes.Notes(explain=explain, everything=everything)
        notes.begin(taken)
        return taken

    def calm(self, seconds: float) -> None:
        """Wait until the index has what was stored before; a 503 when it does not get there in time.

        Without an index there is nothing to wait for.
        """
        if self.index.view is not None and not self.index.wait(self._last_change(), seconds):
            raise Refused(503, "The catalog is busy with large documents. Try again.", headers={"Retry-After": "5"})

    def find(self, kind: str, where: Condition, visible: Visible, limits: Limits) -> list[Doc]:
        """The documents that fulfil ``where`` and are visible, in order, within the limits."""
        return [doc for _id, doc in self.rows(kind, where, visible, limits)]

    def rows(self, kind: str, where: Condition, visible: Visible, limits: Limits) -> list[tuple[str, Doc]]:
        """Like :meth:`find`, as pairs of id and document."""
        if limits.cursor is None:
            found = self._rows(kind, where, visible, limits)
        else:
            found = self._cursors.page(
                kind, where, limits,
                lambda narrowed, some: self._rows(kind, narrowed, visible, some),
                lambda order, after, number: self._answer(
                    kind, where, visible,
                    lambda search: search.behind(where, order, after, number),
                    lambda snapshot: behind(matching(snapshot, kind, where, visible), kind, order, after, number),
                ),
            )  # fmt: skip
        return [(row.id, row.doc) for row in found]

    def _rows(self, kind: str, where: Condition, visible: Visible, limits: Limits) -> list[Row]:
        first, end = limits.skip, limits.skip + limits.limit

        def scanned(snapshot: Snapshot) -> list[Row]:
            found = matching(snapshot, kind, where, visible)
            if not limits.order:
                return list(kept(islice(found, first, end)))
            return in_order(kept(found), kind, limits.order)[first:end]

        return self._answer(kind, where, visible, lambda search: search.rows(where, limits), scanned)

    def count(self, kind: str, where: Condition, visible: Visible) -> int:
        """How many documents fulfil ``where`` and are visible."""

        def scanned(snapshot: Snapshot) -> int:
            return sum(1 for _ in matching(snapshot, kind, where, visible))

        return self._answer(kind, where, visible, lambda search: search.count(where), scanned)

    def facets(
        self, kind: str, parts: dict[str, Condition], facets: list[Facet], visible: Visible
    ) -> dict[str, list[dict[str, Any]]]:
        """Counts by value for each facet; a facet's own part is left out of its own count."""

        own = {facet.field: parts[facet.field] for facet in facets if facet.field in parts}
        common = both(*(part for name, part in parts.items() if name not in own))
        # All facets that nothing is asked about share one condition.
        asked = [(both(*parts.values()), [facet for facet in facets if facet.field not in parts])]
        for facet in facets:
            if facet.field in parts:
                others = both(*(part for name, part in parts.items() if name != facet.field))
                asked.append((others, [facet]))

        def answered(some: list[tuple[Condition, list[Facet]]]) -> list[tuple[dict[str, Any], int]]:
            where, first = some[0]
            # The index answers all of them at one moment; what is read may be read by the index for the next.
            return self._answer(
                kind,
                where,
                visible,
                lambda search: search.facets_of(some, common, own),
                lambda snapshot: [tallied(matching(snapshot, kind, where, visible), first)],
            )

        counted: list[tuple[dict[str, Any], int]] = []
        while len(counted) < len(asked):
            counted += answered(asked[len(counted) :])
        result = {name: counts for found, _total in counted for name, counts in found.items()}
        return {**{facet.name: result[facet.name] for facet in facets}, "all": [{"totalSets": counted[0][1]}]}

    def metadata_keys(self, kind: str, where: Condition, field: str, visible: Visible) -> list[str]:
        """Names of the top keys of the metadata ``field`` in visible documents, sorted."""

        def collected(rows: Iterator[Row]) -> list[str]:
            return sorted({key for row in rows for key in row.doc.get(field) or {}})

        def indexed(search: IndexedSearch) -> list[str]:
            keys = search.metadata_keys(where)
            return collected(search.all_rows(where)) if keys is None else keys

        return self._answer(
            kind, where, visible, indexed, lambda snapshot: collected(matching(snapshot, kind, where, visible))
        )

    # -- which way --

    def _answer(
        self,
        kind: str,
        where: Condition,
        visible: Visible,
        indexed: Callable[[IndexedSearch], T],
        scanned: Callable[[Snapshot], T],
    ) -> T:
        with notes.current().step(kind) as step:
            found = self._found(kind, where, visible, indexed, scanned, step)
            if step is not None:
                step.end(found)
            return found

    def _found(
        self,
        kind: str,
        where: Condition,
        visible: Visible,
        indexed: Callable[[IndexedSearch], T],
        scanned: Callable[[Snapshot], T],
        step: notes.Step | None,
    ) -> T:
        """By the index where there is one; by reading where the condition names ids, or the index fails."""
        broken = ""
        if kind == "dataset":
            for attempt in (1, 2):
                try:
                    with self._search(where, visible) as search:
                        if search is None:
                            break
                        if step is not None:
                            search.explain(where, step)
                        return indexed(search)
                except Behind:
                    if attempt == 2 or not self.index.wait(self._last_change(), _CATCH_UP_S):
                        _log.info("the search index is behind; reading the documents instead")
                        break
                except Refused:
                    raise
                except Doubt as doubt:
                    self.index.distrust(str(doubt))
                    break
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException as error:  # a panic of tantivy is no Exception
                    broken = f"{type(error).__name__}: {error}"[:1000]
                    break
        try:
            with self._store.snapshot() as snapshot:
                if step is not None:
                    step.say(**self._unindexed(snapshot, kind, where))
                return scanned(snapshot)
        except Refused:
            raise
        except Exception:
            broken = ""  # the documents have no answer either: it is not the index that is wrong
            raise
        finally:
            if broken:
                self.index.distrust(broken)

    def _unindexed(self, snapshot: Snapshot, kind: str, where: Condition) -> dict[str, str]:
        """Why documents are read."""
        if named_ids(snapshot, kind, where) is not None:
            return {"way": "ids", "why": "the question names what may be found"}
        if kind != "dataset":
            return {"way": "documents", "why": "only datasets have an index"}
        built = self.index.view is not None
        return {"way": "documents", "why": "the index is behind" if built else "the index is being built"}

    @contextmanager
    def _search(self, where: Condition, visible: Visible) -> Iterator[IndexedSearch | None]:
        view = self.index.view  # before the snapshot: what came between is then in "changed since"
        with self._store.snapshot() as snapshot:
            if view is None or named_ids(snapshot, "dataset", where) is not None:
                yield None
            else:
                yield IndexedSearch(view, snapshot, visible, self._read_before)

    def _last_change(self) -> int:
        with self._store.snapshot() as snapshot:
            return snapshot.last_change()
