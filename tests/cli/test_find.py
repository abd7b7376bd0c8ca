"""Finding and showing datasets at the command line, on both profiles."""

import pytest
from cli.conftest import create, dataset, derived

from jupyter_shinecat.scicat import CatalogClient


@pytest.fixture(scope="module", params=["catalog", "strict"])
def server(request):
    process = request.getfixturevalue(request.param)
    raw = create(
        process, "zhangxf",
        dataset(
            datasetName="溶菌酶\x1b[31m run", keywords=["lysozyme"],
            scientificMetadata={"energy": {"value": 12.4, "unit": "keV"}, "beam": {"a b": 1}},
        ),
    )  # fmt: skip
    mid = create(process, "zhangxf", derived(raw, datasetName="mean"))
    last = create(process, "wangxch", derived(mid, datasetName="fit", ownerGroup="AMO", accessGroups=["SHINE"]))
    hidden = create(process, "wangxch", derived(raw, datasetName="secret", ownerGroup="AMO"))
    with CatalogClient(process.url, process.token("zhangxf")) as client:
        file = {"path": "a b 文件.h5", "size": 2048, "time": "2026-05-01T10:00:00Z"}
        client.create_origdatablock(raw, {"size": 2048, "dataFileList": [file]})
    return process, {"raw": raw, "mid": mid, "last": last, "hidden": hidden}


@pytest.fixture
def signed(server, sign_in):
    process, pids = server
    sign_in(process, "zhangxf")
    return pids


def test_search_shows_what_one_may_see(signed, run):
    found = run("search", "--json").json
    assert found["total"] == 3
    assert signed["hidden"] not in {d["pid"] for d in found["datasets"]}
    assert [d["pid"] for d in run("search", "type:raw", "--json").json["datasets"]] == [signed["raw"]]
    ran = run("search", "group:GET", "--limit", 1)
    assert "1 of 2" in ran.err
    assert "\x1b" not in run("search").out
    assert run("search", "type:raw", "nothingsuch").out == ""


def test_a_wrong_query_says_where(signed, run):
    ran = run("search", "colour:red")
    assert (ran.code, "colour" in ran.err) == (1, True)


def test_show_tells_metadata_and_hides_control_characters(signed, run):
    ran = run("show", signed["raw"])
    assert "energy: 12.4 keV" in ran.out
    assert "a b: 1" in ran.out
    assert "溶菌酶\\x1b[31m run" in ran.out
    assert "\x1b" not in ran.out
    assert run("show", signed["raw"], "--json").json["pid"] == signed["raw"]
    gone = run("show", signed["hidden"])
    assert gone.code == 1
    assert "secret" not in gone.out + gone.err


def test_files(signed, run):
    assert "a b 文件.h5  2.0 KiB" in run("files", signed["raw"]).out
    assert run("files", signed["raw"], "--json").json[0]["size_bytes"] == 2048
    assert run("files", signed["mid"]).out == ""


def test_lineage_goes_both_ways_and_tells_nothing_of_what_is_hidden(signed, run):
    raw, mid, last = signed["raw"], signed["mid"], signed["last"]
    found = run("lineage", mid, "--json").json
    assert set(found["datasets"]) == {raw, mid, last}
    assert {(e["input"], e["result"]) for e in found["edges"]} == {(raw, mid), (mid, last)}
    assert found["complete"]
    assert not run("lineage", raw, "--depth", 1, "--json").json["complete"]
    text = run("lineage", raw).out
    assert text.index(mid) < text.index(last)
    assert "secret" not in text


def test_lineage_of_a_ring_and_of_lost_inputs_ends(server, signed, run):
    process, _pids = server
    ring = create(process, "zhangxf", derived("gone/1", datasetName="ring"))
    with CatalogClient(process.url, process.token("zhangxf")) as client:
        other = client.create_dataset(derived(ring, datasetName="back")).pid
        client.patch_dataset(ring, {"inputDatasets": [other, "gone/1"]})
    found = run("lineage", ring, "--json").json
    assert set(found["datasets"]) == {ring, other}
    assert found["hidden"] == ["gone/1"]
    assert "gone/1  (not visible" in run("lineage", ring).out
