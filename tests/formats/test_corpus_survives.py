"""Real and hostile files of facilities and libraries: each gives an extract or a reason, safe for JSON and bounded."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from jupyter_shinecat.formats import Extract, Sandbox
from jupyter_shinecat.formats.measure import extract_ratio

pytestmark = pytest.mark.slow


def test_every_file_gives_an_extract_or_a_reason(corpus: Path) -> None:
    paths = sorted(path for path in corpus.rglob("*") if path.is_file())
    assert paths
    formats: Counter[str] = Counter()
    with Sandbox(workers=2, timeout_s=60) as sandbox, ThreadPoolExecutor(2) as pool:
        for path, result in zip(paths, pool.map(sandbox.extract, paths), strict=True):
            if not isinstance(result, Extract):
                assert result.kind in ("unsupported", "corrupt", "truncated"), (path, result)
                continue
            formats[result.format] += 1
            text = json.dumps(msgspec.to_builtins(result.metadata), allow_nan=False, ensure_ascii=False)
            assert len(text.encode("utf-8")) < 150_000, path
            assert all(data.path for data in result.data), path
    assert formats["nexus"] > 20
    assert formats["hdf5"] > 100
    assert formats["tiff"] > 20


def test_extraction_is_measured_on_real_files(corpus: Path) -> None:
    found = extract_ratio(sorted(corpus.rglob("*.nxs")), repeats=1)
    assert found["files"] > 5
    assert found["ratio"] > 0
    assert found["extract_ms"] > 0
