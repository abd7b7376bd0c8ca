"""A catalog with datasets of all kinds, good and bad, and a kernel that talks to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog
from jupyter_shinecat.testing.kernels import KernelProcess, running_kernel

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>&\"'\x1b]0;title\x07\x1b[31m\u202e\ngone"


@dataclass
class Facility:
    """Catalog, its client as ``zhangxf``, and PIDs by a short name."""

    catalog: CatalogProcess
    client: CatalogClient
    token: str
    folder: Path
    pids: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, files: dict[str, int] | None = None, **fields: Any) -> str:
        """Catalogue what lies in ``folder / key``; ``files`` gives other sizes than the real ones."""
        folder = self.folder / key
        folder.mkdir(exist_ok=True)
        doc = {
            "ownerGroup": "GET",
            "contactEmail": "zhangxf@example.org",
            "sourceFolder": str(folder),
            "creationTime": "2026-03-01T10:00:00Z",
            "datasetName": f"run {key}",
            "type": "raw",
            **fields,
        }
        pid = self.client.create_dataset(doc).pid
        real = {str(p.relative_to(folder)): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}
        listed = [
            {"path": path, "size": size, "time": "2026-03-01T10:00:00.000Z"} for path, size in (files or real).items()
        ]
        if listed:
            size = sum(entry["size"] for entry in listed)
            self.client.create_origdatablock(pid, {"size": size, "dataFileList": listed})
        self.pids[key] = pid
        return pid


def make_files(folder: Path) -> None:
    """An HDF5 file as experiments write them, and a table of text."""
    folder.mkdir(parents=True)
    with h5py.File(folder / "run 17 溶菌酶.h5", "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs["default"] = "plot"
        entry["data/data"] = np.arange(600, dtype="i4").reshape(6, 10, 10)
        plot = entry.create_group("plot")
        plot.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["energy"]})
        plot["energy"] = np.linspace(9.0, 9.5, 6)
        plot["counts"] = np.arange(5) ** 2
        peaks = np.zeros(3, dtype=[("x", "f4"), ("name", "S8"), ("hkl", "i2", (3,))])
        peaks["x"], peaks["name"] = [1, 2, 3], ["甲".encode(), b"b", b"c"]
        entry["peaks"] = peaks
        entry["columns/a"], entry["columns/b"] = [1, 2, 3], [4.0, 5.0, 6.0]
        entry["columns/note"] = ["x", "y", "z"]
        entry["matrix"] = np.eye(3)
        entry["scalar"] = 1.5
        entry["loop"] = h5py.SoftLink("/entry")
        entry["outside"] = h5py.ExternalLink("/etc/passwd", "/")


@pytest.fixture(scope="session")
def facility(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facility]:
    folder = tmp_path_factory.mktemp("facility")
    with running_catalog(tmp_path_factory.mktemp("catalog")) as catalog:
        token = catalog.token("zhangxf")
        client = CatalogClient(catalog.url, token)
        made = Facility(catalog, client, token, folder)
        make_files(folder / "good")
        made.add(
            "good",
            datasetName="Lysozyme 溶菌酶 run 17",
            keywords=["serial", "溶菌酶"],
            description="Crystals in a jet",
            scientificMetadata={
                "photon energy": {"value": 9.3, "unit": "keV"},
                "detector": {"distance": {"v": 100, "u": "mm"}, "name": "AGIPD", "gain-mode": "high"},
                "run": 17,
                "slits": [{"value": 1, "unit": "mm"}, {"value": 2, "unit": "mm"}],
            },
        )
        (folder / "mixed").mkdir()
        for name in ("a.h5", "b.h5"):
            with h5py.File(folder / "mixed" / name, "w") as file:
                file["x"] = [1, 2, 3]
        (folder / "mixed" / "t 100%.csv").write_text("angle;count\n1,5;2\n3;4\n", encoding="utf-8")
        made.add("mixed")
        (folder / "text").mkdir()
        (folder / "text" / "log.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
        made.add("text")
        (folder / "bad").mkdir()
        (folder / "bad" / "not.h5").write_text("this is no HDF5 file at all")
        made.add("bad")
        with h5py.File(folder / "broken.h5", "w") as file:
            file["x"] = np.arange(1000)
        (folder / "broken").mkdir()
        whole = (folder / "broken.h5").read_bytes()
        (folder / "broken" / "half.h5").write_bytes(whole[:600])
        made.add("broken")
        for key in ("gone", "short", "long", "moved"):
            (folder / key).mkdir()
            with h5py.File(folder / key / "data.h5", "w") as file:
                file["x"] = [1, 2, 3]
        size = (folder / "gone" / "data.h5").stat().st_size
        made.add("gone")
        (folder / "gone" / "data.h5").unlink()
        made.add("short", {"data.h5": size + 1000})
        made.add("long", {"data.h5": size - 10})
        made.add("moved")
        (folder / "moved" / "archive").mkdir()
        (folder / "moved" / "data.h5").rename(folder / "moved" / "archive" / "data.h5")
        made.add("escape", {"../good/run 17 溶菌酶.h5": 5})
        made.add("empty")
        made.add(
            "hostile",
            datasetName=HOSTILE,
            description=HOSTILE,
            keywords=[HOSTILE],
            scientificMetadata={HOSTILE: {"value": HOSTILE, "unit": HOSTILE}, "plain": HOSTILE},
        )
        with CatalogClient(catalog.url, catalog.token("wangxch")) as other:
            made.pids["foreign"] = other.create_dataset(
                {
                    "ownerGroup": "AMO",
                    "contactEmail": "wangxch@example.org",
                    "sourceFolder": str(folder / "good"),
                    "creationTime": "2026-03-01T10:00:00Z",
                    "datasetName": "of the others",
                    "type": "raw",
                }
            ).pid
        yield made
        client.close()


@pytest.fixture
def here(facility: Facility, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Facility:
    """The catalog as this test process's own: handles without a kernel."""
    monkeypatch.setenv("SHINECAT_CATALOG_URL", facility.catalog.url)
    monkeypatch.setenv("SHINECAT_TOKEN", facility.token)
    monkeypatch.setenv("SHINECAT_RESULTS", str(tmp_path / "results"))
    return facility


@pytest.fixture(scope="session")
def kernel(facility: Facility, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelProcess]:
    """A kernel in which a scientist has just written ``import jupyter_shinecat as sc``."""
    folder = tmp_path_factory.mktemp("kernel")
    variables = {"SHINECAT_CATALOG_URL": facility.catalog.url, "SHINECAT_TOKEN": facility.token}
    with running_kernel(folder, **variables, HOME=os.environ.get("HOME", "/")) as running:
        running.folder = folder  # type: ignore[attr-defined]
        running.run("import jupyter_shinecat as sc\npids = " + repr(facility.pids))
        yield running
