"""What a statement of the abstract run brings about: in things, in files, in the session."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .calls import Step
from .functions import Function
from .reach import REST, Body, Spots, TooMuchError, Value, is_plain, mix
from .sources import Origin, Sources, Thing
from .state import Link, State, reach
from .trace import Event, Sites, Trace

FORKED = "\0forked"  # stands for the files that children of this process write
PROCESS = "\0process"  # and for those that other programs write


def separate(thing: Thing, value: Value | None) -> None:
    """The parts of a thing are known apart."""
    if value is not None and value.parts is not None:
        parts = {key: _certain(part, thing) for key, part in value.parts.items() if key is not REST}
        thing.separate(parts, _certain(value.parts[REST], thing) if REST in value.parts else None)


def _certain(value: Value, thing: Thing) -> Sources:
    sure = value.one_of().sure  # of parts within parts nothing is kept
    return Sources({origin: True for origin in sure if thing.sources.origins.get(origin)}, thing.sources.runs)


@dataclass(frozen=True)
class Reached:
    """What surely reaches what a statement gives and brings about.

    Attributes
    ----------
    value
        Its value.
    body
        What was found of its parts; None where nothing was looked into.
    loose
        Events of which it isn't known where in the statement they happened.
    alone
        The origin of all that the statement uses, where that is a single one.
    """

    value: Value
    body: Body | None
    loose: frozenset[int]
    alone: set[Origin]

    def added(self, name: str) -> set[Origin]:
        """What came into a thing by a change in place."""
        thing = self.body.outer.get(name) if self.body is not None else None
        if thing is not None and (thing.touched or thing.added):
            return thing.added
        return self.alone

    def named(self, node: ast.NamedExpr) -> set[Origin]:
        """What ``name := value`` gets."""
        return self.body.into.get(id(node), set()) if self.body is not None else self.alone

    def file(self, event: Event) -> set[Origin]:
        """What went into a file that was written."""
        if id(event) in self.loose or event.kind in ("fork", "process"):
            return self.value.sure | self.alone
        return self.body.wrote.get(id(event), self.alone) if self.body is not None else self.alone

    def handles(self, stores: bool) -> set[Origin]:
        """What went into files that were open before."""
        things = self.body.outer.values() if self.body is not None else ()
        added = {origin for thing in things if thing.files for origin in thing.added}
        return added if added and not stores else self.value.sure | self.alone


class Effects(ABC):
    """Lets what a statement uses flow into what it changes and writes.

    Parameters
    ----------
    state
        What the session held before; changed in place.
    trace
        The run.

    Attributes
    ----------
    written
        Paths that this run wrote, or wrote into through a handle.
    """

    def __init__(self, state: State, trace: Trace) -> None:
        self.state = state
        self.trace = trace
        self.written: dict[str, None] = {}
        self._made: set[str] = set()
        self._seen = Sources()
        self._control: list[Sources] = []
        self._collected: list[Sources] = []
        self._ambient = Sources()
        self._maybe = 0
        self._weak = 0
        self._loops = 0
        self._spare = False
        self._bit = 1 << trace.run
        self._failed = trace.failed_at()
        self._sites: Sites

    def _step(self, expressions: Iterable[ast.AST], *, discarded: bool = False) -> Step:
        step = Step(self.state)
        for node in expressions:
            step.roots.append(node)
            step.load(node, discarded=discarded)
        step.discarded = discarded
        return step

    def _reached(self, step: Step, events: Sequence[Event], read: Sources) -> Reached | None:
        """What surely reaches what the statement gives and brings about; None when nothing in it is certain."""
        if not step.roots or not (any(step.sources.origins.values()) or any(read.origins.values())):
            return None
        every = {**step.sources.origins, **read.origins}
        alone = {origin for origin in every if step.sources.origins.get(origin) or read.origins.get(origin)}
        alone = alone if len(every) == 1 else set()
        if alone and not any(event.trail for event in events) and is_plain(step.roots, self.state):
            return Reached(Value(alone), None, frozenset(), alone)
        spots = Spots(step.roots, [(event, 0) for event in events])
        body = Body(self.state, self._origins, spots)
        body.once = not self._loops
        loose = self._origins([event for event, _ in spots.loose])
        try:
            values = [body.value(root, discarded=step.discarded) for root in step.roots]
        except (TooMuchError, RecursionError):
            return Reached(Value(alone, every), None, frozenset(id(event) for event in events), alone)
        if loose.origins:
            values.append(Value((origin for origin, sure in loose.origins.items() if sure), loose.origins))
        value = values[0] if len(values) == 1 else mix(values)
        return Reached(value, body, frozenset(id(event) for event, _ in spots.loose), alone)

    def _origins(self, events: Iterable[Event]) -> Sources:
        found = Sources()
        for event in events:
            if event.kind != "read":
                continue
            if event.pid:
                found.add(("pid", event.pid), event.certain)
            elif event.path and event.path in self._made:
                found.merge(self.state.results.get(event.path, Sources()))  # made by this very run: not an input
            elif event.path:
                found.add(("path", event.path), event.certain)
        return found

    def _finish(self, step: Step, events: Sequence[Event]) -> Sources:
        """Everything that the statement uses flows into everything that it changes, and into the files it writes."""
        sources = step.settle()
        read = self._origins(events)
        if self._maybe and not events:
            sources.doubt()
        reached = self._reached(step, events, read)
        sources.merge(read)
        whole = sources.copy()
        if reached is not None:
            sources.only(reached.value.sure)
            step.value = reached.value
        self.state.session.merge(read, certain=False)
        sources.merge(self._ambient, certain=False)
        for control in self._control:
            sources.merge(control, certain=False)
        if step.opaque:
            sources.merge(self.state.session, certain=False)
            sources.merge(self._seen, certain=False)
        if step.figures:
            sources.merge(self._seen, certain=False)
        sources.runs |= self._bit
        for name, key in step.lost:
            for thing, definite in self.state.names.get(name, ()):
                if definite and not (self._maybe or self._weak):
                    thing.lose(key)
                thing.take(sources, certain=False)
        whole.merge(sources)
        self._change_all(step, whole, reached)
        if reached is not None and reached.body is not None:
            self._lose(reached.body)
        for thing in step.lazy if read.origins else ():
            thing.take(read, certain=False)
        for path, certain in step.files.items():
            self._wrote(path, sources if reached is None else whole.of(reached.handles(step.stores)), certain)
        for event in events:
            self._effect(event, sources if reached is None else whole.of(reached.file(event)))
        for node, links in step.bound:
            self._bind(node.target, sources if reached is None else whole.of(reached.named(node)), links)
        if step.opaque:
            self.state.poison()
        self._seen.merge(sources)
        for collected in self._collected:
            collected.merge(sources, certain=False)
        return sources

    def _lose(self, body: Body) -> None:
        """What functions have taken out of things, or put something else in its place."""
        for name, value in body.outer.items():
            for thing, _ in self.state.names.get(name, ()) if value.lost else ():
                thing.doubt(value.lost - value.sure)
                thing.holds = [(held, False) for held, _ in thing.holds]

    def _change_all(self, step: Step, whole: Sources, reached: Reached | None = None) -> None:
        """Things that the statement changes get all that it uses, and may hold what it gives away."""
        for name, certain in step.changed.items():
            sources = whole if reached is None else whole.of(reached.added(name))
            if name not in self.state.names:  # ``global name`` in a function makes it
                self.state.bind(name, [(Thing(sources.copy()), certain)])
            links = self.state.names[name]
            near = {id(thing) for thing, _ in links}
            for thing, definite in reach(links, deep=name not in step.shallow):
                sure = certain and definite and id(thing) in near
                if name in step.put and thing.module is None:
                    thing.put(None, sources, sure)
                else:
                    thing.take(sources, sure)
                changed = reached.body.outer.get(name) if reached is not None and reached.body is not None else None
                if changed is not None and changed.touched and sure and not (self._maybe or self._weak):
                    separate(thing, changed)
                if id(thing) in near and thing.module is None:
                    thing.hold(step.given)
                for maker in thing.makers:  # a list in a class belongs to all its objects
                    if isinstance(maker.function, Function) and maker.function.keeps:
                        maker.take(sources, certain=False)

    def _effect(self, event: Event, sources: Sources) -> None:
        if event.kind == "write" and event.path:
            self._made.add(event.path)
            if event.fresh and not self._loops:
                self.state.results.pop(event.path, None)
            self._wrote(event.path, sources)
        elif event.kind == "rename" and event.path and event.target:
            if not self._loops:  # what stood there is gone
                self.state.results.pop(event.target, None)
            self.state.rename(event.path, event.target, sources)
            self._made.add(event.target)
            self.written.pop(event.path, None)
            self.written[event.target] = None
        elif event.kind == "remove" and event.path:
            self.state.results.pop(event.path, None)
            self.written.pop(event.path, None)
        elif event.kind == "link" and event.target:  # a copy of an input: no result any more
            self.state.results.pop(event.target, None)
            self.written.pop(event.target, None)
        elif event.kind == "fork":
            self._wrote(FORKED, sources)
        elif event.kind == "process":
            if PROCESS not in self.written:
                self.state.results.pop(PROCESS, None)
            self._wrote(PROCESS, sources)

    def _wrote(self, path: str, sources: Sources, certain: bool = True) -> None:
        self.state.flow_into(path, sources, certain)
        self.written[path] = None

    def _files(self, step: Step, value: ast.AST | None, events: Iterable[Event]) -> dict[str, bool]:
        """Files that the value is a handle of."""
        files = step.passed_files(value)
        for event in events:
            if event.kind == "write" and event.path:
                files[event.path] = True
            elif event.kind == "fork":
                files[FORKED] = True
        return files

    @abstractmethod
    def _bind(self, target: ast.AST, sources: Sources, links: Sequence[Link] = ()) -> Thing:
        """Let a target mean a new thing."""
