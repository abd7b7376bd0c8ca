"""The base of every error that jupyter-shinecat raises on purpose."""

from __future__ import annotations


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
        super().__init__(" ".join(part for part in (what, left, do) if part))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.left, self.do, self.__dict__)


def _rebuild(cls: type[ShineCatError], what: str, left: str, do: str, state: dict[str, object]) -> ShineCatError:
    error = cls.__new__(cls)
    ShineCatError.__init__(error, what, left=left, do=do)
    error.__dict__.update(state)
    return error
