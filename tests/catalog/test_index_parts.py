"""A large index that several processes build: as right as one that one process builds, and nobody is left behind."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_shinecat.catalog.search import keeper, parts
from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.health import OpenedIndex, index_problems
from jupyter_shinecat.catalog.store.store import Store

NUMBER = 240


def a_document(number, *, more=0):
    rng = random.Random(number)
    length = {"value": number + more, "unit": "mm"}
    return {
        "pid": f"t/{number}", "datasetName": f"溶菌酶 lysozyme {number}", "ownerGroup": f"g{number % 3}", "type": "raw",
        "creationTime": f"2026-01-{1 + number % 28:02}T00:00:00.000Z", "keywords": ["a", "b"],
        "scientificMetadata": {f"key {rng.randrange(40)}": rng.random() + more, f"own {number % 90}": length},
    }  # fmt: skip


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(keeper, "_LARGE_BATCH", 100)
    monkeypatch.setattr(keeper, "number_of_parts", lambda: 2)
    monkeypatch.setattr(parts, "_STRIDE", 7)
    store = Store(tmp_path)
    store.change(lambda tx: [tx.insert("dataset", f"t/{n}", a_document(n)) for n in range(NUMBER)])
    yield store
    store.close()


def built(store, folder):
    """The index of a store, built when it is missing, is right; says how many segments it was built with."""
    engine = Engine(store, folder)
    try:
        with store.snapshot() as snapshot:
            change = snapshot.last_change()
        assert engine.index.wait(change, 60)
        segments = engine.index.view.searcher.num_segments
    finally:
        engine.close()
    with store.snapshot() as snapshot:
        assert list(index_problems(snapshot, store.uuid, OpenedIndex(folder), sample=None)) == []
    assert not list(folder.glob("part*"))
    return segments


def gone(pid):
    """Whether a process has ended (one that nobody waits for stays as a zombie)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].startswith("Z")
    except OSError:
        return True


def test_it_is_right_whatever_changes_meanwhile(store, tmp_path, monkeypatch):
    def some_changes(at):
        def change(tx):
            for number in range(at, NUMBER, 10):
                tx.replace("dataset", f"t/{number}", a_document(number, more=1000))
            for number in range(at + 1, NUMBER, 10):
                tx.delete("dataset", f"t/{number}")
            tx.delete("dataset", f"t/{NUMBER - at}")
            tx.insert("dataset", f"new/{at}", {**a_document(NUMBER + at), "pid": f"new/{at}"})

        store.change(change)

    run, put_together = parts.Parts._run, parts.Parts._put_together
    monkeypatch.setattr(parts.Parts, "_run", lambda self: (some_changes(2), run(self)))
    monkeypatch.setattr(
        parts.Parts, "_put_together", lambda self, change: (put_together(self, change), some_changes(5))
    )
    monkeypatch.setattr(parts, "Columns", lambda: Columns(most=60))  # some keys stay without one
    assert built(store, tmp_path / "index") >= 3  # two parts, and what changed


@pytest.mark.parametrize("fault", ["no process can be started", "one process dies", "a part can't be read"])
def test_one_process_does_what_several_can_not(store, tmp_path, monkeypatch, fault):
    started = []

    class Process(subprocess.Popen):
        def __init__(self, *args, **options):
            if fault == "no process can be started" and started:
                raise OSError("no more processes")
            super().__init__(*args, **options)
            started.append(self)

    def column(self, path, group):
        if fault == "one process dies":
            started[-1].kill()
        return Columns().of(path)

    monkeypatch.setattr(parts.subprocess, "Popen", Process)
    monkeypatch.setattr(parts.Parts, "_column", column)
    if fault == "a part can't be read":
        monkeypatch.setattr(parts, "_HEAP_BYTES", 2)  # less than tantivy takes
    built(store, tmp_path / "index")
    assert started
    assert all(process.returncode is not None for process in started)


def test_who_waits_for_the_end_does_not_wait_for_the_index(store, tmp_path, monkeypatch):
    started, run = [], parts.Parts._run

    def spans(_last):
        while True:
            yield 0, 3  # it never ends by itself

    monkeypatch.setattr(parts, "_spans", spans)
    monkeypatch.setattr(parts.Parts, "_run", lambda self: (started.append(self), run(self)))
    engine = Engine(store, tmp_path / "index")
    until = time.monotonic() + 30
    while not (started and len(started[0]._started) == 2) and time.monotonic() < until:
        time.sleep(0.01)
    engine.close()
    assert engine.index.view is None
    assert [process.returncode for process, _task in started[0]._started] == [-signal.SIGKILL] * 2
    monkeypatch.undo()
    built(store, tmp_path / "index")


OWNER = """
import sys
from pathlib import Path
from jupyter_shinecat.catalog.search import keeper, parts
from jupyter_shinecat.catalog.store.store import Store
folder = Path(sys.argv[1])
keeper._LARGE_BATCH, keeper.number_of_parts = 100, lambda: 2
serve = parts.Parts._serve
def spans(last):
    while True:
        yield 0, 3
def served(self, process, folder):
    print(process.pid, flush=True)
    serve(self, process, folder)
parts._spans, parts.Parts._serve = spans, served
keeper.Keeper.open(Store(folder), folder / "index", lambda: False)
"""


def test_a_killed_owner_leaves_no_process_and_loses_nothing(store, tmp_path):
    store.close()  # one owner of the folder at a time
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with owner:
        pids = [int(owner.stdout.readline()) for _ in range(2)]
        assert not any(map(gone, pids))
        os.kill(owner.pid, signal.SIGKILL)
    until = time.monotonic() + 30
    while not all(map(gone, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    assert all(map(gone, pids))
    again = Store(tmp_path)
    try:
        built(again, tmp_path / "index")
    finally:
        again.close()
