"""Files compared with the checksums that the catalog keeps."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest

import jupyter_shinecat as sc
from jupyter_shinecat.kernel.checking import digest_in, fits, known
from jupyter_shinecat.kernel.errors import FileProblem
from jupyter_shinecat.kernel.progress import Progress

CONTENT = b"frames" * 1000


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("sha256", hashlib.sha256(CONTENT).hexdigest()),
        ("SHA-1", hashlib.sha1(CONTENT).hexdigest().upper()),
        ("md5", hashlib.md5(CONTENT).hexdigest()),
        ("sha3_256", hashlib.sha3_256(CONTENT).hexdigest()),
        ("blake2b", hashlib.blake2b(CONTENT).hexdigest()),
        ("BLAKE2b", hashlib.blake2b(CONTENT, digest_size=32).hexdigest()),
        ("blake2s", hashlib.blake2s(CONTENT).hexdigest()),
        ("CRC32", f"0x{zlib.crc32(CONTENT):X}"),
        ("adler32", f"{zlib.adler32(CONTENT):08x}"),
    ],
)
def test_algorithms(algorithm: str, expected: str) -> None:
    assert known(algorithm)
    digest = digest_in(algorithm, expected)
    assert digest is not None
    assert fits(algorithm, digest, [CONTENT[:7], CONTENT[7:]])
    assert not fits(algorithm, digest, [CONTENT[:-1]])
    encoded = base64.b64encode(digest).decode()
    for other in (f" {algorithm}:{expected}", encoded, base64.urlsafe_b64encode(digest).decode().rstrip("="),
                  f"{algorithm.lower()}={encoded}"):  # fmt: skip
        assert digest_in(algorithm, other) == digest
    for none in ("", "ab" * 100, "no digest at all", expected[:-3] + "x!?"):
        assert digest_in(algorithm, none) is None


def test_what_nobody_can_compute() -> None:
    for algorithm in ("", "xxh128", "shake_128", "../md5"):
        assert not known(algorithm)
    with pytest.raises(ValueError, match="xxh128"):
        fits("xxh128", b"00", [])


def catalogued(here, key: str, algorithm: str, checksums: dict[str, str]) -> Any:
    folder = here.folder / key
    folder.mkdir()
    for name in checksums:
        (folder / name).write_bytes(CONTENT)
    pid = here.client.create_dataset(
        {
            "ownerGroup": "GET",
            "contactEmail": "zhangxf@example.org",
            "sourceFolder": str(folder),
            "creationTime": "2026-03-01T10:00:00Z",
            "datasetName": key,
            "type": "raw",
        }
    ).pid
    entries = [
        {"path": name, "size": len(CONTENT), "time": "2026-03-01T10:00:00Z", **({"chk": chk} if chk else {})}
        for name, chk in checksums.items()
    ]
    block = {"size": len(CONTENT) * len(entries), "chkAlg": algorithm, "dataFileList": entries}
    here.client.create_origdatablock(pid, block)
    return sc.open(pid)


RIGHT = hashlib.sha256(CONTENT).hexdigest()


def test_files_that_are_as_catalogued(here, capsys) -> None:
    ds = catalogued(here, "checked", "sha256", {"a.h5": RIGHT, "b.h5": RIGHT, "c.h5": ""})
    table = ds.verify()
    assert table["path"].tolist() == ["a.h5", "b.h5", "c.h5"]
    assert table["state"].tolist() == ["ok", "ok", "no checksum"]
    assert ds.verify("b.h5")["state"].tolist() == ["ok"]
    assert catalogued(here, "checked odd", "xxh128", {"a": "00"}).verify()["state"].tolist() == ["unknown algorithm"]
    table = catalogued(here, "checked form", "sha256", {"a": "see the logbook", "b": RIGHT[:40]}).verify()
    assert table["state"].tolist() == ["unknown form", "unknown form"], "not said to differ"
    assert capsys.readouterr().out == "", "what takes no time needs no progress"


def test_files_that_differ_are_named(here) -> None:
    ds = catalogued(here, "differing", "sha256", {"a.h5": RIGHT, "b.h5": RIGHT, "gone.h5": RIGHT})
    (here.folder / "differing" / "b.h5").write_bytes(CONTENT[::-1])
    (here.folder / "differing" / "gone.h5").unlink()
    with pytest.raises(FileProblem, match=r"b\.h5 is not what was catalogued.*gone\.h5 is no longer in") as caught:
        ds.verify()
    assert caught.value.state == "differs"
    assert caught.value.table["state"].tolist() == ["ok", "differs", "missing"]


def test_stopped_like_any_cell(here, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    ds = catalogued(here, "stopped", "sha256", {"a.h5": RIGHT})
    monkeypatch.setattr("jupyter_shinecat.kernel.progress._EVERY_S", 0.0)
    add = Progress.add

    def stop(self: Progress, count: int) -> None:
        add(self, count)
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "add", stop)
    with pytest.raises(KeyboardInterrupt):
        ds.verify()
    said = capsys.readouterr().out
    assert "Checking stopped: 6 kB of 6 kB (100 %)" in said
    assert said.endswith("\r")


def test_progress_of_an_odd_name_stays_on_its_line(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("jupyter_shinecat.kernel.progress._EVERY_S", 0)
    progress = Progress("a\x1b]0;title\x07\nb.h5", 10)
    progress.add(5)
    progress.close()
    said = capsys.readouterr().out
    assert "b.h5" in said
    assert not any(c in said for c in "\x1b\x07\n")
