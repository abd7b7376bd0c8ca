"""From a condition to a query of the index.

Each part becomes a query that finds every document that fulfils it, and the word ``exact`` when it finds no other:
where it isn't, what the index proposes is checked on the documents.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tantivy import FieldType, Occur, Query

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search.entry import column_number
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.insights import Changed
from jupyter_shinecat.catalog.search.shortcuts import Shortcuts
from jupyter_shinecat.catalog.search.similar import Similar
from jupyter_shinecat.catalog.search.spans import Span, spans
from jupyter_shinecat.catalog.search.terms import (
    MAX_WORD,
    asked,
    equal_term,
    exists_term,
    is_number,
    pairs_of,
    plain,
    trigrams,
    unprepared_term,
)
from jupyter_shinecat.catalog.search.texts_at import terms_that
from jupyter_shinecat.catalog.search.view import View
from jupyter_shinecat.catalog.search.words import Phrase, is_cjk

_EXACT = 2.0**53
_FEW = 16


@dataclass(frozen=True)
class Compiled:
    """A query, and whether it finds nothing but what is asked for.

    ``either``: queries that it is the union of. ``most``: it finds no more documents than these.
    """

    query: Query
    exact: bool
    either: tuple[Query, ...] = ()
    most: float = math.inf


_EVERY = Compiled(Query.all_query(), exact=True)
_MAYBE = Compiled(Query.all_query(), exact=False)
_NONE = Compiled(Query.empty_query(), exact=True, most=0)


class Compiler:
    """Compiles conditions for one state of the index.

    Parameters
    ----------
    view
        The state.
    changed
        See :class:`.shortcuts.Shortcuts`.
    """

    def __init__(self, view: View, changed: Changed) -> None:
        self._schema = view.schema
        self._columns = view.columns
        self._searcher = view.searcher
        self._view = view
        self._shortcuts = Shortcuts(view, changed)

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
                return _all([self.compile(part) for part in spans(condition.parts)])
            case c.Or():
                return _either([self.compile(part) for part in condition.parts])
            case c.Not():
                part = self.compile(condition.part)
                return Compiled(_but(part.query), exact=True) if part.exact else _MAYBE
            case c.OneOf():
                return self._one_of(condition)
            case c.Compare():
                return self._compare(condition)
            case Span():
                return self._range(condition.path, condition.low, condition.high)
            case c.Near():
                low, high = condition.bounds
                return self._range(condition.path, low, high) if is_told_by_terms(condition.path) else _MAYBE
            case c.Exists():
                return (
                    Compiled(self._exists(condition.path), exact=True) if is_told_by_terms(condition.path) else _MAYBE
                )
            case c.Pattern():
                return self._pattern(condition)
            case c.Size() | c.Element():
                return (
                    Compiled(self._exists(condition.path), exact=False) if is_told_by_terms(condition.path) else _MAYBE
                )
            case c.Marked():
                return _either([Compiled(self._term("eq", term), exact=True) for term in condition.terms])
            case c.Text():
                return _all([self._phrase(phrase) for phrase in condition.phrases])
            case _:
                return _MAYBE

    def _term(self, field: str, term: str) -> Query:
        return Query.term_query(self._schema, field, asked(term), "basic")

    def _exactly(self, field: str, term: str, *, exact: bool = True) -> Compiled:
        return Compiled(self._term(field, term), exact, most=self._searcher.doc_freq(field, asked(term)))

    def _exists(self, path: tuple[str, ...]) -> Query:
        return self._term("eq", exists_term(".".join(path)))

    # -- values --

    def _one_of(self, condition: c.OneOf) -> Compiled:
        if not is_told_by_terms(condition.path):
            return _MAYBE
        path, terms, others = ".".join(condition.path), [], []
        for value in condition.values:
            if not isinstance(value, (str, int, float)):
                return _MAYBE
            term = equal_term(path, value)
            if term is None:
                others.append(self._range(condition.path, value, value))  # type: ignore[arg-type]  # a number
            else:
                terms.append(term)
        if len(terms) <= _FEW:
            # One by one, an intersection skips most of them; a set is always walked through.
            others += [self._exactly("eq", term) for term in terms]
        else:
            others.append(Compiled(Query.term_set_query(self._schema, "eq", list(map(asked, terms))), exact=True))
        return _either(others)

    def _pattern(self, condition: c.Pattern) -> Compiled:
        if not is_told_by_terms(condition.path):
            return _MAYBE
        path, name = ".".join(condition.path), f"{condition.flags}/{condition.expression}"
        found = terms_that(self._view, path, name, condition.fits)
        if found is None:
            return Compiled(self._exists(condition.path), exact=False)
        wanted, untold = found
        parts = [Compiled(Query.term_set_query(self._schema, "eq", wanted), exact=True)] if wanted else []
        if untold:
            parts.append(Compiled(Query.term_set_query(self._schema, "eq", untold), exact=False))
        return _either(parts)

    def _compare(self, condition: c.Compare) -> Compiled:
        if not is_told_by_terms(condition.path):
            return _MAYBE
        sign, value, path = condition.operator, condition.value, ".".join(condition.path)
        if path in DATASET.dates:
            moment = dates.parse(value) if isinstance(value, str) else None
            if moment is None or dates.normal(value) != value:
                return Compiled(self._exists(condition.path), exact=False)
            value = moment.timestamp() * 1000
        elif not is_number(value):
            return Compiled(self._exists(condition.path), exact=False)
        if sign in ("$gt", "$gte"):
            return self._range(condition.path, value, None, open=sign == "$gt")
        return self._range(condition.path, None, value, open=sign == "$lt")

    def _range(self, path: tuple[str, ...], low: float | None, high: float | None, *, open: bool = False) -> Compiled:
        """Numbers from ``low`` to ``high``; ``open``: without the bounds themselves."""
        name = ".".join(path)
        field = self._columns.of(name)
        if field is None:
            # No column: documents whose numbers at this path are in none have to be read; mostly there are none.
            term = unprepared_term(name)
            return (
                Compiled(self._term("eq", term), exact=False) if self._searcher.doc_freq("eq", asked(term)) else _NONE
            )
        below, above = None if low is None else column_number(low), None if high is None else column_number(high)
        if (below is None) != (low is None) or (above is None) != (high is None):
            return _MAYBE
        exact = all(abs(bound) < _EXACT for bound in (below, above) if bound is not None)
        if not exact:
            # Whole numbers beyond this are rounded in the column: ask for a little more, check on the document.
            open = False
            below = None if below is None else math.nextafter(below, -math.inf)
            above = None if above is None else math.nextafter(above, math.inf)
        closed = (not open or below is None, not open or above is None)
        return Compiled(Query.range_query(self._schema, field, FieldType.Float, below, above, *closed), exact)

    # -- text --

    def _phrase(self, phrase: Phrase) -> Compiled:
        """Where the text stands in the body as a text search means it, or anywhere in a name."""
        text, runs = phrase.text, phrase.runs
        if not runs:
            return _MAYBE
        if runs[0] == text and is_cjk(text):
            return self._chinese(text)
        if runs[0] == text:
            # A word begins with it: its words are in the index whole, if they are not too long.
            words = self._beginning(text)
            if len(text) < 3:
                return _either([words, Compiled(self._in_names(text), exact=True)])
            inside = self._shortcuts.beside("grams", _grams(text), words.query, text)
            return words if inside is None else _either([words, Compiled(inside, exact=True)])
        names = Compiled(self._in_names(text), exact=plain(text) == text)
        # Words and signs: the words are looked up, what stands between them is read.
        parts = [self._run(run, last=number == len(runs) - 1) for number, run in enumerate(runs)]
        return _either([names, Compiled(_must(parts), exact=False)])

    def _run(self, run: str, *, last: bool) -> Query:
        if is_cjk(run):
            return self._chinese(run).query
        return self._beginning(run).query if last else self._term("words", run[:MAX_WORD])

    def _beginning(self, text: str) -> Compiled:
        """Words that begin with ``text``; exact where that is not too long."""
        exact, beginning = len(text) < MAX_WORD, text[:MAX_WORD]
        words = self._shortcuts.words_with(beginning)
        if words is None:
            return Compiled(Query.regex_query(self._schema, "words", _quoted(beginning) + ".*"), exact)
        return _either([self._exactly("words", word, exact=exact) for word in words])

    def _chinese(self, run: str) -> Compiled:
        if len(run) == 1:
            return self._exactly("words", run)
        pairs = pairs_of(run)
        most = min(self._searcher.doc_freq("pairs", pair) for pair in pairs)
        return Compiled(self._shortcuts.in_a_row("pairs", pairs), exact=True, most=most)

    def _in_names(self, text: str) -> Query:
        text = plain(text)
        if len(text) >= 3:
            return self._shortcuts.in_a_row("grams", _grams(text))
        text = asked(text)
        gap = ".?" if len(text) == 2 else ".?.?"
        return Query.regex_query(self._schema, "grams", gap + _quoted(text) + gap)


def _grams(text: str) -> list[str]:
    return list(trigrams(text))


def is_told_by_terms(path: tuple[str, ...]) -> bool:
    """Whether terms tell all about the path: a number in it may be a place in a list, which terms don't keep."""
    return bool(path) and not any(segment.isdigit() for segment in path) and path[0] not in ("datasetlifecycle", "_id")


def _quoted(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text, flags=re.ASCII) if text.isascii() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    return "\\" + character if character.isascii() and not character.isalnum() and character not in "_ " else character


def _all(parts: list[Compiled]) -> Compiled:
    most = min((part.most for part in parts), default=math.inf)
    return Compiled(_must([part.query for part in parts]), all(part.exact for part in parts), most=most)


def _either(parts: list[Compiled]) -> Compiled:
    if not parts:
        return _NONE
    if len(parts) == 1:
        return parts[0]
    # One union of terms is walked through in two thirds of the time of a union of unions.
    either = tuple(query for part in parts for query in (part.either or (part.query,)))
    found = Query.boolean_query([(Occur.Should, query) for query in either])
    return Compiled(found, all(part.exact for part in parts), either, sum(part.most for part in parts))


def _must(queries: list[Query]) -> Query:
    if not queries:
        return Query.all_query()
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def _but(query: Query) -> Query:
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])
