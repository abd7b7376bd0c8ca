"""The whole circle without a browser: files in, sign-in, opening, a result back, and the check that it is right."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from jupyter_shinecat.ingest import ScanReport, scan
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, CatalogClient, Dataset, NotFound, Query, operations

from . import analysis
from .errors import DemoError
from .facility import ADMIN, PEOPLE, Facility
from .report import counts
from .samples import make_samples
from .session import HubSession

T = TypeVar("T")
SCIENTIST, OTHER = PEOPLE
GROUP = PEOPLE[SCIENTIST][0]  # the group that the other person is not in
_GROUPS = sorted({group for groups in PEOPLE.values() for group in groups})  # one folder each below the samples
_HDF5_FORMATS = ("hdf5", "nexus", "cxi")
_WRITE_BACK_S = 120.0

Say = Callable[[str, str, float], None]
"""Tells of one step: what, PID or figure, seconds."""


@dataclass
class Circle:
    """One turn of the circle.

    Parameters
    ----------
    facility
        Prepared, not yet started.
    say
        Called once a step.
    files
        A folder of anybody's files; None for the samples.
    """

    facility: Facility
    say: Say
    files: Path | None = None
    _report: ScanReport | None = field(default=None, init=False)

    def start(self) -> None:
        """Catalog, files and hub."""
        self._step(tr("catalog started"), self._start_catalog)
        self._step(tr("files catalogued"), self.catalogue)
        self._step(tr("hub started"), self._start_hub)

    def run(self) -> Dataset:
        """All steps; the derived dataset at the end.

        Raises
        ------
        DemoError
            Names the step, the reason and the log.
        """
        self.start()
        session = HubSession(self.facility.hub_url, SCIENTIST, self.facility.accounts[SCIENTIST])
        try:
            self._step(tr("signed in as {name}", name=SCIENTIST), session.sign_in)
            self._step(tr("own server started"), session.start_server)
            self._step(tr("dataset found"), lambda: self._search(session))
            source = self._step(tr("dataset analysed in a kernel"), lambda: self._analyse(session))
            derived = self._step(tr("result is in the catalog"), lambda: self._derived(source))
            self._step(tr("{name} sees nothing of it", name=OTHER), lambda: self._hidden(source, derived))
        finally:
            session.close()
        return derived

    def _step(self, what: str, act: Callable[[], T]) -> T:
        start = time.monotonic()
        try:
            result = act()
        except DemoError:
            raise
        except Exception as cause:
            raise DemoError(what, f"{type(cause).__name__}: {cause}", log=self.facility.logs) from cause
        shown = result.pid if isinstance(result, Dataset) else str(result)
        self.say(what, shown, time.monotonic() - start)
        return result

    def _start_catalog(self) -> str:
        self.facility.start_catalog()
        return self.facility.catalog_url

    def _start_hub(self) -> str:
        self.facility.start_hub()
        return self.facility.hub_url

    def catalogue(self) -> str:
        """Catalogue the files of this turn; counts as text, which add up to the number of files."""
        folder = self.files
        with self.facility.client(ADMIN) as client, _state_in(self.facility.folder / "state"):
            if folder is None:
                folder = self.facility.folder / "data"
                make_samples(folder)
                self._report = scan(folder, client, owner_group={name: name for name in _GROUPS})
            else:
                self._report = scan(folder, client, owner_group=GROUP)
        return counts(self._report)

    def _search(self, session: HubSession) -> str:
        query = Query(type="raw", limit=1)
        operation = operations.search(query)
        answer = session.get("shinecat/api/catalog" + operation.path)
        if answer.status_code != 200 or not answer.json():
            raise DemoError(
                tr("dataset found"),
                tr("the server answered {status}", status=answer.status_code),
                log=self.facility.logs / "hub.log",
            )
        return str(answer.json()[0]["pid"])

    def _candidates(self, client: CatalogClient) -> list[Dataset]:
        """HDF5 datasets of the scientist's group, the largest first: an analysis needs numbers."""
        readable = {d.pid for d in self._report.datasets if d.format in _HDF5_FORMATS} if self._report else set()
        raw = client.iterate(Query(type="raw", groups=(GROUP,), limit=200))
        return sorted((d for d in raw if d.pid in readable), key=lambda d: (-d.size_bytes, d.pid))

    def _analyse(self, session: HubSession) -> Dataset:
        with self.facility.client(SCIENTIST) as client:
            candidates = self._candidates(client)
        refused = tr("no HDF5 file with numbers was catalogued")
        for dataset in candidates[:20]:
            try:
                session.run(analysis.opening(dataset.pid))
                session.run(analysis.choosing())
            except DemoError as error:
                refused = str(error)
                session.end_kernel()
                continue
            session.run(analysis.deriving(f"{Path(dataset.name).stem}_histogram"))
            return dataset
        raise DemoError(tr("dataset analysed in a kernel"), refused, log=self.facility.logs / "hub.log")

    def _derived(self, source: Dataset) -> Dataset:
        """Wait for the derived dataset of ``source`` and check what it says against the file on disk."""
        step = tr("result is in the catalog")
        deadline = time.monotonic() + _WRITE_BACK_S
        with self.facility.client(SCIENTIST) as client:
            while True:
                found = client.find({"inputDatasets": source.pid, "type": "derived"})
                wrong = _check(client, found[0], source) if found else tr("it did not arrive")
                if not wrong:
                    return found[0]
                if time.monotonic() > deadline:
                    raise DemoError(step, wrong, log=self.facility.logs / "hub.log")
                time.sleep(0.5)

    def _hidden(self, source: Dataset, derived: Dataset) -> str:
        step = tr("{name} sees nothing of it", name=OTHER)
        with self.facility.client(OTHER) as client:
            for pid in (source.pid, derived.pid):
                try:
                    client.dataset(pid)
                except (NotFound, AccessDenied):
                    continue
                raise DemoError(step, tr("{name} can read {pid}", name=OTHER, pid=pid))
            total, _ = client.facets(Query(groups=(GROUP,)))
            if total or client.search(Query(groups=(GROUP,))):
                raise DemoError(step, tr("{name} finds datasets of {group}", name=OTHER, group=GROUP))
        return tr("0 datasets of {group}", group=GROUP)


@contextmanager
def _state_in(folder: Path) -> Iterator[None]:
    """The memory of scans belongs to the demo's folder, not to who runs it."""
    before = os.environ.get("SHINECAT_STATE")
    os.environ["SHINECAT_STATE"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SHINECAT_STATE"]
        else:
            os.environ["SHINECAT_STATE"] = before


def _check(client: CatalogClient, derived: Dataset, source: Dataset) -> str:
    """What is not (yet) right about the derived dataset, or nothing."""
    if derived.input_datasets != [source.pid]:
        return tr("its inputs are {inputs}", inputs=derived.input_datasets)
    doc = client.dataset(derived.pid).doc
    if not doc.get("usedSoftware"):
        return tr("it names no software")
    if source.pid not in str(doc.get("jobLogData", "")):
        return tr("its code is missing")
    files = client.files(derived.pid)
    if not files:
        return tr("it has no files")
    for file in files:
        path = Path(derived.source_folder) / file.path
        if not path.is_file() or hashlib.new(file.checksum_algorithm, path.read_bytes()).hexdigest() != file.checksum:
            return tr("the checksum of {file} is not the file's", file=file.path)
    if not any(str(a.get("thumbnail", "")).startswith("data:image/") for a in client.attachments(derived.pid)):
        return tr("its figure is missing")
    return ""
