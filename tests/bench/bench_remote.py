"""How many bytes a slice of a file moves that is not mounted, over the bytes of the chunks that hold it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.testing.catalog import running_catalog
from jupyter_shinecat.testing.files import running_files

# name: shape, chunks (None: contiguous), slice of 20 MB or more; 2 bytes an element
LAYOUTS: dict[str, tuple[tuple[int, ...], tuple[int, ...] | None, Any]] = {
    "frames": ((120, 512, 512), (1, 512, 512), np.s_[17:57]),
    "tiles": ((120, 512, 512), (1, 128, 128), np.s_[:, 100:300, 100:300]),
    "time": ((4096, 128, 64), (64, 16, 16), np.s_[:, 40:80, :]),
    "contiguous": ((120, 512, 512), None, np.s_[60:100]),
}


def measure() -> Iterator[dict[str, Any]]:
    """The worst of the layouts; what HDF5 reads to find the chunks counts too."""
    ratios = {}
    with tempfile.TemporaryDirectory() as name, running_catalog() as catalog:
        folder = Path(name)
        with h5py.File(folder / "data.h5", "w") as file:
            for layout, (shape, chunks, _) in LAYOUTS.items():
                file.create_dataset(layout, shape=shape, dtype="u2", chunks=chunks)[...] = 1
        size = (folder / "data.h5").stat().st_size
        token = catalog.token("zhangxf")
        with CatalogClient(catalog.url, token) as client:
            pid = client.create_dataset(
                {
                    "ownerGroup": "GET",
                    "contactEmail": "bench@example.org",
                    "sourceFolder": "/beamline",
                    "sourceFolderHost": "daq1",
                    "creationTime": "2026-03-01T10:00:00Z",
                    "datasetName": "bench",
                    "type": "raw",
                }
            ).pid
            entry = {"path": "data.h5", "size": size, "time": "2026-03-01T10:00:00Z"}
            client.create_origdatablock(pid, {"size": size, "dataFileList": [entry]})
        roots = [{"group": "GET", "host": "daq1", "folder": "/beamline", "path": name}]
        with running_files(folder / "service", catalog.url, roots) as service:
            os.environ.pop("SHINECAT_SOCKET", None)
            os.environ |= {"SHINECAT_CATALOG_URL": catalog.url, "SHINECAT_TOKEN": token}
            os.environ["SHINECAT_FILES_URL"] = service.url
            for layout in LAYOUTS:
                ratios[layout] = _ratio(pid, layout)
            del os.environ["SHINECAT_FILES_URL"]
    yield {
        "name": "remote_bytes_ratio",
        "value": round(max(ratios.values()), 4),
        "unit": "ratio",
        "goal": 1.2,
        "against": "bytes of the slice's chunks; " + ", ".join(f"{name} {one:.3f}" for name, one in ratios.items()),
    }


def _ratio(pid: str, layout: str) -> float:
    import jupyter_shinecat as sc
    from jupyter_shinecat.kernel import remote

    client = remote.service()
    if client is None:
        raise RuntimeError("no file service")
    index = LAYOUTS[layout][2]
    with sc.open(pid).h5() as file:
        data = file[layout]
        before = client.received_bytes
        values = data[index]
        moved = client.received_bytes - before
        if not (values == 1).all():
            raise RuntimeError(f"{layout}: other bytes than were written")
        chunks = _chunk_bytes(data, index) if data.chunks else values.nbytes
    if chunks < 20_000_000:
        raise RuntimeError(f"{layout}: a slice of {chunks} bytes is too small to tell")
    return moved / chunks


def _chunk_bytes(data: Any, index: Any) -> int:
    """Bytes of all chunks that hold a part of the slice."""
    spans = index if isinstance(index, tuple) else (index,)
    spans = (*spans, *([slice(None)] * (data.ndim - len(spans))))
    count = 1
    for span, length, chunk in zip(spans, data.shape, data.chunks, strict=True):
        first, end, _ = span.indices(length)
        count *= (end - 1) // chunk - first // chunk + 1
    return count * int(np.prod(data.chunks)) * data.dtype.itemsize
