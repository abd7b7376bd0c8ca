"""What a request has to say beside its body: where the next page begins, and how the answer was found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec

NEXT_CURSOR = "X-Next-Cursor"
EXPLAIN = "X-Explain"
_MAX_STEPS = 40
_MAX_HEADER = 16_000  # clients refuse headers that are much longer


class Step:
    """How one question was answered.

    Parameters
    ----------
    kind
        What kind of documents was asked for.
    everything
        Also tell what only administrators may know: how many documents were read, how far the index is behind.
    """

    def __init__(self, kind: str, *, everything: bool) -> None:
        self._told: dict[str, Any] = {"kind": kind, "way": "documents"}
        self._everything = everything
        self._begun = time.perf_counter()

    def say(self, **facts: Any) -> None:
        """Add what every caller may know: nothing that depends on documents that the caller may not see."""
        self._told.update(facts)

    def confide(self, **facts: Any) -> None:
        """Add what administrators may know."""
        if self._everything:
            self._told.update(facts)

    def end(self, found: Any) -> None:
        """The question is answered."""
        if isinstance(found, list) and found and type(found[0]) is tuple:
            found = found[0]  # of several conditions, the first is that of all of them
        if type(found) is tuple:  # counts by value, and the number of documents
            found = found[1]
        self._told["found"] = len(found) if isinstance(found, list) else found
        self._told["ms"] = round(1000 * (time.perf_counter() - self._begun), 2)

    @property
    def told(self) -> dict[str, Any]:
        """Everything said."""
        return self._told


class Notes:
    """Notes of one request."""

    def __init__(self, *, explain: bool = False, everything: bool = False) -> None:
        self._explain = explain
        self._everything = everything
        self._steps: list[Step] = []
        self._cursor: str | None = None

    @contextmanager
    def step(self, kind: str) -> Iterator[Step | None]:
        """One question to the search; None when nobody wants to know."""
        if not self._explain or len(self._steps) >= _MAX_STEPS:
            yield None
            return
        step = Step(kind, everything=self._everything)
        self._steps.append(step)
        yield step

    def next_page(self, cursor: str) -> None:
        """There is more behind this answer."""
        self._cursor = cursor

    def headers(self) -> dict[str, str]:
        """Headers of the answer."""
        found = {} if self._cursor is None else {NEXT_CURSOR: self._cursor}
        if self._explain:
            found[EXPLAIN] = self._explained()
        return found

    def _explained(self) -> str:
        texts, size = [], 0
        for number, step in enumerate(self._steps):
            text = _ascii(msgspec.json.encode(step.told).decode())
            size += len(text) + 1
            if size > _MAX_HEADER:
                texts.append(f'{{"left_out":{len(self._steps) - number}}}')
                break
            texts.append(text)
        return f"[{','.join(texts)}]"


_current: ContextVar[Notes | None] = ContextVar("notes", default=None)


def begin(notes: Notes) -> None:
    """Take notes of what this thread does from here on."""
    _current.set(notes)


def current() -> Notes:
    """The notes of this thread's request."""
    return _current.get() or Notes()


def _ascii(text: str) -> str:
    return "".join(ch if " " <= ch <= "~" else "".join(f"\\u{unit:04x}" for unit in _utf16(ch)) for ch in text)


def _utf16(character: str) -> list[int]:
    data = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[place : place + 2], "big") for place in range(0, len(data), 2)]
