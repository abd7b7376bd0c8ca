"""Origdatablocks: the files of a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.search.asked_facets import Facet, parse_facets
from jupyter_shinecat.catalog.search.condition import Condition, both
from jupyter_shinecat.catalog.search.facets import Tally
from jupyter_shinecat.catalog.search.fields import SCHEMAS
from jupyter_shinecat.catalog.search.options import parse_limits
from jupyter_shinecat.catalog.store.documents import Doc

from .common import shown
from .dataset_parts import OWNED, DatasetParts
from .validate import Field


class Blocks(DatasetParts):
    """Blocks of files where they were written."""

    kind, label = "origdatablock", "OrigDatablock"
    fields = (*OWNED, Field("size", "whole", required=True), Field("chkAlg", "string"))

    def form(self, id: str, doc: Doc) -> Doc:
        """A block as answers carry it."""
        return shown({**doc, "version": "4"} if self.complete else doc, id, with_id=True)

    def query(self, who: Identity, query: Any, limits: Any) -> list[Doc]:
        """fullquery."""
        where = both(*self.parse_fields(query).values())
        rows = self.engine.rows(self.kind, where, self.access.visible(who, self.kind), self.page_of(limits))
        return [self.form(id, doc) for id, doc in rows]

    # -- files --

    def files(self, blocks: list[Doc]) -> list[Doc]:
        """One entry for each file of ``blocks``."""
        return [
            {**{k: v for k, v in block.items() if k != "id"}, "dataFileList": _without_id(file), "datasetExist": True}
            for block in blocks
            for file in block.get("dataFileList", [])
        ]

    def count_files(self, who: Identity, raw: Any, *, public_only: bool = False) -> int:
        """How many files the visible blocks of a v4 filter hold."""
        where = self.parse_filter(raw, version=4).where
        return sum(1 for _file in self._files_of(who, where, public_only=public_only))

    def _files_of(self, who: Identity, where: Condition, *, public_only: bool) -> Iterator[Doc]:
        """Each file as a document with its block's members."""
        visible = self.access.visible(who, self.kind, public_only=public_only)
        for _id, doc in self.engine.rows(self.kind, where, visible, parse_limits({}, 0, self.kind)):
            for file in doc.get("dataFileList", []):
                yield {**doc, "dataFileList": file}

    def file_facets(
        self, who: Identity, fields: Any, facets: Any, *, public_only: bool = False
    ) -> list[dict[str, Any]]:
        """fullfacet of files: every count is of files, of the blocks that are visible and fulfil ``fields``."""
        wanted = parse_facets(facets, SCHEMAS[self.kind], described=self.complete)
        parts = self.parse_fields(fields)

        def counted(where: Condition, some: list[Facet]) -> tuple[dict[str, Any], int]:
            tallies = {facet.name: Tally(facet) for facet in some}
            total = 0
            for file in self._files_of(who, where, public_only=public_only):
                total += 1
                for tally in tallies.values():
                    tally.add(file)
            return {name: tally.counts() for name, tally in tallies.items()}, total

        result, total = counted(both(*parts.values()), [facet for facet in wanted if facet.field not in parts])
        for facet in wanted:
            if facet.field in parts:  # a facet's own condition is left out of its own count
                others = both(*(part for name, part in parts.items() if name != facet.field))
                result.update(counted(others, [facet])[0])
        return [{**{facet.name: result[facet.name] for facet in wanted}, "all": [{"totalSets": total}]}]


def _without_id(file: Doc) -> Doc:
    return {name: value for name, value in file.items() if name != "id"}
