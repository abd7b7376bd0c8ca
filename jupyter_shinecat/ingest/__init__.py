"""Scan folders and write their datasets to the catalog."""

from __future__ import annotations

from .report import Catalogued, Outcome, ScanReport
from .scan import ScanError, ScanStopped, scan

__all__ = ["Catalogued", "Outcome", "ScanError", "ScanReport", "ScanStopped", "scan"]
