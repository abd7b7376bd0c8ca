"""Datasets whose files are in an archive: saying so, and asking for them back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, BadRequest, CatalogError, NotFound, operations, quote_pid
from jupyter_shinecat.scicat import Dataset as Record

from . import session
from .errors import FileProblem, file_problem

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


def retrieve(record: Record, *, timeout_s: float, poll_s: float, say: Callable[[str], None]) -> None:
    """Start a job that brings the files back, and wait for its end; see `Dataset.retrieve`."""
    record = session.ask(lambda catalog: catalog.dataset(record.pid))
    if not is_archived(record):
        say(tr("{name} is not in the archive: there is nothing to retrieve.", name=record.name))
        return
    if _lifecycle(record).get("retrievable") is False:
        raise file_problem(
            "archived",
            tr("The catalog says that {name} can't be retrieved now.", name=record.name),
            _ask_operator(record),
        )
    job = _start(record)
    identifier = str(job.get("id") or job.get("_id") or "")
    say(tr("Retrieving {name}: job {job}.", name=record.name, job=identifier))
    deadline, last = time.monotonic() + timeout_s, ""
    while True:
        code, message = _state(job)
        if code != last:
            say(tr("{job}: {state}", job=identifier, state=message or code))
            last = code
        said = code.lower()
        if any(word in said for word in _FAILED):
            raise file_problem(
                "archived",
                tr("{name} was not retrieved: {state}.", name=record.name, state=message or code),
                _ask_operator(record),
            )
        if any(word in said for word in _DONE):
            return
        if time.monotonic() >= deadline:
            say(tr("The job goes on; open the dataset again later."))
            return
        time.sleep(min(poll_s, max(0.0, deadline - time.monotonic())))
        job = session.ask(lambda catalog: catalog.send(_job(identifier)))


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
    return cause.what


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
