"""The manual's examples of other libraries on our handles are run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray
from extra_data.tests.make_examples import make_sa3_da_file

import jupyter_shinecat as sc

DOCS = Path(__file__).resolve().parents[2] / "docs"
TITLES = {"en": "### With other libraries", "zh": "### 与其他库一起使用"}


def examples(language: str) -> list[str]:
    """Python blocks of the section, in their order."""
    page = (DOCS / language / "open-and-search.md").read_text(encoding="utf-8")
    section = page.split(TITLES[language], 1)[1].split("\n### ", 1)[0]
    return re.findall(r"```python\n(.*?)```", section, re.S)


@pytest.fixture(scope="module")
def pid(facility) -> str:
    folder = facility.folder / "libraries"
    folder.mkdir()
    with h5py.File(folder / "frames.h5", "w") as file:
        file["entry/data/data"] = np.arange(6 * 4 * 4).reshape(6, 4, 4)
    scan = xarray.Dataset({"counts": ("angle", [1, 9, 3])}, {"angle": [0.0, 0.5, 1.0]})
    scan.to_netcdf(folder / "scan.nc", engine="h5netcdf")
    make_sa3_da_file(str(folder / "RAW-R0017-DA01-S00000.h5"))
    return str(facility.add("libraries"))


@pytest.mark.parametrize("language", TITLES)
def test_examples_of_other_libraries(here, pid: str, language: str) -> None:
    found = examples(language)
    assert len(found) == 3
    names: dict[str, Any] = {"ds": sc.open(pid)}
    for code in found:
        exec(compile(code, f"{language}/open-and-search.md", "exec"), names)
    assert names["mean"].tolist() == np.arange(96).reshape(6, 4, 4).mean(axis=0).tolist()
    assert float(names["peak"]) == 0.5
    assert names["xgm"].size > 0
    names["scan"].close()


def test_several_datasets_with_dask(here, pid: str) -> None:
    import dask.array

    stack = sc.open([pid, pid]).stack("/entry/data/data", file="frames.h5")
    assert dask.array.from_array(stack).sum().compute() == 2 * np.arange(96).sum()
