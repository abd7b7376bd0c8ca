"""Runs the outbox with large files read slowly: nothing of a file ``*.slow`` goes on before GATE exists.

Usage: ``python slow_reader.py GATE LOG``. The name of each file whose reading begins is written to LOG.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from collections.abc import Iterator
from typing import Any

from jupyter_shinecat.outbox import hashing

_GATE, _LOG = sys.argv[1:3]
_file = hashing._Job._file


def _slowly(job: Any, path: str) -> Iterator[None]:
    with open(_LOG, "a", encoding="utf-8") as log:
        log.write(os.path.basename(path) + "\n")
    for _ in _file(job, path):
        while path.endswith(".slow") and not os.path.exists(_GATE):
            time.sleep(0.02)
            yield
        yield


if __name__ == "__main__":
    hashing.INLINE_BYTES = 1_000
    hashing._SLICE_BYTES = hashing._CHUNK = 1 << 20
    hashing._Job._file = _slowly  # type: ignore[method-assign]
    sys.argv = ["outbox"]
    runpy.run_module("jupyter_shinecat.outbox", run_name="__main__")
