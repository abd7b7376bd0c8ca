"""Whether the checksums of a very large file slow what the person computes meanwhile."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SIZE_BYTES = 100 * 10**9  # with holes: reading it costs what reading costs, and no disk
ROUNDS = 15
PIECE_S = 0.4
# As the outbox does it, in a session of its own.
READER = """
import sys, time
from jupyter_shinecat.outbox.hashing import Hashes
from jupyter_shinecat.outbox.rest import signature
hashes, path = Hashes(), sys.argv[1]
hashes.of("e", {path: signature(path)}, {})
while True:
    print(hashes.progress("e")[0], flush=True)
    time.sleep(0.05)
"""


def measure() -> Iterator[dict[str, Any]]:
    """Figures of this module."""
    # With one core only priorities decide; with more, cores that are two halves of one share what they are made of.
    for name, cores, goal in (("hash_beside_ratio", None, 1.1), ("hash_one_core_ratio", 1, 1.05)):
        ratio = loop_ratio(cores)
        against = "the same loop with the reading stopped" + (", all on one core" if cores else "")
        yield {"name": name, "value": ratio, "unit": "x", "goal": goal, "against": against}


def loop_ratio(cores: int | None) -> float:
    """Time of a loop beside the hashing over its time without, the two in turn; median of all rounds.

    Parameters
    ----------
    cores
        Bind both to so many cores; None leaves all.
    """
    allowed = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as temporary:
        large = Path(temporary) / "large.bin"
        with open(large, "wb") as file:
            file.truncate(SIZE_BYTES)
        if cores is not None:
            os.sched_setaffinity(0, sorted(allowed)[:cores])
        command = [sys.executable, "-c", READER, str(large)]
        reader = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        try:
            assert reader.stdout is not None
            while int(reader.stdout.readline()) == 0:
                pass
            ratios = [_round(reader.pid) for _ in range(ROUNDS)]
        finally:
            os.sched_setaffinity(0, allowed)
            reader.kill()
            reader.wait()
    return statistics.median(ratios)


def _round(pid: int) -> float:
    os.kill(pid, signal.SIGSTOP)
    alone = _work()
    os.kill(pid, signal.SIGCONT)
    beside = _work()
    return alone / beside


def _work() -> float:
    """How much of a loop is done in a while."""
    end, count = time.perf_counter() + PIECE_S, 0
    while time.perf_counter() < end:
        count += sum(range(2000)) > 0
    return float(count)
