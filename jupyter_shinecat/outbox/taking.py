"""Taking the files of an entry when they have come to rest, or saying why not."""

from __future__ import annotations

import time
from collections.abc import Container
from dataclasses import dataclass

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from . import process
from .collect import Reader, collect
from .entries import FAILED, HASHES, TAKEN, WAITING, WITHDRAWN, Entry
from .hashing import Digests, Hashes, Moving
from .intake import Intake
from .rest import Signature, Watch
from .session import Session

# Times of files come from a clock of the system that is a few milliseconds behind.
_CLOCK_S = 0.05
_TELL_S = 1.0


@dataclass(frozen=True)
class Outcome:
    """What became of a try.

    Attributes
    ----------
    taken
        The entry has passed the step.
    state, reason, do
        What to tell of it otherwise; without a state there is nothing new.
    gone
        Its bytes are lost for good.
    pause
        Try again after a pause.
    """

    taken: bool = False
    state: str = ""
    reason: str = ""
    do: str = ""
    gone: bool = False
    pause: bool = False


class Taker:
    """Takes entries.

    Parameters
    ----------
    intake
        Knows who wrote what.
    reader
        Reads metadata in a child process.
    hold_s
        How long files must stay unchanged, in seconds.
    with_notebook
        Whether each result takes its notebook with it.
    """

    def __init__(self, intake: Intake, reader: Reader, hold_s: float, *, with_notebook: bool = False) -> None:
        self._intake = intake
        self._with_notebook = with_notebook
        self._reader = reader
        self._watch = Watch(hold_s)
        self._hashes = Hashes()
        self._told: dict[str, float] = {}

    @property
    def busy(self) -> bool:
        """Whether checksums are being made."""
        return self._hashes.busy

    def keep(self, keys: Container[str]) -> None:
        """Stop the work for entries that are not in ``keys``."""
        self._hashes.keep(keys)
        self._told = {key: t for key, t in self._told.items() if key in keys}

    def close(self) -> None:
        """Stop all work; what is finished is on disk."""
        self._hashes.close()

    def take(self, entry: Entry) -> Outcome:
        """Take the entry's files if they rest.

        Raises
        ------
        OSError
            The step could not be written.
        """
        found = entry.found
        session = self._intake.session(found["session"])
        where = {p: session.follow(p, found["ended"]) if session else p for p in (*found["paths"], *found["figures"])}
        resting = self._watch.look(where.values())
        lost, newer = self._overwritten(entry, where)
        files = {path: sign for path, sign in resting.files.items() if path not in lost}
        data = {path: files[path] for path in (where[p] for p in found["paths"]) if path in files}
        pictures = [path for path in (where[p] for p in found["figures"]) if path in files]
        if not data and (found["paths"] or not pictures):
            return _lost(lost, newer)
        if resting.wait_s > 0:
            return Outcome(state=WAITING, reason=tr("It waits until its files rest."))
        opened = _still_open(session, set(data))
        if opened:
            reason = tr("{file} is still open in the notebook.", file=min(opened))
            return Outcome(state=WAITING, reason=reason, do=tr("Close it in your code."))
        try:
            digests = self._digests(entry, data)
            if digests is None:
                return self._progress(entry)
            notebook = self._with_notebook
            taken = collect(found, data, digests, pictures, entry.folder, self._reader, with_notebook=notebook)
        except Moving:
            return Outcome()
        except ShineCatError as error:  # no child process can be started here, now
            return Outcome(state=WAITING, reason=error.what, do=error.do, pause=True)
        if self._watch.look(data).files != data:
            return Outcome()
        entry.write_step(TAKEN, taken)
        if entry.step(HASHES) is not None:
            entry.drop_step(HASHES)
        self._watch.forget(where.values())
        return Outcome(taken=True)

    def _digests(self, entry: Entry, data: dict[str, Signature]) -> Digests | None:
        return self._hashes.of(entry.key, data, (entry.step(HASHES) or {}).get("files") or {})

    def _progress(self, entry: Entry) -> Outcome:
        """Tell now and then how far it is, and keep what is finished, so that a restart goes on from there."""
        now = time.monotonic()
        if now - self._told.get(entry.key, 0.0) < _TELL_S:
            return Outcome()
        self._told[entry.key] = now
        done, total, digests = self._hashes.progress(entry.key)
        if len(digests) > len((entry.step(HASHES) or {}).get("files") or {}):
            entry.write_step(HASHES, {"files": digests})
        reason = tr("Its checksums are being made: {done} of {total}.", done=_size(done), total=_size(total))
        return Outcome(state=WAITING, reason=reason)

    def _overwritten(self, entry: Entry, where: dict[str, str]) -> tuple[set[str], bool]:
        """Files whose bytes are another run's by now; and whether that was a newer run of the same notebook."""
        lost: set[str] = set()
        newer = False
        for path in set(where.values()):
            for session, run, t in self._intake.other_writers(entry, path):
                sign = self._watch.look([path]).files.get(path)
                untouched = sign is not None and sign[1] / 1e9 < t - _CLOCK_S
                if untouched and (run.number, path) not in session.handed:
                    continue
                lost.add(path)
                same = session.head.get("notebook") == entry.found["notebook"]
                newer = newer or (same and (bool(entry.found["notebook"]) or session.uuid == entry.found["session"]))
        return lost, newer


def _still_open(session: Session | None, paths: set[str]) -> set[str]:
    here = [file for file in session.files if file.is_here()] if session is not None else []
    return {path for file in here for path in process.open_for_writing(file.pid, paths)}


def _lost(lost: set[str], newer: bool) -> Outcome:
    if newer:
        return Outcome(state=WITHDRAWN, reason=tr("A newer run has replaced it."))
    if lost:
        reason = tr("{file} was overwritten by another notebook before it could be taken.", file=min(lost))
        return Outcome(
            state=FAILED, reason=reason, do=tr("Write to another file name and run the cell again."), gone=True
        )
    return Outcome(state=WITHDRAWN, reason=tr("Its files were removed before they were taken."))


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"
