"""Counting by the values of any field in the index: terms tell texts, columns tell numbers.

What they don't tell of some documents (see :func:`.terms.odd_term`) is read there, and only there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tantivy
from tantivy import Occur, Query

from jupyter_shinecat.catalog.search.asked_facets import Facet
from jupyter_shinecat.catalog.search.column_numbers import ColumnNumbers
from jupyter_shinecat.catalog.search.compile import is_told_by_terms
from jupyter_shinecat.catalog.search.facets import Tally, pair_key
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.paths import candidates
from jupyter_shinecat.catalog.search.quantities import FORMS, line_between
from jupyter_shinecat.catalog.search.schema import BLANK, KEYS
from jupyter_shinecat.catalog.search.terms import (
    DIGEST,
    asked,
    equal_prefix,
    exists_term,
    null_term,
    odd_term,
    several_term,
    short,
    unprepared_term,
)
from jupyter_shinecat.catalog.search.view import View
from jupyter_shinecat.catalog.store.documents import Snapshot

# More different texts are counted sooner by reading, more units than anybody measures in.
_MAX_TEXTS, _MAXDIGESTS, _MAX_UNITS = 300_000, 2_000, 300


class NotTold(Exception):
    """The index can't tell: the documents have to be read."""


def marks_of(facet: Facet) -> tuple[str, ...]:
    """Terms of the documents that have to be read for a facet; raises :class:`NotTold` where all of them have to."""
    if not is_told_by_terms(facet.path) or facet.field in DATASET.dates or facet.field == KEYS:
        raise NotTold
    path = facet.field
    places = (path, *(f"{path}.{number}" for number, _unit in FORMS))
    several = (several_term(path),) if facet.by else ()
    return (odd_term(path), *several, *(unprepared_term(place) for place in places))


class IndexedCounts:
    """Counts of one facet over the documents that a query finds, but for those with :func:`marks_of` it.

    Parameters
    ----------
    view, snapshot
        The index and the documents.
    query
        Finds the documents.
    facet
        What is counted.
    """

    def __init__(self, view: View, snapshot: Snapshot, query: Query, facet: Facet) -> None:
        self._schema: tantivy.Schema = view.schema
        self._searcher = view.searcher
        self._columns = view.columns
        self._snapshot = snapshot
        self._path = facet.field
        self._facet = facet
        without = [(Occur.MustNot, self._term(term)) for term in marks_of(facet)]
        self._query = Query.boolean_query([(Occur.Must, query), *without])

    def tally(self) -> Tally:
        """The counts; raises :class:`NotTold`."""
        tally = Tally(self._facet)
        if self._facet.numeric:
            self._put_numbers(tally)
        else:
            self._put_values(tally, self._path, self._query, lambda value: value)
            there = self._number(self._query, self._term(exists_term(self._path)))
            nulls = self._number(self._query, self._term(null_term(self._path)))
            tally.put(None, self._number(self._query) - there + nulls)
            for number, unit, query in self._units():
                self._put_values(tally, number, query, lambda value, unit=unit: pair_key(value, unit))
        return tally

    # -- by value --

    def _put_values(self, tally: Tally, path: str, query: Query, key: Any) -> None:
        for text, count in self._texts(path, query):
            tally.put(key(text), count)
        for value in (True, False):
            tally.put(key(value), self._number(query, self._term(f"{equal_prefix(path)}b{value}")))
        column = self._columns.of(path)
        if column is not None:
            numbers = ColumnNumbers(self._schema, self._searcher, query, column).distinct()
            if numbers is None:
                raise NotTold
            for number, count in numbers.items():
                tally.put(key(number), count)

    def _texts(self, path: str, query: Query, most: int = _MAX_TEXTS) -> Iterator[tuple[str, int]]:
        prefix = asked(f"{equal_prefix(path)}s")
        found = self._searcher.terms_with_prefix("eq", prefix, filter_query=query, limit=most)
        if len(found) == most or sum(term.startswith(DIGEST, len(prefix)) for term, _count in found) > _MAXDIGESTS:
            raise NotTold
        for term, count in found:
            if count:
                text = term[len(prefix) :].replace(BLANK, " ")
                yield (self._written(path, term, query) if text.startswith(DIGEST) else text), count

    def _written(self, path: str, term: str, query: Query) -> str:
        """The text of which a term is a digest, from a document that has it."""
        whole = Query.boolean_query([(Occur.Must, query), (Occur.Must, self._term(term))])
        hits = self._searcher.search(whole, 1, count=False).hits
        seqs = self._searcher.fast_field_values("seq", [address for _score, address in hits])
        digest = term[term.rindex(DIGEST) :]
        for row in self._snapshot.rows("dataset", [int(seq) for seq in seqs if seq is not None]).values():
            for value in candidates(row.doc, tuple(path.split("."))):
                if isinstance(value, str) and short(value) == digest:
                    return value
        raise NotTold

    def _units(self) -> Iterator[tuple[str, str, Query]]:
        """Where the number of a pair is, its unit, and the query for the pairs with this unit."""
        for number, unit in FORMS:
            path = f"{self._path}.{unit}"
            for text, _count in self._texts(path, self._query, _MAX_UNITS):
                term = self._term(f"{equal_prefix(path)}s{short(text)}")
                query = Query.boolean_query([(Occur.Must, self._query), (Occur.Must, term)])
                yield f"{self._path}.{number}", text, query

    # -- numbers --

    def _put_numbers(self, tally: Tally) -> None:
        with_number = 0
        for numbers, count in self._converted() if self._facet.unit else self._as_written():
            with_number += count
            if self._facet.bins is not None:
                tally.put_numbers(numbers)
                continue
            distinct = numbers.distinct()
            if distinct is None:
                raise NotTold
            for number, documents in distinct.items():
                tally.put(number, documents)
        tally.put(None, self._number(self._query) - with_number)

    def _as_written(self) -> Iterator[tuple[ColumnNumbers, int]]:
        # A document has numbers in one of these places only, else it is odd.
        for path in (self._path, *(f"{self._path}.{number}" for number, _unit in FORMS)):
            column = self._columns.of(path)
            if column is not None:
                numbers = ColumnNumbers(self._schema, self._searcher, self._query, column)
                yield numbers, self._number(self._query, Query.exists_query(column))

    def _converted(self) -> Iterator[tuple[ColumnNumbers, int]]:
        for path, unit, query in self._units():
            column, line = self._columns.of(path), line_between(unit, self._facet.unit)
            if column is None or line is None:
                continue
            numbers = ColumnNumbers(self._schema, self._searcher, query, column, line)
            span = numbers.span()
            if span is None:
                continue
            if line[0] <= 0 or not all(abs(bound) < float("inf") for bound in span):
                raise NotTold
            yield numbers, self._number(query, Query.exists_query(column))

    # -- the index --

    def _term(self, term: str) -> Query:
        return Query.term_query(self._schema, "eq", asked(term), "basic")

    def _number(self, *parts: Query) -> int:
        query = parts[0] if len(parts) == 1 else Query.boolean_query([(Occur.Must, part) for part in parts])
        found: Any = self._searcher.aggregate(query, {"all": {"value_count": {"field": "seq"}}})
        return int(found["all"]["value"])
