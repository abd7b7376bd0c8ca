"""What the catalog has twice because a request came through after its connection had broken."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_shinecat.scicat import (
    CatalogClient,
    CatalogError,
    CatalogUnavailable,
    Dataset,
    NotFound,
    SignInRequired,
    operations,
    quote_pid,
)

from . import compose, figures
from .plan import CREATE

_log = logging.getLogger(__name__)
_DATASETS = "/api/v3/datasets/"


def key_of(dataset: Dataset) -> str:
    """The key that a Derived dataset of ours carries; empty for others."""
    parameters = dataset.doc.get("jobParameters")
    record = parameters.get("shinecat") if isinstance(parameters, dict) else None
    return str(record.get("key", "")) if isinstance(record, dict) else ""


def content(block: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Names a file block by the files in it and their checksums."""
    return tuple(sorted((str(f.get("path")), str(f.get("chk"))) for f in block.get("dataFileList") or []))


@dataclass
class Doubles:
    """Second copies that were found.

    Attributes
    ----------
    removed
        How many are gone now.
    left
        Addresses of those that may not be deleted by us (a real SciCat lets owners delete little).
    """

    removed: int = 0
    left: list[str] = field(default_factory=list)


def remove_doubles(
    client: CatalogClient, pid: str, plan: dict[str, Any], taken: dict[str, Any], folder: Path
) -> Doubles:
    """Delete second copies of our dataset, its blocks and its figures, and of nothing that others have put there.

    Parameters
    ----------
    client
        The catalog.
    pid
        The dataset that counts.
    plan, taken
        Steps of its entry.
    folder
        The entry's folder, with its figures.

    Raises
    ------
    CatalogUnavailable, SignInRequired
        Ask again later.
    """
    doomed = _second_blocks(client, pid, taken) + _second_figures(client, pid, taken, folder)
    doomed += _second_datasets(client, pid, plan)
    found = Doubles()
    for path in doomed:
        try:
            client.send(operations.Operation("remove a double", "DELETE", path, lambda value: value, subject=path))
            found.removed += 1
        except NotFound:
            found.removed += 1
        except (CatalogUnavailable, SignInRequired):
            raise
        except CatalogError as refusal:
            _log.error("a request was stored twice; an administrator may delete %s (%s)", path, refusal)
            found.left.append(path)
            if path.startswith(_DATASETS) and "/origdatablocks/" not in path:
                _mark(client, path, pid)
    return found


def _mark(client: CatalogClient, path: str, pid: str) -> None:
    """Who finds a copy that we may not delete shall read what it is; owners may say that much."""
    said = {"comment": f"Stored twice when a connection broke: {pid} counts, this copy may be deleted."}
    try:
        client.send(operations.Operation("mark a double", "PATCH", path, lambda v: v, body=said, subject=path))
    except (CatalogUnavailable, SignInRequired):
        raise
    except CatalogError as refusal:
        _log.info("%s could not be marked as a copy: %s", path, refusal)


def _second_blocks(client: CatalogClient, pid: str, taken: dict[str, Any]) -> list[str]:
    ours = {content(block) for block in compose.blocks(taken)} if taken.get("files") else set()
    blocks = [(content(block), block) for block in client.origdatablocks(pid)]
    extra = _extra((name, block) for name, block in blocks if name in ours)
    # Through the dataset, so that its sums are made anew.
    return [f"{_DATASETS}{quote_pid(pid)}/origdatablocks/{_id(block)}" for block in extra]


def _second_figures(client: CatalogClient, pid: str, taken: dict[str, Any], folder: Path) -> list[str]:
    ours = {
        (compose.text(one["caption"]), figures.data_uri((folder / one["file"]).read_bytes(), one["mime"]))
        for one in taken.get("figures") or []
    }
    named = [((a.get("caption"), a.get("thumbnail")), a) for a in (client.attachments(pid) if ours else [])]
    extra = _extra((name, attachment) for name, attachment in named if name in ours)
    return [f"/api/v4/attachments/{_id(attachment)}" for attachment in extra]


def _second_datasets(client: CatalogClient, pid: str, plan: dict[str, Any]) -> list[str]:
    record = (plan["doc"].get("jobParameters") or {}).get("shinecat") or {}
    # An update makes no dataset: what has the same key then is an older version with the same content.
    if plan["mode"] != CREATE or not record.get("key"):
        return []
    found = client.find({"jobParameters.shinecat.key": record["key"]}, limit=10)
    others = [dataset for dataset in found if key_of(dataset) == record["key"] and dataset.pid != pid]
    if not others:
        return []
    maker = client.dataset(pid).doc.get("createdBy")
    return [
        f"{_DATASETS}{quote_pid(other.pid)}"
        for other in others
        if other.doc.get("createdBy") == maker
        and not other.is_published
        and not client.find({"inputDatasets": other.pid}, limit=1)
    ]


def _extra(named: Iterable[tuple[Hashable, dict[str, Any]]]) -> list[dict[str, Any]]:
    """All but the first of each name."""
    seen: set[Hashable] = set()
    extra = []
    for name, item in named:
        if name in seen:
            extra.append(item)
        seen.add(name)
    return extra


def _id(item: dict[str, Any]) -> str:
    return quote_pid(str(item.get("aid") or item.get("_id") or item.get("id") or ""))
