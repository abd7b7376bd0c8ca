"""From what a cell read to PIDs of the catalog."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from jupyter_shinecat.scicat import CatalogClient, Dataset

from .compose import text
from .entries import FAILED, SENT, WITHDRAWN, Entry
from .process import host

_PAGE = 100
_MOST_DATASETS = 1000
_MOST_BLOCK_READS = 60


class NotYet(Exception):
    """An input is itself a result that has not been sent yet."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry.key)
        self.entry = entry


def inputs_of(entry: Entry, entries: Iterable[Entry], lookup: Callable[[str], list[str]]) -> dict[str, bool]:
    """PID of each input, with whether it is certain.

    A file that is itself a result stands for its dataset; one that was withdrawn stands for what it was made from.

    Parameters
    ----------
    entry
        The result.
    entries
        All entries of the outbox.
    lookup
        PIDs of the datasets in the catalog that hold the file at a path, best first.

    Raises
    ------
    NotYet
        An input is a result that is still on its way.
    """
    older = [other for other in entries if _order(other) < _order(entry) and other.found.get("kind") == "result"]
    makers = {name: other for other in sorted(older, key=_order) for name in _names(other)}
    pids: dict[str, bool] = {}
    _collect(entry, makers, lookup, pids, certain=True, seen={entry.key})
    return pids


def _collect(
    entry: Entry,
    makers: dict[str, Entry],
    lookup: Callable[[str], list[str]],
    pids: dict[str, bool],
    *,
    certain: bool,
    seen: set[str],
) -> None:
    for item in entry.found.get("inputs") or []:
        pids[item["pid"]] = pids.get(item["pid"], False) or (certain and bool(item["certain"]))
    for item in entry.found.get("paths_in") or []:
        path, sure = str(item["path"]), certain and bool(item["certain"])
        source = makers.get(path)
        if source is None:
            found = lookup(path)
            for pid in found[:1]:
                pids[pid] = pids.get(pid, False) or (sure and len(found) == 1)
        elif source.state == SENT and source.pid:
            pids[source.pid] = pids.get(source.pid, False) or sure
        elif source.state == WITHDRAWN or source.gone:
            if source.key not in seen:
                seen.add(source.key)
                _collect(source, makers, lookup, pids, certain=sure, seen=seen)
        else:
            raise NotYet(source)


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
        """PIDs of the datasets whose file blocks hold the file at ``path``, the newest first."""
        folder = os.path.dirname(path)
        if folder not in self._datasets:
            self._datasets[folder] = self._beneath(folder)
        stem = os.path.splitext(os.path.basename(path))[0].lower()
        ordered = sorted(self._datasets[folder], key=lambda dataset: stem not in dataset.name.lower())
        return [dataset.pid for dataset in ordered[:_MOST_BLOCK_READS] if path in self._paths(dataset)]

    def _beneath(self, folder: str) -> list[Dataset]:
        found: list[Dataset] = []
        while len(found) < _MOST_DATASETS:
            page = self._client.find({"sourceFolder": {"inq": _with_above(text(folder))}}, limit=_PAGE, skip=len(found))
            found += page
            if len(page) < _PAGE:
                break
        return [dataset for dataset in found if dataset.source_folder_host in ("", host())] or found

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
