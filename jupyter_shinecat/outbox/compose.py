"""The documents that are sent: the Derived dataset, its file blocks."""

from __future__ import annotations

import json
import math
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jupyter_shinecat import __version__
from jupyter_shinecat.scicat import Dataset, Identity
from jupyter_shinecat.scicat.models import iso_utc

from . import doubts
from .access import Access
from .names import common_folder
from .process import host
from .scrub import scrub, scrub_value, secrets_of_environment

FILES_PER_BLOCK = 5000
BYTES_PER_BLOCK = 4_000_000
_JOB_LOG_CHARACTERS = 500_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")

Doc = dict[str, Any]


def dataset(
    found: Doc, taken: Doc, inputs: dict[str, bool], sources: Sequence[Dataset], access: Access, me: Identity
) -> Doc:
    """The Derived dataset of a result, in the v4 form, without a PID.

    Parameters
    ----------
    found, taken
        The entry's first two steps.
    inputs
        PIDs of its inputs, with whether each is certain.
    sources
        The inputs as the catalog has them.
    access, me
        Who may read it, who made it.
    """
    secrets = secrets_of_environment()
    owner = me.username or found["user"] or "unknown"
    files = taken["files"]
    record = {
        "key": taken["key"],
        "capture": found["capture"],
        "unseen": found["unseen"],
        "uncertain_inputs": [pid for pid, certain in inputs.items() if not certain],
        "cells": [cell["cell"] or f"run-{cell['run']}" for cell in found["code"]],
        "parameters": scrub_value(found["parameters"], secrets),
    }
    if doubts.has_failed(found):
        record["ended"] = found["status"]
    if told := doubts.for_catalog(found, taken.get("doubts") or []):
        record["doubts"] = told
    doc = {
        "type": "derived",
        "datasetName": scrub(found["name"], secrets),
        "description": scrub(found["description"], secrets),
        "keywords": [scrub(word, secrets) for word in found["keywords"]],
        "ownerGroup": access.owner_group,
        "accessGroups": list(access.access_groups),
        "owner": owner,
        "contactEmail": _email(me, sources),
        "principalInvestigators": _union(d.principal_investigators for d in sources) or [owner],
        "sourceFolder": common_folder([file["path"] for file in files]),
        "sourceFolderHost": found["host"] or host(),
        "creationTime": iso_utc(max(file["mtime_ns"] for file in files) / 1e9),
        "inputDatasets": list(inputs),
        "usedSoftware": software(found, taken),
        "jobParameters": {"shinecat": record},
        "jobLogData": job_log(found, secrets),
        "scientificMetadata": taken["metadata"],
        "proposalIds": _union(d.proposal_ids for d in sources),
        "sampleIds": _union(d.sample_ids for d in sources),
        "instrumentIds": _union(d.instrument_ids for d in sources),
        "isPublished": False,
    }
    if taken.get("format"):
        doc["dataFormat"] = taken["format"]
    return {name: value for name, value in clean(doc).items() if value != "" or name == "jobLogData"}


def software(found: Doc, taken: Doc) -> list[str]:
    """``name version`` of Python, the kernel, what was imported, and us; the commit of the folder it was made in."""
    modules = {**found["modules"], "jupyter_shinecat": __version__}
    if found["python"]:
        modules["python"] = found["python"]
    kernel, _, version = str(found.get("kernel") or "").partition(" ")
    if kernel:
        modules[kernel] = version
    if taken.get("commit"):
        folder, commit = taken["commit"]
        modules[f"git commit of {text(folder)}"] = commit
    return [f"{name} {modules[name]}".strip() for name in sorted(modules, key=str.lower)][:1000]


def job_log(found: Doc, secrets: Iterable[str]) -> str:
    """The code of the cells that led to the result, in order, without secrets."""
    secrets = list(secrets)
    parts = []
    for cell in found["code"]:
        label = f"[{cell['n']}]" if cell["n"] is not None else f"({cell['run']})"
        parts.append(
            f"# In {label}{' ' + cell['cell'] if cell['cell'] else ''}\n{scrub(cell['code'], secrets).rstrip()}\n"
        )
    text = "\n".join(parts)
    if len(text) <= _JOB_LOG_CHARACTERS:
        return text
    # What led to the result last says most.
    return f"# ... ({len(text) - _JOB_LOG_CHARACTERS} characters left out)\n{text[-_JOB_LOG_CHARACTERS:]}"


def blocks(taken: Doc) -> list[Doc]:
    """File blocks of the result, always cut in the same places."""
    files = taken["files"]
    folder = common_folder([file["path"] for file in files])
    entries = (
        {
            "path": text(os.path.relpath(file["path"], folder)),
            "size": file["size"],
            "time": iso_utc(file["mtime_ns"] / 1e9),
            "chk": file["sha256"],
        }
        for file in sorted(files, key=lambda file: str(file["path"]))
    )
    return [
        {"size": sum(f["size"] for f in part), "chkAlg": "sha256", "dataFileList": part} for part in _parts(entries)
    ]


def _parts(entries: Iterable[Doc]) -> Iterator[list[Doc]]:
    part: list[Doc] = []
    size = 0
    for entry in entries:
        length = len(json.dumps(entry))
        if part and (len(part) >= FILES_PER_BLOCK or size + length > BYTES_PER_BLOCK):
            yield part
            part, size = [], 0
        part.append(entry)
        size += length
    if part:
        yield part


def clean(value: Any) -> Any:
    """``value`` as the catalog can store it: no NaN, no half characters, no control characters in texts."""
    if isinstance(value, dict):
        return {text(str(key)): clean(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value if item is not None]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return text(value) if isinstance(value, str) else value


def text(value: str) -> str:
    """A text that JSON in UTF-8 can carry: bytes of a file name that are no characters become ``\\xNN``."""
    shown = value.encode("utf-8", "surrogateescape") if _has_bytes(value) else value.encode("utf-8", "replace")
    decoded = shown.decode("utf-8", "backslashreplace")
    return "".join(c for c in decoded if c in "\n\t\r" or unicodedata.category(c) != "Cc")


def _has_bytes(value: str) -> bool:
    surrogates = [c for c in value if 0xD800 <= ord(c) <= 0xDFFF]
    return bool(surrogates) and all(0xDC80 <= ord(c) <= 0xDCFF for c in surrogates)


def _union(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(item for items in lists for item in items))


def _email(me: Identity, sources: Sequence[Dataset]) -> str:
    known = [me.email, *(str(source.doc.get("contactEmail") or "") for source in sources)]
    # SciCat demands an address; .invalid is the name that is reserved for none.
    return next((address for address in known if _EMAIL.fullmatch(address)), "unknown@unknown.invalid")
