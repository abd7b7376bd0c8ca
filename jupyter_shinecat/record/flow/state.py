"""What the session holds at one moment of the abstract run: names, the things behind them, results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from .sources import Sources, Thing

# A name's way to a thing; False when it may be a copy, a part, or from a branch that was not taken.
Link = tuple[Thing, bool]

_MOST_THINGS = 2000
_STATEFUL_MODULES = frozenset({"matplotlib.pyplot", "pylab", "matplotlib.pylab"})


def reach(links: Iterable[Link], deep: bool = True, most: int = _MOST_THINGS) -> Iterator[Link]:
    """Each thing that ``links`` lead to, once, the nearest first; with ``deep`` also by what they hold."""
    seen: set[int] = set()
    queue = deque(links)
    while queue and len(seen) < most:
        thing, sure = queue.popleft()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing, sure
        if deep:
            queue.extend((held, sure and known) for held, known in thing.holds)


class State:
    """Names and results of the session.

    Parameters
    ----------
    module_kind
        Tells of a dotted module name whether it is the ``user``'s own code or of a ``library``.

    Attributes
    ----------
    names
        Links by name.
    results
        What flowed into each file written in this session.
    session
        All that was read so far, none of it certain.
    unknown
        What a name that was never bound may hold (after code that could bind anything).
    """

    def __init__(self, module_kind: Callable[[str], str]) -> None:
        self._module_kind = module_kind
        self.names: dict[str, list[Link]] = {}
        self.results: dict[str, Sources] = {}
        self.session = Sources()
        self.unknown = Sources()

    def module(self, dotted: str) -> tuple[str, str]:
        """Kind and name of a module."""
        return ("state" if dotted in _STATEFUL_MODULES else self._module_kind(dotted)), dotted

    def bind(self, name: str, links: Iterable[Link], *, keep: bool = False, spare: bool = False) -> None:
        """Let ``name`` mean ``links``; with ``keep`` it may still mean what it did, with ``spare`` most likely."""
        fresh = list(links)
        if spare and name in self.names:
            self.names[name] = [*self.names[name], *((thing, False) for thing, _ in fresh)][:64]
            return
        if keep:
            fresh += [(thing, False) for thing, _ in self.names.get(name, ()) if all(thing is not t for t, _ in fresh)]
        self.names[name] = fresh[:64]

    def things(self) -> Iterable[Thing]:
        """All things that a name leads to."""
        return [thing for thing, _ in reach((link for links in self.names.values() for link in links), most=1_000_000)]

    def poison(self) -> None:
        """Code ran that could change anything: every name may hold everything that was read so far."""
        self.spread(self.session)

    def spread(self, sources: Sources) -> None:
        """Every name may hold something of ``sources``."""
        self.unknown.merge(sources, certain=False)
        for thing in self.things():
            if thing.module is None:
                thing.take(sources, certain=False)

    def flow_into(self, path: str, sources: Sources, certain: bool = True) -> None:
        """``sources`` went into the file at ``path``."""
        self.results.setdefault(path, Sources()).merge(sources, certain)

    def rename(self, old: str, new: str, sources: Sources) -> None:
        """A file of this session got another name; what flowed into it stays."""
        self.flow_into(new, sources)
        before = self.results.pop(old, None)
        if before is not None:
            self.flow_into(new, before)
            for thing in self.things():
                if old in thing.files:
                    thing.files[new] = thing.files.pop(old)

    def close_files(self, still_open: Callable[[str], bool]) -> None:
        """Files that are no longer open can't be written through a handle any more."""
        for thing in self.things():
            if thing.files:
                thing.files = {path: sure for path, sure in thing.files.items() if still_open(path)}

    def doubt_figures(self) -> None:
        """A new cell: figures that the plotting module holds from earlier ones may have been closed."""
        for name, links in self.names.items():
            own = next((thing for thing, _ in links if thing.module and thing.module[0] == "state"), None)
            if own is not None:
                for thing, _ in links:
                    own.take(thing.sources, certain=False)
                own.sources.doubt()
                self.names[name] = [(own, True), *((thing, False) for thing, _ in links[-32:] if thing is not own)]
