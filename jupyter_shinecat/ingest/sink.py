"""Writes datasets to the catalog, each step once, whatever interrupts in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from jupyter_shinecat.scicat import (
    AccessDenied,
    BadRequest,
    CatalogClient,
    CatalogError,
    CatalogUnavailable,
    Conflict,
    Dataset,
    NotFound,
    TooManyRequests,
)

from .document import Place, mint_pid
from .merge import merge
from .state import Row, State

T = TypeVar("T")
_TRIES = 4
_PAGE = 200


class Sink:
    """Takes documents to the catalog and remembers in ``state`` how far each has come.

    A catalog that refuses PIDs made by clients gives its own; those are found again by folder, name and file.
    """

    def __init__(
        self, client: CatalogClient, state: State, place: Place, pause: Callable[[float], object] = time.sleep
    ):
        self.client = client
        self.state = state
        self.place = place
        self._pause = pause
        self._own_pids = True
        self._folders: dict[str, dict[str, list[str]]] = {}
        self._lock = threading.Lock()

    def store(self, row: Row, doc: dict[str, Any], block: dict[str, Any], *, formerly: str | None = None) -> Row:
        """Bring the catalog to ``doc`` and ``block``.

        Parameters
        ----------
        row
            What is known of the dataset: a new row (``minted``, no PID yet) or one of the state.
        doc
            Dataset in v4 form, without a PID.
        block
            Its files.
        formerly
            Path that the row had before its file moved.

        Returns
        -------
        :
            The row as stored, at stage ``done``.

        Raises
        ------
        CatalogError
            The catalog refuses this dataset, or can't be reached; what was done stays, the next scan continues there.
        """
        sent = doc["scientificMetadata"]
        known = row.stage in ("created", "done") and bool(row.pid)
        fresh = False
        if not known:
            row.pid = row.pid or mint_pid(self.place, row.path, row.generation)
            row.stage = "minted"
            self.state.put(row, formerly=formerly)
            row.pid, fresh = self._create(row, doc)
            row.stage = "created"
            row.sent = sent
            self.state.put(row)
        if known or not fresh:
            if not self._update(row, doc):
                again = replace(row, stage="minted", generation=row.generation + 1, pid="", block="")
                return self.store(again, doc, block, formerly=formerly)
            row.sent = sent
        row.block = self._block(row, block, fresh=fresh)
        if known or not fresh:
            # The embedded catalog counts by itself; a real one leaves the sums as they were when a block changes.
            sums = {"size": block["size"], "numberOfFiles": len(block["dataFileList"])}
            self._try(lambda: self.client.patch_dataset(row.pid, sums))
        row.stage = "done"
        self.state.put(row, formerly=formerly)
        return row

    def is_new_catalog(self, rows: list[Row]) -> bool:
        """Whether the catalog knows none of these datasets: it was emptied or is another one at the same address."""
        for row in rows:
            try:
                self._try(lambda row=row: self.client.dataset(row.pid))  # type: ignore[misc]
                return False
            except NotFound:
                continue
            except AccessDenied:
                return False
        return bool(rows)

    def _create(self, row: Row, doc: dict[str, Any]) -> tuple[str, bool]:
        """PID, and whether the dataset is new."""
        if self._own_pids:
            try:
                return self._try(lambda: self.client.create_dataset({**doc, "pid": row.pid})).pid, True
            except Conflict:
                return row.pid, False
            except (AccessDenied, BadRequest):
                # Either this catalog makes PIDs itself, or it refuses the dataset: trying without a PID tells which.
                pid = self._create_there(row, doc)
                self._own_pids = False
                return pid
        return self._create_there(row, doc)

    def _create_there(self, row: Row, doc: dict[str, Any]) -> tuple[str, bool]:
        found = self._find(row, doc)
        if found is not None:
            return found, False
        return self._try(lambda: self.client.create_dataset(doc)).pid, True

    def _find(self, row: Row, doc: dict[str, Any]) -> str | None:
        """A dataset of an earlier scan whose PID the catalog made: same folder, host and name, and no other file."""
        if row.generation:
            return None
        folder, name = doc["sourceFolder"], doc["datasetName"]
        with self._lock:
            names = self._folders.get(folder)
            if names is None:
                names = self._folders[folder] = self._names_in(folder)
            pids = names.get(name, [])
        for pid in pids:
            blocks = self._try(lambda pid=pid: self.client.origdatablocks(pid))  # type: ignore[misc]
            paths = {file.get("path") for block in blocks for file in block.get("dataFileList") or []}
            if not paths or name in paths:
                return pid
        return None

    def _names_in(self, folder: str) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        skip = 0
        while True:
            where = {"sourceFolder": folder, "type": "raw"}
            page = self._try(lambda: self.client.find(where, limit=_PAGE, skip=skip, order="creationTime:asc"))  # noqa: B023
            for dataset in page:
                if dataset.source_folder == folder and dataset.source_folder_host in ("", self.place.host):
                    names.setdefault(dataset.name, []).append(dataset.pid)
            if len(page) < _PAGE:
                return names
            skip += len(page)

    def _update(self, row: Row, doc: dict[str, Any]) -> bool:
        """Bring a dataset that exists to ``doc``; False when it exists no more."""
        try:
            current = self._try(lambda: self.client.dataset(row.pid))
        except NotFound:
            return False
        changes = {
            key: value for key, value in doc.items() if key not in ("type", "ownerGroup", "accessGroups", "owner")
        }
        changes["scientificMetadata"] = merge(row.sent, current.metadata, doc["scientificMetadata"])
        changes["keywords"] = _keywords(current, doc)
        for name in ("description", "comment"):
            if name not in changes and name == "comment" and current.doc.get(name, "").startswith("No metadata:"):
                changes[name] = ""
            elif current.doc.get(name) and row.sent and name == "description":
                changes.pop(name, None)  # people write descriptions
        self._try(lambda: self.client.patch_dataset(row.pid, changes))
        return True

    def _block(self, row: Row, block: dict[str, Any], *, fresh: bool) -> str:
        if not fresh:
            blocks = self._try(lambda: self.client.origdatablocks(row.pid))
            if blocks:
                mine = next((b for b in blocks if _id(b) == row.block), blocks[0])
                return _id(self._try(lambda: self.client.patch_origdatablock(_id(mine), block))) or _id(mine)
        return _id(self._try(lambda: self.client.create_origdatablock(row.pid, block)))

    def _try(self, call: Callable[[], T]) -> T:
        """A call, again when the catalog is busy for a moment."""
        for attempt in range(_TRIES):
            try:
                return call()
            except CatalogUnavailable as error:
                if attempt == _TRIES - 1 or error.status == 0:
                    raise
                wait_s = error.retry_after_s if isinstance(error, TooManyRequests) else 0.5 * 2**attempt
                self._pause(min(wait_s, 10.0))
        raise AssertionError("unreachable")


def is_fatal(error: CatalogError) -> bool:
    """Whether the scan can't go on: the catalog is away, or doesn't know us (any more)."""
    return isinstance(error, CatalogUnavailable) or error.status == 401


def _keywords(current: Dataset, doc: dict[str, Any]) -> list[str]:
    """The catalog's keywords with ours for the new state of the file."""
    kept = [word for word in current.keywords if word != "metadata-unreadable"]
    return list(dict.fromkeys([*kept, *doc["keywords"]]))


def _id(block: dict[str, Any]) -> str:
    return str(block.get("_id") or block.get("id") or "")
