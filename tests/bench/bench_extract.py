"""What extraction costs over a bare walk of the same files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_shinecat.demo.samples import make_samples
from jupyter_shinecat.formats import sniff
from jupyter_shinecat.formats.measure import extract_ratio


def _files(folder: Path) -> list[Path]:
    """The corpus where there is one, else the demo's samples."""
    corpus = os.environ.get("SHINECAT_CORPUS")
    found = Path(corpus).rglob("*") if corpus else make_samples(folder)
    return [path for path in sorted(found) if path.is_file() and sniff(path) in ("hdf5", "nexus", "cxi")]


def measure() -> Iterator[dict[str, Any]]:
    """Median over files, both timed in turn in one process."""
    with tempfile.TemporaryDirectory() as name:
        result = extract_ratio(_files(Path(name)))
    yield {
        "name": "extract_ratio",
        "value": round(result["ratio"], 3),
        "unit": "1",
        # Of anybody's files; in the samples every object has a unit and a value, so that reading them is the measure.
        "goal": 4.0 if os.environ.get("SHINECAT_CORPUS") else None,
        "against": f"opening every object of {result['files']:.0f} HDF5 files ({result['walk_ms']:.2f} ms a file); "
        f"{result['ratio_read']:.2f} against a walk that also reads every small value",
    }
