"""Sending a planned result: dataset, file blocks, figures. Each step looks at what the catalog has before it adds."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpx

from jupyter_shinecat.scicat import (
    AccessDenied,
    BadRequest,
    CatalogClient,
    CatalogError,
    CatalogUnavailable,
    Conflict,
    Dataset,
    NotFound,
    operations,
    quote_pid,
)

from . import compose, figures
from .doubles import content, key_of, remove_doubles
from .entries import BLOCKS, DATASET, FIGURES, PLAN, TAKEN, Entry
from .plan import ATTACH, CREATE, DATASET_ASKED, DATASET_TRIED, UPDATE
from .resent import Resent, looked, sent_again

_NAMESPACE = uuid.UUID("6f0f3a0e-3f5c-5f0b-9a53-8f2f0d1b7c11")
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Settling(Exception):
    """A request was cut off; its outcome may still appear, so it is not sent again before ``wait_s`` seconds."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


class Sender:
    """Takes entries through the steps that need the catalog.

    Parameters
    ----------
    client
        The catalog, as the person.
    settle_s
        See `Settings.settle_s`.
    """

    def __init__(self, client: CatalogClient, settle_s: float) -> None:
        self.client = client
        self._settle_s = settle_s
        self._refuses_pids = False

    def step(self, entry: Entry) -> bool:
        """Do the next step of a planned entry; True when it was the last.

        Raises
        ------
        Settling
            Come back later.
        CatalogError
            The catalog is away, or refuses.
        """
        plan = entry.step(PLAN) or {}
        if plan["mode"] == ATTACH:
            if entry.step(FIGURES) is None:
                self._figures(entry, plan, str(plan["pid"]))
            return self._last(entry, plan, str(plan["pid"]))
        done = entry.step(DATASET)
        if done is None:
            pid = self._update(plan) if plan["mode"] == UPDATE else self._create(entry, plan)
            entry.write_step(DATASET, {"pid": pid})
            return False
        if entry.step(BLOCKS) is None:
            self._blocks(entry, plan, done["pid"])
            entry.write_step(BLOCKS, {})
            return False
        if entry.step(FIGURES) is None:
            self._figures(entry, plan, done["pid"])
        return self._last(entry, plan, done["pid"])

    def _last(self, entry: Entry, plan: dict[str, Any], pid: str) -> bool:
        """All is sent. Where a request went out twice, look once more: the first one may have come through late."""
        if entry.step(FIGURES) is None:
            entry.write_step(FIGURES, {})
        resent = Resent.of(entry)
        if resent is None:
            return True
        age = time.time() - resent.t
        if 0 <= age < self._settle_s:
            raise Settling(self._settle_s - age)
        self._remove(entry, plan, pid)
        return True

    def look_again(self, entry: Entry) -> str | None:
        """Look for what a request has left that came through long after it was sent again, and take it away.

        Returns
        -------
        str
            PID of the dataset of an entry that was not known to have one.

        Raises
        ------
        CatalogError
            The catalog is away, or refuses.
        """
        plan = entry.step(PLAN) or {}
        pid = (entry.step(DATASET) or {}).get("pid") or plan.get("pid")
        if pid:
            self._remove(entry, plan, str(pid))
            return None
        record = (plan.get("doc", {}).get("jobParameters") or {}).get("shinecat") or {}
        found = self._find(str(record["key"])) if record.get("key") else None
        looked(entry, removed=1 if found else 0)
        return found

    def _remove(self, entry: Entry, plan: dict[str, Any], pid: str) -> None:
        found = remove_doubles(self.client, pid, plan, entry.step(TAKEN) or {}, entry.folder)
        looked(entry, found.removed, found.left)

    # -- the dataset ---------------------------------------------------------------------------------------------------

    def _create(self, entry: Entry, plan: dict[str, Any]) -> str:
        doc = plan["doc"]
        key = doc["jobParameters"]["shinecat"]["key"]
        existing = self._find(key)
        if existing:
            return existing
        if entry.step(DATASET_ASKED) is None:  # from here on it may be in the catalog without our knowing
            entry.write_step(DATASET_ASKED, {"t": time.time()})
        if not self._refuses_pids:
            try:
                return self._created(self.client.create_dataset({**doc, "pid": str(uuid.uuid5(_NAMESPACE, key))}))
            except Conflict:
                existing = self._find(key)
                if existing:
                    return existing
                raise
            except (AccessDenied, BadRequest) as refusal:
                # Most people may not choose PIDs at a real SciCat; whether that was the reason, the next try tells.
                _log.info("the catalog accepts no identifier from us: %s", refusal)
        existing = self._settle(entry, DATASET_TRIED, lambda: self._find(key))
        if existing:
            return existing
        try:
            pid = self._created(self.client.create_dataset(doc))
        except CatalogError as error:
            self._settled(entry, DATASET_TRIED, error)
            raise
        self._refuses_pids = True
        return pid

    @staticmethod
    def _created(dataset: Dataset) -> str:
        if not dataset.pid:
            raise CatalogUnavailable("The catalog's answer names no dataset.")
        return dataset.pid

    def _find(self, key: str) -> str | None:
        found = self.client.find({"jobParameters.shinecat.key": key}, limit=10)
        ours = [dataset for dataset in found if key_of(dataset) == key]
        if len(ours) > 1:
            _log.error("the catalog has %s for one result", [dataset.pid for dataset in ours])
        return min(ours, key=lambda dataset: str(dataset.doc.get("createdAt", ""))).pid if ours else None

    def _update(self, plan: dict[str, Any]) -> str:
        pid = str(plan["pid"])
        self.client.patch_dataset(pid, plan["doc"])
        return pid

    # -- file blocks ---------------------------------------------------------------------------------------------------

    def _blocks(self, entry: Entry, plan: dict[str, Any], pid: str) -> None:
        taken = entry.step(TAKEN) or {}
        existing = self.client.origdatablocks(pid)
        there = [content(block) for block in existing]
        planned = compose.blocks(taken)
        missing = [(index, block) for index, block in enumerate(planned) if content(block) not in there]
        wanted = [content(block) for block in planned]
        stale = [block for block in existing if content(block) not in wanted] if plan["mode"] != CREATE else []
        for index, block in missing:
            if stale:
                old = stale.pop(0)
                self.client.patch_origdatablock(str(old.get("_id") or old.get("id")), block)
                continue
            name = f"{BLOCKS}-tried-{index}"
            if self._settle(entry, name, partial(self._has_block, pid, content(block))):
                continue
            try:
                self.client.create_origdatablock(pid, block)
            except CatalogError as error:
                self._settled(entry, name, error)
                raise
        if plan["mode"] == UPDATE:
            self._correct_size(pid, planned)

    def _has_block(self, pid: str, wanted: tuple[tuple[str, str], ...]) -> bool:
        return wanted in map(content, self.client.origdatablocks(pid))

    def _correct_size(self, pid: str, planned: list[dict[str, Any]]) -> None:
        """A changed block does not change the sums in the dataset on every server."""
        sums = {"size": sum(b["size"] for b in planned), "numberOfFiles": sum(len(b["dataFileList"]) for b in planned)}
        dataset = self.client.dataset(pid)
        if (dataset.size_bytes, dataset.number_of_files) != (sums["size"], sums["numberOfFiles"]):
            try:
                self.client.patch_dataset(pid, sums)
            except (AccessDenied, BadRequest) as refusal:
                _log.info("the sums of %s stay as the server made them: %s", pid, refusal)

    # -- figures -------------------------------------------------------------------------------------------------------

    def _figures(self, entry: Entry, plan: dict[str, Any], pid: str) -> None:
        pictures = (entry.step(TAKEN) or {}).get("figures") or []
        if not pictures:
            return
        there = {str(item.get("caption")): item for item in self.client.attachments(pid)}
        for index, picture in enumerate(pictures):
            uri = figures.data_uri((entry.folder / picture["file"]).read_bytes(), picture["mime"])
            caption = compose.text(picture["caption"])
            old = there.get(caption)
            if old is not None and old.get("thumbnail") == uri:
                continue
            if old is not None and self._replace(old, uri):
                continue
            self._attach(entry, plan, pid, index, caption, uri)

    def _replace(self, old: dict[str, Any], uri: str) -> bool:
        aid = str(old.get("aid") or old.get("id") or old.get("_id") or "")
        path = f"/api/v4/attachments/{quote_pid(aid)}"
        change = operations.Operation(
            "change a figure", "PATCH", path, lambda v: v, body={"thumbnail": uri}, subject=aid
        )
        try:
            self.client.send(change)
        except (AccessDenied, BadRequest, NotFound) as refusal:
            _log.info("a figure could not be replaced and is added: %s", refusal)
            return False
        return True

    def _attach(self, entry: Entry, plan: dict[str, Any], pid: str, index: int, caption: str, uri: str) -> None:
        name = f"{FIGURES}-tried-{index}"
        if self._settle(entry, name, lambda: any(a.get("thumbnail") == uri for a in self.client.attachments(pid))):
            return
        doc = plan["doc"]
        owner, access = doc.get("ownerGroup"), doc.get("accessGroups")
        if owner is None or access is None:  # an update says only what it changes
            dataset = self.client.dataset(pid)
            owner, access = dataset.owner_group, dataset.access_groups
        try:
            self.client.create_attachment(pid, caption=caption, thumbnail=uri, owner_group=owner, access_groups=access)
        except CatalogError as error:
            self._settled(entry, name, error)
            raise

    # -- requests that were cut off ------------------------------------------------------------------------------------

    def _settle(self, entry: Entry, name: str, there: Callable[[], T]) -> T | None:
        """Note that a request goes out that can't be sent twice; first wait for one that went out before.

        ``there`` looks for what that one has left, and what it finds is returned instead of sending again.
        """
        tried = entry.step(name)
        if tried is not None:
            age = time.time() - float(tried["t"])
            if 0 <= age < self._settle_s:
                raise Settling(self._settle_s - age)
            if found := there():
                return found
            sent_again(entry)
        entry.write_step(name, {"t": time.time()})
        return None

    @staticmethod
    def _settled(entry: Entry, name: str, error: CatalogError) -> None:
        """Forget the note when the request certainly had no effect."""
        never_sent = isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
        if never_sent or 400 <= error.status < 500:
            entry.drop_step(name)
