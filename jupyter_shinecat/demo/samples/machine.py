"""What the accelerator itself leaves behind: diagnostics of the beam, a screen, a picture."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np

_PULSES = 36_000

Array = np.ndarray[Any, np.dtype[Any]]


def write_diagnostics(path: Path) -> None:
    """Ten minutes of pulses: energy, charge, arrival time, position."""
    random = np.random.default_rng(5)
    drift = np.sin(np.linspace(0, 6, _PULSES))
    with h5py.File(path, "w") as file:
        file.attrs["title"] = "束流诊断：十分钟脉冲数据"
        file.attrs["operator"], file.attrs["instrument"] = "control room", "SHINE linac"
        file.attrs["start_time"] = "2021-03-05T08:00:00+08:00"
        _put(file, "machine/electron_energy", 8.0, "GeV")
        _put(file, "machine/bunch_charge", 100.0, "pC")
        _put(file, "machine/repetition_rate", 100.0, "Hz")
        _put(file, "machine/undulator_gap", 11.42, "mm")
        _put(file, "pulses/energy", (1.1 + 0.1 * drift + random.normal(0, 0.12, _PULSES)).astype("<f4"), "mJ")
        _put(file, "pulses/arrival_time", random.normal(0, 18, _PULSES).astype("<f4"), "fs")
        _put(file, "pulses/position_x", (drift * 12 + random.normal(0, 5, _PULSES)).astype("<f4"), "um")
        _put(file, "pulses/position_y", random.normal(0, 6, _PULSES).astype("<f4"), "um")
        _put(file, "pulses/photon_energy", (9350 + random.normal(0, 8, _PULSES)).astype("<f4"), "eV")


def write_screen(path: Path) -> None:
    """The beam on a YAG screen."""
    import tifffile

    random = np.random.default_rng(6)
    image = random.poisson(3 + 2200 * _spot(480, 640)).astype("<u2")
    with tifffile.TiffWriter(path) as tif:
        tif.write(
            image,
            description="camera=YAG screen, port 2\nexposure_ms=5\ngain=2\nfilter=Al 2 um",
            datetime="2021:03:05 08:01:00",
            software="sample data",
            resolution=(1000, 1000),
            resolutionunit="CENTIMETER",
            metadata=None,
        )


def write_picture(path: Path) -> None:
    """The same as a picture for the logbook."""
    image = np.minimum(255, 20 + 235 * _spot(240, 320)).astype("u1")
    rows = b"".join(b"\x00" + row.tobytes() for row in image)
    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"tEXt", b"Comment\x00YAG screen, port 2 (sample data)"),
              (b"tIME", struct.pack(">HBBBBB", 2021, 3, 5, 0, 2, 0)), (b"IDAT", zlib.compress(rows, 6)),
              (b"IEND", b""))  # fmt: skip
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks)))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, body = chunk
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _spot(height: int, width: int) -> Array:
    y, x = np.mgrid[0:height, 0:width]
    x0, y0 = width * 0.53, height * 0.47
    spot: Array = np.exp(-((x - x0) ** 2) / (2 * (width / 18) ** 2) - ((y - y0) ** 2) / (2 * (height / 12) ** 2))
    return spot


def _put(group: Any, name: str, value: Any, unit: str) -> None:
    group.create_dataset(name, data=value, track_times=False).attrs["units"] = unit
