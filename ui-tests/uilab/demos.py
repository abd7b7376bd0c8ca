"""The demo as ``make demo`` starts it: catalog, hub and sample files below one folder."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

from uilab.servers import free_port


class DemoProcess:
    """``shinecat demo`` on a free port.

    Parameters
    ----------
    folder
        For its data.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.printed: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self, timeout_s: float = 240) -> DemoProcess:
        """Start, and wait until it says where to go."""
        command = [
            sys.executable,
            "-m",
            "jupyter_shinecat",
            "demo",
            "--data",
            str(self.folder),
            "--port",
            str(self.port),
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "SHINECAT_LANG": "en", "SHINECAT_HOLD_S": "0.5", "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )  # fmt: skip
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=timeout_s)
            except queue.Empty:
                line = None
            if line is None:
                self.stop()
                raise RuntimeError("the demo did not start:\n" + "".join(self.printed))
            if "Ctrl-C" in line:
                return self

    def _read(self, lines: queue.Queue[str | None]) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed.append(line)
            lines.put(line)
        lines.put(None)

    def password(self, name: str) -> str:
        """Password of one of the demo's accounts."""
        accounts = json.loads((self.folder / "accounts.json").read_text())
        return str(next(entry["password"] for entry in accounts if entry["username"] == name))

    def stop(self) -> int | None:
        """End it as Ctrl-C does; its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait(10)
