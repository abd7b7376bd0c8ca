"""One process at a time works on an outbox, also when the home folder is a network's and machines die.

The holder is whoever made the file with the highest number. A number is made once, with ``O_EXCL``, so of two processes
that take over a dead one's lease only one succeeds, and nothing is ever renamed away from under a living holder. File
locks are not used: on network file systems they are lost silently.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from . import process
from .durable import make_folder, sync_folder

BEAT_S = 2.0
STALE_S = 30.0
_PREFIX = "lease-"


class Lease:
    """The right to work on the outbox in ``folder``.

    Parameters
    ----------
    folder
        The outbox.
    beat_s
        How often the holder shows that it lives, in seconds.
    stale_s
        After how long without such a sign another machine's holder counts as dead, in seconds of our own clock.
    """

    def __init__(self, folder: Path, *, beat_s: float = BEAT_S, stale_s: float = STALE_S) -> None:
        self._folder = folder / "lease"
        self._beat_s = beat_s
        self._stale_s = stale_s
        self._seen: tuple[str, bytes, float] = ("", b"", 0.0)
        self._mine: Path | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def held(self) -> bool:
        """Whether we hold it now: reads the folder, so that a holder that slept through a takeover notices."""
        return self._mine is not None and self._highest() == self._mine.name

    def try_acquire(self) -> bool:
        """Take the lease if nobody living holds it. Call again later when it is False; it never waits."""
        make_folder(self._folder)
        highest = self._highest()
        if highest and not self._is_free(highest):
            return False
        number = int(highest[len(_PREFIX) :]) + 1 if highest else 1
        path = self._folder / f"{_PREFIX}{number:012d}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        except FileExistsError:
            return False
        try:
            os.write(descriptor, self._sign())
            os.fsync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(descriptor)
        sync_folder(self._folder)
        self._mine = path
        for name in self._names():
            if name < path.name:
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink()
        self._stop.clear()
        self._thread = threading.Thread(target=self._beat, name="outbox-lease", daemon=True)
        self._thread.start()
        return True

    def release(self) -> None:
        """Give it up, so that the next one needs not wait. The number stays used."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=self._beat_s + 5)
        if self._mine is not None and self.held:
            with contextlib.suppress(OSError):
                self._mine.write_bytes(b'{"released": true}')
        self._mine = None

    def holder(self) -> dict[str, Any] | None:
        """Who holds it (``host``, ``pid``), None when nobody living does, as far as this machine can tell."""
        highest = self._highest()
        if not highest:
            return None
        told = self._read(highest)
        if told.get("released") or self._is_dead_here(told):
            return None
        return told

    @staticmethod
    def is_here(holder: dict[str, Any]) -> bool:
        """Whether the holder runs on this machine."""
        return holder.get("host") == process.host()

    def _names(self) -> list[str]:
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        return sorted(n for n in names if n.startswith(_PREFIX) and n[len(_PREFIX) :].isdigit())

    def _highest(self) -> str:
        return (self._names() or [""])[-1]

    def _content(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return b""

    def _read(self, name: str) -> dict[str, Any]:
        try:
            told = json.loads(self._content(name))
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def _is_free(self, name: str) -> bool:
        content = self._content(name)
        told = self._read(name)
        if told.get("released") or self._is_dead_here(told):
            return True
        now = time.monotonic()
        if (name, content) != self._seen[:2]:
            self._seen = (name, content, now)
            return False
        return now - self._seen[2] >= self._stale_s

    @staticmethod
    def _is_dead_here(told: dict[str, Any]) -> bool:
        if told.get("host") != process.host() or not isinstance(told.get("pid"), int):
            return False
        return not process.is_alive(told["pid"], str(told.get("born", "")))

    def _sign(self) -> bytes:
        pid = os.getpid()
        sign = {"host": process.host(), "pid": pid, "born": process.birth(pid), "beat": uuid.uuid4().hex}
        return json.dumps(sign).encode("ascii")

    def _beat(self) -> None:
        while not self._stop.wait(self._beat_s):
            if not self.held or self._mine is None:
                return
            try:
                # In place and of the same length: a full disk must not cost us the lease.
                descriptor = os.open(self._mine, os.O_WRONLY)
            except OSError:
                continue
            with contextlib.suppress(OSError):
                os.pwrite(descriptor, self._sign(), 0)
            os.close(descriptor)
