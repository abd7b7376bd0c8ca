"""SIGKILL at any step loses nothing and doubles nothing; counted by HTTP and files, with no code of the outbox."""

from __future__ import annotations

import hashlib
import random
import signal
from pathlib import Path

import pytest

KILLER = str(Path(__file__).with_name("killer.py"))
WHENS = ("before", "during", "after")


def _work(bench, raw: str, results: int) -> None:
    """``results`` cells, each with a data file and a figure, each but the first reading the file before it."""
    kernel = bench.kernel()
    for i in range(results):
        one_cell(bench, kernel, raw, i)


def one_cell(bench, kernel, raw: str, i: int) -> None:
    before = bench.results / f"result{i - 1}.csv" if i else None
    target = bench.results / f"result{i}.csv"
    kernel.cell(f"make {i}")
    kernel.write(target, b"%d" % i)
    kernel.write(bench.results / f"figure{i}.svg", b"<svg>%d</svg>" % i)
    kernel.end([raw], [before] if before else [])


def check(bench, raw: str, results: int) -> None:
    datasets = bench.counter.derived(raw)
    assert sorted(d["datasetName"] for d in datasets) == sorted(f"result{i}.csv" for i in range(results))
    pids = {d["datasetName"]: d["pid"] for d in datasets}
    for i in range(results):
        dataset = next(d for d in datasets if d["datasetName"] == f"result{i}.csv")
        inputs = {raw} if i == 0 else {raw, pids[f"result{i - 1}.csv"]}
        assert set(dataset["inputDatasets"]) == inputs
        (block,) = bench.counter.blocks(dataset["pid"])
        (file,) = block["dataFileList"]
        on_disk = (bench.results / f"result{i}.csv").read_bytes()
        assert (file["chk"], file["size"]) == (hashlib.sha256(on_disk).hexdigest(), len(on_disk))
        assert [a["caption"] for a in bench.counter.attachments(dataset["pid"])] == [f"figure{i}.svg"]
        assert (dataset["size"], dataset["numberOfFiles"]) == (len(on_disk), 1)


@pytest.mark.timeout(280)
def test_random_kills(bench) -> None:
    raw = bench.counter.raw()
    results = 3
    _work(bench, raw, results)
    random_ = random.Random(20261122)
    kills = 0
    for _ in range(12):
        number, when = random_.randint(1, 16), random_.choice(WHENS)
        outbox = bench.start(KILLER, str(number), when)
        code = outbox.wait_end_or_sent(results - len(bench.sent()))
        kills += code == -signal.SIGKILL
        outbox.end(signal.SIGKILL)
    outbox = bench.start()
    outbox.wait_end_or_sent(results - len(bench.sent()))
    assert len(bench.sent()) == results
    assert kills >= 5
    check(bench, raw, results)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_hundreds_of_random_kills(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    random_ = random.Random(17)
    results, kills = 60, 0
    for i in range(results):
        one_cell(bench, kernel, raw, i)
        for _ in range(2):
            outbox = bench.start(KILLER, str(random_.randint(1, 40)), random_.choice(WHENS))
            code = outbox.wait_end_or_sent(i + 1 - len(bench.sent()))
            kills += code == -signal.SIGKILL
            outbox.end(signal.SIGKILL)
    outbox = bench.start()
    outbox.wait_end_or_sent(results - len(bench.sent()))
    assert len(bench.sent()) == results
    assert kills >= 60
    check(bench, raw, results)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", WHENS)
def test_kill_at_every_step(make_bench, catalog, when: str) -> None:
    number, killed = 0, True
    while killed:
        number += 1
        bench = make_bench(catalog)
        raw = bench.counter.raw()
        _work(bench, raw, 2)
        outbox = bench.start(KILLER, str(number), when)
        killed = outbox.wait_end_or_sent(2) == -signal.SIGKILL
        outbox.end(signal.SIGKILL)
        again = bench.start()
        again.wait_end_or_sent(2 - len(bench.sent()))
        again.end()
        check(bench, raw, 2)
    assert number > 20
