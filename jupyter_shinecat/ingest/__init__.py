"""Scan folders and write their datasets to the catalog."""

from __future__ import annotations

from .report import Catalogued, Outcome, ScanReport
from .run import ScanStopped
from .scan import ScanError, scan

__all__ = ["Catalogued", "Outcome", "ScanError", "ScanReport", "ScanStopped", "scan"]
