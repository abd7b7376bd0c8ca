"""Import: documents as they are; goes on where it was killed, and a second time does no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.database import KINDS
from jupyter_shinecat.catalog.store.documents import Doc, Transaction
from jupyter_shinecat.catalog.store.store import Store

from .fitness import fitted
from .sources import Batch, Item, Source

_KEPT = 10_000


@dataclass
class Imported:
    """What became of the documents; ``refused`` and ``different`` are [kind, id, reason] (the first 10,000)."""

    new: dict[str, int] = field(default_factory=dict)
    same: dict[str, int] = field(default_factory=dict)
    different: list[tuple[str, str, str]] = field(default_factory=list)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    resumed: bool = False


class Importer:
    """Brings documents of a source into a stopped catalog's data folder.

    Parameters
    ----------
    folder
        Data folder, made when missing.
    settings
        Its limits on documents hold for what is imported.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings

    def run(self, source: Source, tell: Callable[[Imported], None] = lambda _so_far: None) -> Imported:
        """Import everything; what is there already stays as it is.

        How far it came is stored in the transaction that stores the documents, so a killed import leaves out
        nothing and repeats nothing. After the last document that place is forgotten: the next run looks at
        everything again.

        Raises
        ------
        CatalogError
            The folder is in use, or the source can't be read.
        """
        store = Store(self._folder)
        try:
            with store.snapshot() as snapshot:
                known = snapshot.progress(source.name)
            result = Imported()
            after = None
            if known is not None:
                after = known["place"]
                result = msgspec.convert({**known["result"], "resumed": True}, Imported)
            for batch in source.batches(after):
                result = store.change(lambda tx, b=batch, r=result: self._store(tx, source.name, b, r))  # type: ignore[misc]
                tell(result)
            store.change(lambda tx: tx.put_progress(source.name, None))
        finally:
            store.close()
        return result

    def _store(self, tx: Transaction, name: str, batch: Batch, before: Imported) -> Imported:
        result = msgspec.convert(asdict(before), Imported)
        for item in batch.items:
            try:
                self._one(tx, item, result)
            except Refused as reason:
                if len(result.refused) < _KEPT:
                    result.refused.append((item.kind, item.id, str(reason)))
        tx.put_progress(name, {"place": batch.place, "result": asdict(result)})
        return result

    def _one(self, tx: Transaction, item: Item, result: Imported) -> None:
        if item.reason:
            raise Refused(400, item.reason)
        if item.kind not in KINDS:
            raise Refused(400, "documents of this kind are not known here")
        doc = fitted(item.kind, item.id, item.doc, self._settings)
        _check_targets(tx, item.kind, doc)
        there = tx.get(item.kind, item.id)
        if there is None:
            tx.insert(item.kind, item.id, doc, any_size=True)
            result.new[item.kind] = result.new.get(item.kind, 0) + 1
        elif there == doc:
            result.same[item.kind] = result.same.get(item.kind, 0) + 1
        elif len(result.different) < _KEPT:
            names = sorted(key for key in there.keys() | doc.keys() if there.get(key) != doc.get(key))
            result.different.append((item.kind, item.id, ", ".join(names)))


def _check_targets(tx: Transaction, kind: str, doc: Doc) -> None:
    if kind in ("origdatablock", "datablock") and tx.get("dataset", doc["datasetId"]) is None:
        raise Refused(404, f"its dataset {doc['datasetId']} is not here")
    if kind == "attachment":
        for target in doc.get("relationships", []):
            of, id = str(target.get("targetType")), str(target.get("targetId"))
            if of not in KINDS or tx.get(of, id) is None:
                raise Refused(404, f"its {of} {id} is not here")
