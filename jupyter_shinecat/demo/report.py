"""Counts of what was catalogued, as a line that adds up."""

from __future__ import annotations

from jupyter_shinecat.ingest import ScanReport
from jupyter_shinecat.locale import tr


def counts(report: ScanReport) -> str:
    """One line whose parts add up to the number of files."""
    return tr(
        "{files} files = {described} with metadata + {plain} without + {beside} beside another + {same} unchanged "
        "+ {refused} not catalogued",
        files=report.files,
        described=sum(report.with_metadata.values()),
        plain=len(report.without_metadata),
        beside=report.beside,
        same=report.unchanged,
        refused=len(report.not_catalogued),
    )
