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
from jupyter_shinecat.catalog.search.asked_facets import Facet
from jupyter_shinecat.catalog.search.condition import Condition, both
from jupyter_shinecat.catalog.search.facets import tallied
from jupyter_shinecat.catalog.search.index import DatasetIndex
from jupyter_shinecat.catalog.search.indexed import Behind, Doubt, IndexedSearch
from jupyter_shinecat.catalog.search.options import Limits, sort_value
from jupyter_shinecat.catalog.search.patience import Patience, begin, kept
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

    def close(self) -> None:
        """Let the index's files go."""
        self.index.close()

    @staticmethod
    def begin(seconds: float, size_bytes: int) -> None:
        """Limit what this thread's next request may take; see :class:`.patience.Patience`."""
        begin(Patience(seconds, size_bytes))

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

        def indexed(search: IndexedSearch) -> list[Row]:
            return search.rows(where, limits)

        def scanned(snapshot: Snapshot) -> list[Row]:
            found = matching(snapshot, kind, where, visible)
            if not limits.order:
                return list(kept(islice(found, limits.skip, limits.skip + limits.limit)))
            docs = [(row, row.doc) for row in kept(found)]
            for path, descending in reversed(limits.order):
                docs.sort(key=lambda pair: sort_value(pair[1], path), reverse=descending)
            return [row for row, _doc in docs[limits.skip : limits.skip + limits.limit]]

        return [(row.id, row.doc) for row in self._answer(kind, where, visible, indexed, scanned)]

    def count(self, kind: str, where: Condition, visible: Visible) -> int:
        """How many documents fulfil ``where`` and are visible."""

        def scanned(snapshot: Snapshot) -> int:
            return sum(1 for _ in matching(snapshot, kind, where, visible))

        return self._answer(kind, where, visible, lambda search: search.count(where), scanned)

    def facets(
        self, kind: str, parts: dict[str, Condition], facets: list[Facet], visible: Visible
    ) -> dict[str, list[dict[str, Any]]]:
        """Counts by value for each facet; a facet's own part is left out of its own count."""

        def counted(where: Condition, some: list[Facet]) -> tuple[dict[str, Any], int]:
            return self._answer(
                kind,
                where,
                visible,
                lambda search: search.facets(where, some),
                lambda snapshot: tallied(matching(snapshot, kind, where, visible), some),
            )

        # All facets that nothing is asked about share one condition.
        result, total = counted(both(*parts.values()), [facet for facet in facets if facet.field not in parts])
        for facet in facets:
            if facet.field in parts:
                others = both(*(part for name, part in parts.items() if name != facet.field))
                result.update(counted(others, [facet])[0])
        return {**{facet.name: result[facet.name] for facet in facets}, "all": [{"totalSets": total}]}

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
        """By the index where there is one; by reading where the condition names ids, or the index fails."""
        if kind == "dataset":
            for attempt in (1, 2):
                try:
                    with self._search(where, visible) as search:
                        if search is None:
                            break
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
                    self.index.distrust(f"{type(error).__name__}: {error}")
                    break
        with self._store.snapshot() as snapshot:
            return scanned(snapshot)

    @contextmanager
    def _search(self, where: Condition, visible: Visible) -> Iterator[IndexedSearch | None]:
        view = self.index.view  # before the snapshot: what came between is then in "changed since"
        with self._store.snapshot() as snapshot:
            if view is None or named_ids(snapshot, "dataset", where) is not None:
                yield None
            else:
                yield IndexedSearch(view, snapshot, visible)

    def _last_change(self) -> int:
        with self._store.snapshot() as snapshot:
            return snapshot.last_change()
