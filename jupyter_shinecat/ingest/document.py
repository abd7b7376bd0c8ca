"""A dataset document from what the file says, what its name says, and where it lies."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.formats import Extract, Failure
from jupyter_shinecat.scicat.models import iso_utc

from .group import Group
from .names import FromNames, read_names
from .walk import shown

UNREADABLE = "metadata-unreadable"
_NAMESPACE = uuid.UUID("6f9c1a52-0f0e-5d53-9a3c-5a1e3b0c7d21")
_NOT_IN_PID = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_NAME = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scan takes place and in whose name; the same for all its datasets.

    Parameters
    ----------
    facility
        Name of the facility; the first part of PIDs made here.
    host
        Machine whose folder this is (``sourceFolderHost``).
    root
        Absolute path of the scanned folder.
    owner, contact_email
        Who scans.
    access_groups
        Groups that may read besides the owner group.
    proposal
        Proposal of all files; else each file and name tells its own.
    """

    facility: str
    host: str
    root: str
    owner: str
    contact_email: str
    access_groups: tuple[str, ...] = ()
    proposal: str | None = None


def mint_pid(place: Place, path: str, generation: int) -> str:
    """The PID of a file that is met for the first time: the same on every scan, on every machine.

    ``generation`` counts files that had this path one after another.
    """
    key = "\n".join((place.facility, place.host, place.root, path, str(generation)))
    prefix = _NOT_IN_PID.sub("-", place.facility).strip("-") or "facility"
    return f"{prefix}/{uuid.uuid5(_NAMESPACE, key)}"


def source_folder(place: Place, group: Group) -> str:
    """Absolute folder of a group's main file, as text."""
    return shown(os.path.join(place.root, group.main.folder)) if group.main.folder else shown(place.root)


def owner_group_of(path: str, groups: str | Mapping[str, str]) -> str | None:
    """Owner group of a file.

    Parameters
    ----------
    path
        Relative to the scanned folder.
    groups
        One group for all, or folder prefix to group; the longest prefix wins, ``""`` or ``"."`` is the rest.
    """
    if isinstance(groups, str):
        return groups or None
    best: tuple[int, str] | None = None
    for prefix, name in groups.items():
        folder = prefix.strip("/\\").replace("\\", "/")
        folder = "" if folder == "." else folder
        if (not folder or path.replace("\\", "/").startswith(folder + "/")) and (best is None or len(folder) > best[0]):
            best = (len(folder), name)
    return best[1] if best else None


def dataset_document(place: Place, group: Group, owner_group: str, result: Extract | Failure) -> dict[str, Any]:
    """The dataset in SciCat's v4 form, without a PID."""
    path = shown(group.main.path).replace(os.sep, "/")
    names = read_names(path)
    taken = iso_utc(group.main.mtime_ns / 1e9)
    doc: dict[str, Any] = {
        "type": "raw",
        "datasetName": shown(group.main.name)[:_MAX_NAME],
        "ownerGroup": owner_group,
        "accessGroups": list(place.access_groups),
        "owner": place.owner,
        "contactEmail": place.contact_email,
        "sourceFolder": source_folder(place, group),
        "sourceFolderHost": place.host,
        "creationTime": taken,
        "scientificMetadata": {},
        "keywords": [],
    }
    proposal = place.proposal or names.proposal
    location: Sequence[str] = [place.facility]
    if isinstance(result, Extract):
        proposal = place.proposal or result.proposal or names.proposal
        _from_content(doc, result, names)
        if result.instrument:
            location = [place.facility, result.instrument]
    else:
        doc["keywords"] = [word for word in (result.format, UNREADABLE) if word]
        doc["comment"] = f"No metadata: {result.text(lang='en')}."
    doc["creationLocation"] = "/" + "/".join(part.replace("/", "-") for part in location if part)
    doc["proposalIds"] = [proposal] if proposal else []
    run = _run_in(doc["scientificMetadata"]) or names.run
    if run:
        doc["runNumber"] = run
    return doc


def _from_content(doc: dict[str, Any], found: Extract, names: FromNames) -> None:
    metadata = dict(found.metadata)
    said = {
        "sample_name": found.sample or names.sample,
        "instrument_name": found.instrument,
        "detector_name": found.detector,
        "operator": found.operator,
    }
    for key, value in said.items():
        if value and key not in metadata:
            metadata[key] = value
    for key, value in names.metadata.items():
        metadata.setdefault(key, value)
    doc["scientificMetadata"] = metadata
    doc["dataFormat"] = found.format
    doc["keywords"] = [found.format]
    if found.title and found.title != doc["datasetName"]:
        doc["description"] = found.title
    if found.operator:
        doc["owner"] = found.operator
    if found.start_time:
        doc["creationTime"] = doc["startTime"] = found.start_time
    if found.end_time and (not found.start_time or found.end_time >= found.start_time):
        doc["endTime"] = found.end_time
    if found.warnings:
        doc["comment"] = ("; ".join(found.warnings))[:1000]


def _run_in(metadata: dict[str, Any]) -> str | None:
    value = metadata.get("run_number")
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)[:60]


def file_block(group: Group, checksums: Mapping[str, str]) -> dict[str, Any]:
    """The OrigDatablock of a group; paths are relative to its main file's folder.

    Parameters
    ----------
    checksums
        SHA-256 by :attr:`File.path`, for the files that were hashed.
    """
    files = []
    for file in group.files:
        entry: dict[str, Any] = {
            "path": shown(file.name),
            "size": file.size_bytes,
            "time": iso_utc(max(0, file.mtime_ns) / 1e9),
        }
        if file.path in checksums:
            entry["chk"] = checksums[file.path]
        files.append(entry)
    block: dict[str, Any] = {"size": group.size_bytes, "dataFileList": files}
    if checksums:
        block["chkAlg"] = "sha256"
    return block
