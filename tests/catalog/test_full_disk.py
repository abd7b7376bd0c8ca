"""The disk fills up while people write: refusals are 507, nothing acknowledged is lost, and with space it goes on."""

import os
import resource
import subprocess
import sys
import textwrap

import pytest
from catalog.people import PEOPLE, Person, raw

from jupyter_shinecat.catalog.care.check import check
from jupyter_shinecat.testing.catalog import CatalogProcess

FILE = {"path": "a.h5", "size": 7, "time": "2026-05-01T10:00:00Z"}


def fill(zhang, prefix, acknowledged, *, most=3000):
    """Write until the disk is full; gives how often it was refused."""
    refused = 0
    for number in range(most):
        pid = f"{prefix}/{number}"
        answer = zhang.post("/api/v3/datasets", json=raw(pid=pid, description=f"fillword {pid} " + "x" * 20_000))
        if answer.status_code == 201:
            acknowledged[pid] = answer.json()["description"]
        else:
            assert answer.status_code == 507, answer.text
            assert "full" in answer.json()["message"]
            refused += 1
            if refused == 5:
                return refused
    raise AssertionError("the disk never got full")


def all_there(zhang, acknowledged):
    found = {doc["pid"]: doc["description"] for doc in zhang.listed({"limits": {"limit": 100_000}})}
    assert found == acknowledged


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_fills_up(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (4 << 20))
    catalog = CatalogProcess(small_disk / "data", accounts=PEOPLE).start()
    acknowledged = {}
    try:
        with Person(catalog, "zhangxf") as zhang:
            assert fill(zhang, "full", acknowledged) == 5
            all_there(zhang, acknowledged)  # reading goes on
            assert zhang.get("/api/v3/health").status_code == 200
        # As after a crash on the full disk: it is there when there is space, and only then.
        catalog.kill()
        ballast.unlink()
        catalog.start()
        with Person(catalog, "zhangxf") as zhang:
            all_there(zhang, acknowledged)
            ballast.write_bytes(b"x" * (3 << 20))
            fill(zhang, "again", acknowledged)
            ballast.unlink()
            # The same server, without a start: service goes on when space is back.
            answer = zhang.post("/api/v3/datasets", json=raw(pid="after", description="fillword after"))
            assert answer.status_code == 201
            acknowledged["after"] = "fillword after"
            all_there(zhang, acknowledged)
            found = {doc["pid"] for doc in zhang.full({"text": "fillword"}, {"limit": 100_000})}
            assert found == set(acknowledged)
    finally:
        catalog.stop()
    assert check(small_disk / "data").sound


LIMITED = textwrap.dedent("""
    import resource, signal, sys, threading
    from pathlib import Path
    from jupyter_shinecat.catalog.errors import Refused
    from jupyter_shinecat.catalog.store.store import Store

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = Store(Path(sys.argv[1]))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))

    def put(name):
        try:
            store.change(lambda tx: tx.insert("dataset", name, {"pid": name, "text": "x" * 30_000}))
        except Refused as refusal:
            print("refused", name, refusal.status, flush=True)
            return False
        print("stored", name, flush=True)
        return True

    refused = 0
    for number in range(200):
        refused += not put(f"a{number}")
        if refused == 3:
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for number in range(3):
        put(f"b{number}")
    import os
    os._exit(0)
""")


def test_a_file_that_may_not_grow(tmp_path):
    """The same without root: the kernel refuses to let a file grow."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert soft == resource.RLIM_INFINITY
    line = [sys.executable, "-c", LIMITED, str(tmp_path / "data")]
    env = {**os.environ, "SHINECAT_LANG": "en"}
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, env=env)
    assert done.returncode == 0, done.stderr
    words = [text.split() for text in done.stdout.splitlines()]
    refusals = [entry for entry in words if entry[0] == "refused"]
    assert len(refusals) == 3
    # To SQLite this is an error of the disk, not a full one; the system's reason tells it from a broken one.
    assert {entry[2] for entry in refusals} == {"507"}
    stored = [entry[1] for entry in words if entry[0] == "stored"]
    assert {"b0", "b1", "b2"} <= set(stored)

    from jupyter_shinecat.catalog.store.store import Store

    store = Store(tmp_path / "data")
    with store.snapshot() as snapshot:
        found = {row.id for row in snapshot.scan("dataset") if row.doc["text"] == "x" * 30_000}
    store.close()
    assert found == set(stored)
