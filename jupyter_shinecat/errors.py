"""The base of every error that jupyter-shinecat raises on purpose."""

from __future__ import annotations

import unicodedata

# Joiners of scripts and of emoji: they change the shape of signs, nothing else.
_JOINERS = "\u200c\u200d"


def printable(text: object, *, keep: str = "") -> str:
    """A text from elsewhere as it can be shown: what steers a terminal, or turns the direction of writing, is escaped.

    Parameters
    ----------
    text
        Anything.
    keep
        Signs that stay, as ``"\\n"``.
    """
    said = str(text)
    if said.isprintable():
        return said
    return "".join(
        c if c.isprintable() or c in keep or c in _JOINERS or unicodedata.category(c) == "Zs" else repr(c)[1:-1]
        for c in said
    )


class ShineCatError(Exception):
    """Something went wrong that a person can act on.

    Parameters
    ----------
    what
        What happened, and to which object.
    left
        What is left behind: what was done before the failure and stays so.
    do
        What the reader can do now.
    """

    def __init__(self, what: str, *, left: str = "", do: str = "") -> None:
        self.what = what
        self.left = left
        self.do = do
        # Names of files and datasets stand in it, and a terminal shows it.
        super().__init__(printable(" ".join(part for part in (what, left, do) if part), keep="\n"))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.left, self.do, self.__dict__)


def _rebuild(cls: type[ShineCatError], what: str, left: str, do: str, state: dict[str, object]) -> ShineCatError:
    error = cls.__new__(cls)
    ShineCatError.__init__(error, what, left=left, do=do)
    error.__dict__.update(state)
    return error
