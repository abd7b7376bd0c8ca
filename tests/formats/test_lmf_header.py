"""List-mode headers of both generations, long strings, unclosed and damaged runs; built here from the layout."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from jupyter_shinecat.formats import Extract, Failure, Sandbox


def _words(text: bytes) -> bytes:
    if len(text) < 0xFF:
        return bytes([len(text)]) + text
    if len(text) < 0xFFFF:
        return b"\xff" + struct.pack("<H", len(text)) + text
    return b"\xff\xff\xff" + struct.pack("<I", len(text)) + text


def build(
    *, new: bool = True, events: int = 10, rows: int = 10, start: int = 1598597530, stop: int = 1598597630,
    long_times: bool = False, comment: bytes = b"neon", user_size_said: int | None = None,
) -> bytes:  # fmt: skip
    wide = "Q" if new else "I"
    info = b"laser trigger 4"
    body = struct.pack("<iidiii", 20080507, 8, 1e6, 0, 2, len(info)) + info + struct.pack("<i", 7)
    user_size = (4 if new else 0) + struct.calcsize(wide) + len(body)
    user = (struct.pack("<I", 1) if new else b"") + struct.pack("<" + wide, user_size_said or user_size) + body
    times = b"".join(
        struct.pack("<III", 0x8000000A, moment, 0) if long_times else struct.pack("<I", moment)
        for moment in (start, stop)
    )
    words = _words(b"CoboldPC") + _words(b"C:\\data\\run.lmf") + _words(comment)
    header_size = 8 + 4 * struct.calcsize(wide) + len(times) + len(words)
    flags = struct.pack("<Ii", 0xA0000000 | (476759 if new else 476758), 10)
    counts = struct.pack("<" + wide * 4, 6, header_size, user_size, events)
    return flags + counts + times + words + user + bytes(rows * 6 * 4)


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("long_times", [True, False])
@pytest.mark.parametrize("comment", [b"neon", b"x" * 300, b"y" * 70_000])
def test_header_of_either_generation(
    tmp_path: Path, sandbox: Sandbox, new: bool, long_times: bool, comment: bytes
) -> None:
    path = tmp_path / "测试 [1]+2.lmf"
    path.write_bytes(build(new=new, long_times=long_times, comment=comment))
    found = sandbox.extract(path)
    assert isinstance(found, Extract)
    assert found.format == "lmf"
    assert found.metadata["events"] == 10
    assert found.metadata["duration"] == {"value": 100, "unit": "s"}
    assert found.metadata["acquisition"]["hardware"] == "TDC8HP"
    assert found.metadata["acquisition"]["frequency"] == {"value": 1e6, "unit": "Hz"}
    assert found.metadata["lmf"] == {
        "generation": "2008 and later" if new else "before 2008",
        "daq_source": True, "dan_source": False, "ccf_history": True,
    }  # fmt: skip
    assert found.metadata["comment"].startswith(comment[:100].decode())
    assert found.start_time == "2020-08-28T06:52:10.000Z"
    assert found.data[0].shape == [10, 6]
    assert found.warnings == []


def test_a_run_that_was_not_closed_counts_by_size(tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "a.lmf"
    path.write_bytes(build(events=0, rows=25, stop=0))
    found = sandbox.extract(path)
    assert isinstance(found, Extract)
    assert found.metadata["events_by_size"] == 25
    assert found.data[0].shape == [25, 6]
    assert found.end_time is None
    assert "not closed" in found.warnings[0]


def test_a_contradicting_user_header_costs_only_itself(tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "a.lmf"
    path.write_bytes(build(user_size_said=99))
    found = sandbox.extract(path)
    assert isinstance(found, Extract)
    assert found.metadata["events"] == 10
    assert "acquisition" not in found.metadata
    assert found.warnings


def test_every_cut_gives_a_reason(tmp_path: Path, sandbox: Sandbox) -> None:
    whole = build()
    header = len(whole) - 10 * 6 * 4
    path = tmp_path / "a.lmf"
    for length in range(64, header - 60, 9):
        path.write_bytes(whole[:length])
        found = sandbox.extract(path)
        assert isinstance(found, Failure), length
        assert found.kind in ("truncated", "corrupt")
