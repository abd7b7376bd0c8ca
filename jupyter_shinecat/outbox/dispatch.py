"""From files that were taken to the catalog: plans entries, sends them step by step, and looks at them again later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, CatalogUnavailable, Identity, SignInRequired, TooManyRequests

from . import doubts
from .access import WhichGroup
from .entries import DATASET, FAILED, PLAN, SENDING, SENT, TAKEN, WAITING, WITHDRAWN, Entries, Entry
from .lineage import NotYet, is_waiting_for_failed
from .lookout import Lookout
from .news import News
from .owners import Owners
from .pauses import CATALOG, Pauses
from .plan import Done, plan
from .resent import Resent, looked
from .send import Sender, Settling
from .settings import Settings
from .windows import Windows

_log = logging.getLogger(__name__)
_IDENTITY_S = 60.0


class Dispatch:
    """Speaks with the catalog for the entries.

    Parameters
    ----------
    settings
        The outbox.
    entries, news, pauses, owners, windows
        What it works on, tells to, waits by, and asks.
    connect
        Makes the client of the catalog.
    """

    def __init__(
        self,
        settings: Settings,
        entries: Entries,
        news: News,
        pauses: Pauses,
        owners: Owners,
        windows: Windows,
        connect: Callable[[], CatalogClient],
    ) -> None:
        self._settings = settings
        self._entries = entries
        self._news = news
        self._pauses = pauses
        self._owners = owners
        self._windows = windows
        self._connect = connect
        self._sender: Sender | None = None
        self._me: tuple[Identity, float] | None = None
        self._lookout = Lookout(entries)

    @property
    def trouble(self) -> tuple[str, str]:
        """Why nothing can be sent now, and what to do about it; empty while the catalog answers."""
        return ("", "") if self._pauses.is_over(CATALOG) else self._pauses.words(CATALOG)

    def close(self) -> None:
        """Close the connection to the catalog."""
        if self._sender is not None:
            self._sender.client.close()
            self._sender = None

    def send(self, entry: Entry) -> bool:
        """Do the next step of an entry whose files were taken; False when it must wait.

        Raises
        ------
        OSError
            The step can't be written.
        """
        if not self._pauses.is_over(CATALOG):
            reason, do = self._pauses.words(CATALOG)
            self._news.set(entry, WAITING, reason, do)
            return False
        try:
            changed = entry.step(PLAN) is None and self._plan(entry)
            return changed if entry.step(PLAN) is None else self._step(entry)
        except Settling as settling:
            self._pauses.until(entry.key, settling.wait_s)
            return False
        except (CatalogUnavailable, SignInRequired) as error:
            return self._wait_for_catalog(entry, error)
        except ShineCatError as error:
            reason = " ".join(part for part in (error.what, error.left) if part)
            changed = self._news.set(entry, FAILED, reason, error.do or tr("Put it right, then retry this entry."))
            self._lookout.watch(entry)
            return changed

    def _plan(self, entry: Entry) -> bool:
        """Plan an entry, or say why it must wait or needs nothing; True when that is something new."""
        try:
            client, me = self._connected().client, self._identity()
            made = plan(entry, self._entries, client, me, self._settings, self._windows, self._owners.answers)
        except WhichGroup as asked:
            self._pauses.clear(CATALOG)
            entry.change(owner_group="", choices=list(asked.choices))
            return self._news.set(entry, WAITING, asked.what, asked.do)
        except Done as done:
            self._pauses.clear(CATALOG)
            return self._news.set(entry, done.state, done.reason, "", pid=done.pid)
        except NotYet as wait:
            name, do = wait.entry.public()["name"], ""
            if is_waiting_for_failed(wait):
                reason = tr("It waits for {name}, which could not be sent.", name=name)
                do = tr("Retry or withdraw that one.")
            elif wait.entry.asks:
                reason = tr("It waits for {name}, which waits for your yes.", name=name)
            else:
                reason = tr("It waits for {name}, which goes first.", name=name)
            self._news.set(entry, WAITING, reason, do)
            return False
        entry.write_step(PLAN, made)
        return True

    def _step(self, entry: Entry) -> bool:
        self._pauses.clear(CATALOG)
        self._news.set(entry, SENDING, "", "")
        last = self._connected().step(entry)
        pid = (entry.step(DATASET) or {}).get("pid") or (entry.step(PLAN) or {}).get("pid")
        reason, do = _told_at_the_end(entry) if last else ("", "")
        changed = self._news.set(entry, SENT if last else SENDING, reason, do, pid=pid)
        self._lookout.watch(entry)
        return changed

    # -- the catalog ---------------------------------------------------------------------------------------------------

    def _connected(self) -> Sender:
        if self._sender is None:
            self._sender = Sender(self._connect(), self._settings.settle_s)
        return self._sender

    def _identity(self) -> Identity:
        if self._me is None or time.monotonic() - self._me[1] > _IDENTITY_S:
            self._me = (self._connected().client.whoami(), time.monotonic())
        return self._me[0]

    def _wait_for_catalog(self, entry: Entry, error: CatalogUnavailable | SignInRequired) -> bool:
        self._me = None
        # A 500 may be about this one document; it must not stop the others.
        alone = error.status == 500
        wait_s = error.retry_after_s if isinstance(error, TooManyRequests) else 0.0
        self._pauses.failed(entry.key if alone else CATALOG, error.what, error.do, at_least_s=wait_s)
        self._news.set(entry, WAITING, error.what, error.do)
        return False

    # -- what came through late ----------------------------------------------------------------------------------------

    def look_again(self) -> bool:
        """Whether a request that was sent twice has been stored twice by now; True when there was one to look for."""
        moved = False
        for entry in self._lookout.due() if self._pauses.is_over(CATALOG) else []:
            if not self._pauses.is_over(entry.key):
                continue
            try:
                self._look(entry)
                self._lookout.looked(entry)
                moved = True
            except (CatalogUnavailable, SignInRequired) as error:
                self._pauses.failed(CATALOG, error.what, error.do)
                break
            except OSError as error:
                _log.warning("a look at entry %s can't be kept: %s", entry.key, error)
                self._pauses.failed(entry.key)
        return moved

    def _look(self, entry: Entry) -> None:
        try:
            found = self._connected().look_again(entry)
        except (CatalogUnavailable, SignInRequired):
            raise
        except ShineCatError as error:  # the dataset is gone, or no longer ours: there is nothing to compare with
            _log.warning("entry %s can't be looked at again: %s", entry.key, error)
            looked(entry)
            return
        if entry.state == SENT:
            self._news.set(entry, SENT, *_told_at_the_end(entry))
        elif found is not None and entry.state == FAILED:
            self._news.set(entry, WAITING, "", "")  # it is there after all; the next step finds it
        elif found is not None and not self._is_anothers(entry, found):
            reason = tr("The catalog has stored it late all the same, as {pid}.", pid=found)
            self._news.set(entry, WITHDRAWN, reason, tr("Delete it there, or ask an administrator to."))

    def _is_anothers(self, entry: Entry, pid: str) -> bool:
        key = (entry.step(TAKEN) or {}).get("key")
        return any(one.pid == pid and (one.step(TAKEN) or {}).get("key") == key for one in self._entries)


def _told_at_the_end(entry: Entry) -> tuple[str, str]:
    """What a person should know of an entry that was sent, and what to do about it."""
    told = [doubts.remark(entry.found) if entry.found["kind"] == "result" else ""]
    if count := (entry.step(TAKEN) or {}).get("figures_left"):
        told.append(tr("{count} more figures of its cell are not attached.", count=count))
    note, do = Resent.of(entry), ""
    if note is not None and note.left:
        told.append(tr("The catalog stored a request twice: {places}.", places=", ".join(note.left)))
        do = tr("An administrator of the catalog may delete these copies.")
    return " ".join(part for part in told if part), do
