"""Cheaper ways to the same documents, found out once for each state of the index.

To look at the places of terms costs far more than to look for the terms; often it decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tantivy import Occur, Order, Query

from jupyter_shinecat.catalog.search.insights import MAX_CHANGED, Changed
from jupyter_shinecat.catalog.search.terms import asked
from jupyter_shinecat.catalog.search.view import View

T = TypeVar("T")
_FEW = 1000
_FEW_WORDS = 16
_SHORT = 3


class Shortcuts:
    """Queries for terms in a row.

    Parameters
    ----------
    view
        State of the index.
    changed
        Numbers of the datasets that changed after some change, if they are not more than so many.
    """

    def __init__(self, view: View, changed: Changed) -> None:
        self._view = view
        self._changed = changed

    def in_a_row(self, field: str, terms: list[str]) -> Query:
        """Documents with these terms one after the other."""
        rarest, apart, row = self._ways(field, terms)
        if len(terms) == 1:
            return row

        ways, question = (rarest, apart, row), ("row", field, *terms)

        def enough(least: int, among: list[int] | None) -> int:
            # What has them in a row has them all, and has the rarest: as many means the same.
            number = self._number(row, among)
            return next(
                way for way in (0, 1, 2) if way == 2 or (way >= least and self._number(ways[way], among) == number)
            )

        def find() -> int:
            changed, way = self._found_before(question) or (None, 0)
            return way if changed == [] else enough(way, changed)

        return ways[self._recall(question, find, lambda _way: 1)]

    def _recall(self, question: Any, find: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """What this state of the index remembers, or ``find`` gives; later states begin with it."""

        def found() -> T:
            answer = find()
            self._view.insights.keep(question, self._view.change, answer)
            return answer

        return self._view.memory.recall(question, found, weigh)

    def _found_before(self, question: Any) -> tuple[list[int], Any] | None:
        """Datasets that changed since the question was answered before, and that answer; None when it is of no use."""
        known = self._view.insights.of(question)
        if known is None or known[0] > self._view.change:
            return None
        changed = self._changed(known[0], MAX_CHANGED)
        return None if changed is None else (changed, known[1])

    def words_with(self, beginning: str) -> list[str] | None:
        """The words that begin so; None where they are many, or may be.

        Terms are skipped through where others find little; an expression's documents are always gathered first.
        """
        if len(beginning) < _SHORT or beginning[0].isdigit():
            return None

        def find() -> list[str] | None:
            found = self._view.searcher.terms_with_prefix("words", beginning, limit=_FEW_WORDS + 1)
            return None if len(found) > _FEW_WORDS else [word for word, _documents in found]

        return self._view.memory.recall(("words", beginning), find, lambda words: len(words or ()))

    def beside(self, field: str, terms: list[str], found: Query, name: str) -> Query | None:
        """Documents with these terms in a row, those that ``found`` finds anyway left out; ``name`` tells it apart.

        None where there are no others.
        """
        _rarest, apart, row = self._ways(field, terms)

        def others() -> tuple[int, ...] | None:
            rest = self._seqs(Query.boolean_query([(Occur.Must, apart), (Occur.MustNot, found)]))
            if not rest:
                return ()
            if len(rest) <= _FEW:
                some = Query.term_set_query(self._view.schema, "seq", rest)
                return tuple(self._seqs(Query.boolean_query([(Occur.Must, some), (Occur.Must, row)])))
            # All places have to be looked at, once.
            rest = self._seqs(Query.boolean_query([(Occur.Must, row), (Occur.MustNot, found)]))
            return tuple(rest) if len(rest) <= _FEW else None

        def find() -> tuple[int, ...] | None:
            known = self._found_before(question)
            if known is None:
                return others()
            changed, before = known
            if not changed or before is None:
                return before  # type: ignore[no-any-return]  # found by this same function before
            some = Query.term_set_query(self._view.schema, "seq", changed)
            new = self._seqs(Query.boolean_query([(Occur.Must, some), (Occur.Must, row), (Occur.MustNot, found)]))
            return (*new, *(seq for seq in before if seq not in changed))

        question = ("beside", field, name, *terms)
        seqs = self._recall(question, find, lambda rest: len(rest or ()))
        if seqs is None:
            return self.in_a_row(field, terms)
        return Query.term_set_query(self._view.schema, "seq", list(seqs)) if seqs else None

    def _ways(self, field: str, terms: list[str]) -> tuple[Query, Query, Query]:
        """The rarest of the terms, all of them wherever they are, and in a row."""
        schema, searcher = self._view.schema, self._view.searcher
        written = [asked(term) for term in terms]
        different = sorted(set(written), key=lambda term: searcher.doc_freq(field, term))
        one = [Query.term_query(schema, field, term, "basic") for term in different]
        apart = one[0] if len(one) == 1 else Query.boolean_query([(Occur.Must, query) for query in one])
        # tantivy's stub knows only words with their places, not a plain list of words
        row = Query.phrase_query(schema, field, written) if len(written) > 1 else apart  # type: ignore[arg-type]
        return one[0], apart, row

    def _number(self, query: Query, among: list[int] | None = None) -> int:
        if among is not None:
            some = Query.term_set_query(self._view.schema, "seq", among)
            query = Query.boolean_query([(Occur.Must, some), (Occur.Must, query)])
        found: Any = self._view.searcher.aggregate(query, {"all": {"value_count": {"field": "seq"}}})
        return int(found["all"]["value"])

    def _seqs(self, query: Query) -> list[int]:
        searcher = self._view.searcher
        hits = searcher.search(query, _FEW + 1, count=False, order_by_field="seq", order=Order.Asc).hits
        return [
            int(value) for value in searcher.fast_field_values("seq", [one for _key, one in hits]) if value is not None
        ]
