"""A catalog with any number of datasets, filled before it starts."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

GROUPS = ("GET", "SHINE")
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def name_of(number: int) -> str:
    """Name of dataset ``number``; the next one was taken a minute later."""
    return f"run {number:06}"


def fill(folder: Path, count: int) -> None:
    """Bring ``count`` small datasets into the catalog in ``folder``, which must not run.

    Parameters
    ----------
    folder
        The catalog's data folder.
    count
        How many.
    """
    lines = folder.parent / f"{folder.name}-many.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        file.write(json.dumps({"shinecat-export": 1, "uuid": "many", "change": 0, "counts": {"dataset": count}}) + "\n")
        for number in range(count):
            doc = _document(number)
            file.write(json.dumps({"kind": "dataset", "id": doc["pid"], "doc": doc}) + "\n")
    # Searched through from the first moment: an index that is still being built makes the catalog read everything.
    for command in (["import", str(lines)], ["reindex"]):
        whole = [sys.executable, "-m", "jupyter_shinecat", "catalog", *command, "--data", str(folder)]
        done = subprocess.run(whole, capture_output=True, text=True, timeout=3600)
        if done.returncode:
            raise RuntimeError(f"catalog {command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    lines.unlink()


def _document(number: int) -> dict[str, Any]:
    taken = (_FIRST + timedelta(minutes=number)).isoformat().replace("+00:00", ".000Z")
    return {
        "pid": f"many/{number:06}",
        "type": "raw",
        "datasetName": name_of(number),
        "ownerGroup": GROUPS[number % len(GROUPS)],
        "accessGroups": [],
        "isPublished": False,
        "owner": "facility",
        "contactEmail": "facility@example.org",
        "principalInvestigators": ["facility"],
        "creationTime": taken,
        "createdAt": taken,
        "updatedAt": taken,
        "createdBy": "facility",
        "updatedBy": "facility",
        "creationLocation": "/SHINE/AMO",
        "sourceFolder": f"/data/many/{number:06}",
        "size": 1_000_000 + number,
        "numberOfFiles": 1,
        "keywords": [],
        "scientificMetadata": {"run": number, "photon energy": {"value": 5 + number % 1000 / 100, "unit": "keV"}},
    }
