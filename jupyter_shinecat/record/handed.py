"""Files named in what is handed to another process: the best guess at what it reads there."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator

from .paths import absolute, store_of

_MOST = 1000
_LONGEST = 4096


def files_in(values: Iterable[object], folder: str | None = None) -> list[str]:
    """Absolute paths of the files that are there and named in arguments, commands or option values.

    Parameters
    ----------
    values
        Arguments as they are handed over; texts, paths, and lists of them.
    folder
        Where relative names begin, when that is not our own working folder.
    """
    found: dict[str, None] = {}
    for number, word in enumerate(_words(values)):
        if number >= _MOST:
            break
        for name in {word, word.rpartition("=")[2]}:
            path = absolute(os.path.join(folder, name) if folder else name) if name else None
            if path is not None and (os.path.isfile(path) or (store_of(path + "/x") == path and os.path.isdir(path))):
                found[path] = None
    return list(found)


def _words(values: Iterable[object], depth: int = 0) -> Iterator[str]:
    for value in values:
        if isinstance(value, (bytes, os.PathLike)):
            value = os.fsdecode(value)
        if isinstance(value, str) and 0 < len(value) <= _LONGEST:
            yield value
            if " " in value:
                try:
                    yield from shlex.split(value)
                except ValueError:
                    yield from value.split()
        elif isinstance(value, (list, tuple, set, frozenset)) and depth < 2:
            yield from _words(list(value)[:_MOST], depth + 1)
