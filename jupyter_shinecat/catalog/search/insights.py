"""What was found out about all documents of one state of the index, and holds for later ones but for what changed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

_MANY, _WEIGHT = 2_000, 50
# To look at these again takes a tenth of finding it out anew.
MAX_CHANGED = 150
Changed = Callable[[int, int], list[int] | None]


class Insights:
    """The latest insights of one index, each with the change up to which it holds."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: OrderedDict[Any, tuple[int, Any]] = OrderedDict()

    def of(self, question: Any) -> tuple[int, Any] | None:
        """A change and what was found out at it; None when nothing was."""
        with self._guard:
            return self._known.get(question)

    def keep(self, question: Any, change: int, answer: Any) -> None:
        """Remember; a sequence when it is short."""
        if isinstance(answer, tuple) and len(answer) > _WEIGHT:
            return
        with self._guard:
            self._known[question] = change, answer
            self._known.move_to_end(question)
            while len(self._known) > _MANY:
                self._known.popitem(last=False)
