"""What will be sent for an entry: a new dataset, a newer state of one, or figures for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, Dataset, Identity, NotFound
from jupyter_shinecat.scicat.lineage import VERSION_OF

from . import compose
from .access import access_of
from .entries import FAILED, SENT, TAKEN, WITHDRAWN, Entries, Entry
from .lineage import Lookup, NotYet, inputs_of
from .names import beneath
from .settings import Settings
from .windows import Windows

CREATE, UPDATE, ATTACH = "create", "update", "attach"
DATASET_ASKED, DATASET_TRIED = "4-dataset-asked", "4-dataset-tried"
_MOST_FIGURES = 50

Plan = dict[str, Any]


class Done(Exception):
    """Nothing is to be sent: the entry's final state and why."""

    def __init__(self, state: str, reason: str, pid: str | None = None) -> None:
        super().__init__(state, reason)
        self.state, self.reason, self.pid = state, reason, pid


def plan(
    entry: Entry,
    entries: Entries,
    client: CatalogClient,
    me: Identity,
    settings: Settings,
    windows: Windows,
    answers: Mapping[str, str],
) -> Plan:
    """The third step of an entry.

    Raises
    ------
    NotYet
        Another entry goes first.
    Done
        There is nothing to send.
    NoOwner, WhichGroup
        No group may own the result, or the person must say which.
    CatalogError
        The catalog can't be asked, or refuses.
    """
    found, taken = entry.found, entry.step(TAKEN) or {}
    if found["kind"] == "figures":
        return _attach(entry, entries, client)
    inputs = inputs_of(entry, entries, Lookup(client), windows)
    same = _same_origin(entry, entries)
    if any(other.state == SENT and _ended(other) > _ended(entry) for other in same):
        raise Done(WITHDRAWN, tr("A newer run has replaced it."))
    previous = _previous(entry, same)
    if previous is not None and (previous.step(TAKEN) or {}).get("key") == taken["key"]:
        raise Done(SENT, tr("It is the same as before: the catalog has it already."), previous.pid)
    if (
        not inputs
        and not found["named"]
        and not any(beneath(file["path"], settings.results) for file in taken["files"])
    ):
        raise Done(WITHDRAWN, tr("No dataset of the catalog flowed into it, so it is not sent."))
    sources = [client.dataset(pid) for pid in inputs]
    access = access_of(sources, me.groups, entry.owner_group or settings.owner_group, answers)
    doc = compose.dataset(found, taken, inputs, sources, access, me)
    made = {
        "mode": CREATE,
        "name": doc["datasetName"],
        "inputs": [{"pid": pid, "certain": certain} for pid, certain in inputs.items()],
        "doc": doc,
    }
    older = _still_there(client, previous.pid) if previous is not None and previous.pid else None
    if older is None:
        return made
    if older.pid not in inputs and not older.is_published and not client.find({"inputDatasets": older.pid}, limit=1):
        return {**made, "mode": UPDATE, "pid": older.pid, "doc": _changes(doc, older)}
    doc["relationships"] = [{"pid": older.pid, "relationship": VERSION_OF}]
    doc["comment"] = f"New version of {older.pid}"
    return made


def _ended(entry: Entry) -> tuple[float, str]:
    return float(entry.found["ended"]), entry.key


def newest_of_each(entries: Entries) -> dict[str, str]:
    """Key of the latest result at each origin (the same notebook, the same paths) whose files were taken."""
    taken = [(entry, (entry.step(TAKEN) or {}).get("origin")) for entry in entries if entry.found["kind"] == "result"]
    return {origin: entry.key for entry, origin in sorted(taken, key=lambda pair: _ended(pair[0])) if origin}


def _same_origin(entry: Entry, entries: Entries) -> list[Entry]:
    """Other results that the same notebook made at the same paths."""
    origin = (entry.step(TAKEN) or {}).get("origin")
    results = [other for other in entries if other.key != entry.key and other.found["kind"] == "result"]
    return [other for other in results if (other.step(TAKEN) or {}).get("origin") == origin]


def _previous(entry: Entry, same: list[Entry]) -> Entry | None:
    """The latest of them that has a dataset.

    Raises
    ------
    NotYet
        One is under way: it must come to its end first.
    """
    for other in sorted(same, key=_ended, reverse=True):
        if _ended(other) > _ended(entry):
            continue
        if other.state not in (SENT, WITHDRAWN, FAILED):
            raise NotYet(other)
        if other.pid:
            return other
    return None


def _still_there(client: CatalogClient, pid: str) -> Dataset | None:
    try:
        older = client.dataset(pid)
    except NotFound:
        return None
    return older if older.type == "derived" else None


def _changes(doc: Plan, older: Dataset) -> Plan:
    """The part of a new document that a PATCH may change; who may read it only where that is different."""
    fixed = {"type", "isPublished", "owner", "contactEmail"}
    if older.owner_group == doc["ownerGroup"]:
        fixed.add("ownerGroup")
    if sorted(older.access_groups) == sorted(doc["accessGroups"]):
        fixed.add("accessGroups")
    return {name: value for name, value in doc.items() if name not in fixed}


def _attach(entry: Entry, entries: Entries, client: CatalogClient) -> Plan:
    result = latest_result(entry.found, [other for other in entries if other.found["kind"] == "result"])
    if result is None:
        raise Done(WITHDRAWN, tr("The result that this figure belongs to was not sent."))
    if result.state != SENT or not result.pid:
        raise NotYet(result)
    if not (entry.step(TAKEN) or {}).get("figures"):
        raise Done(WITHDRAWN, tr("No picture for the catalog could be made of it; the file stays where it is."))
    if len(client.attachments(result.pid)) >= _MOST_FIGURES:
        raise Done(
            WITHDRAWN, tr("The dataset has {count} figures already; the file stays where it is.", count=_MOST_FIGURES)
        )
    owner: Dataset = client.dataset(result.pid)
    return {
        "mode": ATTACH,
        "pid": result.pid,
        "name": entry.found["name"],
        "inputs": [],
        "doc": {"ownerGroup": owner.owner_group, "accessGroups": owner.access_groups},
    }


def share_flow(figures: dict[str, Any], result: dict[str, Any]) -> bool:
    """Whether a figure was drawn from what a result was made of, or from the result itself."""
    if result["kind"] != "result" or result["session"] != figures["session"]:
        return False
    if result["run"] in figures["runs"] or {item["path"] for item in figures["paths_in"]} & set(result["paths"]):
        return True
    return bool({item["pid"] for item in figures["inputs"]} & {item["pid"] for item in result["inputs"]})


def latest_result(figures: dict[str, Any], results: Sequence[Entry]) -> Entry | None:
    """The session's latest result before the figure whose flow it shares, else the first one after it."""
    shared = [e for e in results if e.state != WITHDRAWN and not e.gone and share_flow(figures, e.found)]
    before = [e for e in shared if float(e.found["ended"]) <= float(figures["ended"])]
    return max(before, key=_ended, default=None) or min(shared, key=_ended, default=None)
