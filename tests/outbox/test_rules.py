"""What is sent of a result, and what becomes of it when it is made again."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

import jupyter_shinecat as sc
from jupyter_shinecat.outbox import compose
from jupyter_shinecat.outbox.notebook import without_outputs
from jupyter_shinecat.outbox.plan import latest_result
from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.scicat.lineage import lineage

from .conftest import ONE_PROFILE

FEW = str(Path(__file__).with_name("few_figures.py"))


def save(bench, kernel, outbox, name: str, content: bytes, inputs=(), paths=()) -> str:
    """Run the cell that writes ``name``; the PID of its dataset."""
    kernel.cell(f"save {name}", cell=name)
    kernel.write(bench.results / name, content)
    kernel.end(list(inputs), list(paths))
    return str(outbox.wait(lambda n: n["state"] == "sent" and n["name"] == name)["pid"])


def test_in_place_and_as_a_new_version_both_stand_in_the_history(bench, monkeypatch) -> None:
    admin = type(bench.counter)(bench.catalog, "admin")
    raw = bench.counter.raw()
    outbox, kernel = bench.start(), bench.kernel()
    first = save(bench, kernel, outbox, "a.bin", b"one", [raw])
    # Nobody uses it: the same dataset gets the new bytes, and the catalog's history tells of the change.
    assert save(bench, kernel, outbox, "a.bin", b"two two", [raw]) == first
    asked = {"documentId": first}
    items = admin.get("/api/v3/history", filter=asked)["items"]
    keys = [
        {moment: item[moment].get("jobParameters", {}).get("shinecat", {}).get("key") for moment in ("before", "after")}
        for item in items
        if item["operation"] == "update" and "jobParameters" in item["after"]
    ]
    assert len(keys) == 1
    assert keys[0]["before"] != keys[0]["after"]
    assert items[0]["user"] == "zhangxf"
    # Somebody used it: it stays as it is, and the next one is linked to it.
    save(bench, kernel, outbox, "b.bin", b"of a", [], [bench.results / "a.bin"])
    second = save(bench, kernel, outbox, "a.bin", b"three", [raw])
    assert second != first
    with CatalogClient(bench.catalog.url, bench.env["SHINECAT_TOKEN"]) as client:
        assert lineage(client, first).newer == [second]
        assert lineage(client, second).older == [first]
        assert lineage(client, second).newer == []
    shown = bench.shinecat("lineage", second).stdout
    assert f"Older version: {first}" in shown
    assert f"Newer version: {second}" in bench.shinecat("lineage", first).stdout
    monkeypatch.setenv("SHINECAT_CATALOG_URL", bench.catalog.url)
    monkeypatch.setenv("SHINECAT_TOKEN", bench.env["SHINECAT_TOKEN"])
    tree = repr(sc.lineage(second)).splitlines()
    assert tree[1] == f"Older version: a.bin  {first}"
    assert f"  run17  {raw}" in tree


@ONE_PROFILE
def test_notebook_goes_along_without_outputs_and_secrets_by_a_setting(bench) -> None:
    raw = bench.counter.raw()
    cells = [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": ["# 溶菌酶\n", "token: ghp_0123456789abcdef0123"],
        },
        {
            "cell_type": "code",
            "id": "b",
            "execution_count": 7,
            "metadata": {"shinecat": {"inputs": ["secret path"]}},
            "source": 'password = "hunter2"\nfit()',
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "a secret result"}],
        },
    ]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "widgets": {"state": "big"}},
        "cells": cells,
    }
    (bench.work / "analysis.ipynb").write_text(json.dumps(notebook))
    outbox = bench.start(SHINECAT_SEND_NOTEBOOK="1")
    kernel = bench.kernel()
    pid = save(bench, kernel, outbox, "a.bin", b"one", [raw])
    (attachment,) = bench.counter.attachments(pid)
    assert attachment["caption"] == "analysis.ipynb"
    head, _, body = attachment["thumbnail"].partition(",")
    assert head == "data:application/x-ipynb+json;base64"
    sent = json.loads(base64.b64decode(body))
    assert [cell["cell_type"] for cell in sent["cells"]] == ["markdown", "code"]
    assert "".join(sent["cells"][0]["source"]).startswith("# 溶菌酶")
    assert sent["cells"][1]["outputs"] == []
    assert "fit()" in sent["cells"][1]["source"]
    for hidden in ("hunter2", "ghp_", "a secret", "secret path", "widgets"):
        assert hidden not in json.dumps(sent)
    # Off, as it is by default, nothing of it goes.
    assert outbox.end() == 0
    assert bench.counter.attachments(save(bench, kernel, bench.start(), "b.bin", b"b", [raw])) == []


def test_notebook_that_is_too_large_or_none_is_refused(tmp_path) -> None:
    path = tmp_path / "a.ipynb"
    for text in ("{", "[]", '{"cells": [1], "nbformat_minor": 5}', '{"cells": [], "nbformat_minor": "x"}', "[" * 9_999):
        path.write_text(text)
        with pytest.raises(ValueError, match="not a notebook"):
            without_outputs(str(path))
    cell = {"cell_type": "code", "source": "x" * 800_000, "metadata": {}}
    path.write_text(json.dumps({"cells": [cell], "nbformat_minor": 5, "metadata": {}}))
    with pytest.raises(ValueError, match="also without its outputs"):
        without_outputs(str(path))


@ONE_PROFILE
@pytest.mark.parametrize(
    ("command", "cells", "most"),
    [((FEW,), 12, 5), pytest.param((), 500, 50, marks=[pytest.mark.soak, pytest.mark.timeout(900)])],
)
def test_hundreds_of_figures_make_no_flood(bench, command: tuple[str, ...], cells: int, most: int) -> None:
    raw = bench.counter.raw()
    outbox, kernel = bench.start(*command), bench.kernel()
    pid = save(bench, kernel, outbox, "a.bin", b"one", [raw])
    for i in range(cells):
        kernel.cell(f"savefig {i}")
        kernel.write(bench.results / f"{i:03d}.svg", b"<svg>%d</svg>" % i)
        kernel.end([raw], runs=[1, kernel.run])
    seen = {"sent": 0, "withdrawn": 0}
    while sum(seen.values()) < cells:
        seen[outbox.wait(lambda n: n["state"] in seen)["state"]] += 1
    assert [dataset["pid"] for dataset in bench.counter.derived(raw)] == [pid]
    assert len(bench.counter.attachments(pid)) == most
    assert seen == {"sent": most, "withdrawn": cells - most}


@ONE_PROFILE
def test_results_of_before_a_restart_of_the_machine_are_sent(bench) -> None:
    raw = bench.counter.raw()
    # Our own process number, as another process had it before the machine was started again.
    kernel = bench.kernel(boot="00000000-0000-0000-0000-000000000000:17")
    kernel.cell("save")
    kernel.line("read", run=1, pid=raw, path=None, how="handle")
    kernel.write(bench.results / "a.bin", b"one")
    lease = bench.home / "outbox" / "lease" / "lease-000000000004"
    lease.parent.mkdir(parents=True)
    sign = {
        "host": os.uname().nodename,
        "pid": os.getpid(),
        "born": "00000000-0000-0000-0000-000000000000:17",
        "beat": "",
    }
    lease.write_text(json.dumps(sign))
    outbox = bench.start()
    outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(raw)
    assert dataset["jobParameters"]["shinecat"]["capture"] == "partial"


def test_file_lists_are_cut_at_five_thousand_files_and_at_a_size_that_every_catalog_takes() -> None:
    def taken(count: int, length: int) -> dict[str, object]:
        files = [
            {"path": f"/r/{i:06d}{'x' * length}", "size": 1, "mtime_ns": 0, "sha256": "0" * 64} for i in range(count)
        ]
        return {"files": files}

    for count, length in ((10_001, 5), (1_900, 4_500)):
        blocks = compose.blocks(taken(count, length))
        assert sum(len(block["dataFileList"]) for block in blocks) == count
        assert len(blocks) > 1
        for block in blocks:
            assert len(block["dataFileList"]) <= 5_000
            assert len(json.dumps(block)) < 8_000_000
        paths = [file["path"] for block in blocks for file in block["dataFileList"]]
        assert len(set(paths)) == count


@pytest.mark.parametrize(("drawn", "joins"), [(0.5, "first"), (1.5, "first"), (2.5, "second")])
def test_a_figure_joins_the_latest_result_before_it(drawn: float, joins: str) -> None:
    flow = {"session": "s", "kind": "result", "paths": [], "paths_in": [], "inputs": [{"pid": "raw"}]}
    results = [
        SimpleNamespace(key=key, state="sent", gone=False, found={**flow, "run": run, "ended": float(run)})
        for run, key in ((1, "first"), (2, "second"))
    ]
    figure = {**flow, "kind": "figures", "runs": [7], "ended": drawn}
    assert latest_result(figure, results).key == joins  # type: ignore[arg-type, union-attr]
