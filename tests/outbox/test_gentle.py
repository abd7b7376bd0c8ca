"""Reading leaves the page cache as it was."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from jupyter_shinecat.outbox import gentle, priority


@pytest.mark.parametrize(
    ("held", "dropped"),
    [
        ([False] * 3, [(0, 4), (4, 4), (8, 2)]),  # nothing of it was in memory
        ([True] * 3, []),
        ([True, False, False], [(4, 4), (8, 2)]),  # the beginning was
        ([], []),  # the system does not tell
    ],
)
def test_what_was_not_in_memory_is_dropped_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: list[bool], dropped: list[tuple[int, int]]
) -> None:
    path, told = tmp_path / "a", []
    path.write_bytes(b"0123456789")
    monkeypatch.setattr(gentle, "held_in_memory", lambda *_: held)
    monkeypatch.setattr(os, "posix_fadvise", lambda _descriptor, at, size, _advice: told.append((at, size)))
    with open(path, "rb", buffering=0) as file:
        reader, content = gentle.GentleReader(file, 4), b""
        while part := reader.read():
            content += part
    assert content == b"0123456789"
    assert [one for one in told if one[1]] == dropped


def test_the_system_says_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 5 * mmap.PAGESIZE)  # just written: all of it is in memory
    with open(path, "rb") as file:
        assert gentle.held_in_memory(file.fileno(), 0, 1 << 30, 2 * mmap.PAGESIZE) == [True] * 3
        assert gentle.held_in_memory(file.fileno(), 5 * mmap.PAGESIZE, 1 << 30, mmap.PAGESIZE) == []


def test_a_terminal_session_is_not_slowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = tmp_path / "autogroup"
    monkeypatch.setattr(priority, "_AUTOGROUP", note)
    monkeypatch.setattr(os, "getsid", lambda _pid: os.getppid())
    priority.step_back(back=True)  # shinecat outbox flush, beside the person's own programs
    assert not note.exists()
    monkeypatch.setattr(os, "getsid", lambda _pid: os.getpid())
    priority.step_back(back=True)
    assert note.read_text() == "19"
    assert priority.step_back(back=False)
    assert note.read_text() == "0"

    def again(*_args: object, **_options: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(Path, "write_text", again)
    assert not priority.step_back(back=True)
