"""A state of the index that doesn't change any more, and what was found out about it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import tantivy

from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.insights import Insights, digest_of

T = TypeVar("T")
_ROOM = 200_000
# Orders are arrays of eight bytes a dataset.
_ORDERS_ROOM, _LARGEST_ORDER = 4_000_000, 2_000_000


class Memory:
    """The latest answers of one state of the index, by question.

    Parameters
    ----------
    room
        How many values all answers together may have.
    largest
        How many one of them may have.
    """

    def __init__(self, room: int = _ROOM, largest: int = _ROOM // 20) -> None:
        self._room = room
        self._largest = largest
        self._guard = threading.Lock()
        self._answers: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()
        self._taken = 0

    def recall(self, question: Any, find: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """The remembered answer, or what ``find`` gives; ``weigh`` says how many values that has.

        Of the question a digest is kept.
        """
        key = digest_of(question)
        with self._guard:
            if key in self._answers:
                self._answers.move_to_end(key)
                remembered: T = self._answers[key][0]
                return remembered
        found = find()
        self._keep(key, found, 50 + weigh(found))  # the question takes room too
        return found

    def put(self, question: Any, answer: Any, weight: int) -> None:
        """Remember another answer to the question."""
        key = digest_of(question)
        with self._guard:
            self._taken -= self._answers.pop(key, (None, 0))[1]
        self._keep(key, answer, 50 + weight)

    def _keep(self, key: bytes, answer: Any, weight: int) -> None:
        if weight > self._largest:
            return
        with self._guard:
            if key not in self._answers:
                self._answers[key] = answer, weight
                self._taken += weight
            while self._taken > self._room:
                self._taken -= self._answers.popitem(last=False)[1][1]


@dataclass(frozen=True)
class View:
    """All changes up to ``change`` are in it.

    ``newest``: order keys of places in the list of all datasets, newest first: who wants the newest few looks behind
    the first of these, which is quicker than to look at all.
    """

    schema: tantivy.Schema
    searcher: tantivy.Searcher
    change: int
    columns: Columns
    newest: tuple[int, ...] = ()
    memory: Memory = field(default_factory=Memory)
    insights: Insights = field(default_factory=Insights)
    orders: Memory = field(default_factory=lambda: Memory(_ORDERS_ROOM, _LARGEST_ORDER))
