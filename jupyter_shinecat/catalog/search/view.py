"""A state of the index that doesn't change any more, and what was found out about it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import tantivy

from jupyter_shinecat.catalog.search.columns import Columns

T = TypeVar("T")
_ROOM = 200_000


class Memory:
    """The latest answers of one state of the index, by question.

    Parameters
    ----------
    room
        How many values all answers together may have.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._room = room
        self._guard = threading.Lock()
        self._answers: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()
        self._taken = 0

    def recall(self, question: Any, find: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """The remembered answer, or what ``find`` gives; ``weigh`` says how many values that has.

        Of the question, texts and numbers in tuples, a digest is kept: some questions are millions of bytes long.
        """
        key = hashlib.blake2b(repr(question).encode("utf-8", "surrogatepass"), digest_size=32).digest()
        with self._guard:
            if key in self._answers:
                self._answers.move_to_end(key)
                remembered: T = self._answers[key][0]
                return remembered
        found = find()
        weight = 50 + weigh(found)  # the question takes room too
        if weight <= self._room // 20:
            with self._guard:
                if key not in self._answers:
                    self._answers[key] = found, weight
                    self._taken += weight
                while self._taken > self._room:
                    self._taken -= self._answers.popitem(last=False)[1][1]
        return found


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
