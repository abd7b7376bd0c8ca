"""Large files are read beside everything else: shown, resumed, cancelled, and never with bytes of two states."""

from __future__ import annotations

import hashlib
import signal
import time
from pathlib import Path

import pytest

from jupyter_shinecat.outbox.hashing import Hashes, Moving
from jupyter_shinecat.outbox.rest import signature

from .conftest import ONE_PROFILE

SLOW = str(Path(__file__).with_name("slow_reader.py"))


@ONE_PROFILE
def test_others_go_on_a_restart_resumes_and_a_change_is_noticed(bench, tmp_path: Path) -> None:
    raw = bench.counter.raw()
    gate, log = tmp_path / "gate", tmp_path / "log"
    first = bench.start(SLOW, str(gate), str(log))
    kernel = bench.kernel()
    done, slow = bench.results / "a.done", bench.results / "b.slow"
    kernel.cell("save much")
    kernel.write(done, b"x" * 3_000_000)
    kernel.write(slow, b"y" * 3_000_000)
    kernel.end([raw])
    waiting = first.wait(lambda news: "checksums are being made" in news["reason"])
    assert waiting["state"] == "waiting"
    kernel.cell("save little")
    kernel.write(bench.results / "small.bin", b"small")
    kernel.end([raw])
    assert first.wait_state("sent")["name"] == "small.bin"
    assert "checksums are being made" in bench.shinecat("outbox", "list").stdout
    kept = bench.home / "outbox" / "entries" / waiting["key"] / "2-hashes.json"
    deadline = time.monotonic() + 60
    while not kept.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    first.end(signal.SIGKILL)

    second = bench.start(SLOW, str(gate), str(log))
    second.wait(lambda news: "checksums are being made" in news["reason"])
    slow.write_bytes(b"changed meanwhile")
    second.wait(lambda news: "files rest" in news["reason"])
    gate.touch()
    pid = second.wait_state("sent")["pid"]
    (block,) = bench.counter.blocks(pid)
    wanted = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (done, slow)}
    assert {file["path"]: file["chk"] for file in block["dataFileList"]} == wanted
    assert log.read_text().splitlines().count("a.done") == 1
    assert not kept.exists()


@ONE_PROFILE
def test_withdrawing_stops_the_reading(bench, tmp_path: Path) -> None:
    raw = bench.counter.raw()
    outbox = bench.start(SLOW, str(tmp_path / "gate"), str(tmp_path / "log"))
    kernel = bench.kernel()
    kernel.cell("save much")
    kernel.write(bench.results / "b.slow", b"y" * 3_000_000)
    kernel.end([raw])
    key = outbox.wait(lambda news: "checksums are being made" in news["reason"])["key"]
    assert bench.shinecat("outbox", "withdraw", key).returncode == 0
    outbox.wait_state("withdrawn")
    assert outbox.end() == 0
    assert not bench.counter.derived(raw)


def test_changed_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_shinecat.outbox.hashing.INLINE_BYTES", -1)
    path = tmp_path / "a"
    path.write_bytes(b"one")
    old = signature(str(path))
    assert old is not None
    path.write_bytes(b"two two")
    hashes = Hashes()
    assert hashes.of("k", {str(path): old}, {}) is None
    with pytest.raises(Moving):
        _until(hashes, {str(path): old})
    new = signature(str(path))
    assert new is not None
    told = _until(hashes, {str(path): new})
    assert told[str(path)]["sha256"] == hashlib.sha256(b"two two").hexdigest()
    # What was kept of another state of the file counts for nothing.
    stale = {str(path): {"signature": list(old), "sha256": "wrong"}}
    monkeypatch.setattr("jupyter_shinecat.outbox.hashing.INLINE_BYTES", 100)
    assert hashes.of("k", {str(path): new}, stale) == told
    hashes.close()


def test_a_look_that_fails_half_way_gives_no_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"much more than a chunk")
    sign = signature(str(path))
    assert sign is not None
    looks = iter([None])  # a network file system that is away for a moment
    monkeypatch.setattr("jupyter_shinecat.outbox.hashing._CHUNK", 4)
    monkeypatch.setattr("jupyter_shinecat.outbox.hashing._SLICE_BYTES", 8)
    monkeypatch.setattr("jupyter_shinecat.outbox.hashing.signature", lambda path: next(looks, sign))
    with pytest.raises(Moving):
        Hashes().of("k", {str(path): sign}, {})
    told = Hashes().of("k", {str(path): sign}, {})
    assert told is not None
    assert told[str(path)]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def _until(hashes: Hashes, files):
    hashes.of("k", files, {})
    while hashes.busy:
        pass
    return hashes.of("k", files, {})


def test_trouble_that_nobody_thought_of_is_the_entrys_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_shinecat.outbox.hashing.INLINE_BYTES", -1)
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(b"x")
    signs = {str(path): signature(str(path)) for path in paths}
    calls = iter([MemoryError()])
    real = hashlib.sha256

    def failing(*given: bytes):
        trouble = next(calls, None)
        if trouble is not None:
            raise trouble
        return real(*given)

    monkeypatch.setattr("jupyter_shinecat.outbox.hashing.hashlib.sha256", failing)
    hashes = Hashes()
    with pytest.raises(Moving):
        _until(hashes, {str(paths[0]): signs[str(paths[0])]})
    assert _until(hashes, {str(paths[1]): signs[str(paths[1])]})[str(paths[1])]["sha256"] == real(b"x").hexdigest()
    hashes.close()
