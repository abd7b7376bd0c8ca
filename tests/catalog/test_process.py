"""The catalog as a process: starting, stopping, being killed, running out of disk."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest
from catalog.people import Person, raw

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.store import database
from jupyter_shinecat.catalog.store.store import Store
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog


def serve(*arguments, **options):
    command = [sys.executable, "-m", "jupyter_shinecat", "catalog", "serve", *map(str, arguments)]
    env = {**os.environ, "SHINECAT_LANG": "en"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env, **options)


def one_sentence(result):
    """The error as a person sees it: one line, no trace."""
    assert result.returncode == 1
    assert "Traceback" not in result.stderr + result.stdout
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_it_says_where_it_listens_and_stops_cleanly(tmp_path):
    catalog = CatalogProcess(tmp_path).start()
    server = json.loads((tmp_path / "server.json").read_text())
    assert server == {"pid": catalog.pid, "port": catalog.port, "url": catalog.url}
    assert os.stat(tmp_path / "server.json").st_mode & 0o777 == 0o600
    health = httpx.get(f"{catalog.url}/api/v3/health").json()
    assert health["status"] == "ok"
    assert health["shinecat"]["features"][:3] == ["client-pid", "renew", "nested-conditions"]
    assert catalog.stop() == 0
    assert not (tmp_path / "server.json").exists()


def test_sigint_stops_it_too(tmp_path):
    catalog = CatalogProcess(tmp_path).start()
    os.kill(catalog.pid, signal.SIGINT)
    assert catalog._process.wait(30) == 0
    catalog.stop()


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        message = one_sentence(serve("--port", port, "--data", tmp_path))
    assert f"Port {port}" in message
    assert "--port" in message


def test_a_second_server_on_the_same_data_is_one_sentence(tmp_path):
    with running_catalog(tmp_path) as catalog:
        message = one_sentence(serve("--port", 0, "--data", tmp_path))
        assert "already serves" in message
        assert httpx.get(f"{catalog.url}/api/v3/health").status_code == 200
        assert json.loads((tmp_path / "server.json").read_text())["pid"] == catalog.pid


def test_data_that_can_not_be_used_is_one_sentence(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert "data folder" in one_sentence(serve("--port", 0, "--data", file / "below"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "catalog.sqlite").write_bytes(b"this is no database" * 1000)
    assert "can't be opened" in one_sentence(serve("--port", 0, "--data", tmp_path / "broken"))
    assert "accounts file" in one_sentence(serve("--port", 0, "--data", tmp_path / "a", "--accounts", tmp_path / "no"))
    assert "profile" in one_sentence(serve("--port", 0, "--data", tmp_path / "a", "--profile", "scicat-1"))
    assert "settings file" in one_sentence(serve("--port", 0, "--data", tmp_path / "a", "--env", tmp_path / "no"))


def test_an_old_sqlite_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(database.apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(database.CatalogError, match=r"3\.51\.2"):
        Store(tmp_path)


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9(tmp_path):
    catalog = CatalogProcess(tmp_path).start()
    acknowledged: dict[str, int] = {}
    guard = threading.Lock()
    try:
        for round_ in range(3):
            stop = threading.Event()

            def write(worker, round_=round_, stop=stop):
                with Person(catalog, "zhangxf") as zhang:
                    number = 0
                    while not stop.is_set():
                        pid = f"kill/{round_}-{worker}-{number}"
                        try:
                            made = zhang.post("/api/v3/datasets", json=raw(pid=pid, datasetName=f"killword {pid}"))
                            file = {"path": "a", "size": 7, "time": "2026-05-01T10:00:00Z"}
                            size = 0
                            if made.status_code == 201:
                                with guard:
                                    acknowledged[pid] = 0
                                block = zhang.post(
                                    zhang.ds(pid, "/origdatablocks"), json={"size": 7, "dataFileList": [file]}
                                )
                                size = 7 if block.status_code == 201 else 0
                            with guard:
                                if size:
                                    acknowledged[pid] = size
                        except httpx.TransportError:
                            return
                        number += 1

            workers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
            before = len(acknowledged)
            for worker in workers:
                worker.start()
            with Person(catalog) as anyone:
                while len(acknowledged) < before + 60:  # real progress, not a time, decides when to kill
                    anyone.get("/api/v3/health")
            catalog.kill()
            stop.set()
            for worker in workers:
                worker.join()
            catalog.start()
            with Person(catalog, "zhangxf") as zhang:
                everything = {d["pid"]: d for d in zhang.listed({"limits": {"limit": 100000}})}
                lost = set(acknowledged) - set(everything)
                assert not lost
                for pid, size in acknowledged.items():
                    assert everything[pid]["size"] >= size
                    blocks = zhang.get(zhang.ds(pid, "/origdatablocks")).json()
                    assert sum(block["size"] for block in blocks) == everything[pid]["size"]
                found = {d["pid"] for d in zhang.full({"text": "killword"}, {"limit": 100000})}
                assert found == set(everything)
                assert zhang.facets({"text": "killword"}, "type")["all"] == [{"totalSets": len(everything)}]
    finally:
        catalog.stop()


def test_a_removed_index_is_built_again(tmp_path):
    catalog = CatalogProcess(tmp_path).start()
    with Person(catalog, "zhangxf") as zhang:
        zhang.create(pid="index/1", datasetName="溶菌酶 findme")
    catalog.stop()
    shutil.rmtree(tmp_path / "index")
    catalog.start()
    with Person(catalog, "zhangxf") as zhang:
        assert [d["pid"] for d in zhang.full({"text": "溶菌酶"})] == ["index/1"]
    catalog.stop()


def test_a_full_disk_loses_nothing_and_says_so(tmp_path):
    """SQLite's own limit stands for the disk's: the same error code on the same path."""
    store = Store(tmp_path)
    try:
        store.change(lambda tx: tx.insert("dataset", "a", {"pid": "a"}))
        connection = store._writer._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(Refused, match="full") as refused:
            store.change(lambda tx: tx.insert("dataset", "b", {"pid": "b", "text": "x" * 100_000}))
        assert refused.value.status == 507
        connection.execute("PRAGMA max_page_count=1000000")
        assert store.change(lambda tx: tx.insert("dataset", "c", {"pid": "c"}))
        with store.snapshot() as snapshot:
            assert [row.id for row in snapshot.scan("dataset")] == ["a", "c"]
    finally:
        store.close()


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_starting_on_a_full_disk_is_one_sentence(small_disk):
    with pytest.raises(OSError, match="space"):
        (small_disk / "ballast").write_bytes(b"x" * (2 << 20))
    assert "full" in one_sentence(serve("--port", 0, "--data", small_disk / "data"))


def test_one_failing_change_does_not_harm_its_neighbours(tmp_path):
    store = Store(tmp_path)
    results = []

    def change(number):
        def work(tx):
            tx.insert("dataset", f"n{number}", {"pid": f"n{number}"})
            if number % 3 == 0:
                raise Refused(400, "no")
            return number

        try:
            results.append(store.change(work))
        except Refused:
            results.append(None)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.snapshot() as snapshot:
        kept = {row.id for row in snapshot.scan("dataset")}
    store.close()
    assert kept == {f"n{number}" for number in range(60) if number % 3}
    assert sorted(r for r in results if r is not None) == [number for number in range(60) if number % 3]
