"""Who may read and who owns: changes of many datasets, planned first, then done one by one over REST."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.locale import tr

from .client import CatalogClient
from .errors import AccessDenied, NotFound
from .models import Dataset
from .operations import Operation
from .pid import quote_pid

_PAGE = 500
_FIELDS = ("pid", "datasetName", "ownerGroup", "accessGroups", "sourceFolder", "proposalIds")
Access = dict[str, Any]
Edit = Callable[[Access], Access]


@dataclass(frozen=True)
class Change:
    """One object before and after; ``kind`` is dataset or proposal."""

    kind: str
    id: str
    before: Access
    after: Access


def grant(groups: Sequence[str]) -> Edit:
    """Let groups read."""
    return lambda access: {
        **access, "accessGroups": list(dict.fromkeys([*access["accessGroups"], *groups])),
    }  # fmt: skip


def revoke(groups: Sequence[str]) -> Edit:
    """Let groups read no longer; an owner group stays the owner."""
    return lambda access: {**access, "accessGroups": [g for g in access["accessGroups"] if g not in groups]}


def give_to(group: str) -> Edit:
    """Make a group the owner."""
    return lambda access: {**access, "ownerGroup": group}


def by_pid(client: CatalogClient, pids: Sequence[str]) -> Iterator[Dataset]:
    """Datasets by PID; an unknown one is an error before anything is changed."""
    for pid in pids:
        yield client.dataset(pid)


def below_folder(client: CatalogClient, folder: str) -> Iterator[Dataset]:
    """All datasets whose source folder is ``folder`` or lies below it."""
    top = folder.rstrip("/\\")
    if not top:
        raise ValueError("a folder other than the root")
    pattern = f"^{re.escape(top)}([/\\\\]|$)"
    inside = re.compile(pattern)
    for dataset in _pages(client, {"sourceFolder": {"$regex": pattern}}):
        if inside.match(dataset.source_folder):  # whatever the server made of the expression
            yield dataset


def of_proposal(client: CatalogClient, id: str) -> Iterator[Dataset]:
    """All datasets of a proposal."""
    for dataset in _pages(client, {"proposalIds": id}):
        if id in dataset.proposal_ids:
            yield dataset


def _pages(client: CatalogClient, where: dict[str, Any]) -> Iterator[Dataset]:
    skip = 0
    while True:
        page = client.find(where, limit=_PAGE, skip=skip, order="pid:asc", fields=_FIELDS)
        yield from page
        if len(page) < _PAGE:
            return
        skip += len(page)


def plan(datasets: Iterable[Dataset], edit: Edit) -> list[Change]:
    """What an edit would change; datasets that stay as they are are left out."""
    changes = {dataset.pid: _change("dataset", dataset.pid, dataset.doc, edit) for dataset in datasets}
    return [change for change in changes.values() if change is not None]


def _change(kind: str, id: str, doc: Any, edit: Edit) -> Change | None:
    doc = doc if isinstance(doc, dict) else {}
    before: Access = {
        "ownerGroup": str(doc.get("ownerGroup", "")), "accessGroups": [str(g) for g in doc.get("accessGroups") or []],
    }  # fmt: skip
    after = edit(before)
    return None if after == before else Change(kind, id, before, after)


def proposal(client: CatalogClient, id: str) -> Any:
    """The proposal's own document; None where only datasets name it."""
    try:
        return client.send(_read("proposals", id))
    except (AccessDenied, NotFound):
        return None


def proposal_change(id: str, doc: Any, edit: Edit) -> Change | None:
    """What an edit would change of the proposal itself."""
    return _change("proposal", id, doc, edit)


def apply(client: CatalogClient, change: Change, edit: Edit) -> Change | None:
    """Do a planned change on the object as it is by now; None when nothing is left to do.

    Raises
    ------
    CatalogError
        The catalog refused; this object is as it was.
    """
    if change.kind == "dataset":
        now = _change("dataset", change.id, client.dataset(change.id).doc, edit)
        if now is not None:
            client.patch_dataset(change.id, _differing(now))
        return now
    now = proposal_change(change.id, client.send(_read("proposals", change.id)), edit)
    if now is not None:
        path = f"/api/v3/proposals/{quote_pid(change.id)}"
        words = tr("change the proposal")
        client.send(Operation(words, "PATCH", path, lambda value: value, body=_differing(now), subject=change.id))
    return now


def _differing(change: Change) -> Access:
    return {name: value for name, value in change.after.items() if value != change.before[name]}


def _read(kind: str, id: str) -> Operation[Any]:
    words = tr("read from {kind}", kind=kind)
    return Operation(words, "GET", f"/api/v3/{kind}/{quote_pid(id)}", lambda value: value, subject=id)
