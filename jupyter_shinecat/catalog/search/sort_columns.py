"""By what hits are ordered: from the index's columns where these tell it, else from that one field of the documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tantivy import DocAddress, Occur, Order, Query

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.search.compile import is_told_by_terms
from jupyter_shinecat.catalog.search.facet_texts import NOTHING, TOO_LONG, value_of
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.options import sort_rank, sort_value
from jupyter_shinecat.catalog.search.paths import split
from jupyter_shinecat.catalog.search.patience import timed
from jupyter_shinecat.catalog.search.read_before import ReadBefore, Values
from jupyter_shinecat.catalog.search.schema import FACETS
from jupyter_shinecat.catalog.search.terms import asked, exists_term, odd_term, unprepared_term
from jupyter_shinecat.catalog.search.view import View
from jupyter_shinecat.catalog.store.documents import Snapshot

_TEXTS = frozenset(FACETS)  # a column of names, nearly all different, is slower than the documents
_READ_AT_ONCE = 5000


class SortColumns:
    """Values to order by, of all hits of a question.

    Parameters
    ----------
    view, snapshot
        The index and the documents.
    query
        Finds the hits.
    read_before
        Values that were read before.
    """

    def __init__(self, view: View, snapshot: Snapshot, query: Query, read_before: ReadBefore) -> None:
        self._read_before = read_before
        self._view = view
        self._snapshot = snapshot
        self._query = query
        self._all = max(view.searcher.num_docs, 1)
        self._addresses, self.seqs = self._hits(query)

    def of(self, path: str) -> Values:
        """By ``seq``, what :func:`.options.sort_value` gives for the field."""
        if path == "pid":
            return {seq: (2, id) for seq, id in self._snapshot.ids("dataset", self.seqs).items()}
        told = is_told_by_terms(split(path))
        found = None
        if path in _TEXTS:
            found = self._texts(path)
        elif told and (column := self._view.columns.of(path)) is not None:
            found = self._numbers(path, column)
        if found is not None:
            return found
        if not told:
            return self._read(path, self.seqs)
        there = [(Occur.Must, self._query), (Occur.Must, self._term(exists_term(path)))]
        return {**dict.fromkeys(self.seqs, (0, 0)), **self._read(path, self._hits(Query.boolean_query(there))[1])}

    # -- where values come from --

    def _texts(self, path: str) -> Values | None:
        """From a column of texts; None where some have several."""
        field, searcher = f"f_{path}", self._view.searcher
        counted: Any = searcher.aggregate(self._query, {"all": {"value_count": {"field": field}}})
        if int(counted["all"]["value"]) != len(self.seqs):
            return None
        hits = searcher.search(self._query, self._all, count=False, order_by_field=field, order=Order.Asc).hits
        seqs = self._seqs([address for _text, address in hits])
        ranks: dict[str, tuple[int, Any]] = {}
        found: Values = {}
        unknown = []
        for seq, (text, _address) in zip(seqs, hits, strict=True):
            key = str(text)
            if key == TOO_LONG:
                unknown.append(seq)
                continue
            rank = ranks.get(key)
            if rank is None:
                rank = ranks[key] = (0, 0) if key == NOTHING else sort_rank(value_of(key))
            found[seq] = rank
        found.update(self._read(path, unknown))
        return found

    def _numbers(self, path: str, column: str) -> Values | None:
        """From a column of numbers; what is there beside them is read."""
        odd = [self._term(odd_term(path)), self._term(unprepared_term(path))]
        told = [(Occur.Must, self._query), (Occur.Must, self._term(exists_term(path)))]
        without = Query.boolean_query([*told, (Occur.MustNot, Query.exists_query(column))])
        either = Query.boolean_query([(Occur.Should, part) for part in odd])
        others = Query.boolean_query([(Occur.Must, self._query), (Occur.Must, either)])
        to_read = {*self._hits(without)[1], *self._hits(others)[1]}
        numbers = self._view.searcher.fast_field_values(column, self._addresses)
        # Of dates, texts are compared with texts: where none is read, their moments do as well.
        dated = path in DATASET.dates and bool(to_read)
        found: Values = {}
        for seq, number in zip(self.seqs, numbers, strict=True):
            if number is None:
                found[seq] = (0, 0)
            else:
                found[seq] = (2, dates.from_ms(float(number))) if dated else (1, float(number))
        found.update(self._read(path, to_read))
        return found

    def _read(self, path: str, seqs: Iterable[int]) -> Values:
        """From the documents."""
        segments = split(path)
        # A key may hold dots itself.
        names = [".".join(segments[: length + 1]) for length in range(len(segments))]

        def read(some: list[int]) -> Values:
            found: Values = {}
            for start in range(0, len(some), _READ_AT_ONCE):
                rows = self._snapshot.rows("dataset", some[start : start + _READ_AT_ONCE])
                found.update({row.seq: sort_value(row.part(*names), path) for row in timed(rows.values())})
            return found

        return self._read_before.values(self._snapshot, path, list(seqs), read)

    def _term(self, term: str) -> Query:
        return Query.term_query(self._view.schema, "eq", asked(term), "basic")

    def _hits(self, query: Query) -> tuple[list[DocAddress], list[int]]:
        hits = self._view.searcher.search(query, self._all, count=False, order_by_field="seq", order=Order.Asc).hits
        return [address for _seq, address in hits], [int(seq) for seq, _address in hits]

    def _seqs(self, addresses: list[DocAddress]) -> list[int]:
        return [int(seq) for seq in self._view.searcher.fast_field_values("seq", addresses) if seq is not None]
