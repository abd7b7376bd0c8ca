"""A request whose connection broke is stored after it was sent again: what is there twice is taken away, or named."""

from __future__ import annotations

import json

from .late import bad_line


def test_what_came_through_twice_is_taken_away_or_named(bench, request) -> None:
    strict = request.node.callspec.params["catalog"] == "scicat-5"
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "a.bin", b"a")
    kernel.write(bench.results / "a.svg", b"<svg/>")
    kernel.end([raw])
    with bad_line(bench.catalog.url) as (url, twice):
        outbox = bench.start(SHINECAT_CATALOG_URL=url, SHINECAT_SETTLE_S="0.3")
        sent = outbox.wait_state("sent")
        assert outbox.end() == 0
    assert twice == {"origdatablocks", "attachments"} | ({"datasets"} if strict else set())
    entry = bench.home / "outbox" / "entries" / sent["key"]
    left = json.loads((entry / "7-resent.json").read_text()).get("left", [])
    blocks, figures = bench.counter.blocks(sent["pid"]), bench.counter.attachments(sent["pid"])
    datasets = bench.counter.derived(raw)
    # Owners may delete little at a real SciCat: what we may not delete is named, for an administrator.
    assert len(blocks) - 1 + len(figures) - 1 + len(datasets) - 1 == len(left)
    assert sent["pid"] in {dataset["pid"] for dataset in datasets}
    if strict:
        assert all(path in str(outbox.words) for path in left)
    else:
        assert left == []
    assert ("stored a request twice" in sent["reason"]) == bool(left), (sent, left)
