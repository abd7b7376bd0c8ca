"""A file that may be broken is not sent as a good result without a word."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_shinecat.outbox.doubts import doubts_of, for_catalog, must_ask, question

from .conftest import ONE_PROFILE

EMPTY, WHOLE = (0, 1, 1), (10, 1, 1)


@pytest.mark.parametrize(
    ("status", "files", "asks"),
    [
        ("ok", {"a.csv": WHOLE}, False),
        ("error", {"a.csv": WHOLE}, False),
        ("ok", {"a.csv": WHOLE, "_SUCCESS": EMPTY}, False),
        ("error", {"a.csv": WHOLE, "b.csv": EMPTY}, True),
        ("killed", {"a.csv": WHOLE, "b.csv": EMPTY}, True),
        ("ok", {"a.csv": EMPTY}, True),
    ],
)
def test_when_an_empty_file_is_asked_about(status: str, files: dict[str, Any], asks: bool) -> None:
    assert must_ask({"status": status}, files, doubts_of(files, {})) is asks


def test_nothing_of_a_cell_that_a_full_disk_ended_is_trusted() -> None:
    found = {"status": "error", "refused": "No space left on device"}
    assert must_ask(found, {"a.csv": WHOLE}, [])
    assert "the disk refused what its cell wrote (No space left on device)" in question(found, [])[0]
    assert for_catalog(found, []) == ["the disk refused what the cell wrote: No space left on device"]


def _cell(bench, name: str, content: bytes, raw: str, status: str, kernel=None) -> Any:
    kernel = kernel or bench.kernel(notebook=f"{name}.ipynb")
    kernel.cell(f"save {name}")
    kernel.write(bench.results / name, content)
    kernel.end([raw], status=status)
    return kernel


@ONE_PROFILE
def test_a_broken_file_waits_for_a_yes_and_a_run_that_goes_well_replaces_it(bench) -> None:
    raw = bench.counter.raw()
    full = _cell(bench, "full.h5", b"", raw, "error")  # the disk was full: nothing of it arrived
    whole = bench.work / "whole.h5"
    bench.kernel().hdf5(whole)
    _cell(bench, "cut.h5", whole.read_bytes()[:-64], raw, "ok")
    named = _cell(bench, "good.csv", b"1", raw, "error")  # closed before another line of the cell failed
    named.cell("sc.derived('good.csv')")
    named.line("derived", run=2, name="good.csv", keywords=[], paths=[str(bench.results / "good.csv")], parameters={})
    named.end([raw])
    outbox = bench.start()
    told = {
        one["name"]: one for one in (outbox.wait(lambda news: news["asks"] or news["state"] == "sent") for _ in "abc")
    }
    assert (told["good.csv"]["state"], told["good.csv"]["reason"]) == (
        "sent",
        "The code that wrote it ended with an error.",
    )
    assert (
        told["full.h5"]["reason"]
        == "It may be broken: full.h5 (it is empty). The code that wrote it ended with an error."
    )
    assert "cut.h5 (the file is cut off" in told["cut.h5"]["reason"]
    assert "Make it again" in told["cut.h5"]["do"]
    (good,) = bench.counter.derived(raw)
    assert good["jobParameters"]["shinecat"]["ended"] == "error"

    _cell(bench, "full.h5", whole.read_bytes(), raw, "ok", full)
    assert outbox.wait(lambda news: news["key"] == told["full.h5"]["key"])["state"] == "withdrawn"
    assert outbox.wait_state("sent")["name"] == "full.h5"
    assert bench.shinecat("outbox", "release", told["cut.h5"]["key"]).returncode == 0
    assert outbox.wait_state("sent")["name"] == "cut.h5"
    sent = {one["datasetName"]: one["jobParameters"]["shinecat"] for one in bench.counter.derived(raw)}
    assert sorted(sent) == ["cut.h5", "full.h5", "good.csv"]
    assert "cut off" in sent["cut.h5"]["doubts"][0]
    assert not {"ended", "doubts"} & set(sent["full.h5"])


@ONE_PROFILE
def test_a_yes_is_to_the_file_as_it_is_by_then(bench) -> None:
    raw = bench.counter.raw()
    kernel = _cell(bench, "a.csv", b"", raw, "ok")
    kernel.cell("go on")
    kernel.write(bench.results / "b.csv", b"b")
    kernel.end([], [bench.results / "a.csv"], runs=[1, 2])
    outbox = bench.start()
    asked = outbox.wait(lambda news: news["asks"])
    outbox.wait(lambda news: news["reason"] == "It waits for a.csv, which waits for your yes.")
    (bench.results / "a.csv").write_bytes(b"repaired")
    assert bench.shinecat("outbox", "release", asked["key"]).returncode == 0
    assert [outbox.wait_state("sent")["name"] for _ in "ab"] == ["a.csv", "b.csv"]
    (dataset,) = bench.counter.derived(raw)
    assert dataset["size"] == 8
    assert "doubts" not in dataset["jobParameters"]["shinecat"]
