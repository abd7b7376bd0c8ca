"""``shinecat derived``: a result of any language, with and without a Jupyter server."""

import json
import os

import pytest

from .conftest import create, dataset, read


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("SHINECAT_HOLD_S", "0.1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "peaks.csv").write_text("1,2")
    (tmp_path / "out" / "溶菌酶.dat").write_text("x")
    return tmp_path


def results(catalog, name):
    from jupyter_shinecat.scicat import CatalogClient

    with CatalogClient(catalog.url, catalog.token("zhangxf")) as client:
        return [found.pid for found in client.find({"datasetName": name})]


def test_a_folder_of_results_is_sent_once_with_all_that_was_said(run, sign_in, strict, made):
    sign_in(strict, "zhangxf")
    raw = create(strict, "zhangxf", dataset())
    (made / "make.jl").write_text('using HDF5\npassword = "hunter2"\n')
    words = (
        *("derived", "--name", "Julia 结果", "--input", raw, "--keyword", "serial", "--description", "of a pipeline"),
        *("--parameter", "sigma=2.5", "--parameter", "mode=fast", "--software", "julia=1.11", "--code", "make.jl"),
    )
    ran = run(*words, "--print-json", "out")
    assert ran.code == 0, ran.err
    assert ran.json["state"] == "sent"
    doc = read(strict, "zhangxf", ran.json["pid"]).doc
    assert (doc["datasetName"], doc["description"], doc["keywords"]) == ("Julia 结果", "of a pipeline", ["serial"])
    assert doc["inputDatasets"] == [raw]
    assert "julia 1.11" in doc["usedSoftware"]
    assert "using HDF5" in doc["jobLogData"]
    assert "hunter2" not in json.dumps(doc)
    record = doc["jobParameters"]["shinecat"]
    assert record["parameters"] == {"sigma": 2.5, "mode": "fast"}
    assert record["capture"] == "complete"
    assert (doc["numberOfFiles"], doc["size"]) == (2, 4)
    again = run(*words, "out")
    assert again.code == 0
    assert ran.json["pid"] in again.out
    assert results(strict, "Julia 结果") == [ran.json["pid"]]


def test_json_comes_from_standard_input_and_options_add_to_it(run, sign_in, strict, made):
    sign_in(strict, "zhangxf")
    raw = create(strict, "zhangxf", dataset())
    told = {"name": "from R", "paths": ["out/peaks.csv"], "inputs": [raw], "software": {"R": "4.4"}, "keywords": ["a"]}
    ran = run("derived", "--json", "-", "--keyword", "b", "--print-json", stdin=json.dumps(told))
    assert ran.code == 0, ran.err
    doc = read(strict, "zhangxf", ran.json["pid"]).doc
    assert doc["keywords"] == ["a", "b"]
    assert "R 4.4" in doc["usedSoftware"]


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("--json", "-"), "[1]", "can't be read"),
        (("--json", "-"), "{", "can't be read"),
        (("--name", "x"), "", "names no files"),
        ((), "", "No file of the result is named"),
        (("missing.csv",), "", "There is no file"),
        (("empty",), "", "There is no file"),
        (("/dev/null",), "", "There is no file"),
        (("--json", "-", "out"), '{"parameters": ' + 60 * '{"a": ' + "1" + 61 * "}", "nested too deeply"),
        (("--parameter", "x", "out/peaks.csv"), "", "NAME=VALUE"),
        (("--json", "-"), '{"name": 7, "paths": ["out"]}', "must be a text"),
    ],
)
def test_what_is_not_understood_is_said_and_nothing_is_noted(run, sign_in, strict, made, words, stdin, said):
    sign_in(strict, "zhangxf")
    os.mkdir("empty")
    ran = run("derived", *words, stdin=stdin)
    assert ran.code == 1
    assert said in ran.err
    assert run("outbox", "list", "--json").json["entries"] == []


def test_what_can_not_be_sent_waits_and_says_why(run, strict, made, monkeypatch):
    monkeypatch.setenv("SHINECAT_CATALOG_URL", "http://127.0.0.1:9")
    ran = run("derived", "out/peaks.csv")
    assert ran.code == 1
    assert "does not answer" in ran.err
    monkeypatch.setenv("SHINECAT_CATALOG_URL", strict.url)
    monkeypatch.setenv("SHINECAT_TOKEN", strict.token("zhangxf"))
    monkeypatch.setenv("SHINECAT_OWNER_GROUP", "GET")
    assert run("outbox", "flush").code == 0
    (pid,) = results(strict, "peaks.csv")
    assert read(strict, "zhangxf", pid).owner_group == "GET"


def test_switched_off_it_says_so(run, made, monkeypatch):
    monkeypatch.setenv("SHINECAT_WRITE_BACK", "off")
    ran = run("derived", "out/peaks.csv")
    assert ran.code == 1
    assert "write-back is off" in ran.err


def test_the_owner_is_asked_once(run, sign_in, strict, made):
    """Results without inputs could belong to each group of the person."""
    sign_in(strict, "zhangxf")
    asked = run("derived", "--name", "first", "out/peaks.csv")
    assert asked.code == 1
    assert "GET, SHINE" in asked.err
    (entry,) = run("outbox", "list", "--json").json["entries"]
    assert entry["choices"] == ["GET", "SHINE"]
    wrong = run("outbox", "release", entry["key"], "--group", "AMO")
    assert (wrong.code, "Choose one of GET, SHINE" in wrong.err) == (1, True)
    assert run("outbox", "release", entry["key"], "--group", "SHINE").code == 0
    assert run("outbox", "flush").code == 0
    (pid,) = results(strict, "first")
    assert read(strict, "zhangxf", pid).owner_group == "SHINE"
    second = run("derived", "--name", "second", "--print-json", "out/溶菌酶.dat")
    assert second.code == 0, second.err
    assert read(strict, "zhangxf", second.json["pid"]).owner_group == "SHINE"
