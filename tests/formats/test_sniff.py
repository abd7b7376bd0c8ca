"""Formats are told by content; names say nothing."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from jupyter_shinecat.formats import sniff


def _hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = 1


def _nexus(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("entry").attrs["NX_class"] = "NXentry"


def _cxi(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 160


def _behind_user_block(path: Path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["x"] = 1
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file".ljust(116))


WRITERS = {
    "hdf5": _hdf5,
    "nexus": _nexus,
    "cxi": _cxi,
    "npy": lambda p: np.save(p.open("wb"), np.zeros(3)),
    "npz": lambda p: np.savez(p.open("wb"), a=np.zeros(3)),
    "tiff": lambda p: tifffile.imwrite(p, np.zeros((4, 4), "u2")),
    "png": lambda p: Image.new("L", (4, 4)).save(p, "PNG"),
    "netcdf3": lambda p: p.write_bytes(b"CDF\x01" + bytes(40)),
    "lmf": lambda p: p.write_bytes(struct.pack("<I", 0x80000000 | 476759) + bytes(200)),
    "mat5": lambda p: p.write_bytes(b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128)),
    "csv": lambda p: p.write_text("t (s),延迟 (fs)\n" + "1,2\n" * 10, encoding="utf-8"),
    "text": lambda p: p.write_text("运行记录\nJet stable.\n", encoding="utf-8"),
}


@pytest.mark.parametrize("expected", WRITERS)
def test_content_decides(tmp_path: Path, expected: str) -> None:
    path = tmp_path / "whatever.bin"
    WRITERS[expected](path)
    assert sniff(path) == expected


def test_matlab_73_behind_its_user_block_is_hdf5(tmp_path: Path) -> None:
    _behind_user_block(tmp_path / "a.mat")
    assert sniff(tmp_path / "a.mat") == "hdf5"


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, bytes(range(256)) * 10, b"\x89HDF", b"PK\x03\x04"])
def test_what_is_nothing_known_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    assert sniff(path) is None


def test_gb18030_text_is_text(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_bytes("束流稳定，温度正常\n".encode("gb18030") * 50)
    assert sniff(path) == "text"


def test_pipes_and_folders_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        for name in ("pipe.h5", "s", "."):
            with pytest.raises(OSError, match=r".+"):
                sniff(tmp_path / name)
