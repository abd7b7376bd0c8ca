"""From what a cell read to PIDs of the catalog."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable

from jupyter_shinecat.scicat import CatalogClient, Dataset

from .compose import text
from .entries import FAILED, SENT, WITHDRAWN, Entry
from .names import in_store, store_of
from .process import host

_PAGE = 100
_MOST_DATASETS = 1000
_MOST_BLOCK_READS = 60
_MOST_WINDOWS = 20


class NotYet(Exception):
    """An input is itself a result that has not been sent yet."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.key)
        self.entry = entry


def inputs_of(
    entry: Entry,
    entries: Iterable[Entry],
    lookup: Callable[[str], list[str]],
    sources: Callable[[str], Iterable[str]] = lambda path: (),
) -> dict[str, bool]:
    """PID of each input, with whether it is certain.

    A file that is itself a result stands for its dataset; one that was withdrawn stands for what it was made from. A
    copy stands for what it was copied from, and a file with virtual datasets or external links also for the files that
    these lead to: for certain where it is in no dataset itself.

    Parameters
    ----------
    entry
        The result.
    entries
        All entries of the outbox.
    lookup
        PIDs of the datasets in the catalog that hold the file at a path, best first.
    sources
        Files that the HDF5 file at a path leads to.

    Raises
    ------
    NotYet
        An input is a result that is still on its way.
    """
    older = [other for other in entries if _order(other) < _order(entry) and other.found.get("kind") == "result"]
    makers: dict[str, Entry] = {}
    for other in sorted(older, key=_order):
        for name in _names(other):
            makers[name] = makers[store_of(name) or name] = other
    search = _Search(makers, lookup, sources)
    search.collect(entry, certain=True)
    return search.pids


class _Search:
    def __init__(
        self,
        makers: dict[str, Entry],
        lookup: Callable[[str], list[str]],
        sources: Callable[[str], Iterable[str]],
    ) -> None:
        self._makers, self._lookup, self._sources = makers, lookup, sources
        self._seen: set[str] = set()
        self.pids: dict[str, bool] = {}

    def collect(self, entry: Entry, *, certain: bool) -> None:
        self._seen.add(entry.key)
        for item in entry.found.get("inputs") or []:
            self._add(item["pid"], certain and bool(item["certain"]))
        for item in entry.found.get("paths_in") or []:
            sure = certain and bool(item["certain"])
            names = [str(item["path"]), *(str(name) for name in item.get("was") or [])]
            known = False
            for name in names:
                known = self._file(name, sure)
                if known:
                    break
            self._trace(names, sure and not known)
        for path in entry.found.get("opened") or []:
            self._trace([str(path)], False)
        # A result may itself be a window: what it shows was never read here.
        own = _names(entry)
        self._trace([str(path) for path in entry.found.get("paths") or []][:_MOST_WINDOWS], certain, own)

    def _trace(self, names: Iterable[str], certain: bool, own: Container[str] = ()) -> None:
        for name in names:
            for source in () if name in self._makers else self._sources(name):
                if source not in own:
                    self._file(source, certain)

    def _file(self, path: str, certain: bool) -> bool:
        """Take in what a file stands for; False when nobody knows it."""
        maker = self._makers.get(path)
        if maker is None:
            found = self._lookup(path)
            for pid in found[:1]:
                self._add(pid, certain and len(found) == 1)
            return bool(found)
        if maker.state == SENT and maker.pid:
            self._add(maker.pid, certain)
        elif maker.state == WITHDRAWN or maker.gone:
            if maker.key not in self._seen:
                self.collect(maker, certain=certain)
        else:
            raise NotYet(maker)
        return True

    def _add(self, pid: str, certain: bool) -> None:
        self.pids[pid] = self.pids.get(pid, False) or certain


def is_waiting_for_failed(wait: NotYet) -> bool:
    """Whether what an entry waits for has failed, so that a person must act."""
    return wait.entry.state == FAILED


def _order(entry: Entry) -> tuple[float, str]:
    return float(entry.found.get("ended") or entry.found.get("t") or 0), entry.key


def _names(entry: Entry) -> set[str]:
    return {*entry.paths, *(str(path) for path in entry.found.get("paths") or [])}


class Lookup:
    """Finds the datasets that a file belongs to; remembers what the catalog said, so make a new one for each plan.

    The datasets are found by their source folder, which must lie above the file; their blocks are then looked through,
    as a folder may hold many datasets. One that is named like the file comes first.
    """

    def __init__(self, client: CatalogClient) -> None:
        self._client = client
        self._datasets: dict[str, list[Dataset]] = {}
        self._files: dict[str, set[str]] = {}

    def __call__(self, path: str) -> list[str]:
        """PIDs of the datasets whose file blocks hold the file (or part of the store) at ``path``, the newest first."""
        folder = os.path.dirname(path)
        if folder not in self._datasets:
            self._datasets[folder] = self._beneath(folder)
        stem = os.path.splitext(os.path.basename(path))[0].lower()
        ordered = sorted(self._datasets[folder], key=lambda dataset: stem not in dataset.name.lower())
        return [dataset.pid for dataset in ordered[:_MOST_BLOCK_READS] if self._holds(dataset, path)]

    def _beneath(self, folder: str) -> list[Dataset]:
        found: list[Dataset] = []
        while len(found) < _MOST_DATASETS:
            page = self._client.find({"sourceFolder": {"inq": _with_above(text(folder))}}, limit=_PAGE, skip=len(found))
            found += page
            if len(page) < _PAGE:
                break
        return [dataset for dataset in found if dataset.source_folder_host in ("", host())] or found

    def _holds(self, dataset: Dataset, path: str) -> bool:
        paths = self._paths(dataset)
        return path in paths or (in_store(path) and any(name.startswith(path + os.sep) for name in paths))

    def _paths(self, dataset: Dataset) -> set[str]:
        if dataset.pid not in self._files:
            base = dataset.source_folder.rstrip("/") or "/"
            files = self._client.files(dataset.pid)
            self._files[dataset.pid] = {os.path.normpath(os.path.join(base, file.path)) for file in files}
        return self._files[dataset.pid]


def _with_above(folder: str) -> list[str]:
    folders = []
    while True:
        folders += [folder, folder + "/"] if folder != "/" else [folder]
        if (parent := os.path.dirname(folder)) == folder:
            return folders
        folder = parent
