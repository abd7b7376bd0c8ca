"""A request whose connection broke is stored after it was sent again: what is there twice is taken away, or named."""

from __future__ import annotations

import json
from urllib.parse import quote

from .conftest import ONE_PROFILE
from .late import bad_line


def test_what_came_through_twice_is_taken_away_or_named(bench, request) -> None:
    strict = request.node.callspec.params["catalog"] == "scicat-5"
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "a.bin", b"a")
    kernel.write(bench.results / "a.svg", b"<svg/>")
    kernel.end([raw])
    with bad_line(bench.catalog.url) as line:
        outbox = bench.start(SHINECAT_CATALOG_URL=line.url, SHINECAT_SETTLE_S="0.3")
        sent = outbox.wait_state("sent")
        assert outbox.end() == 0
    assert line.twice == {"origdatablocks", "attachments"} | ({"datasets"} if strict else set())
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


@ONE_PROFILE
def test_what_came_through_weeks_later_while_no_outbox_ran_is_found_by_the_next(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "a.bin", b"a")
    kernel.end([raw])
    with bad_line(bench.catalog.url, until_told=True) as line:
        outbox = bench.start(SHINECAT_CATALOG_URL=line.url, SHINECAT_SETTLE_S="0.3")
        outbox.wait_state("sent")
        assert outbox.end() == 0
        line.deliver("datasets")
    (key,) = bench.sent()
    note = bench.home / "outbox" / "entries" / key / "7-resent.json"
    before = json.loads(note.read_text())
    weeks = {name: before[name] - 20 * 86400 for name in ("t", "looked")}
    note.write_text(json.dumps({**before, **weeks}))
    assert bench.shinecat("outbox", "flush").returncode == 0
    first, second = bench.counter.derived(raw)
    copies = [one for one in (first, second) if "this copy may be deleted" in one.get("comment", "")]
    assert [f"/api/v3/datasets/{quote(one['pid'], safe='')}" for one in copies] == json.loads(note.read_text())["left"]
    assert len(copies) == 1
    assert "stored a request twice" in bench.shinecat("outbox", "list").stdout
