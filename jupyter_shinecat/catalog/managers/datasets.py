"""Datasets: create, read, change, delete."""

from __future__ import annotations

from .dataset_changes import DatasetChanges
from .dataset_creation import DatasetCreation
from .dataset_reading import DatasetReading


class Datasets(DatasetCreation, DatasetReading, DatasetChanges):
    """Datasets in the forms of v3 and v4 over one store."""
