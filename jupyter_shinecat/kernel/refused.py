"""A condition that reads well and that the catalog still can't answer: the refusal, with a mark at the place."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_shinecat.scicat import BadRequest, Condition, QueryError

from .card import columns_of


def at_its_place(cause: BadRequest, conditions: Iterable[Condition], typed: str = "") -> QueryError | None:
    """The refusal as an error of the condition that it names; None where it names none.

    Parameters
    ----------
    cause
        What the catalog said.
    conditions
        Of the query that it refused.
    typed
        The text that they were read from, where there is one: `QueryError.position` is in it. Otherwise the condition
        is written below the sentence, with a mark.
    """
    said = cause.reason
    for condition in conditions:
        unit = condition.unit if any(f"{quote}{condition.unit}{quote}" in said for quote in "'\"") else ""
        if unit or f"{condition.key} " in said:
            return _error(cause, condition, unit or condition.key, typed)
    return None


def marked(line: str, place: int) -> str:
    """A line of text with a mark below one of its places; Chinese signs are two columns wide in a terminal."""
    return f"\n  {line}\n  {' ' * columns_of(line[:place])}^"


def _error(cause: BadRequest, condition: Condition, word: str, typed: str) -> QueryError:
    text = typed or str(condition)
    # A unit stands behind its key, or before it: 8 keV < energy.
    place = text.find(word, condition.position if typed else 0)
    place = max(0, text.find(word) if place < 0 else place)
    error = QueryError(f"{cause.reason}.", do="" if typed else marked(text, place))
    error.position = place
    return error
