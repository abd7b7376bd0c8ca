"""What a cell read and wrote, for the notebook's own metadata.

A kernel can't write into the notebook, and no front end expects messages of a kind it doesn't know. So the note of a
cell travels in the metadata of the kernel's ordinary answer (``execute_reply``), which everybody passes over but who
looks for it: our JupyterLab extension, and `note_cell` for programs that run notebooks.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cells import Run

KEY = "shinecat"
# Beside the note, and never kept in the notebook: what can't be written to the spool just now.
WAITING = "shinecat_waiting"
_AT_MOST = 200
_HOOK = "finish_metadata"


@dataclass(eq=False)
class Seen:
    """Files and datasets of one cell.

    Attributes
    ----------
    reads
        How each was read, by dataset and path.
    writes
        How each file was written, by its last name.
    """

    reads: dict[tuple[str | None, str | None], str] = field(default_factory=dict)
    writes: dict[str, str] = field(default_factory=dict)

    def renamed(self, old: str | None, new: str | None) -> None:
        """A file got another name, or (without ``new``) is gone."""
        how = self.writes.pop(old or "", "rename")
        if new:
            self.writes[new] = how

    def add(self, other: Seen) -> None:
        """What a cell within this one saw."""
        self.reads.update(other.reads)
        self.writes.update(other.writes)

    def note(self, unseen: dict[str, None]) -> dict[str, Any]:
        """As JSON, at most 200 entries of each kind; empty when there is nothing to say."""
        if not (self.reads or self.writes or unseen):
            return {}
        said: dict[str, Any] = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        read = [_entry(dataset=pid, file=path, by=how) for (pid, path), how in self.reads.items()]
        wrote = [_entry(file=path, by=how) for path, how in self.writes.items()]
        for name, entries in (("read", read), ("wrote", wrote)):
            if entries:
                said[name] = entries[:_AT_MOST]
        if unseen:
            said["unseen"] = [_characters(one) for one in list(unseen)[:_AT_MOST]]
        more = max(0, len(read) - _AT_MOST) + max(0, len(wrote) - _AT_MOST)
        if more:
            said["more"] = more
        return said


class Notes:
    """Puts the note of each cell into the kernel's answer to whoever ran it.

    Parameters
    ----------
    shell
        IPython's shell; outside a kernel nothing is done.
    waiting
        Tells what can't be written to the spool just now (`Spool.waiting`).
    """

    def __init__(self, shell: Any, waiting: Callable[[], dict[str, Any] | None] = lambda: None) -> None:
        self._waiting = waiting
        self._kernel = getattr(shell, "kernel", None)
        self._ours: Any = None
        self._ended: dict[int, tuple[Seen, dict[str, None]]] = {}

    def start(self) -> None:
        """From now on."""
        original = getattr(self._kernel, _HOOK, None)
        if original is None or self._ours is not None:
            return

        def finish_metadata(parent: Any, metadata: Any, reply_content: Any) -> Any:
            finished = original(parent, metadata, reply_content)
            ended = self._ended.pop(threading.get_ident(), None)
            with contextlib.suppress(Exception):  # the answer itself must go out whatever happens to its note
                said = ended[0].note(ended[1]) if ended is not None else None
                if said:
                    finished[KEY] = said
                waits = self._waiting()
                if waits:
                    finished[WAITING] = waits
            return finished

        self._ours = finish_metadata
        setattr(self._kernel, _HOOK, finish_metadata)

    def stop(self) -> None:
        """No longer; the kernel's own method is the one it had."""
        if self._ours is not None and vars(self._kernel).get(_HOOK) is self._ours:
            delattr(self._kernel, _HOOK)
            self._ours = None
        self._ended.clear()

    def ended(self, run: Run) -> None:
        """A cell ended; cells that it ran itself ended before it, and belong to the same answer."""
        if self._ours is None:
            return
        ident = threading.get_ident()
        before = self._ended.get(ident)
        if before is not None:
            before[0].add(run.seen)
            before[1].update(run.unseen)
        elif run.seen.reads or run.seen.writes or run.unseen:
            self._ended[ident] = (run.seen, dict(run.unseen))


def note_cell(cell: Any, cell_index: int = 0, execute_reply: Any = None, **_: Any) -> None:
    """Keep in a cell's metadata what it read and wrote: for programs that run notebooks.

    Parameters
    ----------
    cell
        A code cell (nbformat).
    cell_index
        Not used.
    execute_reply
        The kernel's answer.

    Examples
    --------
    >>> from jupyter_shinecat.record import note_cell
    >>> NotebookClient(notebook, on_cell_executed=note_cell).execute()                # doctest: +SKIP
    >>> papermill.execute_notebook("in.ipynb", "out.ipynb", on_cell_executed=note_cell)  # doctest: +SKIP
    """
    said = ((execute_reply or {}).get("metadata") or {}).get(KEY)
    if said:
        cell["metadata"][KEY] = said
    else:  # what stands there is of an earlier run
        cell["metadata"].pop(KEY, None)


def _entry(**fields: str | None) -> dict[str, str]:
    return {name: _characters(value) for name, value in fields.items() if value}


def _characters(text: str) -> str:
    """Names of files need not be characters, messages of Jupyter must."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
