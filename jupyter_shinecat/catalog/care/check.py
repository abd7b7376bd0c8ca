"""Whether a catalog's data are what they should be."""

# Table names are our own literals (KINDS).
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.search.health import OpenedIndex, index_problems
from jupyter_shinecat.catalog.store.documents import Snapshot, links_of

from .reading import kinds_in, meta, reading

# The property that repeats a document's id, where its kind has one.
ID_FIELDS = {
    "dataset": "pid", "sample": "sampleId", "proposal": "proposalId", "instrument": "pid", "attachment": "aid",
}  # fmt: skip
_OWNED = ("dataset", "origdatablock", "datablock", "sample", "proposal")
_BLOCKS = ("origdatablock", "datablock")
_MOST = 1000
_Totals = dict[str, tuple[int, int]]


@dataclass
class Report:
    """What a check found: ``problems`` must not be, ``notes`` may have a reason, ``index`` heals by itself."""

    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    index: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with the documents themselves."""
        return not self.problems


def check(folder: Path, *, whole_index: bool = False) -> Report:
    """Read everything in a data folder and compare; nothing is changed, a server may be running.

    Parameters
    ----------
    folder
        Data folder.
    whole_index
        Compare every entry of the index with its document, not a sample of a thousand.

    Raises
    ------
    CatalogError
        There is no catalog in the folder, or it can't be read at all.
    """
    report = Report()
    # Before the documents' moment: a server that writes meanwhile makes it no more than late.
    opened = OpenedIndex(folder / "index") if (folder / "index").exists() else None
    with reading(folder) as connection:
        about = meta(connection)
        snapshot = Snapshot(connection)
        report.problems += [
            f"SQLite: {text}" for (text,) in connection.execute("PRAGMA integrity_check(100)") if text != "ok"
        ]
        totals: _Totals = {}
        # Blocks first: what they add up to is compared when the datasets come by.
        kinds = sorted(kinds_in(connection), key=lambda kind: kind not in _BLOCKS)
        for kind in kinds:
            report.counts[kind] = 0
            try:
                for id, problem in _documents(connection, kind, int(about["change"]), totals, report):
                    if len(report.problems) < _MOST:
                        report.problems.append(f"{kind} {id}: {problem}")
            except UnicodeDecodeError as error:
                report.problems.append(f"{kind}: a link holds bytes that are no text: {error}")
        if report.sound and opened is not None:
            sample = None if whole_index else 1000
            report.index += index_problems(snapshot, about["uuid"], opened, sample=sample)
    return report


def _documents(
    connection: apsw.Connection, kind: str, last: int, totals: _Totals, report: Report
) -> Iterator[tuple[str, str]]:
    pids = _known(connection, "dataset") if kind in _BLOCKS else None
    # As bytes: damaged ones need not be UTF-8.
    query = f"SELECT CAST(id AS BLOB), change, CAST(body AS BLOB) FROM {kind} ORDER BY seq"
    for raw_id, change, body in connection.execute(query):
        id = raw_id.decode("utf-8", "replace")
        report.counts[kind] += 1
        try:
            doc = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, TypeError) as error:
            yield id, f"is not JSON: {error}"
            continue
        if not isinstance(doc, dict):
            yield id, "is not an object"
            continue
        if not 0 < change <= last:
            yield id, f"has change number {change}, the last one is {last}"
        for problem in _fields(kind, id, doc):
            yield id, problem
        links = set(connection.execute("SELECT rel, target FROM link WHERE kind = ? AND id = ?", (kind, id)))
        if links != links_of(kind, doc):
            yield id, "its links are not those of its properties"
        if pids is not None:
            dataset, files = str(doc.get("datasetId")), doc.get("dataFileList")
            if dataset not in pids:
                yield id, f"its dataset {dataset} does not exist"
            if kind == "origdatablock":
                size, number = totals.get(dataset, (0, 0))
                more = len(files) if isinstance(files, list) else 0
                totals[dataset] = (size + _whole(doc.get("size")), number + more)
        elif kind == "dataset":
            expected, told = totals.get(id, (0, 0)), (_whole(doc.get("size")), _whole(doc.get("numberOfFiles")))
            # A client may have given its own figures when it created the dataset, so this alone is no damage.
            if told != expected and len(report.notes) < _MOST:
                report.notes.append(
                    f"dataset {id} says {told[0]} bytes in {told[1]} files, its blocks {expected[0]} in {expected[1]}"
                )
    links_left = f"SELECT count(*) FROM link WHERE kind = ? AND id NOT IN (SELECT id FROM {kind})"
    row = connection.execute(links_left, (kind,)).fetchone()
    if row and row[0]:
        yield "-", f"{row[0]} links of documents that do not exist"


def _known(connection: apsw.Connection, kind: str) -> set[str]:
    rows = connection.execute(f"SELECT CAST(id AS BLOB) FROM {kind}")
    return {id.decode("utf-8", "replace") for (id,) in rows}


def _fields(kind: str, id: str, doc: dict[str, Any]) -> Iterator[str]:
    name = ID_FIELDS.get(kind)
    if name and doc.get(name) != id:
        yield f"its {name} is {str(doc.get(name))[:80]!r}"
    if kind in _OWNED and not isinstance(doc.get("ownerGroup"), str):
        yield "it has no ownerGroup"
    for name in ("createdAt", "updatedAt"):
        if name in doc and dates.normal(doc[name]) is None:
            yield f"its {name} is no date"
    groups = doc.get("accessGroups", [])
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        yield "its accessGroups are no list of names"


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
