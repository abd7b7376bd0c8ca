"""The spool on its own: whole lines whatever the disk does, and a file for each process."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from jupyter_shinecat.record.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(lambda: tmp_path / "spool", lambda: {"session": "s", "pid": os.getpid()})


def lines(folder: Path) -> list[dict[str, Any]]:
    found = []
    for path in sorted((folder / "spool").iterdir()):
        for raw in path.read_bytes().split(b"\n"):
            try:
                found.append(json.loads(raw))
            except ValueError:
                continue
    return found


def test_session_first_then_lines_then_close(spool: Spool, tmp_path: Path) -> None:
    spool.write("read", run=1, path="/a")
    spool.close()
    assert [line["k"] for line in lines(tmp_path)] == ["session", "read", "close"]
    assert all(isinstance(line["t"], float) for line in lines(tmp_path))


def test_process_that_tells_nothing_leaves_nothing(spool: Spool, tmp_path: Path) -> None:
    spool.close()
    assert not (tmp_path / "spool").exists()


def test_any_value_makes_a_line(spool: Spool, tmp_path: Path) -> None:
    spool.write("read", path="\udcff", other=Path("/x"), deep={"n": float("nan"), "set": {1}}, big=10**400)
    [_, line] = lines(tmp_path)
    assert line["path"] == "\udcff"
    assert line["other"] == "/x"


def test_half_a_line_is_said_again_on_a_fresh_one(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.write("read", run=1)
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[: len(data) // 2]))
    spool.write("read", run=2)
    monkeypatch.undo()
    spool.write("read", run=3)
    assert [line.get("run") for line in lines(tmp_path)] == [None, 1, 2, 3]
    assert spool.take_lost() == 0


def test_full_disk_keeps_lines_and_counts_what_it_can_not_keep(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    for run in range(2100):
        spool.write("read", run=run)
    monkeypatch.undo()
    spool.write("read", run=-1)
    runs = [line["run"] for line in lines(tmp_path) if line["k"] == "read"]
    lost = spool.take_lost()
    assert 100 <= lost <= 102
    assert runs[-1] == -1
    assert len(runs) + lost >= 2101
    assert spool.take_lost() == 0


def test_forked_child_has_a_file_of_its_own(spool: Spool, tmp_path: Path) -> None:
    spool.write("read", run=1)
    child = os.fork()
    if not child:
        try:
            spool.forked()
            spool.write("write", run=1)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    spool.write("read", run=2)
    by_process = {line["pid"] for line in lines(tmp_path) if line["k"] == "session"}
    assert by_process == {os.getpid(), child}
    assert len(list((tmp_path / "spool").iterdir())) == 2


def test_threads_write_whole_lines(spool: Spool, tmp_path: Path) -> None:
    workers = [
        threading.Thread(target=lambda n=n: [spool.write("read", run=n, path="x" * 500) for _ in range(200)])
        for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    raw = next((tmp_path / "spool").iterdir()).read_bytes().splitlines()
    assert len(raw) == 801
    assert all(json.loads(line) for line in raw)
