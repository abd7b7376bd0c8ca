"""Reading the spool: nothing is read twice, nothing is skipped, and files are followed to where they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_shinecat.outbox.candidates import candidates
from jupyter_shinecat.outbox.session import Session
from jupyter_shinecat.outbox.spool import Bookmarks, SpoolFile


def lines_of(*told: dict[str, object]) -> bytes:
    return b"".join(json.dumps({"t": i, **line}).encode() + b"\n" for i, line in enumerate(told))


def session_of(*told: dict[str, object], cwd: str = "/home/me/work") -> Session:
    session = Session("s", {"session": "s", "cwd": cwd})
    file = SpoolFile(Path("x.jsonl"))
    for i, line in enumerate(told):
        session.add(file, {"t": float(i), **line}, replay=False)
    return session


def test_partial_last_line_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "20260101T000000-7-a.jsonl"
    whole = lines_of({"k": "cell", "run": 1}, {"k": "end", "run": 1})
    path.write_bytes(whole[:-5])
    file = SpoolFile(path)
    assert [line["k"] for _, line in file.read()] == ["cell"]
    path.write_bytes(whole)
    assert [line["k"] for _, line in file.read()] == ["end"]
    assert file.read() == []
    assert file.garbage == 0
    assert file.pid == 7


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(cuts=st.lists(st.integers(0, 400), max_size=8), junk=st.binary(max_size=60))
def test_any_cut_of_the_file_gives_the_same_lines(tmp_path: Path, cuts: list[int], junk: bytes) -> None:
    junk = junk.replace(b"\n", b"")
    content = lines_of({"k": "cell", "run": 1, "code": "溶菌酶"}) + junk + b"\n" + lines_of({"k": "end", "run": 1})
    path = tmp_path / "x.jsonl"
    path.unlink(missing_ok=True)
    file, seen = SpoolFile(path), []
    for cut in [*sorted(cuts), len(content)]:
        path.write_bytes(content[:cut])
        seen += [line["k"] for _, line in file.read()]
    assert seen[0] == "cell"
    assert seen[-1] == "end"
    assert file.offset == len(content)


def test_bookmark_survives_and_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines_of({"k": "cell", "run": 1}))
    marks = Bookmarks(tmp_path / "outbox")
    file = marks.open(path)
    assert file.saved == 0
    file.read()
    marks.save(file)
    again = Bookmarks(tmp_path / "outbox").open(path)
    assert again.saved == path.stat().st_size
    marks.save(again)  # not read yet: must not move the mark back
    assert Bookmarks(tmp_path / "outbox").open(path).saved == path.stat().st_size


def test_files_are_followed_through_renames_and_removals() -> None:
    session = session_of(
        {"k": "write", "run": 1, "path": "/w/a.tmp"},
        {"k": "rename", "run": 1, "src": "/w/a.tmp", "dst": "/w/a.h5"},
        {"k": "write", "run": 1, "path": "/w/dir/b.h5"},
        {"k": "write", "run": 1, "path": "/w/dir/c.h5"},
        {"k": "remove", "run": 1, "path": "/w/dir/c.h5"},
        {"k": "rename", "run": 2, "src": "/w/dir", "dst": "/w/new"},
        {"k": "write", "run": 2, "path": "/w/a.h5"},
    )
    assert session.written(1) == {"/w/a.h5": 0.0, "/w/new/b.h5": 2.0}
    assert session.written(2) == {"/w/a.h5": 6.0}
    assert session.owners()["/w/a.h5"] == {1: 0.0, 2: 6.0}
    assert session.follow("/w/dir/b.h5", 3.0) == "/w/new/b.h5"
    assert session.follow("/w/dir/b.h5", 99.0) == "/w/dir/b.h5"


def test_file_moved_in_from_a_program_is_a_result_only_where_results_are_meant_to_be() -> None:
    session = session_of(
        {"k": "cell", "run": 1, "code": "!make x; mv"},
        {"k": "rename", "run": 1, "src": "/scratch/x.h5", "dst": "/home/me/results/x.h5"},
        {"k": "rename", "run": 1, "src": "/scratch/y.h5", "dst": "/home/me/work/y.h5"},
        {"k": "end", "run": 1, "inputs": [{"pid": "p", "certain": True}], "runs": [1]},
    )
    made = candidates(session, session.runs[1], Path("/home/me/results"), lambda path: False)
    assert [found["paths"] for _, found in made] == [["/home/me/results/x.h5"]]


def test_forked_child_writes_for_its_parents_run() -> None:
    session = Session("s", {"session": "s", "cwd": "/home/me/work"})
    parent, child = SpoolFile(Path("1.jsonl")), SpoolFile(Path("2.jsonl"))
    session.add(parent, {"k": "cell", "t": 0.0, "run": 1, "code": "pool.map(...)"}, replay=False)
    session.add(child, {"k": "write", "t": 1.0, "run": 1, "path": "/home/me/work/part.h5"}, replay=False)
    session.add(parent, {"k": "end", "t": 2.0, "run": 1, "inputs": [{"pid": "p", "certain": True}]}, replay=False)
    ((_, found),) = candidates(session, session.runs[1], Path("/r"), lambda path: False)
    assert found["paths"] == ["/home/me/work/part.h5"]
    assert found["inputs"] == [{"pid": "p", "certain": True}]


def test_key_of_a_candidate_is_the_same_each_time_it_is_found() -> None:
    told = (
        {"k": "cell", "run": 1, "code": "save"},
        {"k": "write", "run": 1, "path": "/home/me/work/a.h5"},
        {"k": "end", "run": 1, "inputs": [{"pid": "p", "certain": True}], "runs": [1]},
    )
    keys = set()
    for _ in range(2):
        session = session_of(*told)
        keys |= {key for key, _ in candidates(session, session.runs[1], Path("/r"), lambda path: False)}
    assert len(keys) == 1


def test_folder_of_a_session_in_the_root_does_not_make_everything_a_result() -> None:
    session = session_of(
        {"k": "cell", "run": 1, "code": "save"},
        {"k": "write", "run": 1, "path": "/srv/data/a.h5"},
        {"k": "end", "run": 1, "inputs": [{"pid": "p", "certain": True}]},
        cwd="/",
    )
    assert candidates(session, session.runs[1], Path("/r"), lambda path: False) == []


def test_derived_may_name_a_folder(tmp_path: Path) -> None:
    for name in ("a.h5", "sub/b.h5", ".hidden/c.h5", ".DS_Store", "cube.zarr/.zgroup"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    os.symlink("/etc", tmp_path / "link")
    session = session_of(
        {"k": "cell", "run": 1, "code": "derived"},
        {"k": "derived", "run": 1, "name": "all of it", "paths": [str(tmp_path)]},
        {"k": "end", "run": 1, "inputs": []},
    )
    ((_, found),) = candidates(session, session.runs[1], Path("/r"), lambda path: False)
    assert found["paths"] == [str(tmp_path / name) for name in ("a.h5", "cube.zarr/.zgroup", "sub/b.h5")]
    assert found["name"] == "all of it"
