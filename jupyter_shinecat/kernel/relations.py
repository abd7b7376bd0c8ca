"""What a dataset belongs to: proposal, sample, what it was made from and what was made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, NotFound, operations
from jupyter_shinecat.scicat import Dataset as Record

from . import session
from .errors import plainly, warn
from .metadata import Metadata

if TYPE_CHECKING:
    from .several import Datasets

_AT_MOST = 1000


class Relations:
    """The neighbours of a dataset in the catalog, each asked for when it is used."""

    _record: Record

    @property
    def comment(self) -> str:
        """What its owners noted; empty when they noted nothing."""
        return str(self._record.doc.get("comment") or "")

    @property
    def proposal(self) -> Metadata | None:
        """The (first) proposal that it belongs to: ``ds.proposal.title``; None when it names none."""
        return self._related("proposals", self._record.proposal_ids)

    @property
    def sample(self) -> Metadata | None:
        """The (first) sample that was measured: ``ds.sample.description``; None when it names none."""
        return self._related("samples", self._record.sample_ids)

    @property
    def inputs(self) -> Datasets:
        """Datasets that it was made from, as far as you may read them; a warning names the others."""
        return self._inputs()

    @property
    def derived(self) -> Datasets:
        """Datasets made from it that you may read, newest first."""
        return self._derived()

    @plainly
    def _inputs(self) -> Datasets:
        pids = self._record.input_datasets
        found: dict[str, Record] = {}
        if pids:
            where = {"pid": {"inq": pids[:_AT_MOST]}}
            records = session.ask(lambda catalog: catalog.find(where, limit=_AT_MOST))
            found = {one.pid: one for one in records}
        missing = [pid for pid in pids if pid not in found]
        if missing:
            warn(
                tr(
                    "{name} was made from datasets that are not for you, or not in the catalog any more: {pids}.",
                    name=self._record.name,
                    pids=", ".join(missing[:10]),
                ),
            )
        return _handles([found[pid] for pid in pids if pid in found])

    @plainly
    def _derived(self) -> Datasets:
        where = {"inputDatasets": self._record.pid}
        return _handles(session.ask(lambda catalog: catalog.find(where, limit=_AT_MOST)))

    @plainly
    def _related(self, kind: str, ids: list[str]) -> Metadata | None:
        if not ids:
            return None
        try:
            doc = session.ask(lambda catalog: catalog.send(operations.get(kind, ids[0])))
        except (AccessDenied, NotFound) as cause:
            what = tr(
                "The proposal {id} of {name} is not in the catalog, or not for you.", id=ids[0], name=self._record.name
            )
            if kind == "samples":
                what = tr(
                    "The sample {id} of {name} is not in the catalog, or not for you.",
                    id=ids[0],
                    name=self._record.name,
                )
            error = NotFound(what)
            error.status = cause.status
            raise error from None
        return Metadata({key: value for key, value in doc.items() if key != "_id"}, name=ids[0])


def _handles(records: list[Record]) -> Datasets:
    from .dataset import Dataset
    from .several import Datasets

    # Without a note in the record: a list of neighbours is not yet a dataset that was read.
    return Datasets([Dataset(one) for one in records])
