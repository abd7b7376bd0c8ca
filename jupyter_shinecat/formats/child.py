"""One child process of the sandbox: started without secrets, asked through pipes, ended for sure."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

import jupyter_shinecat
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .model import Extract, Failure
from .worker import MAX_ANSWER

# What a child needs from our environment; tokens and everything else stay outside.
_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "SYSTEMROOT",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "HOME",
)
_START_S = 60.0


class SandboxError(ShineCatError):
    """The child processes can't be started at all."""


class Child:
    """One child process and its two pipes."""

    def __init__(self, timeout_s: float, memory_bytes: int) -> None:
        self.served = 0
        self._pending = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        settings = {"timeout_s": timeout_s, "memory_bytes": memory_bytes, "warm": True}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "jupyter_shinecat.formats.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=_environment(settings),
                cwd=os.path.abspath(os.sep),
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            self._errors.close()
            raise SandboxError(tr("No process can be started to read files: {reason}.", reason=error)) from error
        if self._line(time.monotonic() + _START_S) != b'{"ready":true}':
            reason = self._last_words()
            self.stop()
            raise SandboxError(tr("The process that reads files does not start: {reason}.", reason=reason))

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, path: str, timeout_s: float) -> Extract | Failure:
        self.served += 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"path": path}).encode() + b"\n")
            line = self._line(time.monotonic() + timeout_s)
        except BrokenPipeError:
            line = b""
        except TimeoutError:
            self.kill()
            return Failure(kind="timeout", detail=f"{timeout_s:g} s")
        if not line:
            return self._obituary()
        try:
            body: dict[str, Any] = msgspec.json.decode(line)
            if "extract" in body:
                return msgspec.convert(body["extract"], Extract)
            return msgspec.convert(body["failure"], Failure)
        except (msgspec.MsgspecError, KeyError):
            self.kill()
            return Failure(kind="crash", detail="unreadable answer")

    def _line(self, deadline: float) -> bytes:
        """The next line; empty when the child is gone. Raises TimeoutError."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise TimeoutError
            chunk = os.read(descriptor, 1 << 16)
            if not chunk or len(self._pending) > MAX_ANSWER + 4096:
                self.kill()
                return b""
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _obituary(self) -> Failure:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        code = self._process.returncode
        self.kill()
        if code is not None and code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
            kind = "timeout" if name in ("SIGXCPU", "SIGALRM") else "memory" if name == "SIGKILL" else "crash"
            return Failure(kind=kind, detail=name)
        return Failure(kind="memory" if b"MemoryError" in self._stderr() else "crash", detail=f"exit code {code}")

    def _stderr(self) -> bytes:
        try:
            size = self._errors.seek(0, os.SEEK_END)
            self._errors.seek(max(0, size - 2000))
            return self._errors.read()
        except (OSError, ValueError):
            return b""

    def _last_words(self) -> str:
        lines = self._stderr().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else tr("no message")

    def kill(self) -> None:
        """End the child and whatever it started, at once."""
        if not self.alive:
            return  # its number may be another process's by now
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def stop(self) -> None:
        """End the child and close its pipes."""
        if self.alive:
            self.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    # -P keeps the working folder off the path; the package itself must be found all the same
    package = str(Path(jupyter_shinecat.__file__).resolve().parents[1])
    environment |= {
        "PYTHONPATH": os.pathsep.join([*_absolute(os.environ.get("PYTHONPATH", "")), package]),
        "PYTHONUTF8": "1",
        "HDF5_USE_FILE_LOCKING": "FALSE",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "SHINECAT_SANDBOX": json.dumps(settings),
    }
    return environment


def _absolute(paths: str) -> list[str]:
    return [path for path in paths.split(os.pathsep) if path and os.path.isabs(path)]
