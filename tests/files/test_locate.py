"""Files of a dataset on this machine: states, and paths that must not lead out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_shinecat.files import Outside, PathMapError, beneath, locate, maps_from_environment, parse_maps
from jupyter_shinecat.scicat import DataFile, Dataset


def dataset(folder: Path | str, host: str = "") -> Dataset:
    return Dataset({"pid": "p/1", "datasetName": "run", "sourceFolder": str(folder), "sourceFolderHost": host})


def file(path: str, size: int = 3) -> DataFile:
    return DataFile(path, size)


@pytest.mark.parametrize("name", ["a.h5", "sub/b c%2F.h5", 'it\'s "quoted" [x]+#?.h5', "溶菌酶 第1次.h5", "100%.h5"])
def test_any_name_is_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("abc")
    found = locate(dataset(tmp_path), file(name))
    assert (found.state, found.path) == ("ok", tmp_path / name)


def test_absolute_path_in_its_own_folder_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    assert locate(dataset(tmp_path), file(str(tmp_path / "a"))).state == "ok"


def test_absolute_path_of_a_mapped_folder_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    maps = parse_maps([{"host": "daq1", "from": "/gpfs/raw", "to": str(tmp_path)}])
    assert locate(dataset("/gpfs/raw", "daq1"), file("/gpfs/raw/a"), maps).state == "ok"


@pytest.mark.parametrize("path", ["../secret", "x/../../secret", "/etc/passwd", "", "a\0b", ".."])
def test_paths_that_climb_out_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret").write_text("abc")
    found = locate(dataset(tmp_path / "data"), file(path))
    assert (found.state, found.path) == ("unreadable", None)
    with pytest.raises(Outside):
        beneath(str(tmp_path / "data"), path)


def test_link_out_of_the_folder_is_refused_and_link_inside_is_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret").write_text("abc")
    (tmp_path / "data" / "real").write_text("abc")
    (tmp_path / "data" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "data" / "in").symlink_to("real")
    (tmp_path / "data" / "up").symlink_to(tmp_path)
    assert locate(dataset(tmp_path / "data"), file("out")).state == "unreadable"
    assert locate(dataset(tmp_path / "data"), file("up/secret")).state == "unreadable"
    assert locate(dataset(tmp_path / "data"), file("in")).path == tmp_path / "data" / "real"


def test_links_between_folders_of_one_mapped_root_are_followed(tmp_path: Path) -> None:
    (tmp_path / "pool").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "pool" / "a").write_text("abc")
    (tmp_path / "run" / "a").symlink_to(tmp_path / "pool" / "a")
    maps = parse_maps([{"host": "*", "from": "/raw", "to": str(tmp_path)}])
    assert locate(dataset("/raw/run"), file("a"), maps).path == tmp_path / "pool" / "a"


def test_states_of_files_that_are_not_as_catalogued(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("a")
    (tmp_path / "long").write_text("abcdef")
    (tmp_path / "unknown size").write_text("abc")
    (tmp_path / "folder").mkdir()
    (tmp_path / "else where").mkdir()
    (tmp_path / "else where" / "moved.h5").write_text("abc")
    states = {name: locate(dataset(tmp_path), file(name)) for name in ("short", "long", "folder", "moved.h5", "gone")}
    assert {name: found.state for name, found in states.items()} == {
        "short": "truncated",
        "long": "changed",
        "folder": "unreadable",
        "moved.h5": "moved",
        "gone": "missing",
    }
    assert states["moved.h5"].path == tmp_path / "else where" / "moved.h5"
    assert all(found.reason and found.do for found in states.values())
    assert locate(dataset(tmp_path), file("unknown size", 0)).state == "ok"


def test_missing_folder_says_so(tmp_path: Path) -> None:
    found = locate(dataset(tmp_path / "gone"), file("a"))
    assert found.state == "missing"
    assert str(tmp_path / "gone") in found.reason


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("abc")
    (tmp_path / "a").chmod(0)
    if os.geteuid() == 0:  # root may read everything: ask as anybody else would be answered
        monkeypatch.setattr(os, "access", lambda path, _mode: bool(os.stat(path).st_mode & 0o444))
    assert locate(dataset(tmp_path), file("a")).state == "unreadable"


def test_name_too_long_for_the_system_is_a_state_and_no_exception(tmp_path: Path) -> None:
    assert locate(dataset(tmp_path), file("x" * 5000)).state == "unreadable"


def test_folder_of_another_host_needs_a_map(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("abc")
    maps = parse_maps([{"host": "daq1", "from": "/data", "to": str(tmp_path)}])
    assert locate(dataset("/data", "daq1"), file("a"), maps).state == "ok"
    assert locate(dataset("/data", "DAQ1"), file("a"), maps).state == "ok"
    other = locate(dataset("/data", "daq2"), file("a"), maps)
    assert other.state == "unmapped"
    assert "daq2" in other.reason
    # Without any map all machines share their file systems.
    assert locate(dataset(tmp_path, "daq2"), file("a")).state == "ok"


def test_first_map_that_fits_wins_and_prefixes_are_whole_folders(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("abc")
    maps = parse_maps(
        [
            {"host": "h", "from": "/data/special", "to": str(tmp_path / "one")},
            {"host": "h", "from": "/data", "to": str(tmp_path)},
        ]
    )
    assert locate(dataset("/data/special", "h"), file("a"), maps).path == tmp_path / "one" / "a"
    assert locate(dataset("/data/two", "h"), file("a"), maps).path == tmp_path / "two" / "a"
    assert locate(dataset("/database", "h"), file("a"), maps).state == "unmapped"


@pytest.mark.parametrize("folder", ["relative", "", "/data/../etc"])
def test_folder_that_is_no_absolute_path_is_never_opened(folder: str) -> None:
    assert locate(dataset(folder), file("passwd")).state == "unmapped"


@pytest.mark.parametrize("text", ["{", "{}", '"x"', "[1]", '[{"from": "data", "to": "/x"}]', '[{"from": "/data"}]'])
def test_maps_that_make_no_sense_are_named(text: str) -> None:
    with pytest.raises(PathMapError):
        maps_from_environment({"SHINECAT_PATH_MAPS": text})


def test_no_maps() -> None:
    assert maps_from_environment({}) == ()
