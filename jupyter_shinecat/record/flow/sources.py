"""Where something comes from: datasets, files, and the runs whose code made it."""

from __future__ import annotations

from collections.abc import Iterator

# ("pid", identifier) or ("path", absolute path)
Origin = tuple[str, str]


class Sources:
    """A set of origins, each certain or not, and a set of runs (as bits, so that joining them is one instruction).

    Examples
    --------
    >>> sources = Sources({("pid", "20.500/a"): True}, runs=0b10)
    >>> sources.merge(Sources({("pid", "20.500/b"): True}), certain=False)
    >>> sorted(sources.origins.items())
    [(('pid', '20.500/a'), True), (('pid', '20.500/b'), False)]
    """

    __slots__ = ("origins", "runs")

    def __init__(self, origins: dict[Origin, bool] | None = None, runs: int = 0) -> None:
        self.origins = {} if origins is None else origins
        self.runs = runs

    def merge(self, other: Sources, certain: bool = True) -> None:
        """Take in all of ``other``; with ``certain=False`` none of it becomes certain by that."""
        self.runs |= other.runs
        mine = self.origins
        if certain:
            for origin, sure in other.origins.items():
                mine[origin] = sure or mine.get(origin, False)
        else:
            for origin in other.origins:
                mine.setdefault(origin, False)

    def add(self, origin: Origin, certain: bool = True) -> None:
        """Take in one origin."""
        self.origins[origin] = certain or self.origins.get(origin, False)

    def copy(self) -> Sources:
        """A set of its own with the same content."""
        return Sources(dict(self.origins), self.runs)

    def doubt(self) -> None:
        """Nothing in it is certain any more."""
        self.origins = dict.fromkeys(self.origins, False)

    def run_numbers(self) -> Iterator[int]:
        """Numbers of the runs, in order."""
        rest, number = self.runs, 0
        while rest:
            if rest & 1:
                yield number
            rest, number = rest >> 1, number + 1


class Thing:
    """An object that names may share: what flowed into it, and the files it is a handle of.

    Attributes
    ----------
    sources
        What flowed into it.
    files
        Paths of files open for writing that it leads to, each certain or not.
    function
        Facts of its code when it is a function or class of the session.
    module
        ``("library" | "user" | "state", dotted name)`` when it is a module or comes from one.
    """

    __slots__ = ("files", "function", "module", "sources")

    def __init__(self, sources: Sources, files: dict[str, bool] | None = None) -> None:
        self.sources = sources
        self.files: dict[str, bool] = files or {}
        self.function: object | None = None
        self.module: tuple[str, str] | None = None
