"""The outbox at work: reads the spool, takes what rests, sends what was taken, until it is told to stop."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, CatalogUnavailable, Identity, SignInRequired, TooManyRequests

from .access import WhichGroup
from .collect import Reader
from .entries import DATASET, FAILED, FINAL, PLAN, SENDING, SENT, TAKEN, WAITING, Entries, Entry
from .intake import Intake
from .lineage import NotYet, is_waiting_for_failed
from .lookout import Lookout
from .news import News
from .owners import Owners
from .pauses import CATALOG, Pauses
from .plan import Done, plan
from .send import RESENT, Sender, Settling
from .settings import Settings
from .taking import Taker
from .windows import Windows
from .wishes import Wishes

_log = logging.getLogger(__name__)
_IDENTITY_S = 60.0
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
        self._connect = connect
        self._pauses = Pauses()
        self._sender: Sender | None = None
        self._me: tuple[Identity, float] | None = None
        self._news = News(emit, settings.state)
        self._tidied = 0.0
        self.entries = Entries(settings.folder)
        self.intake = Intake(settings, self.entries)
        self._taker = Taker(self.intake, reader, settings.hold_s, with_notebook=settings.send_notebook)
        self._windows = Windows(reader)
        self._owners = Owners(settings.folder)
        self._wishes = Wishes(settings.folder, self.entries, self._news, self._pauses, self._owners)
        self._lookout = Lookout(self.entries)

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
        self._look_again()
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
        self.entries.prune(time.time())
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
        return ("", "") if self._pauses.is_over(CATALOG) else self._pauses.words(CATALOG)

    def close(self) -> None:
        """Close the connection to the catalog, and stop reading files."""
        self._taker.close()
        if self._sender is not None:
            self._sender.client.close()
            self._sender = None

    # -- one entry -----------------------------------------------------------------------------------------------------

    def _advance(self, entry: Entry) -> bool:
        """Do the next step of an entry; False when it must wait."""
        if not self._pauses.is_over(entry.key):
            return False
        if entry.step(TAKEN) is None:
            return self._take(entry)
        if self._waits_for_yes(entry):
            return self._news.set(
                entry, WAITING, tr("It waits for your yes."), tr("Release it in the panel, or withdraw it.")
            )
        if self._waits_for_group(entry):
            return False
        if not self._pauses.is_over(CATALOG):
            reason, do = self._pauses.words(CATALOG)
            self._news.set(entry, WAITING, reason, do)
            return False
        try:
            return self._send(entry)
        except Settling as settling:
            self._pauses.until(entry.key, settling.wait_s)
            return False
        except (CatalogUnavailable, SignInRequired) as error:
            return self._wait_for_catalog(entry, error)
        except ShineCatError as error:
            reason = " ".join(part for part in (error.what, error.left) if part)
            return self._news.set(entry, FAILED, reason, error.do or tr("Put it right, then retry this entry."))

    def _waits_for_yes(self, entry: Entry) -> bool:
        ask = "ask" in (self._settings.write_back, entry.found.get("write_back"))
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

    def _send(self, entry: Entry) -> bool:
        sender = self._connected()
        if entry.step(PLAN) is None:
            try:
                me, answers = self._identity(), self._owners.answers
                made = plan(entry, self.entries, sender.client, me, self._settings, self._windows, answers)
            except WhichGroup as asked:
                self._catalog_is_back()
                entry.change(owner_group="", choices=list(asked.choices))
                return self._news.set(entry, WAITING, asked.what, asked.do)
            except Done as done:
                self._catalog_is_back()
                return self._news.set(entry, done.state, done.reason, "", pid=done.pid)
            except NotYet as wait:
                name = wait.entry.public()["name"]
                if is_waiting_for_failed(wait):
                    reason = tr("It waits for {name}, which could not be sent.", name=name)
                    self._news.set(entry, WAITING, reason, tr("Retry or withdraw that one."))
                    return False
                self._news.set(entry, WAITING, tr("It waits for {name}, which goes first.", name=name), "")
                return False
            entry.write_step(PLAN, made)
        self._catalog_is_back()
        self._news.set(entry, SENDING, "", "")
        last = sender.step(entry)
        done_step = entry.step(DATASET) or {}
        pid = done_step.get("pid") or (entry.step(PLAN) or {}).get("pid")
        reason, do = self._doubled((entry.step(RESENT) or {}).get("left") or [] if last else [])
        if last:
            self._lookout.watch(entry)
        return self._news.set(entry, SENT if last else SENDING, reason, do, pid=pid)

    # -- the catalog ---------------------------------------------------------------------------------------------------

    def _connected(self) -> Sender:
        if self._sender is None:
            self._sender = Sender(self._connect(), self._settings.settle_s)
        return self._sender

    def _identity(self) -> Identity:
        if self._me is None or time.monotonic() - self._me[1] > _IDENTITY_S:
            self._me = (self._connected().client.whoami(), time.monotonic())
        return self._me[0]

    def _catalog_is_back(self) -> None:
        self._pauses.clear(CATALOG)

    def _wait_for_catalog(self, entry: Entry, error: CatalogUnavailable | SignInRequired) -> bool:
        self._me = None
        # A 500 may be about this one document; it must not stop the others.
        alone = error.status == 500
        wait_s = error.retry_after_s if isinstance(error, TooManyRequests) else 0.0
        self._pauses.failed(entry.key if alone else CATALOG, error.what, error.do, at_least_s=wait_s)
        self._news.set(entry, WAITING, error.what, error.do)
        return False

    # -- what came through late ----------------------------------------------------------------------------------------

    def _look_again(self) -> None:
        """Entries that were sent: whether a request that was sent twice has been stored twice by now."""
        if not self._pauses.is_over(CATALOG):
            return
        for entry in self._lookout.due():
            try:
                reason, do = self._doubled(self._connected().look_again(entry))
                self._lookout.looked(entry)
                if reason:
                    self._news.set(entry, SENT, reason, do)
            except (CatalogUnavailable, SignInRequired) as error:
                self._pauses.failed(CATALOG, error.what, error.do)
                return
            except (ShineCatError, OSError) as error:
                _log.warning("entry %s can't be looked at again: %s", entry.key, error)

    @staticmethod
    def _doubled(left: list[str]) -> tuple[str, str]:
        if not left:
            return "", ""
        reason = tr("The catalog stored a request twice: {places}.", places=", ".join(left))
        return reason, tr("An administrator of the catalog may delete these copies.")


def run(outbox: Outbox, stop: threading.Event, poll_s: float, still_ours: Callable[[], bool]) -> None:
    """Work until ``stop`` is set or the lease is lost; each step ends first."""

    def should_stop() -> bool:
        # Also between two entries: who slept through a takeover must not send beside the new one.
        return stop.is_set() or not still_ours()

    while not should_stop():
        moved = outbox.tick(should_stop)
        stop.wait(0.0 if moved else poll_s)
