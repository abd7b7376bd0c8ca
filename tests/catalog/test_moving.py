"""Export and import: from a SciCat, between catalogs of ours, and into MongoDB's tools."""

import json
import os
import subprocess
import sys
import textwrap

import pytest
from catalog.people import PEOPLE, Person, derived, raw

from jupyter_shinecat.catalog.care import sources
from jupyter_shinecat.catalog.care.check import check
from jupyter_shinecat.catalog.care.export import export_lines, export_mongo
from jupyter_shinecat.catalog.care.extended import Unfit, extended
from jupyter_shinecat.catalog.care.importing import Importer
from jupyter_shinecat.catalog.care.sources import LinesSource, SciCatSource
from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store
from jupyter_shinecat.scicat.secret import Secret
from jupyter_shinecat.testing.catalog import CatalogProcess

FILE = {"path": "a.h5", "size": 7, "time": "2026-05-01T10:00:00.000Z", "chk": "abc"}
HARD = "20.500.1/ä b%2F+#?"
SCICAT = {"CREATE_DATASET_WITH_PID_GROUPS": "GET", "PROPOSAL_GROUPS": "proposals"}


@pytest.fixture(scope="module")
def scicat(tmp_path_factory):
    """What stands for a real SciCat, with something of every kind."""
    folder = tmp_path_factory.mktemp("scicat")
    catalog = CatalogProcess(folder, accounts=PEOPLE, profile="scicat-5", settings=SCICAT).start()
    with Person(catalog, "zhangxf") as zhang, Person(catalog, "proposer") as keeper, Person(catalog, "admin") as admin:
        proposal = {"proposalId": "p100", "title": "nickel", "email": "a@x.org", "ownerGroup": "GET"}
        assert keeper.post("/api/v3/proposals", json=proposal).status_code == 201
        sample = {"sampleId": "s1", "sampleName": "Ni", "ownerGroup": "GET", "sampleCharacteristics": {"a": [1, "x"]}}
        assert zhang.post("/api/v3/samples", json=sample).status_code == 201
        assert admin.post("/api/v3/instruments", json={"name": "BL7", "uniqueName": "BL7"}).status_code == 201
        for pid in (HARD, *(f"move/{number:03}" for number in range(12))):
            made = zhang.create(pid=pid, datasetName=f"溶菌酶 {pid}", proposalId="p100", sampleId="s1")
            assert made["pid"] == pid
            block = {"size": 7, "dataFileList": [FILE]}
            assert zhang.post(zhang.ds(pid, "/origdatablocks"), json=block).status_code == 201
        picture = {"ownerGroup": "GET", "caption": "a view", "thumbnail": "data:image/png;base64,AA=="}
        assert zhang.post(zhang.ds(HARD, "/attachments"), json=picture).status_code == 201
        assert zhang.post("/api/v3/samples/s1/attachments", json=picture).status_code in (201, 404)
        assert zhang.post("/api/v3/datasets", json=derived(inputDatasets=[HARD], pid="move/child")).status_code == 201
        changed = {"scientificMetadata": {"time": "2026-05-01T10:00:00Z", "x": {"value": 1, "unit": "mm"}, "n": 2**53}}
        assert zhang.patch(zhang.ds("move/000"), json=changed).status_code == 200
        published = {"isPublished": True}
        assert zhang.patch(zhang.ds("move/001"), json=published).status_code == 200
    yield catalog
    catalog.stop()


def documents(folder):
    store = Store(folder)
    kinds = ("dataset", "origdatablock", "attachment", "sample", "proposal", "instrument")
    with store.snapshot() as snapshot:
        found = {kind: {row.id: row.doc for row in snapshot.scan(kind)} for kind in kinds}
    store.close()
    return found


@pytest.fixture(scope="module")
def exported(scicat, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "all.jsonl"
    export_lines(scicat.folder, path)  # beside the running server
    return path


@pytest.fixture(scope="module")
def truth(exported):
    lines = [json.loads(line) for line in exported.read_text().splitlines()[1:]]
    kinds = {}
    for line in lines:
        kinds.setdefault(line["kind"], {})[line["id"]] = line["doc"]
    return kinds


def source(scicat, who="admin"):
    return SciCatSource(scicat.url, Secret(scicat.token(who)) if who else None)


def same(found, truth):
    for kind, docs in truth.items():
        assert found[kind].keys() == docs.keys(), kind
        for id, doc in docs.items():
            assert found[kind][id] == doc, (kind, id)


def test_everything_of_a_scicat_comes_over_as_it_is(scicat, truth, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PAGE", 5)
    result = Importer(tmp_path / "data", Settings()).run(source(scicat))
    assert (result.refused, result.different, result.same) == ([], [], {})
    assert result.new == {kind: len(docs) for kind, docs in truth.items()}
    same(documents(tmp_path / "data"), truth)
    assert check(tmp_path / "data").sound
    again = Importer(tmp_path / "data", Settings()).run(source(scicat))
    assert (again.new, again.different, again.refused) == ({}, [], [])
    assert again.same == result.new
    same(documents(tmp_path / "data"), truth)


def test_without_a_token_only_what_is_public_comes(scicat, tmp_path):
    result = Importer(tmp_path / "data", Settings()).run(source(scicat, None))
    assert set(documents(tmp_path / "data")["dataset"]) == {"move/001"}
    assert result.new["dataset"] == 1


def test_a_token_that_is_not_accepted_is_said(scicat, tmp_path):
    with pytest.raises(CatalogError, match="token"):
        Importer(tmp_path / "data", Settings()).run(SciCatSource(scicat.url, Secret("nonsense")))


def test_a_scicat_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_TRIES", 1)
    with pytest.raises(CatalogError, match="can't be imported from"):
        Importer(tmp_path / "data", Settings()).run(SciCatSource("http://127.0.0.1:9", None))


def test_lines_bring_a_catalog_over(exported, truth, tmp_path):
    assert os.stat(exported).st_mode & 0o777 == 0o600
    result = Importer(tmp_path / "data", Settings()).run(LinesSource(exported))
    assert result.refused == []
    same(documents(tmp_path / "data"), truth)
    export_lines(tmp_path / "data", tmp_path / "again.jsonl")
    assert exported.read_bytes().split(b"\n")[1:] == (tmp_path / "again.jsonl").read_bytes().split(b"\n")[1:]


KILLED = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from jupyter_shinecat.catalog.care import sources
    from jupyter_shinecat.catalog.care.importing import Importer
    from jupyter_shinecat.catalog.settings import Settings
    from jupyter_shinecat.scicat.secret import Secret
    sources.PAGE = 4
    left = [int(sys.argv[3])]
    def tell(result):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    if sys.argv[2].startswith("http"):
        source = sources.SciCatSource(sys.argv[2], Secret(os.environ["TOKEN"]))
    else:
        source = sources.LinesSource(Path(sys.argv[2]))
    Importer(Path(sys.argv[1]), Settings()).run(source, tell)
""")


@pytest.mark.parametrize("form", ["lines", "rest"])
def test_an_import_goes_on_after_a_kill(scicat, exported, truth, tmp_path, form):
    where = str(exported) if form == "lines" else scicat.url
    env = {**os.environ, "TOKEN": scicat.token("admin")}
    for batches in (2, 3):
        line = [sys.executable, "-c", KILLED, str(tmp_path / "data"), where, str(batches)]
        killed = subprocess.run(line, env=env, timeout=120)
        assert killed.returncode == -9
    before = documents(tmp_path / "data")
    stored = sum(map(len, before.values()))
    assert 0 < stored < sum(map(len, truth.values()))
    result = Importer(tmp_path / "data", Settings()).run(LinesSource(exported) if form == "lines" else source(scicat))
    assert result.resumed
    assert result.same == {}  # nothing was looked at twice
    assert result.new == {kind: len(docs) for kind, docs in truth.items()}  # all runs together
    same(documents(tmp_path / "data"), truth)


def test_what_is_there_stays_and_is_named(exported, tmp_path):
    Importer(tmp_path / "data", Settings()).run(LinesSource(exported))
    store = Store(tmp_path / "data")
    mine = {**documents_of(store, "dataset", HARD), "description": "mine"}
    store.change(lambda tx: tx.replace("dataset", HARD, mine))
    store.close()
    result = Importer(tmp_path / "data", Settings()).run(LinesSource(exported))
    assert result.different == [("dataset", HARD, "description")]
    assert documents(tmp_path / "data")["dataset"][HARD] == mine


def documents_of(store, kind, id):
    with store.snapshot() as snapshot:
        return snapshot.get(kind, id)


def line(kind, id, doc):
    return json.dumps({"kind": kind, "id": id, "doc": doc})


def test_what_is_refused_is_named_with_its_reason(truth, tmp_path):
    good = truth["dataset"]["move/000"]
    block = next(iter(truth["origdatablock"].values()))
    deep = {}
    for _ in range(80):
        deep = {"a": deep}
    entries = [
        (line("dataset", "move/000", good), None),
        (line("dataset", "other", good), "its pid is not 'other'"),
        (line("dataset", "x/1", {**good, "pid": "x/1", "ownerGroup": 5}), "ownerGroup must be a string"),
        (line("dataset", "x/2", {**good, "pid": "x/2", "creationTime": "soon"}), "creationTime must be a valid"),
        (line("dataset", "x/3", {**good, "pid": "x/3", "createdAt": 5}), "createdAt must be a valid"),
        (line("dataset", "x/4", {**good, "pid": "x/4", "scientificMetadata": deep}), "nested deeper"),
        (line("dataset", "x/5", []), "not an object"),
        (line("dataset", "", {**good, "pid": ""}), "its pid"),
        (line("origdatablock", "b1", {**block, "datasetId": "nowhere"}), "its dataset nowhere is not here"),
        (line("origdatablock", "b2", {**block, "datasetId": "move/000", "dataFileList": [{}]}), "path"),
        (line("unicorn", "u", {}), "kind are not known"),
        ('{"kind": "dataset", "id": "x/6", "doc": {"a": NaN}}', "not JSON"),
        ('{"kind": "dataset", "id": "x/7", "doc": {"a": "\\ud800"}}', "not JSON"),
        ("[" * 5000, "not JSON"),
        ('{"kind": "dataset"}', "no kind or no id"),
        ("", "not JSON"),
        (line("dataset", "x/8", {**good, "pid": "x/8", "fromTheFuture": {"a": 1}}), None),
    ]
    path = tmp_path / "bad.jsonl"
    header = json.dumps({"shinecat-export": 1, "uuid": "u", "change": 1, "made": "now"})
    path.write_text("\n".join([header, *(text for text, _reason in entries)]) + "\n")
    result = Importer(tmp_path / "data", Settings()).run(LinesSource(path))
    expected = [reason for _text, reason in entries if reason]
    assert len(result.refused) == len(expected)
    for (_kind, _id, told), reason in zip(result.refused, expected, strict=True):
        assert reason in told
    found = documents(tmp_path / "data")["dataset"]
    assert set(found) == {"move/000", "x/8"}
    assert found["x/8"]["fromTheFuture"] == {"a": 1}


def test_a_file_that_is_no_export_is_said(tmp_path):
    for text in ("", "{}", "[1]", '{"shinecat-export": 99}'):
        (tmp_path / "f").write_text(text)
        with pytest.raises(CatalogError, match="no export"):
            LinesSource(tmp_path / "f")


# -- into MongoDB --


def plain(value):
    """Extended JSON read back."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"$date"}:
            return value["$date"]
        if set(value) == {"$oid"}:
            return value["$oid"]
        return {key: plain(item) for key, item in value.items()}
    return value


def test_the_files_for_mongoimport_hold_everything(scicat, truth, tmp_path):
    result = export_mongo(scicat.folder, tmp_path / "mongo")
    assert result.refused == []
    names = {"dataset": "Dataset", "origdatablock": "OrigDatablock", "attachment": "Attachment", "sample": "Sample",
             "proposal": "Proposal", "instrument": "Instrument"}  # fmt: skip
    for kind, name in names.items():
        lines = [json.loads(text) for text in (tmp_path / "mongo" / f"{name}.json").read_text().splitlines()]
        assert {doc["_id"] for doc in lines} == truth[kind].keys()
        for doc in lines:
            assert doc.pop("__v") == 0
            expected = json.loads(json.dumps(truth[kind][doc["_id"]]))
            for file in expected.get("dataFileList", []):
                file.pop("id")
            read = plain(doc)
            read.pop("_id")
            assert read == expected
            assert doc["createdAt"] == {"$date": expected["createdAt"]}
    dataset = next(
        json.loads(text)
        for text in (tmp_path / "mongo" / "Dataset.json").read_text().splitlines()
        if "move/000" in text
    )
    assert dataset["creationTime"] == {"$date": "2026-05-01T10:00:00.000Z"}
    # What a person wrote stays what it was, even where it looks like a date.
    assert dataset["scientificMetadata"]["time"] == "2026-05-01T10:00:00Z"


@pytest.mark.parametrize(
    ("doc", "reason"),
    [
        ({"scientificMetadata": {"$date": "x"}}, "begins with"),
        ({"scientificMetadata": {"a": [{"$where": 1}]}}, "begins with"),
        ({"scientificMetadata": {"a\0b": 1}}, "NUL"),
        ({"scientificMetadata": {"a": 2**63}}, "64 bits"),
        ({"description": "x" * (16 << 20)}, "larger"),
    ],
    ids=["date", "where", "nul", "large number", "large"],
)
def test_what_mongodb_can_not_hold_is_refused(doc, reason):
    with pytest.raises(Unfit, match=reason):
        extended("dataset", "a", doc)
    assert (
        extended("dataset", "a", {"scientificMetadata": {"a.b": 2**63 - 1}})["scientificMetadata"]["a.b"] == 2**63 - 1
    )


def test_the_commands(scicat, exported, tmp_path):
    def run(*arguments, **env):
        line = [sys.executable, "-m", "jupyter_shinecat", "catalog", *map(str, arguments)]
        env = {**os.environ, "SHINECAT_LANG": "en", **env}
        return subprocess.run(line, capture_output=True, text=True, timeout=120, env=env)

    assert run("export", "--data", scicat.folder, tmp_path / "a.jsonl").returncode == 0
    taken = run("export", "--data", scicat.folder, tmp_path / "a.jsonl")
    assert taken.returncode == 1
    assert "exists already" in taken.stderr
    assert run("export", "--data", scicat.folder, "--form", "mongo", tmp_path / "m").returncode == 0
    token = scicat.token("admin")
    done = run("import", "--data", tmp_path / "new", scicat.url, SHINECAT_TOKEN=token)
    assert done.returncode == 0, done.stderr
    assert "dataset 14" in done.stdout
    assert token not in done.stdout + done.stderr
    report = tmp_path / "report.json"
    again = run("import", "--data", tmp_path / "new", "--report", report, tmp_path / "a.jsonl")
    assert again.returncode == 0, again.stdout
    assert json.loads(report.read_text())["same"]["dataset"] == 14
    running = run("import", "--data", scicat.folder, tmp_path / "a.jsonl")
    assert "already serves" in running.stderr
    assert raw()["ownerGroup"] in (tmp_path / "a.jsonl").read_text()
