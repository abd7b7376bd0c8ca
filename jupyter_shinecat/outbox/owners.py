"""Which group shall own results, as the person answered; asked once for each choice."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .access import question
from .durable import read_json, write_json
from .entries import Entry


class Owners:
    """Answers, kept in the outbox's folder.

    Parameters
    ----------
    folder
        The outbox.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "owners.json"
        self.answers: dict[str, str] = {}

    def load(self) -> None:
        """Read what was answered."""
        told = read_json(self._path)
        self.answers = {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}

    def answer(self, entry: Entry, group: str, entries: Iterable[Entry]) -> None:
        """Keep that ``group`` shall own ``entry`` and all that leave the same choice, now and later.

        Raises
        ------
        OSError
            It can't be kept.
        """
        asked = question(entry.choices)
        answers = {**self.answers, asked: group}
        write_json(self._path, answers)
        self.answers = answers
        for other in entries:
            if other.choices and question(other.choices) == asked:
                other.change(owner_group=group, reason="", do="")
