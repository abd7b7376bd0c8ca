"""``shinecat scan`` as people and stations run it: what it prints, how it ends, and that a kill loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest

from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.testing.catalog import CatalogProcess

# Long ones: at the profile that takes no identifiers of ours; at the other one in `make soak`.
STRICTER = pytest.mark.parametrize(
    "catalog", [pytest.param("shinecat", marks=pytest.mark.soak), "scicat-5"], indirect=True
)


def _command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "jupyter_shinecat", "scan", str(folder), "--host", "daq1", *options]


def _environment(catalog: CatalogProcess | None, user: str = "zhangxf", **more: str) -> dict[str, str]:
    environment = {**os.environ, **more}
    if catalog is not None:
        environment |= {"SHINECAT_CATALOG_URL": catalog.url, "SHINECAT_TOKEN": catalog.token(user)}
    return environment


def _run(folder: Path, *options: str, catalog: CatalogProcess | None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(folder, *options), env=_environment(catalog, **more), capture_output=True, text=True, timeout=120
    )


def _files(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        with h5py.File(folder / f"运行 {number:03d} [a]+b.h5", "w") as file:
            file.create_dataset("energy", data=float(number)).attrs["units"] = "keV"


def test_counts_and_reasons_are_printed_and_unreadable_files_are_no_error(
    catalog: CatalogProcess, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    _files(folder, 2)
    (folder / "cut\x1b[31m.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50))
    (folder / "away").symlink_to("nowhere")
    done = _run(folder, "--owner-group", "GET", catalog=catalog)
    assert done.returncode == 0, done.stderr
    assert f"4 files in {folder}" in done.stdout
    assert "2 catalogued with metadata: hdf5 2" in done.stdout
    assert "cut\\x1b[31m.h5: the file is" in done.stdout
    assert "away: a link to a file that is not there" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_json_report(catalog: CatalogProcess, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _files(folder, 2)
    report = json.loads(_run(folder, "--owner-group", "GET", "--json", catalog=catalog).stdout)
    assert report["files"] == 2
    assert report["with_metadata"] == {"hdf5": 2}
    assert [d["change"] for d in report["datasets"]] == ["new", "new"]


def test_chinese(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _files(folder, 1)
    done = _run(folder, "--owner-group", "GET", catalog=plain_catalog, SHINECAT_LANG="zh_CN")
    assert done.returncode == 0
    assert str(folder) in done.stdout


def test_owner_groups_from_a_file(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    _files(folder / "GET", 1)
    _files(folder / "shared", 1)
    mapping = tmp_path / "groups.json"
    mapping.write_text(json.dumps({"GET": "GET"}))
    done = _run(folder, "--owner-groups", str(mapping), "--owner-group", "SHINE", "--json", catalog=plain_catalog)
    with CatalogClient(plain_catalog.url, plain_catalog.token("zhangxf")) as client:
        owners = {
            d["path"].split("/")[0]: client.dataset(d["pid"]).owner_group for d in json.loads(done.stdout)["datasets"]
        }
    assert owners == {"GET": "GET", "shared": "SHINE"}


def test_which_group_is_asked_when_there_are_several(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    done = _run(tmp_path, catalog=plain_catalog)
    assert done.returncode == 1
    assert "GET" in done.stderr
    assert "--owner-group" in done.stderr


def test_a_catalog_that_is_not_there(tmp_path: Path) -> None:
    done = _run(tmp_path, "--owner-group", "GET", catalog=None, SHINECAT_CATALOG_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "http://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_expired_token(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    _files(tmp_path / "data", 1)
    environment = _environment(plain_catalog) | {"SHINECAT_TOKEN": "e30.e30.x"}
    done = subprocess.run(
        _command(tmp_path / "data", "--owner-group", "GET"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    assert "sign" in done.stderr.lower()
    assert "e30" not in done.stdout + done.stderr


def test_a_missing_folder(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    done = _run(tmp_path / "missing", "--owner-group", "GET", catalog=plain_catalog)
    assert done.returncode == 1
    assert "missing" in done.stderr


def test_dry_run_needs_no_catalog(tmp_path: Path) -> None:
    _files(tmp_path / "data", 2)
    done = _run(tmp_path / "data", "--dry-run", catalog=None)
    assert done.returncode == 0, done.stderr
    assert "2 catalogued with metadata" in done.stdout
    assert "Nothing was written" in done.stdout


def _pids(client: CatalogClient, folder: Path) -> list[str]:
    return [d.pid for d in client.find({"sourceFolder": str(folder)}, limit=10_000)]


def _wait_for(client: CatalogClient, folder: Path, count: int, scan: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while len(_pids(client, folder)) < count:
        assert scan.poll() is None, "the scan ended before it could be disturbed"
        assert time.monotonic() < deadline


@pytest.mark.slow
@STRICTER
def test_a_scan_killed_again_and_again_loses_and_doubles_nothing(catalog: CatalogProcess, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _files(folder, 60)
    with CatalogClient(catalog.url, catalog.token("zhangxf")) as client:
        for goal in (1, 9, 23):
            scan = subprocess.Popen(
                _command(folder, "--owner-group", "GET"), env=_environment(catalog), stdout=subprocess.DEVNULL
            )
            _wait_for(client, folder, goal, scan)
            scan.kill()
            scan.wait()
        done = _run(folder, "--owner-group", "GET", "--json", catalog=catalog)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        pids = _pids(client, folder)
        assert len(pids) == len(set(pids)) == 60
        assert {d["pid"] for d in report["datasets"]} == set(pids)
        for pid in pids:
            assert len(client.origdatablocks(pid)) == 1
            dataset = client.dataset(pid)
            assert dataset.number_of_files == 1
            assert dataset.metadata["energy"]["unit"] == "keV"


@pytest.mark.slow
def test_a_catalog_that_goes_away_in_the_middle(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _files(folder, 80)
    environment = _environment(plain_catalog)
    with CatalogClient(plain_catalog.url, plain_catalog.token("zhangxf")) as client:
        scan = subprocess.Popen(
            _command(folder, "--owner-group", "GET"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        _wait_for(client, folder, 5, scan)
    plain_catalog.kill()
    _, errors = scan.communicate(timeout=60)
    assert scan.returncode == 1
    assert b"The scan has stopped" in errors
    assert b"Traceback" not in errors
    plain_catalog.start()
    done = _run(folder, "--owner-group", "GET", "--json", catalog=plain_catalog)
    assert done.returncode == 0, done.stderr
    with CatalogClient(plain_catalog.url, plain_catalog.token("zhangxf")) as client:
        pids = _pids(client, folder)
        assert len(pids) == len(set(pids)) == 80
        assert all(len(client.origdatablocks(pid)) == 1 for pid in pids)


@pytest.mark.slow
def test_two_scans_of_one_folder_at_once(plain_catalog: CatalogProcess, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _files(folder, 80)
    environment = _environment(plain_catalog)
    first = subprocess.Popen(_command(folder, "--owner-group", "GET"), env=environment, stdout=subprocess.DEVNULL)
    with CatalogClient(plain_catalog.url, plain_catalog.token("zhangxf")) as client:
        _wait_for(client, folder, 1, first)
        first.send_signal(signal.SIGSTOP)
    try:
        second = _run(folder, "--owner-group", "GET", catalog=plain_catalog)
    finally:
        first.send_signal(signal.SIGCONT)
    assert second.returncode == 1
    assert "Another scan" in second.stderr
    assert first.wait(timeout=60) == 0


@pytest.mark.slow
@STRICTER  # the circle (tests/e2e) scans it at the other profile
def test_the_whole_corpus(catalog: CatalogProcess, corpus: Path, tmp_path: Path) -> None:
    done = _run(corpus, "--owner-group", "GET", "--json", catalog=catalog)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["files"] == sum(1 for path in corpus.rglob("*") if not path.is_dir())
    counted = sum(report["with_metadata"].values()) + len(report["without_metadata"]) + report["beside"]
    assert counted + len(report["not_catalogued"]) + report["unchanged"] == report["files"]
    assert report["not_catalogued"] == []
    assert len({d["pid"] for d in report["datasets"]}) == report["files"] - report["beside"]
    assert all(outcome["reason"] for outcome in report["without_metadata"])
