"""A state of the index that doesn't change any more, and what was found out about it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import tantivy

from jupyter_shinecat.catalog.search.columns import Columns

T = TypeVar("T")
_REMEMBERED = 256


class Memory:
    """The latest answers of one state of the index, by question."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._answers: OrderedDict[Any, Any] = OrderedDict()

    def recall(self, question: Any, find: Callable[[], T], *, keep: Callable[[T], bool] = lambda _found: True) -> T:
        """The remembered answer, or what ``find`` gives, which is remembered where ``keep`` says so."""
        with self._guard:
            if question in self._answers:
                self._answers.move_to_end(question)
                remembered: T = self._answers[question]
                return remembered
        found = find()
        if keep(found):
            with self._guard:
                self._answers[question] = found
                while len(self._answers) > self._most:
                    self._answers.popitem(last=False)
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
