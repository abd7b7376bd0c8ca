"""What people ask of entries: try again, take back, say yes."""

from __future__ import annotations

import logging
from pathlib import Path

from jupyter_shinecat.locale import tr

from .entries import DATASET, FAILED, FINAL, PLAN, TAKEN, WAITING, WITHDRAWN, Entries, Entry
from .news import News
from .owners import Owners
from .pauses import CATALOG, Pauses
from .plan import DATASET_ASKED
from .requests import RELEASE, RETRY, Request, take_requests
from .rest import signature

_log = logging.getLogger(__name__)


class Wishes:
    """Does what people have asked for.

    Parameters
    ----------
    folder
        The outbox's folder, where requests are dropped.
    entries, news, pauses, owners
        What the requests are about.
    """

    def __init__(self, folder: Path, entries: Entries, news: News, pauses: Pauses, owners: Owners) -> None:
        self._folder = folder
        self._entries = entries
        self._news = news
        self._pauses = pauses
        self._owners = owners

    def fulfil(self) -> bool:
        """Do all that was asked since the last time; True when there was something."""
        requests = take_requests(self._folder)
        for request in requests:
            chosen = [
                entry
                for entry in self._entries
                if request.key is None or request.key in (entry.key, (entry.step(TAKEN) or {}).get("key"))
            ]
            try:
                for entry in chosen:
                    self._do(request, entry)
                request.file.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("a request can't be done now: %s", error)
        return bool(requests)

    def _do(self, request: Request, entry: Entry) -> None:
        if request.do == RETRY:
            self._pauses.clear(CATALOG)
            self._pauses.clear(entry.key)
            if entry.state == FAILED and not entry.gone:
                if entry.step(DATASET) is None:
                    entry.drop_step(PLAN)
                self._news.set(entry, WAITING, "", "")
        elif entry.state in FINAL:
            return
        elif request.do == RELEASE:
            if request.group in entry.choices:
                self._owners.answer(entry, request.group, self._entries)
            if not entry.choices:
                if entry.step(PLAN) is None and _has_changed(entry):  # a yes is to what is there now
                    entry.drop_step(TAKEN)
                entry.change(released=True)
        elif entry.step(DATASET) is None and (entry.state == FAILED or entry.step(DATASET_ASKED) is None):
            self._news.set(entry, WITHDRAWN, tr("You withdrew it."), "")
        else:
            self._news.set(entry, entry.state, tr("It may be in the catalog already, so it can't be withdrawn."), "")


def _has_changed(entry: Entry) -> bool:
    """Whether a file of the entry is no longer what was taken: repaired by hand, say."""
    files = (entry.step(TAKEN) or {}).get("files") or []
    return any((signature(file["path"]) or (0, 0))[:2] != (file["size"], file["mtime_ns"]) for file in files)
