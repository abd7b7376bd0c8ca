"""What a person asks of the outbox, dropped as files: nobody who asks needs a way to its process."""

from __future__ import annotations

import contextlib
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from .durable import make_folder, read_json, write_json

RETRY, WITHDRAW, RELEASE = "retry", "withdraw", "release"


@dataclass(frozen=True)
class Request:
    """One request: what to do, the entry's key (None for all), and the file to remove when it is done.

    ``group`` is the group that shall own it, where that was asked.
    """

    do: str
    key: str | None
    group: str | None
    file: Path


def request_retry(state: Path, key: str | None = None) -> None:
    """Ask to try the entry ``key`` again now, or all failed and waiting ones.

    Raises
    ------
    OSError
        The request could not be written (disk full).
    """
    _drop(state, RETRY, key)


def request_withdraw(state: Path, key: str) -> None:
    """Ask not to send the entry ``key``; one that was sent stays in the catalog."""
    _drop(state, WITHDRAW, key)


def request_release(state: Path, key: str | None = None, group: str | None = None) -> None:
    """Say yes to the entry ``key``, or to all that wait for a yes (write-back ``ask``).

    ``group`` answers which group shall own it, and all later results with the same choice.
    """
    _drop(state, RELEASE, key, group)


def take_requests(outbox: Path) -> list[Request]:
    """Requests not yet done."""
    folder = outbox / "requests"
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return []
    requests: list[Request] = []
    for name in names:
        told = read_json(folder / name)
        if isinstance(told, dict) and told.get("do") in (RETRY, WITHDRAW, RELEASE):
            key = told.get("key")
            group = told.get("group")
            requests.append(
                Request(told["do"], str(key) if key else None, str(group) if group else None, folder / name)
            )
        else:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
    return requests


def _drop(state: Path, do: str, key: str | None, group: str | None = None) -> None:
    folder = make_folder(make_folder(Path(state) / "outbox") / "requests")
    write_json(folder / f"{uuid.uuid4().hex}.json", {"do": do, "key": key, "group": group})
