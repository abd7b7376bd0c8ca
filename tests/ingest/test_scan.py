"""A folder becomes datasets of a real catalog, once, and follows what happens to its files."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Any

import h5py
import pytest

from jupyter_shinecat.ingest import ScanError, ScanReport, scan
from jupyter_shinecat.scicat import CatalogClient, Dataset
from jupyter_shinecat.testing.catalog import CatalogProcess

NAME = "溶菌酶 [batch 3]+甘油 (run 17) 100%.h5"


def _measure(path: Path, **values: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, value in {"photon_energy": 9.35, **values}.items():
            file.create_dataset(name, data=value).attrs["units"] = "keV"
        file.attrs["sample"], file.attrs["start_time"] = "lysozyme", "2021-03-05T09:12:40+08:00"
        file.create_dataset("frames", data=[[1, 2], [3, 4]])
    return path


def _scan(folder: Path, client: CatalogClient, **options: Any) -> ScanReport:
    report = scan(folder, client, **{"owner_group": "GET", "host": "daq1", "workers": 1, **options})
    assert report.accounted == report.files, report.to_dict()
    return report


def _datasets(client: CatalogClient, folder: Path) -> list[Dataset]:
    return [d for d in client.find({}, limit=10_000) if d.source_folder.startswith(str(folder))]


def test_a_dataset_tells_where_its_files_are_and_what_they_say(client: CatalogClient, tmp_path: Path) -> None:
    path = _measure(tmp_path / "p2345/r0017" / NAME)
    path.with_suffix(".txt").write_text("Jet stable.\n")
    report = _scan(tmp_path, client, access_groups=["SHINE"])
    assert report.with_metadata == {"hdf5": 1}
    assert report.beside == 1
    (dataset,) = _datasets(client, tmp_path)
    assert dataset.pid == report.datasets[0].pid
    assert (dataset.name, dataset.type, dataset.owner_group) == (NAME, "raw", "GET")
    assert dataset.access_groups == ["SHINE"]
    assert (dataset.source_folder, dataset.source_folder_host) == (str(path.parent), "daq1")
    assert dataset.proposal_ids == ["2345"]
    assert dataset.doc["runNumber"] == "17"
    assert dataset.doc["creationTime"] == "2021-03-05T01:12:40.000Z"
    assert dataset.metadata["photon_energy"]["value"] == 9.35
    assert dataset.metadata["photon_energy"]["unit"] == "keV"
    assert dataset.metadata["photon_energy"]["unitSI"] == "(kg m^2) / s^2"
    assert dataset.metadata["sample_name"] == "lysozyme"
    files = {file.path: file for file in client.files(dataset.pid)}
    assert set(files) == {NAME, path.with_suffix(".txt").name}
    assert files[NAME].size_bytes == path.stat().st_size
    assert len(files[NAME].checksum) == 64
    assert dataset.number_of_files == 2


def test_a_second_scan_writes_nothing(client: CatalogClient, tmp_path: Path) -> None:
    for number in range(3):
        _measure(tmp_path / f"run{number}.h5")
    first = _scan(tmp_path, client)
    before = {d.pid: d.doc["updatedAt"] for d in _datasets(client, tmp_path)}
    second = _scan(tmp_path, client)
    assert second.unchanged == 3
    assert {d.pid for d in second.datasets} == {d.pid for d in first.datasets}
    assert {d.pid: d.doc["updatedAt"] for d in _datasets(client, tmp_path)} == before


def test_a_changed_file_updates_its_dataset_and_keeps_what_people_wrote(client: CatalogClient, tmp_path: Path) -> None:
    path = _measure(tmp_path / "run1.h5")
    pid = _scan(tmp_path, client).datasets[0].pid
    edited = client.dataset(pid).metadata | {"quality": "good", "sample_name": "HEWL"}
    client.patch_dataset(pid, {"scientificMetadata": edited, "keywords": ["hdf5", "keep"]})
    _measure(path, photon_energy=8.0, extra=[1.0] * 500)
    report = _scan(tmp_path, client)
    assert [(d.pid, d.change) for d in report.datasets] == [(pid, "updated")]
    dataset = client.dataset(pid)
    assert dataset.metadata["photon_energy"]["value"] == 8.0
    assert (dataset.metadata["quality"], dataset.metadata["sample_name"]) == ("good", "HEWL")
    assert "keep" in dataset.keywords
    (file,) = client.files(pid)
    assert file.size_bytes == dataset.size_bytes == path.stat().st_size
    assert dataset.number_of_files == 1


def test_lost_state_finds_the_same_datasets_again(
    client: CatalogClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    for number in range(3):
        _measure(folder / f"sub {number}/same.h5")
    first = {d.path: d.pid for d in _scan(folder, client).datasets}
    monkeypatch.setenv("SHINECAT_STATE", str(tmp_path / "another state"))
    again = _scan(folder, client)
    assert {d.path: d.pid for d in again.datasets} == first
    assert len(_datasets(client, folder)) == 3
    assert all(len(client.files(pid)) == 1 for pid in first.values())


def test_a_moved_file_keeps_its_dataset(client: CatalogClient, tmp_path: Path) -> None:
    path = _measure(tmp_path / "inbox/run1.h5")
    pid = _scan(tmp_path, client).datasets[0].pid
    (tmp_path / "sorted").mkdir()
    os.rename(path, tmp_path / "sorted/run0001.h5")
    report = _scan(tmp_path, client)
    assert [(d.pid, d.change) for d in report.datasets] == [(pid, "moved")]
    (dataset,) = _datasets(client, tmp_path)
    assert dataset.source_folder == str(tmp_path / "sorted")
    assert [file.path for file in client.files(pid)] == ["run0001.h5"]
    assert _scan(tmp_path, client).unchanged == 1


def test_a_deleted_file_s_dataset_stays_and_a_new_one_at_its_path_is_another(
    client: CatalogClient, tmp_path: Path
) -> None:
    path = _measure(tmp_path / "run1.h5")
    pid = _scan(tmp_path, client).datasets[0].pid
    path.unlink()
    assert _scan(tmp_path, client).gone == ["run1.h5"]
    _measure(path, photon_energy=7.0)
    os.utime(path, (1, 1))
    report = _scan(tmp_path, client)
    assert report.datasets[0].change == "new"
    assert report.datasets[0].pid != pid
    assert len(_datasets(client, tmp_path)) == 2


def test_what_can_t_be_read_is_catalogued_with_its_reason_or_listed(client: CatalogClient, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    good = _measure(folder / "good.h5")
    (folder / "cut.h5").write_bytes(good.read_bytes()[:1000])
    (folder / "empty.h5").touch()
    (folder / "copying.h5.part").write_bytes(b"x")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        (folder / "broken").symlink_to("nowhere")
        (folder / "inside").symlink_to("good.h5")
        (tmp_path / "outside.h5").write_bytes(b"secret")
        (folder / "outside").symlink_to("../outside.h5")
        (folder / "loop").symlink_to(".")
        report = _scan(folder, client)
    assert report.files == 10
    assert report.with_metadata == {"hdf5": 1}
    assert {(o.path, o.kind) for o in report.without_metadata} == {("cut.h5", "truncated"), ("empty.h5", "unsupported")}
    assert {o.path: o.kind for o in report.not_catalogued} == {
        "copying.h5.part": "temporary", "pipe": "special", "socket": "special", "broken": "broken-link",
        "inside": "link", "outside": "outside-link", "loop": "link",
    }  # fmt: skip
    assert all(outcome.reason for outcome in report.not_catalogued)
    named = {dataset.name: dataset for dataset in _datasets(client, folder)}
    assert set(named) == {"good.h5", "cut.h5", "empty.h5"}
    assert "metadata-unreadable" in named["cut.h5"].keywords
    assert named["cut.h5"].metadata == {}
    assert "cut off" in named["cut.h5"].doc["comment"]


def test_a_repaired_file_loses_its_mark(client: CatalogClient, tmp_path: Path) -> None:
    path = tmp_path / "run1.h5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert len(_scan(tmp_path, client).without_metadata) == 1
    _measure(path)
    assert _scan(tmp_path, client).with_metadata == {"hdf5": 1}
    (dataset,) = _datasets(client, tmp_path)
    assert "metadata-unreadable" not in dataset.keywords
    assert not dataset.doc.get("comment")
    assert dataset.metadata["sample_name"] == "lysozyme"


def test_names_that_are_no_unicode_are_catalogued(client: CatalogClient, tmp_path: Path) -> None:
    path = _measure(tmp_path / "a.h5")
    os.rename(path, os.fsencode(tmp_path) + b"/\xff run1.h5")
    assert _scan(tmp_path, client).with_metadata == {"hdf5": 1}
    assert [d.name for d in _datasets(client, tmp_path)] == ["\\xff run1.h5"]
    assert _scan(tmp_path, client).unchanged == 1


def test_groups_by_folder_and_groups_one_is_not_in(client: CatalogClient, tmp_path: Path) -> None:
    for folder in ("GET", "AMO", "other"):
        _measure(tmp_path / folder / "a.h5")
    report = _scan(tmp_path, client, owner_group={"GET": "GET", "AMO": "AMO"})
    assert [d.path for d in report.datasets] == ["GET/a.h5"]
    assert {o.path: o.kind for o in report.not_catalogued} == {"AMO/a.h5": "refused", "other/a.h5": "no-owner-group"}


def test_the_same_file_of_two_hosts_is_two_datasets(client: CatalogClient, tmp_path: Path) -> None:
    _measure(tmp_path / "a.h5")
    pids = {_scan(tmp_path, client, host=host).datasets[0].pid for host in ("daq1", "daq2", "daq1")}
    assert len(pids) == 2


def test_nothing_in_the_folder_changes(client: CatalogClient, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _measure(folder / "p1/a.h5")
    (folder / "p1/a.txt").write_text("x")
    os.mkfifo(folder / "pipe")

    def look() -> list[tuple[str, int, int, int]]:
        found = []
        for where, folders, files in os.walk(folder):
            for name in ["", *folders, *files]:
                status = os.lstat(os.path.join(where, name))
                found.append((os.path.join(where, name), status.st_size, status.st_mtime_ns, status.st_mode))
        return sorted(found)

    before = look()
    _scan(folder, client)
    assert look() == before


def test_dry_run_writes_nothing_and_counts_the_same(client: CatalogClient, tmp_path: Path) -> None:
    _measure(tmp_path / "a.h5")
    (tmp_path / "b.bin").write_bytes(b"\x00\x01")
    dry = _scan(tmp_path, client, dry_run=True)
    assert _datasets(client, tmp_path) == []
    real = _scan(tmp_path, client)
    assert dry.with_metadata == real.with_metadata
    assert [o.path for o in dry.without_metadata] == [o.path for o in real.without_metadata]


def test_a_file_that_grows_meanwhile_says_so_and_is_looked_at_again(
    client: CatalogClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _measure(tmp_path / "a.h5")
    from jupyter_shinecat.formats import Sandbox

    real = Sandbox.extract

    def extract(self: Sandbox, *args: Any, **kwargs: Any) -> Any:
        result = real(self, *args, **kwargs)
        with path.open("ab") as file:
            file.write(b"more")
        return result

    monkeypatch.setattr(Sandbox, "extract", extract)
    report = _scan(tmp_path, client)
    assert [o.kind for o in report.without_metadata] == ["being-written"]
    monkeypatch.undo()
    monkeypatch.setenv("SHINECAT_LANG", "en")
    assert scan(tmp_path, client, owner_group="GET", host="daq1").with_metadata == {"hdf5": 1}


def test_progress_counts_up_to_all_files(client: CatalogClient, tmp_path: Path) -> None:
    for number in range(4):
        _measure(tmp_path / f"{number}.h5")
    (tmp_path / "3.txt").write_text("x")
    seen: list[tuple[int, int]] = []
    _scan(tmp_path, client, progress=lambda done, total, _path: seen.append((done, total)))
    assert seen[-1] == (5, 5)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_a_folder_that_is_none(client: CatalogClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ScanError, match=name):
        scan(tmp_path / name, client, owner_group="GET")


def test_an_emptied_catalog_gets_everything_again(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _measure(folder / "a.h5")
    with CatalogClient(plain_catalog.url, plain_catalog.token("zhangxf")) as client:
        first = _scan(folder, client).datasets[0].pid
    plain_catalog.stop()
    keep = plain_catalog.folder / "test-accounts.json"
    for entry in plain_catalog.folder.iterdir():
        if entry != keep:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    plain_catalog.start()
    with CatalogClient(plain_catalog.url, plain_catalog.token("zhangxf")) as client:
        report = _scan(folder, client)
        assert (report.datasets[0].pid, report.unchanged) == (first, 0)
        assert [d.pid for d in _datasets(client, folder)] == [first]
        assert len(client.files(first)) == 1


def test_many_files_need_no_time_when_nothing_changed(client: CatalogClient, tmp_path: Path) -> None:
    """The second scan asks the catalog a fixed number of questions, however many files there are."""
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("note\n")
    _scan(tmp_path, client)
    calls: list[object] = []
    send = client.send
    client.send = lambda operation: (calls.append(operation), send(operation))[1]  # type: ignore[method-assign]
    _scan(tmp_path, client)
    assert len(calls) <= 3
