"""Files named in what is handed to another process: the best guess at what it reads there."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator

from .paths import absolute, plain, store_of

_MOST = 1000
_LONGEST = 4096
_LISTS = (list, tuple, set, frozenset)


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
        text = plain(value)
        if text is not None and 0 < len(text) <= _LONGEST:
            yield text
            if " " in text:
                try:
                    yield from shlex.split(text)
                except ValueError:
                    yield from text.split()
        elif type(value) in _LISTS and depth < 2:  # of the user's own kinds, going through one runs the user's code
            yield from _words(list(value)[:_MOST], depth + 1)  # type: ignore[call-overload]  # checked above
