"""A dataset in a variable."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from jupyter_shinecat import record
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, BadRequest, CatalogClient, NotFound, operations, quote_pid
from jupyter_shinecat.scicat import Dataset as Record

from . import finding, session
from .card import dataset_html, dataset_text
from .dataset_copies import DatasetCopies
from .dataset_places import note_read
from .metadata import Metadata
from .relations import Relations

# Nobody names datasets so; an address of this length would not even be sent.
_LONGEST = 2000


class Dataset(DatasetCopies, Relations):
    """A dataset of the catalog; made by ``sc.open`` and by the hits of ``sc.search``.

    Examples
    --------
    >>> ds = sc.open("20.500.12269/4f1c")              # doctest: +SKIP
    >>> ds.metadata.photon_energy.to("eV")             # doctest: +SKIP
    >>> with ds.h5() as f:                             # doctest: +SKIP
    ...     frame = f["/entry/data/data"][0]
    """

    metadata: Metadata
    """Scientific metadata: ``ds.metadata.photon_energy``, ``ds.metadata["detector/distance"].to("mm")``."""

    def __init__(self, record_: Record) -> None:
        super().__init__(record_)
        # A plain attribute: Tab in IPython looks behind those, but runs no property. It must not hold the handle: that
        # would keep the handle's open file until the garbage is collected.
        self.metadata = Metadata(record_.metadata, name=record_.name, used=partial(note_read, record_.pid, "metadata"))

    # -- what it is ----------------------------------------------------------------------------------------------

    @property
    def pid(self) -> str:
        """Persistent identifier."""
        return self._record.pid

    @property
    def name(self) -> str:
        """Name."""
        return self._record.name

    @property
    def type(self) -> str:
        """``raw``, ``derived`` or a facility's own type."""
        return self._record.type

    @property
    def owner_group(self) -> str:
        """Group that owns it."""
        return self._record.owner_group

    @property
    def keywords(self) -> list[str]:
        """Keywords."""
        return self._record.keywords

    @property
    def description(self) -> str:
        """Free text."""
        return self._record.description

    @property
    def input_pids(self) -> list[str]:
        """Identifiers of the datasets that a derived dataset was made from."""
        return self._record.input_datasets

    @property
    def raw(self) -> dict[str, Any]:
        """The catalog's own document."""
        self._note("metadata")
        return dict(self._record.doc)

    def __repr__(self) -> str:
        return dataset_text(self._record)

    def _repr_html_(self) -> str:
        return dataset_html(self._record, self._listed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and other.pid == self.pid

    def __hash__(self) -> int:
        return hash(self.pid)


def open_dataset(what: str) -> Dataset:
    """Fetch the dataset that a text names; who may not read it learns no more than who invents its PID.

    Raises
    ------
    NotFound
        There is none for this person.
    Ambiguous
        The text names several: a file that several datasets list, or a DOI of several datasets.
    """
    text = what.strip()
    if finding.is_path(text):
        return open_file(text)
    kind, name = finding.named_by(text) if text else ("pid", "")
    try:
        if not name or len(name) > _LONGEST:
            raise NotFound("")
        found = session.ask(lambda catalog: _fetch(catalog, name))
    except (NotFound, AccessDenied):
        pids = session.ask(lambda catalog: finding.published(catalog, name)) if kind == "doi" else []
        if pids:
            return _published(name, pids)
        if kind == "pid" and os.path.exists(text):  # the name of a file in the working folder
            return open_file(text)
        raise unknown(name) from None
    return handle(found)


def unknown(pid: str) -> NotFound:
    """The error of a dataset that is not there, or not for this person."""
    error = NotFound(
        tr("The catalog has no dataset {pid}, or not for you.", pid=pid[:200] or '""'),
        do=tr("Check the PID (sc.search finds it by words); its owner group decides who may read it."),
    )
    error.status = 404
    return error


def open_file(path: str) -> Dataset:
    """The dataset that lists a file, or whose folder a folder is."""
    found = session.ask(lambda catalog: finding.of_file(catalog, path))
    return handle(finding.one_of(found, path))


def open_measured(**wanted: Any) -> Dataset:
    """The one dataset of a proposal, run, sample and so on; where one of several is raw and no other, that one."""
    found = session.ask(lambda catalog: finding.measured(catalog, **wanted))
    raw = [one for one in found if one.type == "raw"]
    return handle(finding.one_of(raw if len(raw) == 1 else found, finding.in_words(**wanted)))


def newest(**wanted: Any) -> Dataset:
    """The dataset taken last of those that fit."""
    found = session.ask(lambda catalog: finding.measured(catalog, **wanted, limit=1))
    return handle(finding.one_of(found, finding.in_words(**wanted)))


def _published(doi: str, pids: list[str]) -> Dataset:
    if len(pids) == 1:
        return open_dataset(pids[0])
    error = finding.Ambiguous(
        tr("{doi} publishes {count} datasets: {pids}.", doi=doi, count=len(pids), pids=", ".join(pids[:8])),
        do=tr("Open one by its PID, or all with sc.open([...])."),
    )
    error.pids = tuple(pids)
    raise error


def _fetch(catalog: CatalogClient, pid: str) -> Record:
    """The dataset with its files in one call; who has no account gets at public data by the older route only."""
    path = f"/api/v4/datasets/{quote_pid(pid)}?include=origdatablocks"
    try:
        found = catalog.send(operations.Operation(tr("read the dataset"), "GET", path, Record, subject=pid))
        if found.doc and found.pid:
            return found
    except (AccessDenied, BadRequest, NotFound):
        pass
    return catalog.dataset(pid)


def handle(found: Record) -> Dataset:
    """A handle of what the catalog told; from now on the dataset may have been read."""
    recorder = record.current()
    if recorder is not None:
        recorder.read(found.pid, how="open", certain=False)
    return Dataset(found)
