"""The outbox at work: reads the spool, takes what rests, sends what was taken, until it is told to stop."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient

from . import doubts
from .collect import Reader
from .dispatch import Dispatch
from .entries import FAILED, FINAL, PLAN, SENDING, TAKEN, WAITING, WITHDRAWN, Entries, Entry
from .intake import Intake
from .lookout import is_awaited
from .news import News
from .owners import Owners
from .pauses import Pauses
from .plan import newest_of_each
from .settings import Settings
from .taking import Taker
from .windows import Windows
from .wishes import Wishes

_log = logging.getLogger(__name__)
_TIDY_S = 3600.0


class Outbox:
    """Works on one outbox; the caller holds its lease.

    Parameters
    ----------
    settings
        Where things are and how long to wait.
    emit
        Called with each change of an entry, as the panel sees it.
    reader
        Reads metadata in a child process.
    connect
        Makes the client of the catalog.
    """

    def __init__(
        self,
        settings: Settings,
        emit: Callable[[dict[str, Any]], None],
        reader: Reader,
        connect: Callable[[], CatalogClient] = CatalogClient.from_environment,
    ) -> None:
        self._settings = settings
        self._pauses = Pauses()
        self._news = News(emit, settings.state)
        self._tidied = 0.0
        self._newest: dict[str, str] | None = None  # for one tick
        self.entries = Entries(settings.folder)
        self.intake = Intake(settings, self.entries)
        self._taker = Taker(self.intake, reader, settings.hold_s, with_notebook=settings.send_notebook)
        owners = self._owners = Owners(settings.folder)
        self._wishes = Wishes(settings.folder, self.entries, self._news, self._pauses, owners)
        windows = Windows(reader)
        self._dispatch = Dispatch(settings, self.entries, self._news, self._pauses, owners, windows, connect)

    def load(self) -> None:
        """Read what is on disk.

        Raises
        ------
        OSError
            The outbox's folder can't be made.
        """
        self.entries.load()
        self._owners.load()
        self._tidy()

    def tick(self, should_stop: Callable[[], bool] = lambda: False) -> bool:
        """Look at everything once and do what can be done; True when something moved."""
        moved = self._wishes.fulfil()
        self._newest = None
        try:
            made = self.intake.poll()
        except OSError as error:
            if self.intake.pending is None:
                _log.warning("the outbox can't be written: %s", error)
            else:
                self._news.not_made(*self.intake.pending, error)
            made = []
        for entry in made:
            self._news.tell(entry)
        open_ones = [entry for entry in self.entries if entry.state in (WAITING, SENDING)]
        self._taker.keep({entry.key for entry in open_ones})
        for entry in sorted(open_ones, key=lambda entry: (float(entry.found["ended"]), entry.key)):
            if should_stop():
                return True
            moved = self._try(entry) or moved
        moved = self._dispatch.look_again() or moved
        if time.monotonic() - self._tidied > _TIDY_S:
            self._tidy()
        return moved or bool(made)

    def _try(self, entry: Entry) -> bool:
        """Advance an entry; whatever goes wrong with it is its own affair."""
        try:
            return self._advance(entry)
        except OSError as error:
            self._news.not_written(entry, error)
            self._pauses.failed(entry.key)
        except Exception as error:
            _log.exception("entry %s can't be worked on", entry.key)
            reason = tr(
                "Something unexpected went wrong ({cause}); the files are untouched.", cause=type(error).__name__
            )
            with contextlib.suppress(OSError):
                return self._news.set(
                    entry, FAILED, reason, tr("Retry this entry; if it stays so, report it with the log.")
                )
        return False

    def _tidy(self) -> None:
        self._tidied = time.monotonic()
        self.entries.prune(time.time(), spare=is_awaited)
        self.intake.forget_finished()

    def is_settled(self) -> bool:
        """Whether nothing more will happen by itself: all is sent, withdrawn, failed, or waits for a person."""
        return all(
            e.state in (*FINAL, FAILED) or self._waits_for_yes(e) or self._waits_for_group(e) for e in self.entries
        )

    @property
    def busy(self) -> bool:
        """Whether large files are being read, so that waiting makes sense."""
        return self._taker.busy

    @property
    def trouble(self) -> tuple[str, str]:
        """Why nothing can be sent now, and what to do about it; empty while the catalog answers."""
        return self._dispatch.trouble

    def close(self) -> None:
        """Close the connection to the catalog, and stop reading files."""
        self._taker.close()
        self._dispatch.close()

    # -- one entry -----------------------------------------------------------------------------------------------------

    def _advance(self, entry: Entry) -> bool:
        """Do the next step of an entry; False when it must wait."""
        if not self._pauses.is_over(entry.key):
            return False
        if entry.step(TAKEN) is None:
            return self._take(entry)
        asks = self._waits_for_yes(entry)
        if asks or self._waits_for_group(entry):
            if self._is_replaced(entry):  # what it was is on no disk any more
                return self._news.set(entry, WITHDRAWN, tr("A newer run has replaced it."), "")
            return self._ask(entry) if asks else False
        return self._dispatch.send(entry)

    def _is_replaced(self, entry: Entry) -> bool:
        if self._newest is None:
            self._newest = newest_of_each(self.entries)
        origin = str((entry.step(TAKEN) or {}).get("origin"))
        return entry.found["kind"] == "result" and self._newest.get(origin, entry.key) != entry.key

    def _ask(self, entry: Entry) -> bool:
        if entry.is_doubtful:
            reason, do = doubts.question(entry.found, (entry.step(TAKEN) or {})["doubts"])
        else:
            reason, do = tr("It waits for your yes."), tr("Release it in the panel, or withdraw it.")
        return self._news.set(entry, WAITING, reason, do)

    def _waits_for_yes(self, entry: Entry) -> bool:
        ask = "ask" in (self._settings.write_back, entry.found.get("write_back")) or entry.is_doubtful
        return ask and not entry.released and entry.step(PLAN) is None and entry.step(TAKEN) is not None

    def _waits_for_group(self, entry: Entry) -> bool:
        return bool(entry.choices) and self._settings.owner_group not in entry.choices

    def _take(self, entry: Entry) -> bool:
        outcome = self._taker.take(entry)
        if outcome.pause:
            self._pauses.failed(entry.key)
        if not outcome.state:
            return outcome.taken
        changed = self._news.set(entry, outcome.state, outcome.reason, outcome.do, gone=outcome.gone)
        return changed and outcome.state != WAITING


def run(outbox: Outbox, stop: threading.Event, poll_s: float, still_ours: Callable[[], bool]) -> None:
    """Work until ``stop`` is set or the lease is lost; each step ends first."""

    def should_stop() -> bool:
        # Also between two entries: who slept through a takeover must not send beside the new one.
        return stop.is_set() or not still_ours()

    while not should_stop():
        moved = outbox.tick(should_stop)
        stop.wait(0.0 if moved else poll_s)
