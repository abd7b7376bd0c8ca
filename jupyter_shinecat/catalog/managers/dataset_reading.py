"""Datasets: one, lists, searches, metadata keys."""

from __future__ import annotations

from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import forbidden, not_found
from jupyter_shinecat.catalog.search.condition import both
from jupyter_shinecat.catalog.search.options import Projection
from jupyter_shinecat.catalog.store.documents import Doc, Snapshot

from .as_scicat import in_units_asked_for
from .common import Parts, only_one
from .dataset_forms import DatasetForms
from .includes import Includes


class DatasetReading(DatasetForms):
    """What callers may see of datasets."""

    def __init__(self, parts: Parts, includes: Includes) -> None:
        super().__init__(parts)
        self._includes = includes

    def _forms(
        self, who: Identity, docs: list[Doc], version: int, projection: Projection, include: Any, public: bool
    ) -> list[Doc]:
        related = self._includes.of(who, docs, include, version=version, public_only=public)
        result = []
        for doc in docs:
            form = projection.apply(self._form(doc, version))
            form.update(related.get(doc["pid"], {}))
            result.append(form)
        return result

    def stored(self, snapshot: Snapshot, pid: str) -> Doc | None:
        """A dataset by PID, whoever asks."""
        return snapshot.get("dataset", pid)

    def readable(self, who: Identity, pid: str, *, public_only: bool = False) -> Doc:
        """A dataset by PID, or a 404 or 403."""
        with self.store.snapshot() as snapshot:
            doc = snapshot.get("dataset", pid)
            if doc is None:
                raise not_found(f"dataset: {pid} not found")
            if not self.access.visible(who, "dataset", public_only=public_only).shows(snapshot, doc):
                # The public routes don't tell what exists beyond them.
                raise not_found(f"dataset: {pid} not found") if public_only else forbidden("Unauthorized access")
            return doc

    def get(
        self,
        who: Identity,
        pid: str,
        *,
        version: int,
        include: Any = None,
        filter: Any = None,
        public_only: bool = False,
    ) -> Doc:
        """One dataset with the relations asked for."""
        doc = self.readable(who, pid, public_only=public_only)
        projection = Projection(filter.get("fields") if isinstance(filter, dict) else None)
        if include is None and isinstance(filter, dict):
            include = filter.get("include")
        form = self._forms(who, [doc], version, projection, include, public_only)[0]
        form = self._alone(form, version)
        if version == 3 and projection.everything:
            form["history"] = []
        return form

    def listed(self, who: Identity, raw: Any, *, version: int, public_only: bool = False) -> list[Doc]:
        """Visible datasets of a filter."""
        wanted = self.parse_filter(raw, version=version)
        docs = self.found(who, wanted, public_only=public_only)
        return self._forms(who, docs, version, wanted.projection, wanted.include, public_only)

    def first(self, who: Identity, raw: Any, *, version: int, public_only: bool = False) -> Doc | None:
        """The first visible dataset of a filter, or None."""
        found = self.listed(who, only_one(raw), version=version, public_only=public_only)
        return found[0] if found else None

    def query(self, who: Identity, query: Any, limits: Any) -> list[Doc]:
        """fullquery."""
        found = [self._form(doc, 3) for doc in self.queried(who, query, limits)]
        return in_units_asked_for(found, query) if self._strict else found

    def metadata_keys(self, who: Identity, query: Any, limits: Any, *, public_only: bool = False) -> list[str]:
        """Names of metadata keys of visible datasets; ``metadataKey`` in ``query`` keeps those that contain it."""
        query = dict(query) if isinstance(query, dict) else {}
        part = str(query.pop("metadataKey", "") or "").casefold()
        visible = self.access.visible(who, "dataset", public_only=public_only)
        keys = self.engine.metadata_keys(
            "dataset", both(*self.parse_fields(query).values()), "scientificMetadata", visible
        )
        found = [key for key in keys if part in key.casefold()]
        limit = limits.get("limit") if isinstance(limits, dict) else None
        return found[: limit if isinstance(limit, int) and limit > 0 else 1000]

    def lifecycle(self, who: Identity, pid: str) -> Doc:
        """The life cycle of a readable dataset."""
        result: Doc = self.readable(who, pid).get("datasetlifecycle", {})
        return result
