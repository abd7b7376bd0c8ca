"""Cheaper ways to the same documents, found out once for each state of the index.

To look at the places of terms costs far more than to look for the terms; often it decides nothing.
"""

from __future__ import annotations

from typing import Any

from tantivy import Occur, Order, Query

from jupyter_shinecat.catalog.search.terms import asked
from jupyter_shinecat.catalog.search.view import View

_FEW = 1000


class Shortcuts:
    """Queries for terms in a row.

    Parameters
    ----------
    view
        State of the index.
    """

    def __init__(self, view: View) -> None:
        self._view = view

    def in_a_row(self, field: str, terms: list[str]) -> Query:
        """Documents with these terms one after the other."""
        apart, row = self._both(field, terms)
        if len(terms) == 1:
            return apart

        def alike() -> bool:
            # What has them in a row has them: as many means the same.
            return self._number(apart) == self._number(row)

        return apart if self._view.memory.recall((field, *terms), alike, lambda _alike: 1) else row

    def beside(self, field: str, terms: list[str], found: Query, name: str) -> Query:
        """Documents with these terms in a row, those that ``found`` finds anyway left out; ``name`` tells it apart."""
        apart, row = self._both(field, terms)

        def others() -> tuple[int, ...] | None:
            rest = self._seqs(Query.boolean_query([(Occur.Must, apart), (Occur.MustNot, found)]))
            if not rest or len(rest) > _FEW:
                return None if rest else ()
            some = Query.term_set_query(self._view.schema, "seq", rest)
            return tuple(self._seqs(Query.boolean_query([(Occur.Must, some), (Occur.Must, row)])))

        seqs = self._view.memory.recall((field, name, *terms), others, lambda rest: len(rest or ()))
        if seqs is None:
            return self.in_a_row(field, terms)
        return Query.term_set_query(self._view.schema, "seq", list(seqs)) if seqs else Query.empty_query()

    def _both(self, field: str, terms: list[str]) -> tuple[Query, Query]:
        """The terms wherever they are, and in a row."""
        written = [asked(term) for term in terms]
        one = [Query.term_query(self._view.schema, field, term, "basic") for term in dict.fromkeys(written)]
        apart = one[0] if len(one) == 1 else Query.boolean_query([(Occur.Must, query) for query in one])
        return apart, Query.phrase_query(self._view.schema, field, written) if len(written) > 1 else apart  # type: ignore[arg-type]

    def _number(self, query: Query) -> int:
        found: Any = self._view.searcher.aggregate(query, {"all": {"value_count": {"field": "seq"}}})
        return int(found["all"]["value"])

    def _seqs(self, query: Query) -> list[int]:
        searcher = self._view.searcher
        hits = searcher.search(query, _FEW + 1, count=False, order_by_field="seq", order=Order.Asc).hits
        return [
            int(value) for value in searcher.fast_field_values("seq", [one for _key, one in hits]) if value is not None
        ]
