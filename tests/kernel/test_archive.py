"""Archived datasets: what opening them says, and the job that brings them back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import jupyter_shinecat as sc
from jupyter_shinecat.kernel import archive as archive_module
from jupyter_shinecat.kernel.archive import is_archived, retrieve
from jupyter_shinecat.kernel.errors import FileProblem
from jupyter_shinecat.scicat import CatalogClient, CatalogUnavailable, Dataset, operations, quote_pid
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog

ARCHIVED = {
    "archivable": False,
    "retrievable": True,
    "isOnCentralDisk": False,
    "archiveStatusMessage": "datasetOnArchiveDisk",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogProcess]:
    folder = tmp_path_factory.mktemp("archive")
    jobs = {"configVersion": "1", "jobs": [{"jobType": "retrieve", "create": {"auth": "#datasetAccess"},
                                            "update": {"auth": "#all"}}]}  # fmt: skip
    (folder / "jobs.yaml").write_text(json.dumps(jobs))
    with running_catalog(folder / "data", settings={"JOB_CONFIGURATION_FILE": str(folder / "jobs.yaml")}) as catalog:
        yield catalog


def archived(catalog: CatalogProcess, **lifecycle: Any) -> str:
    with CatalogClient(catalog.url, catalog.token("admin")) as client:
        doc = {"ownerGroup": "GET", "contactEmail": "x@example.org", "sourceFolder": "/purged/run", "type": "raw",
               "creationTime": "2026-03-01T10:00:00Z", "datasetName": "old run"}  # fmt: skip
        pid = client.create_dataset(doc).pid
        entry = {"path": "a.h5", "size": 5, "time": "2026-03-01T10:00:00Z"}
        client.create_origdatablock(pid, {"size": 5, "dataFileList": [entry]})
        path = f"/api/v3/datasets/{quote_pid(pid)}/datasetlifecycle"
        client.send(operations.Operation("archive", "PATCH", path, dict, body={**ARCHIVED, **lifecycle}))
    return pid


def at(catalog: CatalogProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHINECAT_CATALOG_URL", catalog.url)
    monkeypatch.setenv("SHINECAT_TOKEN", catalog.token("zhangxf"))


def run_job(catalog: CatalogProcess, pid: str, *states: str) -> threading.Thread:
    """An archive that works off the job of a dataset, once there is one."""

    def work() -> None:
        with CatalogClient(catalog.url, catalog.token("admin")) as client:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                for job in client.send(operations.listed("jobs", {})):
                    if job["datasetList"] and job["datasetList"][0]["pid"] == pid:
                        for state in states:
                            body = {"statusCode": state, "statusMessage": f"now {state}"}
                            path = f"/api/v4/jobs/{quote_pid(job['id'])}"
                            client.send(operations.Operation("work", "PATCH", path, dict, body=body))
                        return
                time.sleep(0.05)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("lifecycle", "expected"),
    [
        ({}, False),
        (None, False),
        (
            {
                "archivable": True,
                "retrievable": False,
                "isOnCentralDisk": True,
                "archiveStatusMessage": "datasetCreated",
            },
            False,
        ),
        ({"isOnCentralDisk": False}, True),
        ({"archiveStatusMessage": "datasetOnArchiveDisk"}, True),
        ({"retrievable": True}, True),
        ({"retrievable": True, "isOnCentralDisk": False, "retrieveStatusMessage": "datasetRetrieved"}, False),
    ],
)
def test_what_counts_as_archived(lifecycle: Any, expected: bool) -> None:
    assert is_archived(Dataset({"pid": "x", "datasetlifecycle": lifecycle})) is expected


def test_retrieve_waits_with_progress(archive, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    at(archive, monkeypatch)
    pid = archived(archive)
    ds = sc.open(pid)
    with pytest.raises(FileProblem, match=r"are in the archive.*ds\.retrieve\(\) asks for them back") as caught:
        ds.h5()
    assert caught.value.state == "archived"
    assert ds.files.state.tolist() == ["archived"]
    assert "in the archive; ds.retrieve() asks for the files back" in repr(ds)
    thread = run_job(archive, pid, "finishedSuccessful")
    ds.retrieve(timeout_s=60, poll_s=0.1)
    thread.join(60)
    said = capsys.readouterr().out
    assert "Retrieving old run" in said
    assert "now finishedSuccessful" in said


def test_retrieve_that_fails_or_takes_long(archive, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    at(archive, monkeypatch)
    pid = archived(archive)
    thread = run_job(archive, pid, "finishedUnsuccessful")
    with pytest.raises(FileProblem, match="was not retrieved: now finishedUnsuccessful"):
        sc.open(pid).retrieve(timeout_s=60, poll_s=0.1)
    thread.join(60)
    sc.open(archived(archive)).retrieve(timeout_s=0)
    assert "The job goes on" in capsys.readouterr().out


def operator(catalog: CatalogProcess, pid: str, code: str, message: str) -> None:
    """The archive's program says how far it is."""
    with CatalogClient(catalog.url, catalog.token("admin")) as client:
        (job,) = [job for job in client.send(operations.listed("jobs", {})) if job["datasetList"][0]["pid"] == pid]
        body = {"statusCode": code, "statusMessage": message}
        path = f"/api/v4/jobs/{quote_pid(job['id'])}"
        client.send(operations.Operation("work", "PATCH", path, dict, body=body))


def test_an_interrupted_wait_goes_on_with_the_same_job(archive, monkeypatch: pytest.MonkeyPatch) -> None:
    at(archive, monkeypatch)
    pid = archived(archive)
    record, said = sc.open(pid)._record, []

    def first(line: str) -> None:
        said.append(line)
        if "Job submitted" in line:
            operator(archive, pid, "inProgress", "tape 1 of 2")
        elif "tape 1" in line:
            operator(archive, pid, "inProgress", "tape 2 of 2")
        elif "tape 2" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrieve(record, timeout_s=60, poll_s=0.01, say=first)
    assert said[-1] == "The job goes on; ds.retrieve() waits for it again."
    job = said[0].rpartition("job ")[2].rstrip(".")
    away = [CatalogUnavailable("The catalog does not answer.")]

    def asked(identifier: str) -> Any:
        if away:
            raise away.pop()
        return real(identifier)

    real = archive_module._job
    monkeypatch.setattr(archive_module, "_job", asked)
    said.clear()

    def second(line: str) -> None:
        said.append(line)
        if "does not answer" in line:
            operator(archive, pid, "finishedSuccessful", "All files are back.")

    retrieve(record, timeout_s=60, poll_s=0.01, say=second)
    assert [line.replace(job, "JOB") for line in said] == [
        "Retrieving old run: job JOB.",
        "JOB: tape 2 of 2",
        "JOB: The catalog does not answer.",
        "JOB: All files are back.",
    ]


def test_a_job_of_which_nothing_is_heard_is_not_waited_for(archive, monkeypatch: pytest.MonkeyPatch) -> None:
    at(archive, monkeypatch)
    pid = archived(archive)
    jobs = set()
    for forgotten in (archive_module._FORGOTTEN, -archive_module._FORGOTTEN, archive_module._FORGOTTEN):
        monkeypatch.setattr(archive_module, "_FORGOTTEN", forgotten)
        said: list[str] = []
        retrieve(sc.open(pid)._record, timeout_s=0, poll_s=0, say=said.append)
        jobs.add(said[0].rpartition("job ")[2])
    assert len(jobs) == 2


def test_not_retrievable(archive, monkeypatch: pytest.MonkeyPatch) -> None:
    at(archive, monkeypatch)
    ds = sc.open(archived(archive, retrievable=False))
    with pytest.raises(FileProblem, match=r"are in the archive.*Ask the operator of the archive"):
        ds.path()
    with pytest.raises(FileProblem, match="can't be retrieved now"):
        ds.retrieve()


def test_catalog_without_such_jobs(here, capsys) -> None:
    pid = archived(here.catalog)
    with pytest.raises(FileProblem, match="starts no job that retrieves old run"):
        sc.open(pid).retrieve()
    sc.open(here.pids["good"]).retrieve()
    assert "nothing to retrieve" in capsys.readouterr().out
