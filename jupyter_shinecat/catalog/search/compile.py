"""From a condition to a query of the index.

Each part becomes a query that finds every document that fulfils it, and the word ``exact`` when it finds no other:
where it isn't, what the index proposes is checked on the documents.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import tantivy
from tantivy import Occur, Query

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search.entry import equal_term, exists_term, number_key, number_literal
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.similar import Similar
from jupyter_shinecat.catalog.search.words import Phrase, is_cjk, trigrams

_EXACT = 2.0**53


@dataclass(frozen=True)
class Compiled:
    """A query, and whether it finds nothing but what is asked for."""

    query: Query
    exact: bool


_EVERY = Compiled(Query.all_query(), exact=True)
_MAYBE = Compiled(Query.all_query(), exact=False)
_NONE = Compiled(Query.empty_query(), exact=True)


class Compiler:
    """Compiles conditions for one index."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        self._schema = index.schema

    def compile(self, condition: c.Condition) -> Compiled:
        """The query of a condition."""
        if isinstance(condition, Similar):
            similar = [self.compile(condition.exactly).query, condition.proposed(self._schema)]
            return Compiled(Query.boolean_query([(Occur.Should, query) for query in similar]), exact=False)
        match condition:
            case c.Always():
                return _EVERY
            case c.Never():
                return _NONE
            case c.And():
                return self._all(condition.parts)
            case c.Or():
                parts = [self.compile(part) for part in condition.parts]
                query = Query.boolean_query([(Occur.Should, part.query) for part in parts])
                return Compiled(query, all(part.exact for part in parts)) if parts else _NONE
            case c.Not():
                part = self.compile(condition.part)
                return Compiled(_but(part.query), exact=True) if part.exact else _MAYBE
            case c.OneOf():
                return self._one_of(condition)
            case c.Compare():
                return self._compare(condition)
            case c.Near():
                low, high = condition.bounds
                parts = [self._range(condition.path, ">=", low), self._range(condition.path, "<=", high)]
                # Of a list, one element may fulfil the one and another the other.
                return Compiled(_must([part.query for part in parts]), exact=False)
            case c.Exists():
                return Compiled(self._exists(condition.path), exact=True) if _plain(condition.path) else _MAYBE
            case c.Pattern() | c.Size() | c.Element():
                return Compiled(self._exists(condition.path), exact=False) if _plain(condition.path) else _MAYBE
            case c.Text():
                parts = [self._phrase(phrase) for phrase in condition.phrases]
                return Compiled(_must([part.query for part in parts]), all(part.exact for part in parts))
            case _:
                return _MAYBE

    def _all(self, conditions: tuple[c.Condition, ...]) -> Compiled:
        parts = [self.compile(part) for part in conditions]
        return Compiled(_must([part.query for part in parts]), all(part.exact for part in parts))

    def _term(self, field: str, term: str) -> Query:
        return Query.term_query(self._schema, field, term, "basic")

    def _exists(self, path: tuple[str, ...]) -> Query:
        return self._term("eq", exists_term(".".join(path)))

    def _one_of(self, condition: c.OneOf) -> Compiled:
        if not _plain(condition.path):
            return _MAYBE
        path, terms, exact = ".".join(condition.path), [], True
        for value in condition.values:
            if not isinstance(value, (str, int, float)):
                return _MAYBE
            term = equal_term(path, value)
            if term is None:
                exact = False
                term = exists_term(path)
            terms.append(term)
        return Compiled(Query.term_set_query(self._schema, "eq", terms), exact) if terms else _NONE

    def _compare(self, condition: c.Compare) -> Compiled:
        if not _plain(condition.path):
            return _MAYBE
        sign = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}[condition.operator]
        value = condition.value
        path = ".".join(condition.path)
        if isinstance(value, str) and path in DATASET.dates:
            moment = dates.parse(value)
            if moment is not None and dates.normal(value) == value:
                return self._range(condition.path, sign, moment.timestamp() * 1000)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or path in DATASET.dates:
            return Compiled(self._exists(condition.path), exact=False)
        return self._range(condition.path, sign, value)

    def _range(self, path: tuple[str, ...], sign: str, value: float) -> Compiled:
        if not _plain(path) or not math.isfinite(value):
            return _MAYBE
        exact = abs(value) < _EXACT
        if not exact:
            # Stored whole numbers beyond this are rounded in the index: ask for a little more, check on the document.
            value = math.nextafter(value, math.inf if sign[0] == "<" else -math.inf)
            sign = sign[0] + "="
        key = number_key(".".join(path))
        # One bound only: two bounds of different shape make tantivy 0.27 panic.
        return Compiled(self._index.parse_query(f"num.{key}:{sign}{number_literal(float(value))}", []), exact)

    def _phrase(self, phrase: Phrase) -> Compiled:
        runs = phrase.runs
        if not runs:
            return _MAYBE
        if len(runs) == 1 and runs[0] == phrase.text and is_cjk(runs[0]) and len(runs[0]) <= 2:
            return Compiled(self._term("words", runs[0]), exact=True)
        parts: list[Query] = []
        for number, run in enumerate(runs):
            if is_cjk(run):
                pairs = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
                parts.extend(self._term("words", pair) for pair in pairs)
            elif number == len(runs) - 1:
                parts.append(Query.regex_query(self._schema, "words", _quoted(run[:200]) + ".*"))
            else:
                parts.append(self._term("words", run[:200]))
        return Compiled(_any([_must(parts), self._in_names(phrase.text)]), exact=False)

    def _in_names(self, text: str) -> Query:
        if len(text) >= 3:
            return _must([self._term("grams", gram) for gram in dict.fromkeys(trigrams(text))])
        gap = ".?" if len(text) == 2 else ".?.?"
        return Query.regex_query(self._schema, "grams", gap + _quoted(text) + gap)


def _plain(path: tuple[str, ...]) -> bool:
    """Whether terms tell all about the path: a number in it may be a place in a list, which terms don't keep."""
    return bool(path) and not any(segment.isdigit() for segment in path) and path[0] not in ("datasetlifecycle", "_id")


def _quoted(text: str) -> str:
    return (
        re.sub(r"([^\w\s])", r"\\\1", text, flags=re.ASCII) if text.isascii() else "".join(_escape(ch) for ch in text)
    )


def _escape(character: str) -> str:
    return "\\" + character if character.isascii() and not character.isalnum() and character not in "_ " else character


def _must(queries: list[Query]) -> Query:
    if not queries:
        return Query.all_query()
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def _any(queries: list[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _but(query: Query) -> Query:
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])
