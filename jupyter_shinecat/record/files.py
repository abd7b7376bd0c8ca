"""What happens to files: opened, renamed, removed, copied, linked; which of them are results, and which a dataset's."""

from __future__ import annotations

import os
import threading

from .databases import Databases, database_name
from .ending import still_open
from .flow import Event
from .journal import Journal
from .paths import PathFilter, absolute, plain, store_of


class Files:
    """Takes what the hooks see of files (`audit.Sink`).

    Parameters
    ----------
    journal
        Gets the events.
    wanted
        Tells user data from all else.

    Attributes
    ----------
    databases
        Databases that are open.
    """

    def __init__(self, journal: Journal, wanted: PathFilter) -> None:
        self._journal = journal
        self._filter = wanted
        self._copying: tuple[int, str, str] | None = None
        self._pids: dict[str, str] = {}
        self._written: set[str] = set()
        self.databases = Databases(still_open)

    def belongs(self, path: str, pid: str) -> None:
        """The file at ``path`` belongs to this dataset: who reads it, reads the dataset."""
        self._pids[os.path.normpath(path)] = pid

    def opened(self, path: object, *, reads: bool, writes: bool, fresh: bool, how: str) -> None:
        """A file is opened. A part of a store that is a folder (Zarr) stands for the store."""
        full = absolute(path)
        if full is None or not self._filter(full):
            if full is not None and writes and self._filter.may_become(full):
                self._journal.hide(
                    Event("write", path=full, fresh=fresh), full
                )  # no result, unless it gets another name
            return
        whole = store_of(full) or full
        if writes and os.path.isdir(full):  # tempfile opens the folder by name, and the file in it by an opener
            return
        if reads:
            self._journal.see(Event("read", pid=self._pids.get(full) or self._pids.get(whole), path=whole), how)
        if writes:
            copying, self._copying = self._copying, None
            if copying is not None and copying[:2] == (threading.get_ident(), full):
                self._link(copying[2], full)
                return
            if fresh:
                self._replaced(full, full)
            self._written.add(full)
            self._journal.see(Event("write", path=whole, fresh=fresh and whole == full), how, file=full)

    def connected(self, name: str) -> None:
        """A database is opened: a new one is written, one that is there is read; what comes into it shows later."""
        named = database_name(name)
        full = absolute(named[0]) if named is not None else None
        if named is None or full is None or not self._filter(full):
            return
        fresh = not os.path.exists(full)
        if not named[1]:
            self.databases.opened(full)
        self.opened(full, reads=not fresh, writes=fresh, fresh=fresh, how="sqlite3")

    def renamed(self, source: object, target: object) -> None:
        """A file gets another name."""
        old, new = absolute(source), absolute(target)
        if old is None or new is None:
            return
        if self._filter(new):
            if old in self._written or old in self._journal.hidden or self._filter(old):
                self._written.add(new)
                if old in self._pids:
                    self._pids[new] = self._pids.pop(old)
                else:
                    self._replaced(new, os.path.dirname(new))
                self._journal.see(Event("rename", path=old, target=new), "rename")
        elif old in self._written:
            self._journal.see(Event("remove", path=old), "remove")
        elif old in self._journal.hidden and self._filter.may_become(new):
            self._journal.hide(Event("rename", path=old, target=new), new)

    def removed(self, path: object, *, tree: bool = False) -> None:
        """A file, or a folder with all in it, is removed."""
        full = absolute(path)
        if full is None:
            return
        gone = [one for one in self._written if one.startswith(full + "/")] if tree else [full]
        for one in gone:
            if one in self._written:
                self._written.discard(one)
                self._journal.see(Event("remove", path=one), "remove")

    def copied(self, source: object, target: object) -> None:
        """A file is copied: the copy of an input is no result, and who reads it reads the input."""
        old, new = absolute(source), absolute(target)
        if old is not None and new is not None and old not in self._written and self._filter(old):
            self._copying = (threading.get_ident(), new, old)

    def linked(self, source: object, target: object) -> None:
        """A file gets a second name."""
        new = absolute(target)
        if new is None or not self._filter(new):
            return
        # A symbolic link names its file as seen from its own folder; a hard link as seen from ours.
        near = absolute(os.path.join(os.path.dirname(new), plain(source) or ""))
        here = absolute(source)
        old = near if near is not None and (near in self._written or near in self._pids) else here
        if old in self._written:
            self.renamed(old, new)
        elif near is not None and here is not None and self._filter(here):
            self._link(near if os.path.exists(near) else here, new)

    def _replaced(self, path: str, changing: str) -> None:
        """Other content comes to ``path``: no dataset's any more, unless it is refused because of ``changing``."""
        if path in self._pids and (os.access(changing, os.W_OK) or not os.path.lexists(changing)):
            del self._pids[path]

    def _link(self, old: str, new: str) -> None:
        self._written.discard(new)
        if old in self._pids:
            self._pids[new] = self._pids[old]
        self._journal.see(Event("link", path=old, target=new), "copy")
