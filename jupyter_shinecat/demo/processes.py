"""Child processes of the demo: each with a log, waited for, and ended by its PID."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from jupyter_shinecat.locale import tr

from .errors import DemoError

_STOP_S = 20.0


def start_mark(pid: int) -> str:
    """What tells this process from a later one with the same PID: its start time, empty when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rsplit(")", 1)[1].split()  # the name in brackets may hold spaces
    return "" if fields[0] == "Z" else fields[19]


class Process:
    """One program of the demo.

    Parameters
    ----------
    name
        For messages and the name of its log.
    argv, env
        Command and whole environment.
    folder
        Holds ``<name>.log`` and ``<name>.json`` (PID), by which a later start ends what a killed demo left running.
    """

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._record = folder / f"{name}.json"
        self._argv = list(argv)
        self._env = dict(env)
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, after ending one that an earlier, killed demo left on this folder."""
        end_leftover(self._record)
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches only us, and we end our children in order.
            try:
                self._child = subprocess.Popen(
                    self._argv,
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as cause:
                raise DemoError(
                    tr("start {name}", name=self.name),
                    tr("{program} can't be started: {cause}", program=self._argv[0], cause=cause.strerror),
                    do=tr('Install it with: pip install "jupyter-shinecat[demo]"'),
                ) from cause
        pid = self._child.pid
        self._record.write_text(json.dumps({"pid": pid, "start": start_mark(pid)}))

    @property
    def pid(self) -> int | None:
        """PID while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until ``ready()``; fails when the process ends first or time is up."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if self._child is None or self._child.poll() is not None:
                raise DemoError(tr("start {name}", name=self.name), self._last_words(), log=self.log)
            if time.monotonic() > deadline:
                raise DemoError(
                    tr("start {name}", name=self.name),
                    tr("it did not answer within {seconds:.0f} s", seconds=timeout_s),
                    log=self.log,
                )
            time.sleep(0.1)

    def wait_for_end(self, timeout_s: float) -> None:
        """Wait a moment; fails when the process has ended, which nobody asked it to."""
        if self._child is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
            raise DemoError(tr("run {name}", name=self.name), self._last_words(), log=self.log)

    def _last_words(self) -> str:
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip()[:300] if lines else tr("it ended without a word")

    def stop(self) -> None:
        """Ask it to end; after a while, make it."""
        if self._child is not None:
            if self._child.poll() is None:
                self._child.send_signal(signal.SIGTERM)
                try:
                    self._child.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    self._child.kill()
                    self._child.wait()
            self._child = None
        self._record.unlink(missing_ok=True)


def end_leftover(record_file: Path) -> None:
    """End what a killed demo left running, as its record tells; a later process with that PID is not ours."""
    try:
        record = json.loads(record_file.read_text())
    except (OSError, ValueError):
        return
    pid, mark = int(record["pid"]), record["start"]
    for kind in (signal.SIGTERM, signal.SIGKILL):
        if not mark or start_mark(pid) != mark:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        deadline = time.monotonic() + _STOP_S
        while start_mark(pid) == mark and time.monotonic() < deadline:
            time.sleep(0.05)
