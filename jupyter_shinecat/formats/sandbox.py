"""Child processes in which untrusted files are opened; a crash there is a reason, never the end of the caller."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

import jupyter_shinecat
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .model import Extract, Failure
from .sniff import open_regular
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


class Sandbox:
    """A pool of child processes that extract metadata; use it as a context manager, from any number of threads.

    Parameters
    ----------
    workers
        Children at one time.
    timeout_s
        Seconds for one file.
    memory_bytes
        Address space of a child.
    recycle_after
        Files after which a child is replaced: damaged files leave damage in the libraries' memory.

    Examples
    --------
    >>> with Sandbox(workers=1) as sandbox:  # doctest: +SKIP
    ...     result = sandbox.extract("run17.h5")
    """

    def __init__(
        self,
        workers: int = 2,
        timeout_s: float = 30.0,
        *,
        memory_bytes: int = 4 << 30,
        recycle_after: int = 200,
    ) -> None:
        self.workers = max(1, workers)
        self.timeout_s = timeout_s
        self.memory_bytes = memory_bytes
        self.recycle_after = recycle_after
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        self._children: set[_Child] = set()
        self._lock = threading.Lock()
        self._closed = False
        for _ in range(self.workers):
            self._idle.put(None)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all children."""
        with self._lock:
            self._closed = True
            children = list(self._children)
            self._children.clear()
        for child in children:
            child.stop()

    def extract(self, path: str | os.PathLike[str], digest: str | None = None) -> Extract | Failure:
        """Metadata of one file, read in a child process.

        Parameters
        ----------
        path
            File on this machine.
        digest
            ``"sha256"`` also hashes the file (here, not in the child, so a file that can't be parsed has one too).

        Returns
        -------
        :
            An :class:`Extract`, or a :class:`Failure` with the reason. A crash, a time-out or death for memory is tried
            once more in a fresh child first.

        Raises
        ------
        SandboxError
            No child process can be started on this machine.
        """
        if digest not in (None, "sha256"):
            raise ValueError(f"digest must be None or 'sha256', not {digest!r}")
        absolute = os.path.abspath(path)
        refused = _refused(absolute)
        if refused is not None:
            return refused
        answer = self._ask(absolute, fresh=False)
        if isinstance(answer, Failure) and answer.kind in ("crash", "timeout", "memory"):
            answer = self._ask(absolute, fresh=True)
        if digest:
            found = self.digest(absolute)
            if isinstance(found, Failure):
                return found
            answer.sha256 = found
        return answer

    def digest(self, path: str | os.PathLike[str]) -> str | Failure:
        """SHA-256 of a file as hex; read here, since bytes that are only hashed do no harm."""
        try:
            return _sha256(os.path.abspath(path))
        except OSError as error:
            return _os_failure(error)

    def _ask(self, path: str, *, fresh: bool) -> Extract | Failure:
        child = self._idle.get()
        try:
            if child is not None and (fresh or child.served >= self.recycle_after or not child.alive):
                self._drop(child)
                child = None
            if child is None:
                child = self._start()
            answer = child.ask(path, self.timeout_s)
            if not child.alive:
                self._drop(child)
                child = None
            return answer
        except BaseException:
            if child is not None:
                self._drop(child)
                child = None
            raise
        finally:
            self._idle.put(child)

    def _start(self) -> _Child:
        child = _Child(self.timeout_s, self.memory_bytes)
        with self._lock:
            if self._closed:
                child.stop()
                raise SandboxError(tr("The reader of files has been closed."))
            self._children.add(child)
        return child

    def _drop(self, child: _Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.stop()


class _Child:
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


def _sha256(path: str) -> str:
    state = hashlib.sha256()
    with open_regular(path) as file:
        while chunk := file.read(1 << 20):
            state.update(chunk)
    return state.hexdigest()


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


def _refused(path: str) -> Failure | None:
    """What needs no child to be refused."""
    try:
        with open_regular(path):
            return None
    except OSError as error:
        return _os_failure(error)


def _os_failure(error: OSError) -> Failure:
    if isinstance(error, PermissionError):
        return Failure(kind="permission")
    if isinstance(error, FileNotFoundError):
        return Failure(kind="gone")
    if isinstance(error, IsADirectoryError) or error.errno in (22, 6):  # EINVAL: not regular; ENXIO: a socket
        return Failure(kind="not-a-file")
    return Failure(kind="io", detail=os.strerror(error.errno) if error.errno else type(error).__name__)
