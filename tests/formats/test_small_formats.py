"""TIFF, PNG, CSV, NPY, NPZ, NetCDF: header facts, units in column names, damaged files."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from jupyter_shinecat.formats import Extract, Failure, Sandbox


def _extract(sandbox: Sandbox, path: Path) -> Extract:
    result = sandbox.extract(path)
    assert isinstance(result, Extract), result
    return result


def test_tiff_header(tmp_path: Path, sandbox: Sandbox) -> None:
    path = tmp_path / "屏幕 [2]+滤片.tif"
    tifffile.imwrite(
        path, np.zeros((3, 20, 30), "u2"), photometric="minisblack", datetime="2021:03:05 08:01:00", software="daq 2",
        description="exposure_ms=5\ncamera=YAG", metadata=None,
    )  # fmt: skip
    found = _extract(sandbox, path)
    assert (found.data[0].shape, found.data[0].dtype) == ([3, 20, 30], "<u2")
    assert found.facts["pages"] == 3
    assert found.metadata["software"] == "daq 2"
    assert found.metadata["description"] == {"exposure_ms": 5, "camera": "YAG"}
    assert found.start_time is not None


def test_png_header_and_texts(tmp_path: Path, sandbox: Sandbox) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Sample", "lysozyme")
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png", pnginfo=info, dpi=(254, 254))
    found = _extract(sandbox, tmp_path / "a.png")
    assert (found.facts["width"], found.facts["height"], found.facts["colour"]) == (30, 20, "RGB")
    assert found.metadata["text"] == {"Sample": "lysozyme"}
    assert found.metadata["resolution"] == {"value": 10000, "unit": "1/m"}


def test_csv_columns_keep_their_units(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "a.csv").write_text(
        "# Sample: N2\ndelay (fs),产额 [counts],t / ms,note\n" + '1,2,3,"a, b"\n' * 7, encoding="utf-8"
    )
    found = _extract(sandbox, tmp_path / "a.csv")
    assert [(d.path, d.unit, d.shape) for d in found.data] == [
        ("delay", "fs", [7]), ("产额", "counts", [7]), ("t", "ms", [7]), ("note", None, [7]),
    ]  # fmt: skip
    assert found.metadata["rows"] == 7
    assert found.metadata["header"] == {"Sample": "N2"}


def test_npy_and_npz(tmp_path: Path, sandbox: Sandbox) -> None:
    np.save(tmp_path / "a.npy", np.zeros((4, 5), "<f4"))
    np.savez(tmp_path / "b.npz", one=np.zeros(3), two=np.zeros((2, 2), "i4"))
    assert _extract(sandbox, tmp_path / "a.npy").data[0].shape == [4, 5]
    assert {d.path: d.shape for d in _extract(sandbox, tmp_path / "b.npz").data} == {"one": [3], "two": [2, 2]}


def test_a_pickle_in_npy_is_not_loaded(tmp_path: Path, sandbox: Sandbox) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert _extract(sandbox, tmp_path / "a.npy").data[0].dtype == "objects"


def test_netcdf3_header(tmp_path: Path, sandbox: Sandbox) -> None:
    def name(text: str) -> bytes:
        body = text.encode()
        return struct.pack(">I", len(body)) + body + bytes(-len(body) % 4)

    def attribute(key: str, text: str) -> bytes:
        body = text.encode()
        return name(key) + struct.pack(">II", 2, len(body)) + body + bytes(-len(body) % 4)

    content = b"CDF\x01" + struct.pack(">I", 0)
    content += struct.pack(">II", 10, 1) + name("x") + struct.pack(">I", 5)
    content += struct.pack(">II", 12, 1) + attribute("title", "a run")
    content += struct.pack(">II", 11, 1) + name("t") + struct.pack(">II", 1, 0)
    content += struct.pack(">II", 12, 1) + attribute("units", "degC") + struct.pack(">III", 6, 40, 200)
    (tmp_path / "a.nc").write_bytes(content + bytes(100))
    found = _extract(sandbox, tmp_path / "a.nc")
    assert found.title == "a run"
    assert (found.data[0].path, found.data[0].shape, found.data[0].unit) == ("t", [5], "degC")


DAMAGED = {
    "a.png": b"\x89PNG\r\n\x1a\n",
    "a.tif": b"II*\x00\xff\xff\xff\x7f" + bytes(100),
    "b.tif": b"II*\x00\x08\x00\x00\x00" + b"\xff" * 100,
    "a.npy": b"\x93NUMPY\x01\x00\xff\xff{'descr': " + b"[" * 5000,
    "b.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
    "a.nc": b"CDF\x01" + b"\xff" * 60,
    "b.nc": b"CDF\x05\x00\x00",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_headers_give_a_reason(tmp_path: Path, sandbox: Sandbox, name: str) -> None:
    (tmp_path / name).write_bytes(DAMAGED[name])
    result = sandbox.extract(tmp_path / name)
    assert isinstance(result, Failure)
    assert result.kind in ("corrupt", "truncated"), result


def test_a_zip_that_lies_about_its_members(tmp_path: Path, sandbox: Sandbox) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", b"no header")
    result = sandbox.extract(tmp_path / "a.npz")
    assert isinstance(result, Failure)
    assert result.kind == "corrupt"
