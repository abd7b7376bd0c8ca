"""What opening costs over plain h5py, and what the record costs each cell and each opened file."""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.testing.catalog import running_catalog

ROUNDS = 200


def measure() -> Iterator[dict[str, Any]]:
    """Figures of this module."""
    yield _figure("open_overhead_ms", open_overhead_ms(), "ms", 5, "h5py.File of the same file")
    cost = record_costs_us()
    yield _figure("record_open_us", cost["open"], "us", 50, "the same open() with the record off")
    yield _figure(
        "record_cell_us", cost["writing"], "us", 1000, "the same cell, which writes a file, with the record off"
    )
    yield _figure("record_quiet_cell_us", cost["quiet"], "us", 50, "the same cell, which touches no file, with it off")
    yield _figure("import_ms", import_ms(), "ms", 50, "a Python that has just started")
    yield _figure("load_ext_ms", load_ext_ms(), "ms", 150, "an IPython that has just started")


def import_ms() -> float:
    """``import jupyter_shinecat as sc`` in a fresh Python."""
    code = "import time; t = time.perf_counter(); import jupyter_shinecat as sc; print(time.perf_counter() - t)"
    return _fresh(code)


def load_ext_ms() -> float:
    """``%load_ext jupyter_shinecat`` in a fresh IPython."""
    code = (
        "from IPython.core.interactiveshell import InteractiveShell; import time; shell = InteractiveShell.instance()\n"
        "t = time.perf_counter(); shell.run_line_magic('load_ext', 'jupyter_shinecat'); print(time.perf_counter() - t)"
    )
    return _fresh(code)


def _fresh(code: str) -> float:
    """Median in milliseconds of what the code prints in seconds, each time in a new process."""
    with tempfile.TemporaryDirectory() as temporary:
        env = {name: value for name, value in os.environ.items() if not name.startswith("SHINECAT_")}
        env |= {"SHINECAT_STATE": f"{temporary}/state", "IPYTHONDIR": f"{temporary}/ipython"}
        times = []
        for _ in range(7):
            done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
            times.append(float(done.stdout.splitlines()[-1]))
    return statistics.median(times[1:]) * 1e3


def open_overhead_ms() -> float:
    """``sc.open(pid).h5()`` (two calls of a catalog on this machine, one file checked) minus ``h5py.File(path)``."""
    with tempfile.TemporaryDirectory() as temporary, running_catalog() as catalog:
        path = Path(temporary) / "run.h5"
        with h5py.File(path, "w") as file:
            file["entry/data"] = np.arange(1000)
        token = catalog.token("zhangxf")
        doc = {
            "ownerGroup": "GET",
            "contactEmail": "zhangxf@example.org",
            "sourceFolder": temporary,
            "creationTime": "2026-03-01T10:00:00Z",
            "datasetName": "bench",
            "type": "raw",
        }
        with CatalogClient(catalog.url, token) as client:
            pid = client.create_dataset(doc).pid
            size = path.stat().st_size
            entry = {"path": "run.h5", "size": size, "time": "2026-03-01T10:00:00Z"}
            client.create_origdatablock(pid, {"size": size, "dataFileList": [entry]})
        os.environ |= {"SHINECAT_CATALOG_URL": catalog.url, "SHINECAT_TOKEN": token}
        os.environ.pop("SHINECAT_SOCKET", None)
        import jupyter_shinecat as sc

        def ours() -> None:
            sc.open(pid).h5().close()

        def plain() -> None:
            h5py.File(path, "r", locking=False).close()

        return _difference(ours, plain, ROUNDS) * 1e3


def record_costs_us() -> dict[str, float]:
    """Costs of the record, measured in an IPython of its own (a hook can't be taken out of a process again)."""
    with tempfile.TemporaryDirectory() as temporary:
        env = {name: value for name, value in os.environ.items() if not name.startswith("SHINECAT_")}
        env |= {
            "SHINECAT_STATE": f"{temporary}/state",
            "SHINECAT_RESULTS": f"{temporary}/results",
            "IPYTHONDIR": f"{temporary}/ipython",
        }
        done = subprocess.run(
            [sys.executable, __file__, temporary], env=env, cwd=temporary, capture_output=True, text=True, check=True
        )
        costs: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return costs


def _difference(one: Callable[[], None], other: Callable[[], None], rounds: int) -> float:
    """Median of the differences in seconds, both measured in turn."""
    differences = []
    for number in range(rounds + 5):
        times = []
        for call in (one, other):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        if number >= 5:
            differences.append(times[0] - times[1])
    return statistics.median(differences)


def _figure(name: str, value: float, unit: str, goal: float, against: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "goal": goal, "against": against}


def _in_ipython(folder: Path) -> dict[str, float]:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_shinecat import record

    shell: Any = InteractiveShell.instance()
    shell.history_manager.enabled = False  # its thread writes into its database while we measure
    (folder / "results").mkdir()
    for number in range(100):
        (folder / f"in{number}.dat").write_bytes(b"x")

    def cell(code: str) -> None:
        result = shell.run_cell(code, store_history=True)
        result.raise_error()

    def cost(code: str, rounds: int) -> float:
        """With the record on minus off, in seconds."""

        def with_record() -> None:
            cell(code)

        def without() -> None:
            cell(code)

        differences = []
        for number in range(rounds + 5):
            times = {}
            for on in (number % 2 == 0, number % 2 == 1):
                (record.on if on else record.off)()
                # What switching leaves behind (garbage, functions that begin slowly, cold caches) is no cost of a cell.
                gc.collect(1)
                for _ in range(2):
                    cell(code)
                start = time.perf_counter()
                (with_record if on else without)()
                times[on] = time.perf_counter() - start
            if number >= 5:
                differences.append(times[True] - times[False])
        return statistics.median(differences)

    recorder = record.on(shell)
    assert recorder is not None
    shell.user_ns["recorder"] = recorder
    shell.user_ns["folder"] = str(folder)
    cell("recorder.read('P/1', how='h5'); a = list(range(10))")
    quiet = cost("b = [x * 2 for x in a]\ntotal = sum(b)", ROUNDS)
    # Small cells between, as in life: the one that writes pays for thinking them through.
    writing = cost(
        "c = [x + 1 for x in a]\nwith open(folder + '/results/r.txt', 'w') as f:\n    f.write(str(c))", ROUNDS
    )
    opens = cost("for n in range(100):\n    open(f'{folder}/in{n}.dat').close()", ROUNDS // 2)
    return {"quiet": quiet * 1e6, "writing": writing * 1e6, "open": opens / 100 * 1e6}


if __name__ == "__main__":
    print(json.dumps(_in_ipython(Path(sys.argv[1]))))
