"""Counts of what was catalogued, as a line that adds up."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_shinecat.ingest import ScanReport
from jupyter_shinecat.locale import tr


def counts(reports: Sequence[ScanReport]) -> str:
    """One line over several scans: with metadata + without + not catalogued = files."""
    described = sum(r.with_metadata for r in reports)
    plain = sum(r.without_metadata for r in reports)
    refused = sum(r.not_catalogued for r in reports)
    total = sum(r.files for r in reports)
    return tr(
        "{files} files = {described} with metadata + {plain} without + {refused} not catalogued",
        files=total,
        described=described,
        plain=plain,
        refused=refused,
    )
