"""Entries of the outbox on disk: one folder for each result, one file for each step it has passed."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .durable import make_folder, read_json, sync_folder, write_json

WAITING, SENDING, SENT, FAILED, WITHDRAWN = "waiting", "sending", "sent", "failed", "withdrawn"
FINAL = (SENT, WITHDRAWN)

# The steps in their order; each is a file that holds what the step found out.
FOUND, TAKEN, PLAN, DATASET, BLOCKS, FIGURES = "1-found", "2-taken", "3-plan", "4-dataset", "5-blocks", "6-figures"
HASHES = "2-hashes"  # checksums of large files that are finished; gone when the second step is passed
_STATUS = "status"
_KEPT_S = 90 * 86400.0


class Entry:
    """One result on its way.

    Attributes
    ----------
    key
        Names the entry from the moment its cell ended.
    folder
        Where its steps lie.
    found
        The first step: what the record said (see `candidates.Found`).
    """

    def __init__(self, folder: Path, found: dict[str, Any], status: dict[str, Any]) -> None:
        self.folder = folder
        self.key = folder.name
        self.found = found
        self._status = status
        self._steps: dict[str, dict[str, Any] | None] = {FOUND: found}
        self._lighten()

    @property
    def state(self) -> str:
        """One of ``waiting``, ``sending``, ``sent``, ``failed``, ``withdrawn``."""
        return str(self._status.get("state", WAITING))

    @property
    def reason(self) -> str:
        """Why it is in this state, as a sentence; empty when there is nothing to say."""
        return str(self._status.get("reason", ""))

    @property
    def pid(self) -> str | None:
        """PID of its dataset, once there is one."""
        value = self._status.get("pid")
        return str(value) if value else None

    @property
    def released(self) -> bool:
        """Whether the person said yes to sending it (for ``ask``)."""
        return bool(self._status.get("released"))

    @property
    def is_doubtful(self) -> bool:
        """Whether its files may be broken, so that the person must say yes to sending it, whatever the setting."""
        return bool((self.step(TAKEN) or {}).get("asks"))

    @property
    def choices(self) -> list[str]:
        """Groups of which the person must say which shall own it; empty when that is not asked."""
        asked = self.state == WAITING and not self.owner_group and self.step(PLAN) is None
        return [str(group) for group in self._status.get("choices") or []] if asked else []

    @property
    def owner_group(self) -> str:
        """The group that the person chose to own it."""
        return str(self._status.get("owner_group") or "")

    @property
    def gone(self) -> bool:
        """Whether its bytes are lost, so that it can never be sent."""
        return bool(self._status.get("gone"))

    @property
    def updated(self) -> float:
        """When its state changed, in unix seconds."""
        return float(self._status.get("updated") or 0)

    @property
    def paths(self) -> list[str]:
        """Its data files, as they were named last."""
        taken = self.step(TAKEN)
        if taken:
            return [str(file["path"]) for file in taken["files"]]
        return [str(path) for path in self.found.get("paths") or []]

    def step(self, name: str) -> dict[str, Any] | None:
        """What the step ``name`` found out; None when it was not reached."""
        if name not in self._steps:
            value = read_json(self.folder / f"{name}.json")
            self._steps[name] = value if isinstance(value, dict) else None
        return self._steps[name]

    def write_step(self, name: str, value: dict[str, Any]) -> None:
        """Pass a step, durably."""
        write_json(self.folder / f"{name}.json", value)
        self._steps[name] = value

    def drop_step(self, name: str) -> None:
        """Go back before a step."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / f"{name}.json").unlink()
        sync_folder(self.folder)
        self._steps[name] = None

    def change(self, **fields: Any) -> bool:
        """Set fields of its state (``state``, ``reason``, ``pid``, ...) durably; False when nothing was different."""
        if all(self._status.get(name) == value for name, value in fields.items()):
            return False
        status = {**self._status, **fields, "updated": time.time()}
        write_json(self.folder / f"{_STATUS}.json", status)
        self._status = status
        self._lighten()
        return True

    def _lighten(self) -> None:
        """What is finished needs no code in memory; on disk it stays."""
        if self.state in FINAL:
            self.found.update(code=[], modules={})

    def public(self) -> dict[str, Any]:
        """The entry as the server and the panel see it."""
        plan = self.step(PLAN) or {}
        inputs = plan.get("inputs") or self.found.get("inputs") or []
        return {
            "key": self.key,
            "name": str(plan.get("name") or self.found.get("name") or ""),
            "state": self.state,
            "pid": self.pid,
            "inputs": [str(item["pid"]) for item in inputs],
            "reason": self.reason,
            "do": str(self._status.get("do", "")),
            "notebook": self.found.get("notebook"),
            "session": self.found.get("session"),
            "updated": self.updated,
            "asks": self.asks,
            "choices": self.choices,
        }

    @property
    def asks(self) -> bool:
        """Whether it waits for the person's yes."""
        modes = (self.found.get("write_back"), os.environ.get("SHINECAT_WRITE_BACK"))
        asked = "ask" in modes or self.is_doubtful
        waits = asked and self.state == WAITING and not self.released
        return waits and self.step(PLAN) is None and self.step(TAKEN) is not None


class Entries:
    """All entries of one outbox, newest last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "entries"
        self._entries: dict[str, Entry] = {}

    def load(self) -> None:
        """Read what is on disk, and clear away what a crash left half made."""
        make_folder(self._folder)
        self._entries = {}
        for item in list(os.scandir(self._folder)):
            if item.name.startswith("."):
                shutil.rmtree(item.path, ignore_errors=True)
        found = sorted(_read_all(self._folder), key=lambda entry: float(entry.found.get("t") or 0))
        self._entries = {entry.key: entry for entry in found}

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))

    def get(self, key: str) -> Entry | None:
        """The entry named ``key``."""
        return self._entries.get(key)

    def create(self, key: str, found: dict[str, Any], status: dict[str, Any]) -> Entry:
        """A new entry, there whole or not at all; the one of this key when there is one already."""
        known = self._entries.get(key)
        if known is not None:
            return known
        beside = self._folder / f".{key}.{uuid.uuid4().hex}"
        beside.mkdir(mode=0o700)
        status = {"state": WAITING, "reason": "", "do": "", "pid": None, "updated": time.time(), **status}
        try:
            write_json(beside / f"{FOUND}.json", found)
            write_json(beside / f"{_STATUS}.json", status)
            os.rename(beside, self._folder / key)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(self._folder)
        entry = Entry(self._folder / key, found, status)
        self._entries[key] = entry
        return entry

    def prune(self, now: float, spare: Callable[[Entry], bool], kept_s: float = _KEPT_S) -> None:
        """Forget what has been finished for long, if nothing more is to come of it (``spare``)."""
        for entry in self:
            if entry.state in FINAL and now - entry.updated > kept_s and not spare(entry):
                shutil.rmtree(entry.folder, ignore_errors=True)
                del self._entries[entry.key]


def _read_all(folder: Path) -> Iterator[Entry]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        if name.startswith("."):
            continue
        found = read_json(folder / name / f"{FOUND}.json")
        status = read_json(folder / name / f"{_STATUS}.json")
        if isinstance(found, dict):
            yield Entry(folder / name, found, status if isinstance(status, dict) else {})


def list_entries(state: Path) -> list[dict[str, Any]]:
    """Entries of the outbox under the state folder ``state``, newest first, as the panel shows them.

    Reads the disk only, so any process may call it at any time.
    """
    shown = [entry.public() for entry in _read_all(Path(state) / "outbox" / "entries")]
    return sorted(shown, key=lambda entry: float(entry["updated"]), reverse=True)
