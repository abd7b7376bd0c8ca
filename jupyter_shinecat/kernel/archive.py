"""Datasets whose files are in an archive: saying so, and asking for them back."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import (
    AccessDenied,
    BadRequest,
    CatalogError,
    CatalogUnavailable,
    NotFound,
    operations,
    quote_pid,
)
from jupyter_shinecat.scicat import Dataset as Record

from . import session
from .errors import FileProblem, file_problem

_FORGOTTEN = timedelta(days=2)
_FAILED = ("fail", "unsuccess", "error", "cancel", "reject", "abort")
_DONE = ("finish", "success", "complete", "done", "retrieved")


def is_archived(record: Record) -> bool:
    """Whether the catalog says that the files left the disk."""
    cycle = _lifecycle(record)
    message = str(cycle.get("archiveStatusMessage") or "")
    back = str(cycle.get("retrieveStatusMessage") or "") in ("datasetRetrieved", "retrieved")
    gone = cycle.get("isOnCentralDisk") is False or message.lower().startswith(("datasetonarchive", "datasetontape"))
    return not back and (gone or bool(cycle.get("retrievable")))


def archived_problem(record: Record, reason: str) -> FileProblem:
    """The sentence of a file that is in the archive; ``reason`` says where it was looked for."""
    what = tr("The files of {name} are in the archive. {reason}", name=record.name, reason=reason).strip()
    if _lifecycle(record).get("retrievable") is False:
        return file_problem("archived", what, _ask_operator(record))
    return file_problem("archived", what, tr("ds.retrieve() asks for them back."))


def retrieve(record: Record, *, timeout_s: float, poll_s: float, say: Callable[[str], None]) -> Record:
    """Start a job that brings the files back, or find the one that does already, and wait for its end.

    Returns
    -------
    Record
        What the catalog says of the dataset afterwards; see `Dataset.retrieve` for the rest.
    """
    record = _again(record)
    if not is_archived(record):
        say(tr("{name} is not in the archive: there is nothing to retrieve.", name=record.name))
        return record
    if _lifecycle(record).get("retrievable") is False:
        raise file_problem(
            "archived",
            tr("The catalog says that {name} can't be retrieved now.", name=record.name),
            _ask_operator(record),
        )
    job = _under_way(record) or _start(record)
    identifier = str(job.get("id") or job.get("_id") or "")
    say(tr("Retrieving {name}: job {job}.", name=record.name, job=identifier))
    try:
        _wait(record, job, identifier, time.monotonic() + timeout_s, poll_s, say)
    except KeyboardInterrupt:
        say(tr("The job goes on; ds.retrieve() waits for it again."))
        raise
    return _again(record)


def _wait(
    record: Record, job: dict[str, Any], identifier: str, deadline: float, poll_s: float, say: Callable[[str], None]
) -> None:
    """Say each step of a job until it has ended or the time is up."""
    told = ("", "")
    while True:
        code, message = state = _state(job)
        if state != told:
            say(tr("{job}: {state}", job=identifier, state=message or code))
            told = state
        if _ended(code, _FAILED):
            raise file_problem(
                "archived",
                tr("{name} was not retrieved: {state}.", name=record.name, state=(message or code).rstrip(".")),
                _ask_operator(record),
            )
        if _ended(code, _DONE):
            return
        if time.monotonic() >= deadline:
            say(tr("The job goes on; ds.retrieve() waits for it again."))
            return
        time.sleep(min(poll_s, max(0.0, deadline - time.monotonic())))
        try:
            job = session.ask(lambda catalog: catalog.send(_job(identifier)))
        except CatalogUnavailable as cause:  # tapes take longer than a restart of the catalog
            job = {"statusMessage": cause.what}


def _ended(code: str, words: tuple[str, ...]) -> bool:
    return any(word in code.lower() for word in words)


def _again(record: Record) -> Record:
    return session.ask(lambda catalog: catalog.dataset(record.pid))


def _under_way(record: Record) -> dict[str, Any] | None:
    """The latest job that brings this dataset back and has not ended; None where none can be seen."""
    where = {"type": "retrieve", "jobParams.datasetList.pid": record.pid}
    try:
        jobs = session.ask(lambda catalog: catalog.send(operations.listed("jobs", where, version=4)))
    except (AccessDenied, BadRequest, NotFound):
        return None  # then a new one is asked for; the archive knows what it has
    going = [
        job
        for job in jobs
        if _is_of(job, record.pid) and not _ended(_state(job)[0], (*_FAILED, *_DONE)) and not _forgotten(job)
    ]
    return max(going, key=lambda job: str(job.get("createdAt")), default=None)


def _forgotten(job: dict[str, Any]) -> bool:
    """Whether nothing has been heard of a job for long: it may never end."""
    try:
        heard = datetime.fromisoformat(str(job.get("updatedAt") or job.get("createdAt")))
    except ValueError:
        return True
    heard = heard if heard.tzinfo else heard.replace(tzinfo=UTC)
    return datetime.now(UTC) - heard > _FORGOTTEN


def _is_of(job: dict[str, Any], pid: str) -> bool:
    """Whether a job is for all files of a dataset; a catalog may not know how to look into lists."""
    listed = (job.get("jobParams") or {}).get("datasetList") or []
    return any(isinstance(one, dict) and one.get("pid") == pid and not one.get("files") for one in listed)


def _lifecycle(record: Record) -> dict[str, Any]:
    found = record.doc.get("datasetlifecycle")
    return found if isinstance(found, dict) else {}


def _start(record: Record) -> dict[str, Any]:
    body = {"type": "retrieve", "jobParams": {"datasetList": [{"pid": record.pid, "files": []}]}}
    start = operations.Operation(
        tr("start the job for"), "POST", "/api/v4/jobs", _object, body=body, subject=record.pid
    )
    try:
        return session.ask(lambda catalog: catalog.send(start))
    except (NotFound, BadRequest, AccessDenied) as cause:
        raise file_problem(
            "archived",
            tr("This catalog starts no job that retrieves {name}: {reason}", name=record.name, reason=_reason(cause)),
            _ask_operator(record),
        ) from None


def _reason(cause: CatalogError) -> str:
    if isinstance(cause, NotFound):
        return tr("it has no jobs.")
    return cause.reason or cause.what


def _job(identifier: str) -> operations.Operation[dict[str, Any]]:
    path = f"/api/v4/jobs/{quote_pid(identifier)}"
    return operations.Operation(tr("look at the job"), "GET", path, _object, subject=identifier)


def _state(job: dict[str, Any]) -> tuple[str, str]:
    code = str(job.get("statusCode") or job.get("jobStatusMessage") or "")
    return code, str(job.get("statusMessage") or code)


def _ask_operator(record: Record) -> str:
    return tr("Ask the operator of the archive, or the owner group {group}.", group=record.owner_group)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
