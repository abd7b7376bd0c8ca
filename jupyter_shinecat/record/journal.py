"""The journal: each event goes to the run it belongs to, and to the spool when it is news."""

from __future__ import annotations

from .cells import Cells, Run
from .ending import Endings
from .flow import Event, Place
from .paths import store_of
from .spool import Spool


class Journal:
    """Keeps what was seen, as long as the record is on.

    Parameters
    ----------
    cells
        Tells which run something belongs to, and where in its code.
    endings
        Tells the spool of a run before the first line about it.
    spool
        Gets the lines.

    Attributes
    ----------
    on
        Whether anything is kept.
    hidden
        Files written under a name that hides them, which nobody is told of.
    """

    def __init__(self, cells: Cells, endings: Endings, spool: Spool) -> None:
        self.on = False
        self.hidden = endings.hidden
        self._cells = cells
        self._endings = endings
        self._spool = spool

    def run(self) -> Run | None:
        """The run that something happening now belongs to; None when nothing is recorded."""
        return self._cells.now() if self.on else None

    def add(self, event: Event, run: Run, *, tell: bool = True) -> None:
        """Take an event that no line is written for, with its place in the code."""
        self._cells.locate(event, run)
        self.append(run, event)
        if tell:
            self._endings.tell(run)

    def append(self, run: Run, event: Event) -> None:
        """Take an event as it is."""
        run.events.append(event)
        if run.done and event.kind in ("write", "rename"):
            run.late = True

    def see(self, event: Event, how: str, file: str | None = None) -> None:
        """Take an event of a file, ``file`` by its own name where it is a part of a store; say it once."""
        run = self.run()
        if run is None:
            return
        self._cells.locate(event, run)
        place = _where(event)
        known = run.writes if event.kind == "write" else run.known
        file = file or event.path
        here = (event.pid, file, how, place)
        line = (event.pid, file, how)
        moves = event.kind in ("rename", "remove", "link")
        if not moves and here in known:
            return
        store = store_of(event.target) if event.kind == "rename" and event.target else None
        if store is None or not str(event.path).startswith(store + "/"):  # parts of a store move inside it
            if event.kind == "read" and self._cells.is_stray(run):
                self._endings.strays.append(event)
            else:
                self.append(run, event)
        if moves:
            run.writes.clear()  # the same name may be written again
        elif line in known:
            known.add(here)
            return
        else:
            known.update((here, line))
        self._endings.tell(run)
        self._say(run, event, how, file)

    def _say(self, run: Run, event: Event, how: str, file: str | None) -> None:
        """A line of the spool, and an entry in the note of the cell."""
        inside = event.kind == "rename" and bool(event.target) and store_of(str(event.target)) is not None
        if event.kind == "read":
            run.seen.reads[event.pid, event.path] = how
            self._spool.write("read", run=run.number, pid=event.pid, path=event.path, how=how)
        elif event.kind == "write":
            run.seen.writes[str(event.path)] = how
            self._spool.write("write", run=run.number, path=file, how=how)
        elif event.kind in ("rename", "link"):
            if event.kind == "rename" and not inside:
                run.seen.renamed(event.path, event.target)
            if event.path in self.hidden:  # nobody was told of it by its first name
                self.hidden.discard(event.path)
                self._spool.write("write", run=run.number, path=event.target, how=how)
            else:
                self._spool.write(event.kind, run=run.number, src=event.path, dst=event.target)
        else:
            run.seen.renamed(event.path, None)
            self._spool.write("remove", run=run.number, path=event.path)

    def hide(self, event: Event, path: str) -> None:
        """Keep an event that nobody is told of, for the sources of the hidden file ``path``."""
        run = self.run()
        if run is None:
            return
        self._cells.locate(event, run)
        place = _where(event)
        here = ("hidden", event.kind, event.path, path, place)
        if here not in run.writes:
            run.writes.add(here)
            run.events.append(event)
            self.hidden.add(path)


def _where(event: Event) -> tuple[int, ...]:
    """The place of an event and those of its trail, to know it again."""
    places = (event.place, *event.trail) if isinstance(event.place, Place) else event.trail
    return tuple(part for place in places for part in (id(place.code), place.instruction))
