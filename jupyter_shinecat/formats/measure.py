"""What extraction costs over a bare walk, in a process of its own (``python -m jupyter_shinecat.formats.measure``)."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence


def extract_ratio(
    paths: Sequence[str | os.PathLike[str]], repeats: int = 3, timeout_s: float = 300
) -> dict[str, float]:
    """Time of extracting HDF5 files over the time of only opening every object in them.

    Parameters
    ----------
    paths
        Files; those that can't be opened are left out.
    repeats
        Runs of each; the least counts, since other work on the machine only adds.

    Returns
    -------
    :
        Medians over files: ``ratio`` (extraction over opening every object), ``ratio_read`` (extraction over a walk
        that also reads every small value and attribute, but makes nothing of them), ``extract_ms``, ``walk_ms``; and
        how many ``files`` counted.
    """
    command = [sys.executable, "-m", "jupyter_shinecat.formats.measure", str(repeats)]
    command += [os.fspath(path) for path in paths]
    environment = {**os.environ, "HDF5_USE_FILE_LOCKING": "FALSE"}
    done = subprocess.run(command, capture_output=True, check=True, timeout=timeout_s, env=environment)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def bare_walk(path: str) -> int:
    """Open every object that hard links reach, once, and look at nothing; the number of objects."""
    from h5py import h5g, h5l

    from .hdf5_walk import open_file

    file = open_file(path)
    count = 0
    seen: set[int] = set()
    pending = [h5g.open(file, b"/")]
    while pending:
        group = pending.pop()
        count += 1
        names: list[bytes] = []

        def note(name: bytes, info: object, names: list[bytes] = names) -> None:
            if info.type == h5l.TYPE_HARD and info.u not in seen:  # type: ignore[attr-defined]
                seen.add(info.u)  # type: ignore[attr-defined]
                names.append(name)

        group.links.iterate(note, info=True)
        for name in names:
            item = _open(group, name)
            if isinstance(item, h5g.GroupID):
                pending.append(item)
            else:
                count += 1
    file.close()
    return count


def _open(group: object, name: bytes) -> object:
    from h5py import h5o

    return h5o.open(group, name)


def _least_ms(call: Callable[[str], object], path: str, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call(path)
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def _main() -> None:
    from .hdf5 import extract_hdf5
    from .hdf5_walk import walk

    repeats = int(sys.argv[1])
    rows = []
    for path in sys.argv[2:]:
        try:
            extract_hdf5(path)  # libraries and caches warm for both
            rows.append([_least_ms(call, path, repeats) for call in (extract_hdf5, bare_walk, walk)])
        except Exception:  # noqa: S112 - a damaged file has no time to compare
            continue
    if not rows:
        raise SystemExit("no file could be measured")
    print(
        json.dumps(
            {
                "ratio": statistics.median(extract / bare for extract, bare, _ in rows),
                "ratio_read": statistics.median(extract / read for extract, _, read in rows),
                "extract_ms": statistics.median(extract for extract, _, _ in rows),
                "walk_ms": statistics.median(bare for _, bare, _ in rows),
                "files": len(rows),
            }
        )
    )


if __name__ == "__main__":
    _main()
