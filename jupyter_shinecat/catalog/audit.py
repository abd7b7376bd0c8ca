"""Who changed whose rights, made what and deleted what: one JSON line each, only ever appended, without secrets."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from . import dates

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Actor:
    """Whose request is being answered in this thread."""

    username: str = ""
    address: str = ""
    request_id: str = ""


actor: ContextVar[Actor] = ContextVar("actor", default=Actor())  # noqa: B039  # frozen


class Audit:
    """The file ``audit.jsonl`` (0600) of a data folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.jsonl"

    def note(self, action: str, subject: str, **detail: Any) -> None:
        """Append an entry; on the disk when this returns.

        The change itself is stored already: where the entry can't be written it goes to the log, which says so.
        """
        self._append(action, subject, detail, durable=True)

    def made(self, kind: str, id: str, **detail: Any) -> None:
        """Append the entry of a new document.

        It outlives this process, but is not waited for on the disk: the document itself, which is there, says by whom
        and when it was made.
        """
        self._append(f"{kind}.create", id, detail, durable=False)

    def _append(self, action: str, subject: str, detail: dict[str, Any], *, durable: bool) -> None:
        who = actor.get()
        given = {name: value for name, value in detail.items() if value is not None}
        entry = {
            "time": dates.now(), "user": who.username, "address": who.address, "request": who.request_id,
            "action": action, "subject": subject, **given,
        }  # fmt: skip
        line = msgspec.json.encode(entry) + b"\n"
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.write(descriptor, line) != len(line):  # a torn line must not swallow the next one
                    os.write(descriptor, b"\n")
                    raise OSError("only a part was written")
                if durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            _log.error("the audit file can't be written (%s); the entry: %s", error, line.decode().rstrip())

    def read(self, limit: int, only: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The last entries, oldest first, ``only`` of actions that begin so; a torn line is left out."""
        wanted = [b'"action":' + msgspec.json.encode(prefix)[:-1] for prefix in only]
        try:
            with self.path.open("rb") as file:
                lines = deque((line for line in file if not wanted or any(map(line.__contains__, wanted))), limit)
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line))
            except msgspec.DecodeError:
                continue
        return found
