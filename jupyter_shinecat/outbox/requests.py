"""What a person asks of the outbox, dropped as files: nobody who asks needs a way to its process."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from .durable import make_folder, read_json, write_json

RETRY, WITHDRAW, RELEASE = "retry", "withdraw", "release"


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


def request_release(state: Path, key: str | None = None) -> None:
    """Say yes to the entry ``key``, or to all that wait for a yes (write-back ``ask``)."""
    _drop(state, RELEASE, key)


def take_requests(outbox: Path) -> list[tuple[str, str | None, Path]]:
    """Requests not yet done: what, the entry's key (None for all), and the file to remove when it is done."""
    folder = outbox / "requests"
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        return []
    requests: list[tuple[str, str | None, Path]] = []
    for name in names:
        told = read_json(folder / name)
        if isinstance(told, dict) and told.get("do") in (RETRY, WITHDRAW, RELEASE):
            key = told.get("key")
            requests.append((told["do"], str(key) if key else None, folder / name))
        else:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
    return requests


def _drop(state: Path, do: str, key: str | None) -> None:
    folder = make_folder(make_folder(Path(state) / "outbox") / "requests")
    write_json(folder / f"{uuid.uuid4().hex}.json", {"do": do, "key": key})
