"""The spool: what was seen, a line at a time, for the outbox to read."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

# Lines kept in memory while the disk refuses them. Beyond that the oldest are lost, and that is said.
_KEPT_LINES = 2000


_encoder = msgspec.json.Encoder(enc_hook=str)


def _encode(line: dict[str, Any]) -> bytes:
    try:
        return _encoder.encode(line) + b"\n"
    except (UnicodeError, TypeError):
        # Names of files need not be characters; JSON's escapes keep them.
        return json.dumps(line, default=str).encode("ascii") + b"\n"


class Spool:
    """One append-only file of JSON lines for this process.

    The file is made with the first line. Nothing here raises: the spool lives inside other people's calls, so a full
    disk must not become their error. Lines that can't be written wait in memory and go out before the next one.

    Parameters
    ----------
    folder
        Gives the folder of the spool; called when the file is made.
    session
        Gives the fields of the ``session`` line, the first one of each file.

    Attributes
    ----------
    lost
        Number of lines that are lost for good since `take_lost` was called last.
    """

    def __init__(self, folder: Callable[[], Path], session: Callable[[], dict[str, Any]]) -> None:
        self._folder = folder
        self._session = session
        self._fd = -1
        self._torn = False
        self._waiting: deque[bytes] = deque()
        self._lock = threading.RLock()
        self.path: Path | None = None
        self.lost = 0
        self._cause = ""

    def write(self, kind: str, **fields: Any) -> None:
        """Add a line. Returns when the kernel of the system has it; never raises."""
        try:
            data = _encode({"k": kind, "t": round(time.time(), 3), **fields})
        except Exception:
            self.lost += 1
            return
        with self._lock:
            self._waiting.append(data)
            self._flush()

    def take_lost(self) -> int:
        """How many lines were lost since the last call."""
        with self._lock:
            lost, self.lost = self.lost, 0
            return lost

    def waiting(self) -> dict[str, Any] | None:
        """What waits in memory after another try to write it: lines, their folder, and the cause; else None."""
        if not self._waiting:  # the usual case, for which no lock is taken
            return None
        with self._lock:
            self._flush()
            lines = len(self._waiting) + self.lost
            folder = str(self.path.parent if self.path else self._folder())
            return {"lines": lines, "folder": folder, "cause": self._cause} if self._waiting else None

    def close(self) -> None:
        """Say that the process ended normally. A process that has written nothing leaves nothing."""
        with self._lock:
            if self._fd < 0:
                return
            self.write("close")
            os.close(self._fd)
            self._fd = -1

    def forked(self) -> None:
        """After a fork, in the child: forget the parent's file; a file of our own is made with the next line."""
        self._lock = threading.RLock()
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self.path, self._torn, self.lost = -1, None, False, 0
        self._waiting.clear()

    def _flush(self) -> None:
        try:
            if self._fd < 0:
                self._open()
            while self._waiting:
                data = b"\n" + self._waiting[0] if self._torn else self._waiting[0]
                written = os.write(self._fd, data)
                self._torn = written < len(data)  # half a line: start the next one on a fresh line and say it again
                if self._torn:
                    break
                self._waiting.popleft()
        except OSError as error:
            self._cause = error.strerror or type(error).__name__
        except Exception:
            self.lost += 1
        while len(self._waiting) > _KEPT_LINES:
            self._waiting.popleft()
            self.lost += 1

    def _open(self) -> None:
        folder = self._folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        path = folder / name
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self.path = path
        first = {"k": "session", "t": round(time.time(), 3), **self._session()}
        self._waiting.appendleft(_encode(first))
