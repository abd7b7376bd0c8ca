"""Where something comes from: datasets, files, and the runs whose code made it."""

from __future__ import annotations

from collections.abc import Container, Iterator

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

    def sure(self) -> set[Origin]:
        """What is certain in it."""
        return {origin for origin, sure in self.origins.items() if sure}

    def only(self, sure: Container[Origin]) -> None:
        """Of what is certain in it, only this stays so."""
        for origin, known in self.origins.items():
            if known and origin not in sure:
                self.origins[origin] = False

    def without(self, doubtful: Container[Origin]) -> Sources:
        """The same, of which this is certain no longer."""
        return Sources({origin: sure and origin not in doubtful for origin, sure in self.origins.items()}, self.runs)

    def of(self, sure: Container[Origin]) -> Sources:
        """The same, of which only this stays certain."""
        found = self.copy()
        found.only(sure)
        return found

    def run_numbers(self) -> Iterator[int]:
        """Numbers of the runs, in order."""
        rest, number = self.runs, 0
        while rest:
            if rest & 1:
                yield number
            rest, number = rest >> 1, number + 1


SOME = object()


class Thing:
    """An object that names may share: what flowed into it, what it holds, and the files it is a handle of.

    Attributes
    ----------
    sources
        What flowed into it and its parts.
    files
        Paths of files open for writing that it leads to, each certain or not.
    function
        Facts of its code when it is a function or class of the session.
    module
        ``("library" | "user" | "state", dotted name)`` when it is a module or comes from one.
    holds
        Things that it leads to, each certain or not: a change deep in it may be a change of theirs, and the reverse.
    makers
        Its class, and the classes that this one builds upon.
    buffer
        It is memory that others write into.
    fields
        Of a class whose objects are made from their fields: the names of these, in order.
    """

    __slots__ = (
        "_parts",
        "_rest",
        "_whole",
        "buffer",
        "fields",
        "files",
        "function",
        "holds",
        "makers",
        "module",
        "sources",
    )

    def __init__(self, sources: Sources, files: dict[str, bool] | None = None) -> None:
        self.sources = sources
        self.files: dict[str, bool] = files or {}
        self.function: object | None = None
        self.module: tuple[str, str] | None = None
        self.holds: list[tuple[Thing, bool]] = []
        self.makers: list[Thing] = []
        self.buffer = False
        self.fields: tuple[str, ...] = ()
        self._parts: dict[object, Sources] = {}
        self._rest: Sources | None = None  # what each part has that is not named
        self._whole = sources  # what did not come as a part; the same set until there are parts

    def take(self, sources: Sources, certain: bool = True) -> None:
        """``sources`` flow into it as a whole."""
        self.sources.merge(sources, certain)
        if self._whole is not self.sources:
            self._whole.merge(sources, certain)

    def put(self, key: object, sources: Sources, certain: bool = True, *, instead: bool = False) -> None:
        """``sources`` flow into its part ``key`` (None: which one isn't known), perhaps instead of what was there."""
        if self._whole is self.sources:
            self._whole = self.sources.copy()
        before = self._parts.get(key)
        if before is not None and instead:
            self.holds = [(thing, False) for thing, _ in self.holds]
            kept = self._whole.sure().union(*(part.sure() for name, part in self._parts.items() if name != key))
            for origin in before.sure() - kept:
                self.sources.origins[origin] = False
        if before is None or instead:
            before = self._parts[key] = Sources()
        before.merge(sources, certain)
        self.sources.merge(sources, certain)

    def lose(self, key: object = None) -> None:
        """Its part ``key`` was taken out (None: everything): what came with that is uncertain from now on."""
        self.holds = [(thing, False) for thing, _ in self.holds]
        gone = (
            [self._parts.pop(key)] if key in self._parts and key is not None else [self._whole, *self._parts.values()]
        )
        kept: set[Origin] = set()
        if key is not None:
            kept = {one for rest in (self._whole, *self._parts.values()) if rest not in gone for one in rest.origins}
        for sources in gone:
            for origin in list(sources.origins):
                sources.origins[origin] = False
                if origin not in kept:
                    self.sources.origins[origin] = False

    def doubt(self, origins: Container[Origin]) -> None:
        """These origins are certain no longer."""
        for sources in (self.sources, self._whole, *self._parts.values()):
            for origin in sources.origins:
                if origin in origins:
                    sources.origins[origin] = False

    def separate(self, parts: dict[object, Sources], rest: Sources | None = None) -> None:
        """All that it has came as these parts; ``rest`` is what each of the others has."""
        self._whole, self._parts, self._rest = Sources(runs=self.sources.runs), dict(parts), rest

    def parts(self) -> dict[object, set[Origin]] | None:
        """What surely flowed into each part, and (at None) into each that has no key of its own; None without parts."""
        if not self._parts and self._rest is None:
            return None
        single = len(self.sources.origins) < 2
        whole = (self.sources if single else self._whole).sure()
        found: dict[object, set[Origin]] = {
            key: whole if single else whole | part.sure() for key, part in self._parts.items() if key is not None
        }
        if self._rest is not None or None in self._parts:
            found[None] = whole | self._rest.sure() if self._rest is not None and not self._parts else whole
        return found

    def part(self, key: object) -> Sources:
        """What flowed into the part ``key`` (`SOME`: one of them); what came with other parts is uncertain there."""
        plain = not self._parts and self._rest is None
        if plain or (len(self.sources.origins) < 2 and (key is SOME or key in self._parts)):
            return self.sources
        found = Sources(dict.fromkeys(self.sources.origins, False), self.sources.runs)
        found.merge(self._whole)
        if key in self._parts:
            found.merge(self._parts[key])
        elif self._rest is not None and (key is not SOME or not self._parts):
            found.merge(self._rest)
        return found

    def has_part(self, key: object) -> bool:
        """Whether something was put at ``key``."""
        return key in self._parts

    def share_parts(self, other: Thing) -> None:
        """It is a copy of ``other``: the same parts."""
        if (other._parts or other._rest is not None) and self._whole is self.sources:
            self._rest = other._rest
            self._whole = other._whole.copy()
            self._whole.runs |= self.sources.runs
            self._parts = {key: sources.copy() for key, sources in other._parts.items()}

    def hold(self, links: list[tuple[Thing, bool]]) -> None:
        """It leads to these from now on; what is too much for the list is mixed into it, and followed no further."""
        for thing, sure in links:
            if thing is self or thing.module is not None or any(thing is known for known, _ in self.holds):
                continue
            if len(self.holds) < _MOST:
                self.holds.append((thing, sure))
            else:
                self.take(thing.sources, certain=False)


_MOST = 64
