"""Datablocks: the packed files of a dataset in an archive."""

from __future__ import annotations

from .dataset_parts import OWNED, DatasetParts
from .validate import Field


class Datablocks(DatasetParts):
    """Blocks in the archive; the dataset's ``packedSize`` and ``numberOfFilesArchived`` follow them."""

    kind, label = "datablock", "Datablock"
    size_field, totals = "packedSize", ("packedSize", "numberOfFilesArchived")
    fields = (
        *OWNED,
        Field("archiveId", "text", required=True),
        Field("size", "whole", required=True),
        Field("packedSize", "whole", required=True),
        Field("chkAlg", "string"),
        Field("version", "string", required=True),
    )
