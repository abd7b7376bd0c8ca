"""What was found out about all documents of one state of the index, and holds for later ones but for what changed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

_MANY, _WEIGHT = 2_000, 50
# To look at these again takes a tenth of finding it out anew.
MAX_CHANGED = 150
Changed = Callable[[int, int], list[int] | None]


def digest_of(question: Any) -> bytes:
    """What stands for a question, texts and numbers in tuples: some are millions of bytes long."""
    return hashlib.blake2b(repr(question).encode("utf-8", "surrogatepass"), digest_size=32).digest()


class Insights:
    """The latest insights of one index, each with the change up to which it holds. Of questions, digests are kept."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._known: OrderedDict[bytes, tuple[int, Any]] = OrderedDict()

    def of(self, question: Any) -> tuple[int, Any] | None:
        """A change and what was found out at it; None when nothing was."""
        with self._guard:
            return self._known.get(digest_of(question))

    def keep(self, question: Any, change: int, answer: Any) -> None:
        """Remember; a sequence when it is short."""
        if isinstance(answer, tuple) and len(answer) > _WEIGHT:
            return
        key = digest_of(question)
        with self._guard:
            self._known[key] = change, answer
            self._known.move_to_end(key)
            while len(self._known) > _MANY:
                self._known.popitem(last=False)
