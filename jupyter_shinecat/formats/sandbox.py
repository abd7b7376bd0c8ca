"""Child processes in which untrusted files are opened; a crash there is a reason, never the end of the caller."""

from __future__ import annotations

import hashlib
import os
import queue
import threading
from types import TracebackType

from jupyter_shinecat.locale import tr

from .child import Child, SandboxError
from .model import Extract, Failure
from .sniff import open_regular


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
        self._idle: queue.LifoQueue[Child | None] = queue.LifoQueue()
        self._children: set[Child] = set()
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

    def _start(self) -> Child:
        child = Child(self.timeout_s, self.memory_bytes)
        with self._lock:
            if self._closed:
                child.stop()
                raise SandboxError(tr("The reader of files has been closed."))
            self._children.add(child)
        return child

    def _drop(self, child: Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.stop()


def _sha256(path: str) -> str:
    state = hashlib.sha256()
    with open_regular(path) as file:
        while chunk := file.read(1 << 20):
            state.update(chunk)
    return state.hexdigest()


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
