"""Where a dataset comes from and what was made of it: its inputs and results, over REST."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .client import CatalogClient
from .errors import AccessDenied, NotFound
from .models import Dataset

VERSION_OF = "is new version of"
_CHUNK = 50
_FIELDS = ("pid", "datasetName", "type", "ownerGroup", "inputDatasets", "creationTime")


@dataclass
class Lineage:
    """A part of the graph of derivation.

    Attributes
    ----------
    pid
        Where it was started.
    datasets
        Those that the caller may see, by PID.
    hidden
        PIDs that are named as inputs but not visible, or gone.
    edges
        Pairs (input, result).
    older, newer
        Versions of ``pid``: those that it replaces, and those that replace it.
    complete
        False when a limit cut it.
    """

    pid: str
    datasets: dict[str, Dataset] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    edges: set[tuple[str, str]] = field(default_factory=set)
    older: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    complete: bool = True

    def inputs(self, pid: str) -> list[str]:
        """What ``pid`` was made of."""
        return sorted(source for source, result in self.edges if result == pid)

    def results(self, pid: str) -> list[str]:
        """What was made of ``pid``."""
        return sorted(result for source, result in self.edges if source == pid)


def lineage(client: CatalogClient, pid: str, *, depth: int = 10, limit: int = 1000) -> Lineage:
    """Follow inputs and results of a dataset.

    Parameters
    ----------
    depth
        Steps to follow in each direction.
    limit
        Number of datasets after which it stops; ``complete`` says whether it did.

    Raises
    ------
    CatalogError
        The dataset is not there, not visible, or the catalog doesn't answer.
    """
    start = client.dataset(pid)
    found = Lineage(start.pid, {start.pid: start})
    _up(client, found, [start], depth, limit)
    _down(client, found, [start], depth, limit)
    _versions(client, found, start)
    return found


def _versions(client: CatalogClient, found: Lineage, start: Dataset) -> None:
    """Both directions of ``is new version of``, as a result that was published or used is replaced."""
    related = [one for one in start.doc.get("relationships") or [] if isinstance(one, dict)]
    found.older = [str(one.get("pid")) for one in related if one.get("relationship") == VERSION_OF]
    newer = client.find({"relationships.pid": start.pid}, limit=_CHUNK, fields=(*_FIELDS, "relationships"))
    for dataset in newer:
        told = dataset.doc.get("relationships") or []
        if any(one.get("pid") == start.pid and one.get("relationship") == VERSION_OF for one in told):
            found.newer.append(dataset.pid)
            found.datasets.setdefault(dataset.pid, dataset)
    unknown = [pid for pid in found.older if pid not in found.datasets]
    found.datasets.update((dataset.pid, dataset) for dataset in _by_pid(client, unknown))


def _up(client: CatalogClient, found: Lineage, layer: list[Dataset], depth: int, limit: int) -> None:
    for _step in range(depth):
        wanted = _new_inputs(found, layer)
        if not wanted:
            return
        if len(found.datasets) + len(wanted) > limit:
            found.complete = False
            return
        layer = _by_pid(client, wanted)
        found.datasets.update((dataset.pid, dataset) for dataset in layer)
        found.hidden.update(set(wanted) - set(found.datasets))
    found.complete &= not _new_inputs(found, layer)


def _new_inputs(found: Lineage, layer: Iterable[Dataset]) -> list[str]:
    wanted = []
    for dataset in layer:
        for source in dataset.input_datasets:
            found.edges.add((source, dataset.pid))
            if source not in found.datasets and source not in found.hidden and source not in wanted:
                wanted.append(source)
    return wanted


def _by_pid(client: CatalogClient, pids: list[str]) -> list[Dataset]:
    """Those of ``pids`` that the caller sees; a list shows a real SciCat's published ones too."""
    layer: list[Dataset] = []
    for start in range(0, len(pids), _CHUNK):
        part = pids[start : start + _CHUNK]
        layer += client.find({"pid": {"$in": part}}, limit=len(part), fields=_FIELDS)
    seen = {dataset.pid for dataset in layer}
    for pid in pids:
        if pid not in seen:
            try:
                layer.append(client.dataset(pid))
            except (NotFound, AccessDenied):
                continue
    return layer


def _down(client: CatalogClient, found: Lineage, layer: list[Dataset], depth: int, limit: int) -> None:
    for step in range(depth + 1):
        pids = [dataset.pid for dataset in layer]
        layer = []
        for start in range(0, len(pids), _CHUNK):
            part = pids[start : start + _CHUNK]
            room = max(1, limit - len(found.datasets) + 1)
            results = client.find({"inputDatasets": {"$in": part}}, limit=room, fields=_FIELDS)
            for result in results:
                if step == depth or (result.pid not in found.datasets and len(found.datasets) >= limit):
                    found.complete = False
                    return
                found.edges.update((source, result.pid) for source in result.input_datasets if source in part)
                if result.pid not in found.datasets:
                    found.datasets[result.pid] = result
                    layer.append(result)
        if not layer:
            return
