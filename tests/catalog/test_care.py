"""Check, backup, restore, reindex and the schema's versions."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading

import apsw
import httpx
import pytest
from catalog.people import PEOPLE, Person, raw

from jupyter_shinecat.catalog.care import backup as backups
from jupyter_shinecat.catalog.care import check as checking
from jupyter_shinecat.catalog.care.check import check
from jupyter_shinecat.catalog.care.reindex import reindex
from jupyter_shinecat.catalog.catalog import Catalog
from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store import migrations
from jupyter_shinecat.catalog.store.store import Store
from jupyter_shinecat.testing.catalog import CatalogProcess

FILE = {"path": "a.h5", "size": 7, "time": "2026-05-01T10:00:00Z"}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Data of a stopped catalog; tests copy it."""
    folder = tmp_path_factory.mktemp("filled")
    catalog = CatalogProcess(folder, accounts=PEOPLE).start()
    with Person(catalog, "zhangxf") as zhang:
        for number in range(12):
            zhang.create(pid=f"care/{number}", datasetName=f"溶菌酶 {number}")
            block = {"size": 7, "dataFileList": [FILE]}
            assert zhang.post(zhang.ds(f"care/{number}", "/origdatablocks"), json=block).status_code == 201
        picture = {"ownerGroup": "GET", "caption": "a view", "thumbnail": "data:image/png;base64,AA=="}
        assert zhang.post(zhang.ds("care/3", "/attachments"), json=picture).status_code == 201
        zhang.create(pid="care/child", inputDatasets=["care/1"], proposalIds=None)
        assert zhang.delete(zhang.ds("care/11")).status_code == 200
    catalog.stop()
    return folder


@pytest.fixture
def data(filled, tmp_path):
    shutil.copytree(filled, tmp_path / "data")
    return tmp_path / "data"


def edit(folder, statement, *values):
    connection = apsw.Connection(str(folder / "catalog.sqlite"))
    connection.execute(statement, values)
    connection.close()


def everything(folder):
    """Every row of every table, but for the database's own name."""
    connection = apsw.Connection(str(folder / "catalog.sqlite"))
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    rows = {name: set(connection.execute(f"SELECT * FROM {name}")) for name in tables}
    connection.close()
    rows["meta"] = {row for row in rows["meta"] if row[0] != "uuid"}
    return rows


def command(*arguments):
    line = [sys.executable, "-m", "jupyter_shinecat", "catalog", *map(str, arguments)]
    env = {**os.environ, "SHINECAT_LANG": "en"}
    return subprocess.run(line, capture_output=True, text=True, timeout=120, env=env)


# -- check --


def test_sound_data_pass(data):
    before = everything(data)
    report = check(data, whole_index=True)
    assert (report.problems, report.index, report.notes) == ([], [], [])
    assert report.counts["dataset"] == 12
    assert report.counts["origdatablock"] == 11
    assert everything(data) == before


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE dataset SET body = substr(body, 1, 40) WHERE id = 'care/2'", "dataset care/2: is not JSON"),
        (
            "UPDATE dataset SET body = CAST(x'7b22ff223a317d' AS TEXT) WHERE id = 'care/2'",
            "dataset care/2: is not JSON",
        ),
        ("UPDATE link SET target = CAST(x'ff' AS TEXT) WHERE rel = 'input'", "dataset: a link holds bytes"),
        ("UPDATE dataset SET body = '[]' WHERE id = 'care/2'", "dataset care/2: is not an object"),
        ("UPDATE dataset SET id = 'care/x' WHERE id = 'care/2'", "dataset care/x: its pid"),
        ("UPDATE dataset SET change = 999999 WHERE id = 'care/2'", "dataset care/2: has change number"),
        ("UPDATE dataset SET body = json_remove(body, '$.ownerGroup') WHERE id = 'care/2'", "no ownerGroup"),
        ("UPDATE dataset SET body = json_set(body, '$.createdAt', 'soon') WHERE id = 'care/2'", "createdAt is no date"),
        ("UPDATE dataset SET body = json_set(body, '$.accessGroups', 5) WHERE id = 'care/2'", "no list of names"),
        ("DELETE FROM dataset WHERE id = 'care/2'", "its dataset care/2 does not exist"),
        ("DELETE FROM link WHERE rel = 'input'", "dataset care/child: its links"),
        ("INSERT INTO link VALUES ('sample', 'nobody', 'proposal', 'x')", "1 links of documents that do not exist"),
    ],
)
def test_damaged_documents_are_named(data, damage, told):
    edit(data, damage)
    report = check(data)
    assert not report.sound
    assert any(told in problem for problem in report.problems), report.problems


def test_a_size_that_is_not_the_blocks_is_a_note(data):
    edit(data, "UPDATE dataset SET body = json_set(body, '$.size', 8) WHERE id = 'care/2'")
    report = check(data)
    assert report.problems == []
    assert report.notes == ["dataset care/2 says 8 bytes in 1 files, its blocks 7 in 1"]


def test_flipped_bytes_in_the_database_are_found(data):
    path = data / "catalog.sqlite"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 64] = os.urandom(64)
    path.write_bytes(content)
    try:
        report = check(data)
    except CatalogError:
        return
    assert not report.sound


def test_an_index_that_denies_its_documents_is_found_and_built_anew(data):
    # The change number stays, as if an update had been missed.
    edit(data, "UPDATE dataset SET body = json_set(body, '$.datasetName', 'gone') WHERE id = 'care/2'")
    assert check(data).index == ["the entry of dataset care/2 does not agree with it"]
    edit(data, "DELETE FROM dataset WHERE id = 'care/child'")
    edit(data, "DELETE FROM link WHERE id = 'care/child'")
    assert "1 entries have no dataset" in check(data).index
    assert reindex(data) == 11
    assert check(data, whole_index=True).index == []


def test_health_says_when_the_index_can_not_be_built(data):
    edit(data, "UPDATE dataset SET body = substr(body, 1, 40) WHERE id = 'care/2'")
    shutil.rmtree(data / "index")
    catalog = Catalog(data, Settings())
    try:
        while not catalog.engine.index.failed:
            assert not catalog.engine.index.wait(10**9, 0.05)
        good, told = catalog.wellbeing.health()
        assert (good, told["details"]["search"]["index"]) == (True, "failed")
    finally:
        catalog.close()


def test_what_a_server_writes_during_a_check_is_no_damage(data, monkeypatch):
    real = checking.reading

    @contextlib.contextmanager
    def while_written(folder):
        with real(folder) as connection:
            store = Store(folder)
            engine = Engine(store, folder / "index")
            store.change(lambda tx: tx.insert("dataset", "care/late", {**raw(), "pid": "care/late"}))
            with store.snapshot() as snapshot:
                change = snapshot.last_change()
            assert engine.index.wait(change, 60)
            engine.close()
            store.close()
            yield connection

    monkeypatch.setattr(checking, "reading", while_written)
    report = check(data)
    assert (report.problems, report.index) == ([], [])
    assert report.counts["dataset"] == 12


def test_a_broken_index_is_found_and_built_anew(data):
    for file in (data / "index").iterdir():
        if file.suffix in (".term", ".store", ".fast", ".idx"):
            file.write_bytes(b"x" * 10)
    assert check(data).index
    assert reindex(data) == 12
    assert check(data, whole_index=True).index == []


def test_the_command_says_what_is_wrong_by_its_exit_code(data):
    well = command("check", "--data", data)
    assert (well.returncode, well.stdout.splitlines()[-1]) == (0, "all is well")
    edit(data, "UPDATE dataset SET body = json_set(body, '$.datasetName', 'gone') WHERE id = 'care/2'")
    assert command("check", "--data", data).returncode == 2
    edit(data, "UPDATE dataset SET body = '{' WHERE id = 'care/2'")
    damaged = command("check", "--data", data, "--json")
    assert damaged.returncode == 1
    assert "care/2" in json.loads(damaged.stdout)["problems"][0]
    nothing = command("check", "--data", data / "nowhere")
    assert nothing.returncode == 1
    assert "There is no catalog" in nothing.stderr
    assert not (data / "nowhere").exists()


# -- backup and restore --


def test_backup_and_restore_give_the_same_documents(data, tmp_path):
    manifest = backups.backup(data, tmp_path / "copy")
    assert manifest.counts["dataset"] == 12
    assert sorted(p.name for p in (tmp_path / "copy").iterdir()) == ["catalog.sqlite", "manifest.json"]
    assert os.stat(tmp_path / "copy").st_mode & 0o777 == 0o700
    for path in (tmp_path / "copy").iterdir():
        assert os.stat(path).st_mode & 0o777 == 0o600
    backups.restore(tmp_path / "copy", tmp_path / "new")
    assert everything(tmp_path / "new") == everything(data)
    assert check(tmp_path / "new").sound
    assert not (tmp_path / "new" / "jwt-secret").exists()


def test_the_secret_goes_along_only_when_asked_for(data, tmp_path):
    secret = (data / "jwt-secret").read_bytes()
    backups.backup(data, tmp_path / "without")
    assert all(secret not in path.read_bytes() for path in (tmp_path / "without").iterdir())
    backups.backup(data, tmp_path / "with", with_secret=True)
    backups.restore(tmp_path / "with", tmp_path / "new")
    assert (tmp_path / "new" / "jwt-secret").read_bytes() == secret
    assert os.stat(tmp_path / "new" / "jwt-secret").st_mode & 0o777 == 0o600


def test_an_index_made_after_the_backup_is_not_trusted(data, tmp_path):
    backups.backup(data, tmp_path / "copy")
    backups.restore(tmp_path / "copy", tmp_path / "new")
    shutil.copytree(data / "index", tmp_path / "new" / "index")
    assert check(tmp_path / "new").index == ["it belongs to another version or another database"]


def test_restore_never_overwrites(data, tmp_path):
    backups.backup(data, tmp_path / "copy")
    before = everything(data)
    with pytest.raises(CatalogError, match="has a catalog already"):
        backups.restore(tmp_path / "copy", data)
    with pytest.raises(CatalogError, match="exists already"):
        backups.backup(data, tmp_path / "copy")
    assert everything(data) == before


@pytest.mark.parametrize("name", ["catalog.sqlite", "manifest.json", "missing"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(data, tmp_path, name):
    copy = tmp_path / "copy"
    backups.backup(data, copy)
    if name == "missing":
        (copy / "catalog.sqlite").unlink()
    else:
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(content)
    with pytest.raises(CatalogError):
        backups.restore(copy, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_backup_of_a_newer_version_is_refused(data, tmp_path):
    backups.backup(data, tmp_path / "copy")
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text())
    manifest["schema"] = migrations.SCHEMA_VERSION + 1
    (tmp_path / "copy" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CatalogError, match="newer"):
        backups.restore(tmp_path / "copy", tmp_path / "new")


@pytest.mark.slow
def test_backup_while_people_write(tmp_path):
    """What was acknowledged before the backup began is in it, whole; what is in it is a state that was."""
    catalog = CatalogProcess(tmp_path / "data", accounts=PEOPLE).start()
    acknowledged, stop = [], threading.Event()

    def write(worker):
        with Person(catalog, "zhangxf") as zhang:
            number = 0
            while not stop.is_set():
                pid = f"live/{worker}-{number}"
                assert zhang.post("/api/v3/datasets", json=raw(pid=pid)).status_code == 201
                block = {"size": 7, "dataFileList": [FILE]}
                assert zhang.post(zhang.ds(pid, "/origdatablocks"), json=block).status_code == 201
                acknowledged.append(pid)
                number += 1

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    try:
        for worker in workers:
            worker.start()
        for round_ in range(3):
            with Person(catalog) as anyone:
                while len(acknowledged) < 20 * (round_ + 1):
                    anyone.get("/api/v3/health")
            known = list(acknowledged)
            made = command("backup", "--data", catalog.folder, tmp_path / f"copy{round_}")
            assert made.returncode == 0, made.stderr
            restored = command("restore", "--data", tmp_path / f"new{round_}", tmp_path / f"copy{round_}")
            assert restored.returncode == 0, restored.stderr
            report = check(tmp_path / f"new{round_}")
            assert report.sound, report.problems
            # A dataset may be caught before its block; its totals are right either way.
            assert report.notes == []
            with apsw.Connection(str(tmp_path / f"new{round_}" / "catalog.sqlite")) as connection:
                found = {id for (id,) in connection.execute("SELECT id FROM dataset")}
            assert set(known) <= found
        refused = command("restore", "--data", catalog.folder, tmp_path / "copy0")
        assert refused.returncode == 1
        assert "already serves" in refused.stderr
        assert "already serves" in command("reindex", "--data", catalog.folder).stderr
        assert command("check", "--data", catalog.folder).returncode == 0
        assert httpx.get(f"{catalog.url}/api/v3/health").status_code == 200
    finally:
        stop.set()
        for worker in workers:
            worker.join()
        catalog.stop()


def test_a_restored_catalog_serves_the_same_people(data, filled, tmp_path):
    original = CatalogProcess(data, accounts=PEOPLE).start()
    token = original.token("zhangxf")
    original.stop()
    backups.backup(data, tmp_path / "copy", with_secret=True)
    backups.restore(tmp_path / "copy", tmp_path / "new")
    # Without the accounts file: accounts and their passwords came with the backup, the key of the tokens too.
    line = [sys.executable, "-m", "jupyter_shinecat", "catalog", "serve", "--port", "0", "--data", tmp_path / "new"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        lines = (line.strip() for line in process.stdout)
        url = next(line.removeprefix("listening on ") for line in lines if line.startswith("listening on "))
        found = httpx.get(
            f"{url}/api/v3/datasets/fullquery",
            params={"fields": json.dumps({"text": "溶菌酶"})},
            headers={"Authorization": f"Bearer {token}"},
        ).json()
        assert {d["pid"] for d in found} == {f"care/{n}" for n in range(11)}
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


# -- versions of the schema --

# The first released schema, as it was: never changed, so that the way from it stays tested.
SCHEMA_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tombstone (change INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE link (kind TEXT NOT NULL, id TEXT NOT NULL, rel TEXT NOT NULL, target TEXT NOT NULL,
    PRIMARY KEY (rel, target, kind, id)) WITHOUT ROWID;
CREATE INDEX link_source ON link (kind, id);
CREATE TABLE account (id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, email TEXT NOT NULL, password TEXT NOT NULL,
    groups TEXT NOT NULL, source TEXT NOT NULL, disabled INTEGER NOT NULL DEFAULT 0, identity TEXT NOT NULL,
    created TEXT NOT NULL, modified TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE account_settings (account TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE dataset (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, change INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX dataset_change ON dataset (change);
INSERT INTO meta VALUES ('schema', '1'), ('uuid', 'abc'), ('change', '1');
INSERT INTO dataset VALUES (1, 'old/1', 1, '{"pid": "old/1", "ownerGroup": "GET", "size": 0, "numberOfFiles": 0}');
"""


def old(folder):
    folder.mkdir()
    connection = apsw.Connection(str(folder / "catalog.sqlite"))
    connection.execute(SCHEMA_1)
    connection.close()
    return folder


def tables(folder):
    connection = apsw.Connection(str(folder / "catalog.sqlite"))
    found = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    connection.close()
    return {name: "".join(sql.replace("IF NOT EXISTS ", "").split()) for name, sql in found.items()}


def test_the_first_schema_becomes_the_present_one(tmp_path):
    Store(tmp_path / "new").close()
    old(tmp_path / "old")
    store = Store(tmp_path / "old")
    with store.snapshot() as snapshot:
        assert snapshot.get("dataset", "old/1")["pid"] == "old/1"
    store.close()
    assert tables(tmp_path / "old") == tables(tmp_path / "new")
    assert ("schema", str(migrations.SCHEMA_VERSION)) in everything(tmp_path / "old")["meta"]
    Store(tmp_path / "old").close()  # and once more changes nothing
    assert check(tmp_path / "old").sound


def test_a_step_that_fails_leaves_the_old_version(tmp_path, monkeypatch):
    before = everything(old(tmp_path / "old"))
    last = migrations.SCHEMA_VERSION
    broken = {**migrations.STEPS, last: (*migrations.STEPS[last], "CREATE TABLE nonsense (")}
    monkeypatch.setattr(migrations, "STEPS", broken)
    with pytest.raises(CatalogError, match="can't be opened"):
        Store(tmp_path / "old")
    assert everything(tmp_path / "old") == before
    monkeypatch.undo()
    Store(tmp_path / "old").close()


def test_a_newer_schema_is_left_alone(tmp_path):
    Store(tmp_path / "new").close()
    edit(tmp_path / "new", "UPDATE meta SET value = '999' WHERE key = 'schema'")
    before = everything(tmp_path / "new")
    with pytest.raises(CatalogError, match="newer version"):
        Store(tmp_path / "new")
    with pytest.raises(CatalogError, match="newer version"):
        check(tmp_path / "new")
    assert everything(tmp_path / "new") == before
