"""Bad days end well: each with a sentence, and no result lost."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import jwt
import pytest

from jupyter_shinecat.testing.catalog import running_catalog

from .conftest import JWT_SECRET, ONE_PROFILE


def test_catalog_away_then_back(make_bench, tmp_path: Path) -> None:
    with running_catalog(tmp_path / "catalog") as catalog:
        bench = make_bench(catalog)
        raw = bench.counter.raw()
        outbox = bench.start()
        catalog.stop()
        kernel = bench.kernel()
        for i in range(3):
            kernel.cell(f"save {i}")
            kernel.write(bench.results / f"{i}.bin", b"%d" % i)
            kernel.end([raw])
        waiting = outbox.wait(lambda news: "does not answer" in news["reason"])
        assert waiting["state"] == "waiting"
        assert waiting["do"]
        catalog.start()
        for _ in range(3):
            outbox.wait_state("sent")
        assert sorted(d["datasetName"] for d in bench.counter.derived(raw)) == ["0.bin", "1.bin", "2.bin"]


@ONE_PROFILE
def test_user_server_killed_before_the_outbox_is_empty(bench) -> None:
    raw = bench.counter.raw()
    first = bench.start(SHINECAT_CATALOG_URL="http://127.0.0.1:9")
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "a.bin", b"a")
    kernel.end([raw])
    first.wait(lambda news: "does not answer" in news["reason"])
    assert first.process.stdin is not None
    first.process.stdin.close()  # what a dead server's end of the pipe looks like
    assert first.process.wait(30) == 0
    outbox = bench.start()
    outbox.wait_state("sent")
    assert len(bench.counter.derived(raw)) == 1


@ONE_PROFILE
def test_expired_sign_in_waits_and_goes_on_with_a_fresh_token(bench) -> None:
    raw = bench.counter.raw()
    claims = jwt.decode(bench.env["SHINECAT_TOKEN"], options={"verify_signature": False})
    expired = jwt.encode({**claims, "iat": 1_000, "exp": 2_000}, JWT_SECRET, "HS256")
    answer = httpx.get(f"{bench.catalog.url}/api/v3/auth/whoami", headers={"Authorization": f"Bearer {expired}"})
    assert answer.status_code == 401
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "a.bin", b"a")
    kernel.end([raw])
    outbox = bench.start(SHINECAT_TOKEN=expired)
    waiting = outbox.wait(lambda news: "sign-in" in news["reason"])
    assert waiting["state"] == "waiting"
    assert "Sign in again" in waiting["do"]
    assert outbox.end() == 0
    assert expired not in str(outbox.news) + str(outbox.words)
    fresh = bench.start()
    fresh.wait_state("sent")
    assert len(bench.counter.derived(raw)) == 1


@ONE_PROFILE
def test_kernel_killed_in_the_middle_of_a_cell(bench) -> None:
    raw, other = bench.counter.raw(), bench.counter.raw("read earlier")
    outbox = bench.start()
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        kernel = bench.kernel(pid=process.pid)
        kernel.cell("read")
        kernel.line("read", run=1, pid=other, path=None, how="handle")
        kernel.end()
        kernel.cell("long computation")
        kernel.line("read", run=2, pid=raw, path="/data/raw/run17.h5", how="handle")
        kernel.write(bench.results / "before.bin", b"before the end")
        kernel.raw('{"k": "write", "t": 17')  # the line that it was writing
    finally:
        process.kill()
        process.wait()
    outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(raw)
    assert sorted(dataset["inputDatasets"]) == sorted([raw, other])
    record = dataset["jobParameters"]["shinecat"]
    assert record["capture"] == "partial"
    assert sorted(record["uncertain_inputs"]) == sorted([raw, other])
    assert "long computation" in dataset["jobLogData"]


@ONE_PROFILE
def test_two_notebooks_write_the_same_file_one_after_the_other(bench) -> None:
    raw = bench.counter.raw()
    outbox = bench.start()
    target = bench.results / "shared.bin"
    for notebook in ("one.ipynb", "two.ipynb"):
        kernel = bench.kernel(notebook=notebook)
        kernel.cell(f"save in {notebook}")
        kernel.write(target, notebook.encode())
        kernel.end([raw])
        outbox.wait_state("sent")
    checksums = {bench.counter.blocks(d["pid"])[0]["dataFileList"][0]["chk"] for d in bench.counter.derived(raw)}
    assert checksums == {hashlib.sha256(name).hexdigest() for name in (b"one.ipynb", b"two.ipynb")}


@ONE_PROFILE
def test_two_notebooks_write_the_same_file_at_the_same_time(bench) -> None:
    raw = bench.counter.raw()
    target = bench.results / "shared.bin"
    kernels = [bench.kernel(notebook=name) for name in ("one.ipynb", "two.ipynb")]
    for kernel in kernels:
        kernel.cell("save")
        kernel.write(target, str(kernel.head["notebook"]).encode())
    kernels[0].end([raw])
    kernels[1].end([raw])
    outbox = bench.start()
    outbox.wait_state("sent")
    (failed,) = [news for news in outbox.news if news["state"] == "failed"]
    assert failed["notebook"] == "one.ipynb"
    assert "overwritten by another notebook" in failed["reason"]
    assert failed["do"]
    (dataset,) = bench.counter.derived(raw)
    assert bench.counter.blocks(dataset["pid"])[0]["dataFileList"][0]["chk"] == hashlib.sha256(b"two.ipynb").hexdigest()


@ONE_PROFILE
def test_files_removed_or_renamed_before_they_are_taken(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("save and change one's mind")
    kernel.write(bench.results / "gone.bin", b"gone")
    kernel.end([raw])
    kernel.cell("save by way of a temporary file, move afterwards")
    temporary, target, final = (bench.results / name for name in ("x.tmp", "x.bin", "y.bin"))
    kernel.write(temporary, b"x")
    os.replace(temporary, target)
    kernel.line("rename", run=2, src=str(temporary), dst=str(target))
    kernel.end([raw])
    kernel.cell("mv")
    os.replace(target, final)
    kernel.line("rename", run=3, src=str(target), dst=str(final))
    kernel.end()
    (bench.results / "gone.bin").unlink()
    outbox = bench.start()
    outbox.wait_state("sent")
    assert [d["datasetName"] for d in bench.counter.derived(raw)] == ["y.bin"]
    assert any(n["state"] == "withdrawn" and "removed" in n["reason"] for n in outbox.news)


@ONE_PROFILE
def test_file_that_is_still_open_waits(bench) -> None:
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel()
    target = bench.results / "open.bin"
    kernel.cell("f = open(...)")
    kernel.write(target, b"first ")
    with open(target, "ab") as file:
        kernel.end([raw])
        waiting = outbox.wait(lambda news: "still open" in news["reason"])
        assert str(target) in waiting["reason"]
        file.write(b"second")
    outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(raw)
    (file_entry,) = bench.counter.blocks(dataset["pid"])[0]["dataFileList"]
    assert file_entry["chk"] == hashlib.sha256(b"first second").hexdigest()


@ONE_PROFILE
def test_file_finished_by_a_later_cell_belongs_to_that_cell(bench) -> None:
    raw, more = bench.counter.raw(), bench.counter.raw("more")
    outbox = bench.start()
    kernel = bench.kernel()
    target = bench.results / "stepwise.bin"
    kernel.cell("f = open(target, 'wb')")
    kernel.write(target, b"first ")
    with open(target, "ab") as file:
        kernel.end([raw])
        outbox.wait(lambda news: "still open" in news["reason"])
        kernel.cell("f.write(...); f.close()")
        file.write(b"second")
        file.flush()
        kernel.line("write", run=2, path=str(target), how="handle")
        kernel.end([raw, more], runs=[1, 2])
        outbox.wait(lambda news: news["state"] == "withdrawn" and "newer run" in news["reason"])
    outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(raw)
    assert sorted(dataset["inputDatasets"]) == sorted([raw, more])


@pytest.mark.parametrize("catalog", ["shinecat"], indirect=True)  # the other profile lets nobody delete
def test_result_deleted_from_the_catalog_is_made_again_by_a_new_run(bench, catalog) -> None:
    admin = type(bench.counter)(catalog, "admin")
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel()
    pids = []
    for content in (b"1", b"2"):
        kernel.cell("save", cell="same")
        kernel.write(bench.results / "a.bin", content)
        kernel.end([raw])
        pids.append(outbox.wait_state("sent")["pid"])
        if len(pids) == 1:
            admin.delete(f"/api/v3/datasets/{pids[0].replace('/', '%2F')}")
    assert pids[0] != pids[1]
    assert [d["pid"] for d in bench.counter.derived(raw)] == [pids[1]]


def test_published_result_is_not_changed(make_bench, catalog) -> None:
    bench = make_bench(catalog)
    admin = type(bench.counter)(catalog, "admin")
    raw = bench.counter.raw()
    outbox = bench.start()
    kernel = bench.kernel()
    pids = []
    for content in (b"1", b"2"):
        kernel.cell("save", cell="same")
        kernel.write(bench.results / "a.bin", content)
        kernel.end([raw])
        pids.append(outbox.wait_state("sent")["pid"])
        if len(pids) == 1:
            admin.patch(f"/api/v4/datasets/{pids[0].replace('/', '%2F')}", {"isPublished": True})
    assert pids[0] != pids[1]
    newer = next(d for d in bench.counter.derived(raw) if d["pid"] == pids[1])
    assert newer["relationships"][0]["pid"] == pids[0]


@ONE_PROFILE
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit of file sizes here")
def test_full_disk_says_so_and_goes_on_when_there_is_room(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("save  # " + "x" * 60_000)
    kernel.write(bench.results / "a.bin", b"a")
    kernel.end([raw])
    # No file of the outbox may grow beyond 20 kB: this entry does not fit, a bookmark and the lease do.
    limited = bench.start()
    resource.prlimit(limited.process.pid, resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    full = limited.wait(lambda news: "is full" in news["reason"])
    assert full["state"] == "waiting"
    assert "nothing is lost" in full["reason"]
    assert full["name"] == "a.bin"
    assert not bench.counter.derived(raw)
    resource.prlimit(limited.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    sent = limited.wait_state("sent")
    assert sent["key"] == full["key"]
    assert len(bench.counter.derived(raw)) == 1


def test_group_that_cannot_own_the_result_fails_with_a_remedy_and_is_retried(make_bench, catalog) -> None:
    bench = make_bench(catalog)
    mine = bench.counter.raw()
    other = type(bench.counter)(catalog, "wangxch")
    foreign = other.raw("theirs", group="AMO", accessGroups=["GET"])
    kernel = bench.kernel()
    bench.counter.patch(f"/api/v4/datasets/{mine.replace('/', '%2F')}", {"accessGroups": []})
    other.patch(f"/api/v4/datasets/{foreign.replace('/', '%2F')}", {"accessGroups": ["SHINE"]})
    kernel.cell("mix")
    kernel.write(bench.results / "mixed.bin", b"m")
    kernel.end([mine, foreign])
    outbox = bench.start()
    failed = outbox.wait_state("failed")
    assert "No group of yours may read all inputs" in failed["reason"]
    assert "AMO" in failed["reason"]
    assert failed["do"]
    assert not bench.counter.derived(mine)
    bench.counter.patch(f"/api/v4/datasets/{mine.replace('/', '%2F')}", {"accessGroups": ["SHINE"]})
    done = bench.shinecat("outbox", "retry", failed["key"])
    assert done.returncode == 0, done.stderr
    outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(mine)
    assert dataset["ownerGroup"] == "SHINE"
    assert dataset["accessGroups"] == []


@ONE_PROFILE
def test_garbage_in_the_spool_is_skipped(bench) -> None:
    raw = bench.counter.raw()
    (bench.home / "spool").mkdir()
    (bench.home / "spool" / "20261122T100000-1-ffffffff.jsonl").write_bytes(os.urandom(3_000) + b"\n[]\n{}\nnull\n")
    (bench.home / "spool" / "noname.jsonl").write_bytes(b"")
    kernel = bench.kernel()
    kernel.raw("no json\n\n\x00\x01\n" + "[" * 5_000 + "\n")
    kernel.line("write", run="1", path=3)
    kernel.line("end")
    kernel.line("derived", run=7, paths=17, keywords="x", name=None, parameters=[])
    kernel.cell("save")
    kernel.line("write", run=1, path="relative/path", how="open")
    kernel.line("write", run=1, path="/nul\x00", how="open")
    kernel.line("unheard of", run=1)
    kernel.write(bench.results / "a.bin", b"a")
    kernel.end([raw, {"certain": True}, {"pid": 3}])
    outbox = bench.start()
    outbox.wait_state("sent")
    assert [d["datasetName"] for d in bench.counter.derived(raw)] == ["a.bin"]
    assert outbox.end() == 0
    assert not [words for words in outbox.words if "Traceback" in words]


def test_odd_names_arrive_as_they_are(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    names = ["100 1700 [a] +b.bin", "溶菌酶 'q' \"d\".bin", "per%cent%2F#?.bin", "new\nline.bin"]
    kernel.cell("save")
    for name in names:
        kernel.write(bench.results / name, name.encode())
    bytes_name = os.fsdecode(b"caf\xe9.bin")
    kernel.write(Path(os.path.join(bench.results, bytes_name)), b"no utf-8")
    kernel.end([raw])
    outbox = bench.start()
    pid = outbox.wait_state("sent")["pid"]
    (block,) = bench.counter.blocks(pid)
    assert {f["path"] for f in block["dataFileList"]} == {*names, "caf\\xe9.bin"}


@ONE_PROFILE
def test_newer_run_before_the_older_was_taken_replaces_it(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    for content in (b"old", b"new"):
        kernel.cell("save", cell="same")
        kernel.write(bench.results / "a.bin", content)
        kernel.end([raw])
    outbox = bench.start()
    outbox.wait_state("sent")
    assert [n["reason"] for n in outbox.news if n["state"] == "withdrawn"] == ["A newer run has replaced it."]
    (dataset,) = bench.counter.derived(raw)
    assert bench.counter.blocks(dataset["pid"])[0]["dataFileList"][0]["chk"] == hashlib.sha256(b"new").hexdigest()


@ONE_PROFILE
def test_only_results_are_sent(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    elsewhere = bench.home.parent / "elsewhere"
    kernel.cell("all kinds of files")
    for path in (
        bench.work / ".hidden.bin",
        bench.work / ".cache" / "a.bin",
        bench.work / ".ipynb_checkpoints" / "a.bin",
        bench.work / "__pycache__" / "m.pyc",
        bench.work / "module.py",
        bench.work / "lib" / "site-packages" / "a.bin",
        bench.work / "half.part",
        bench.work / "analysis.ipynb",
        elsewhere / "a.bin",
    ):
        kernel.write(path, b"x")
    store = bench.work / "cube.zarr"
    kernel.write(store / ".zgroup", b"{}")
    kernel.write(store / "data" / "0.0", b"z")
    kernel.end([raw])
    kernel.cell("no dataset of the catalog in it")
    kernel.write(bench.work / "private.csv", b"1")
    kernel.end([])
    kernel.cell("changes the raw file itself")
    inside = bench.work / "raw.h5"
    kernel.line("read", run=3, pid=raw, path=str(inside), how="handle")
    kernel.write(inside, b"changed")
    kernel.end([raw])
    kernel.cell("changes a copy of it that was fetched to the results")
    copy = bench.results / "copy.h5"
    kernel.line("read", run=4, pid=raw, path=str(copy), how="handle")
    kernel.write(copy, b"changed")
    kernel.end([raw])
    kernel.cell("last")
    kernel.write(bench.work / "last.bin", b"l")
    kernel.end([raw])
    outbox = bench.start()
    outbox.wait(lambda n: n["state"] == "sent" and n["name"] == "last.bin")
    docs = bench.counter.derived(raw)
    files = {f["path"] for d in docs for b in bench.counter.blocks(d["pid"]) for f in b["dataFileList"]}
    assert files == {".zgroup", "data/0.0", "copy.h5", "last.bin"}


@ONE_PROFILE
def test_ask_waits_for_a_yes_and_off_sends_nothing(bench) -> None:
    raw = bench.counter.raw()
    silent = bench.kernel(write_back="off")
    silent.cell("off")
    silent.write(bench.results / "off.bin", b"off")
    silent.end([raw])
    kernel = bench.kernel()
    for name in ("yes.bin", "no.bin"):
        kernel.cell(name)
        kernel.write(bench.results / name, name.encode())
        kernel.end([raw])
    outbox = bench.start(SHINECAT_WRITE_BACK="ask")
    asked = {}
    while len(asked) < 2:
        news = outbox.wait(lambda n: "your yes" in n["reason"])
        asked[news["name"]] = news["key"]
    _call(bench, f"request_withdraw(state, {asked['no.bin']!r})")
    outbox.wait_state("withdrawn")
    _call(bench, f"request_release(state, {asked['yes.bin']!r})")
    outbox.wait_state("sent")
    assert [d["datasetName"] for d in bench.counter.derived(raw)] == ["yes.bin"]


def _call(bench, call: str) -> None:
    """What the server does: the functions of the room's front door, which load nothing heavy."""
    code = (
        "import sys, pathlib\n"
        "from jupyter_shinecat.outbox import request_release, request_withdraw\n"
        "assert not {'httpx', 'h5py', 'numpy', 'msgspec'} & set(sys.modules)\n"
        f"state = pathlib.Path({str(bench.home)!r})\n{call}\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@ONE_PROFILE
def test_second_outbox_waits_for_the_first(bench) -> None:
    raw = bench.counter.raw()
    first = bench.start()
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "a.bin", b"a")
    kernel.end([raw])
    first.wait_state("sent")
    second = bench.start()
    busy = bench.shinecat("outbox", "flush")
    assert busy.returncode == 0
    assert f"Process {first.process.pid}" in busy.stdout
    first.end(signal.SIGKILL)
    kernel.cell("save more")
    kernel.write(bench.results / "b.bin", b"b")
    kernel.end([raw])
    second.wait_state("sent")
    assert len(bench.counter.derived(raw)) == 2


@ONE_PROFILE
def test_flush_sends_without_a_server(bench) -> None:
    raw = bench.counter.raw()
    kernel = bench.kernel()
    kernel.cell("save")
    kernel.write(bench.results / "a.bin", b"a")
    kernel.end([raw])
    assert "Records of 1 programs" in bench.shinecat("outbox", "list").stdout
    away = bench.shinecat("outbox", "flush", SHINECAT_CATALOG_URL="http://127.0.0.1:9")
    assert away.returncode == 1
    assert "does not answer" in away.stderr
    listed = bench.shinecat("outbox", "list")
    assert "waiting" in listed.stdout
    assert "Records of" not in listed.stdout
    assert "a.bin" in listed.stdout
    sent = bench.shinecat("outbox", "flush")
    assert sent.returncode == 0, sent.stderr
    assert "1 in the catalog, 0 left." in sent.stdout
    assert len(bench.counter.derived(raw)) == 1
    assert bench.env["SHINECAT_TOKEN"] not in sent.stdout + sent.stderr + listed.stdout
