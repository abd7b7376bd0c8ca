"""Runs the outbox and kills it (SIGKILL) at its n-th step: before it, in its middle, or after it.

Usage: ``python killer.py N before|during|after``. A step is a rename, a new folder, a removed file or an HTTP request.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import httpx

_LIMIT, _WHEN = int(sys.argv[1]), sys.argv[2]
_count = 0


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _counted(original: Callable[..., Any]) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        global _count
        if threading.current_thread() is not threading.main_thread():
            return original(*args, **kwargs)
        _count += 1
        if _count == _LIMIT:
            if _WHEN == "before":
                _die()
            if _WHEN == "during":  # a request is on its way by then, its answer not yet
                threading.Timer(0.004, _die).start()
        result = original(*args, **kwargs)
        if _count == _LIMIT and _WHEN == "after":
            _die()
        return result

    return step


if __name__ == "__main__":
    os.replace = _counted(os.replace)
    os.rename = _counted(os.rename)
    os.mkdir = _counted(os.mkdir)
    os.unlink = _counted(os.unlink)
    httpx.Client.request = _counted(httpx.Client.request)  # type: ignore[method-assign]
    sys.argv = ["outbox"]
    runpy.run_module("jupyter_shinecat.outbox", run_name="__main__")
