"""The child process: takes paths on standard input, answers with extracts on standard output, one JSON line each.

Started by :class:`jupyter_shinecat.formats.Sandbox`. It limits itself before it opens anything: memory, processor
time and wall time per file, no core dumps, no writing of files, no new privileges.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import msgspec

from .model import Extract, Failure, Unreadable

MAX_ANSWER = 1 << 20


def main() -> None:
    """Serve until standard input ends."""
    settings = json.loads(os.environ["SHINECAT_SANDBOX"])
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # what libraries print must not get between the answers
    _limit_for_good(settings)
    from .dispatch import extract

    if settings.get("warm"):
        import h5py  # noqa: F401 - once per child, not once per first file
    os.write(answers, b'{"ready":true}\n')
    for line in sys.stdin.buffer:
        _limit_for_file(settings["timeout_s"])
        try:
            answer: Extract | Failure = extract(json.loads(line)["path"])
        except Unreadable as error:
            answer = Failure(kind=error.kind, detail=error.detail)
        except MemoryError:
            answer = Failure(kind="memory")
        except Exception as error:
            # a reader fell over this file; the child goes on, the parent learns what happened
            answer = Failure(kind="other", detail=f"{type(error).__name__}: {error}"[:200])
        _write(answers, _encode(answer))


def _encode(answer: Extract | Failure) -> bytes:
    try:
        body = msgspec.json.encode({"failure" if isinstance(answer, Failure) else "extract": answer})
    except Exception as error:
        body = msgspec.json.encode({"failure": Failure(kind="other", detail=type(error).__name__)})
    if len(body) > MAX_ANSWER:
        body = msgspec.json.encode({"failure": Failure(kind="memory", detail="its description is too large")})
    return body + b"\n"


def _write(descriptor: int, body: bytes) -> None:
    view = memoryview(body)
    while view:
        view = view[os.write(descriptor, view) :]


def _limit_for_good(settings: dict[str, Any]) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's time limit is what there is
        return
    memory = settings["memory_bytes"]
    for name, amount in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(name, (amount, amount))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _no_new_privileges()


def _no_new_privileges() -> None:
    if sys.platform == "linux":
        import contextlib
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)


def _limit_for_file(timeout_s: float) -> None:
    """The kernel ends this process when a file takes too long, whatever library holds it, even without the parent."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + timeout_s) + 2
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))
    signal.setitimer(signal.ITIMER_REAL, timeout_s + 10)


if __name__ == "__main__":
    main()
