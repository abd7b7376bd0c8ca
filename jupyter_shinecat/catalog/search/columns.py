"""Which metadata key has which column of numbers.

Columns cost each commit and each search a little, so their number is bounded, and nobody can take them all: a group
that already has as many as there are free ones gets no more. Numbers under further keys are found by reading the
documents that have such a key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.schema import MAX_COLUMNS
from jupyter_shinecat.catalog.search.terms import short

_FIXED = tuple(sorted(DATASET.dates | DATASET.numbers))


class Columns:
    """Columns of one index; those of the fixed fields are always there.

    Parameters
    ----------
    taken
        Paths of metadata (shortened) with their column and the owner group that brought them.
    most
        How many there may be, the fixed ones included.
    """

    def __init__(self, taken: dict[str, tuple[int, str]] | None = None, most: int = MAX_COLUMNS) -> None:
        self._most = most
        self._numbers = {path: number for number, path in enumerate(_FIXED)}
        self._groups = dict.fromkeys(_FIXED, "")
        self._held: Counter[str] = Counter()
        self.changed = False
        self.left_out: set[str] = set()
        self.left_out_before: Callable[[str], bool] = lambda _path: False
        for path, (number, group) in (taken or {}).items():
            self._put(path, number, group)

    def _put(self, path: str, number: int, group: str) -> None:
        self._groups[path] = group
        self._held[group] += 1
        self._numbers[path] = number

    def __len__(self) -> int:
        return len(self._numbers)

    def of(self, path: str) -> str | None:
        """The field with the numbers at ``path``; None when it has no column."""
        number = self._numbers.get(short(path))
        return None if number is None else f"n{number}"

    def admit(self, path: str, group: str) -> str | None:
        """The field for numbers at ``path``, a new one if there may be; None when they stay without.

        Where some stayed without, all have to, since a column tells all or nothing: ``left_out`` holds the paths of
        this commit, ``left_out_before`` knows those of earlier ones.
        """
        field = self.of(path)
        if field is not None:
            return field
        free = self._most - len(self._numbers)
        if self._held[group] >= free or path in self.left_out or self.left_out_before(path):
            self.left_out.add(path)
            return None
        # Searches meanwhile see the column or don't: it is empty still.
        self._put(short(path), len(self._numbers), group)
        self.changed = True
        return self.of(path)

    def close(self) -> None:
        """Admit no more."""
        self._most = 0

    @staticmethod
    def is_column(field: str) -> bool:
        """Whether a field of an entry holds numbers."""
        return field[:1] == "n" and field[1:].isdigit()

    def as_json(self) -> dict[str, tuple[int, str]]:
        """What the constructor takes."""
        return {path: (number, self._groups[path]) for path, number in self._numbers.items() if path not in _FIXED}
