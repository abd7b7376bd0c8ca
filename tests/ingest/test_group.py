"""Which files become one dataset."""

from __future__ import annotations

from jupyter_shinecat.ingest.document import Place, mint_pid, owner_group_of
from jupyter_shinecat.ingest.group import group
from jupyter_shinecat.ingest.walk import File


def _groups(*paths: str) -> dict[str, list[str]]:
    files = [File(path, 1, 1, number, 1) for number, path in enumerate(paths)]
    return {g.main.path: [file.path for file in g.beside] for g in group(files)}


def test_notes_and_pictures_go_with_the_data_of_their_name() -> None:
    assert _groups("a/run17.h5", "a/run17.txt", "a/run17.h5.json", "a/run17.png", "a/run18.txt", "b/run17.txt") == {
        "a/run17.h5": ["a/run17.txt", "a/run17.h5.json", "a/run17.png"],
        "a/run18.txt": [],
        "b/run17.txt": [],
    }


def test_every_data_file_is_a_dataset() -> None:
    names = ["r1.h5", "r1.lmf", "r1.csv", "r1.tif", "r1.cxi"]
    assert set(_groups(*names)) == set(names)


def test_a_detector_s_parts_go_with_their_master() -> None:
    assert _groups("x_master.h5", "x_data_000001.h5", "x_data_000002.h5", "x_meta.h5", "y_data_000001.h5") == {
        "x_master.h5": ["x_data_000001.h5", "x_data_000002.h5", "x_meta.h5"],
        "y_data_000001.h5": [],
    }


def test_data_of_runs_go_first_and_no_file_is_lost() -> None:
    paths = ["notes.txt", "z.png", "b.csv", "a.tif", "c.h5"]
    found = _groups(*paths)
    assert list(found) == ["c.h5", "a.tif", "b.csv", "z.png", "notes.txt"]


def test_fingerprint_follows_every_file_of_a_group() -> None:
    (one,) = group([File("a.h5", 1, 1, 1, 1), File("a.txt", 1, 1, 2, 1)])
    (other,) = group([File("a.h5", 1, 1, 1, 1), File("a.txt", 1, 2, 2, 1)])
    assert one.fingerprint != other.fingerprint


def test_owner_group_by_longest_folder_prefix() -> None:
    groups = {"GET": "GET", "GET/p99": "AMO", ".": "SHINE"}
    assert owner_group_of("GET/p1/a.h5", groups) == "GET"
    assert owner_group_of("GET/p99/a.h5", groups) == "AMO"
    assert owner_group_of("GETTING/a.h5", groups) == "SHINE"
    assert owner_group_of("a.h5", {"GET": "GET"}) is None
    assert owner_group_of("a.h5", "SHINE") == "SHINE"


def test_pids_are_the_same_every_time_and_differ_by_host_and_generation() -> None:
    place = Place("SHINE 上海", "daq1", "/data", "u", "u@x.org")
    other = Place("SHINE 上海", "daq2", "/data", "u", "u@x.org")
    pid = mint_pid(place, "a/b.h5", 0)
    assert pid == mint_pid(place, "a/b.h5", 0)
    assert pid.startswith("SHINE/")
    assert len({pid, mint_pid(place, "a/b.h5", 1), mint_pid(other, "a/b.h5", 0), mint_pid(place, "a/c.h5", 0)}) == 4
