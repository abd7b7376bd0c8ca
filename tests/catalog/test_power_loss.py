"""The power goes at every sync: what was acknowledged is there, and what changed together is together."""

import os
import pickle
import random
import subprocess
import sys
from pathlib import Path

import pytest
from catalog import power

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.catalog.store.store import Store

SOAK = bool(os.environ.get("SHINECAT_SOAK"))
ROUNDS, SEEDS, VARIANTS = (150, 4, 4) if SOAK else (16, 1, 1)


def recorded(tmp_path, seed, synchronous="-", rounds=ROUNDS):
    out = tmp_path / "log"
    line = [sys.executable, power.__file__, str(tmp_path / "data"), str(out), str(seed), str(rounds), synchronous]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run(line, check=True, timeout=600, env=env)
    return pickle.loads(out.read_bytes())


class Promises:
    """What was acknowledged, and what was begun, up to a moment."""

    def __init__(self):
        self.acked = {}
        self.begun = {}

    def take(self, event):
        what, pid, value = event
        if what == "ack":
            self.acked[pid] = value
        else:
            self.begun.setdefault(pid, set()).add(value)

    def broken(self, store):
        """Promises that the store does not keep."""
        with store.snapshot() as snapshot:
            found = {row.id: row.doc for row in snapshot.scan("dataset")}
            sizes = {}
            for row in snapshot.scan("origdatablock"):
                sizes[row.doc["datasetId"]] = sizes.get(row.doc["datasetId"], 0) + row.doc["size"]
        for pid, acked in self.acked.items():
            begun = self.begun[pid]
            if acked is None:
                if pid in found:
                    yield f"{pid} was deleted and is back"
            elif pid not in found:
                if None not in begun:
                    yield f"{pid} is lost"
            elif found[pid]["v"] < acked or found[pid]["v"] not in begun:
                yield f"{pid} is at {found[pid]['v']}, acknowledged was {acked}, begun {begun}"
        for pid, doc in found.items():
            if pid not in self.begun:
                yield f"{pid} was never written"
            if doc["size"] != sizes.get(pid, 0):
                yield f"{pid} has size {doc['size']}, its blocks {sizes.get(pid, 0)}"
            if set(doc["text"]) != {"x"}:
                yield f"{pid} is not what was written"


def cuts(log, variants):
    """The disk and the promises at each sync: just before it, when all it was to save may be lost, and after it."""
    disk, promises = power.Disk(), Promises()
    for event in log:
        if event[0] in ("begin", "ack"):
            promises.take(event)
            if event[0] == "ack":
                yield disk, promises, ("lost",)
            continue
        if event[0] == "sync":
            yield disk, promises, ("kept", *("some", "torn") * variants)
        disk.take(event)
        if event[0] == "sync":
            yield disk, promises, ("lost",)
    yield disk, promises, ("lost", "kept", *("some", "torn") * variants)


def violations(log, tmp_path, seed, variants=VARIANTS):
    luck = random.Random(seed)
    number, before = 0, None
    for disk, promises, ways in cuts(log, variants):
        for how in ways:
            files = disk.after_cut(luck, how)
            state = (files, dict(promises.acked))
            if state == before:
                continue
            before = state
            number += 1
            folder = tmp_path / f"cut{number}"
            folder.mkdir()
            for name, content in files.items():
                (folder / name).write_bytes(content)
            try:
                store = Store(folder)
            except CatalogError as error:
                yield number, how, str(error)
                continue
            try:
                yield from ((number, how, what) for what in promises.broken(store))
            finally:
                store.close()
            for file in folder.iterdir():
                file.unlink()
    yield number, "end", ""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_no_cut_breaks_a_promise(tmp_path, seed):
    log = recorded(tmp_path, seed)
    assert sum(event[0] == "ack" for event in log) == 3 * ROUNDS
    assert any(event[:2] == ("sync", "catalog.sqlite") for event in log)  # checkpoints were among them
    *broken, (number, _end, _) = violations(log, tmp_path, seed)
    assert number > ROUNDS
    assert broken == []


@pytest.mark.slow
def test_a_catalog_that_does_not_sync_would_be_noticed(tmp_path):
    """The test tests: with NORMAL, commits are acknowledged before they are on the disk."""
    log = recorded(tmp_path, 1, "NORMAL", rounds=6)
    *broken, _end = violations(log, tmp_path, 1)
    assert any("lost" in what for _number, _how, what in broken)
