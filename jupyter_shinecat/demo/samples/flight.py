"""A time-of-flight run: spectra per delay as HDF5, the events as a list-mode file, the scan as CSV."""

from __future__ import annotations

import datetime as dt
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

_SHOTS = 4000
_BINS = 2048
_BIN_NS = 0.5
_EVENTS = 19_500
_COORDINATES = 8

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run; energies in eV, times ISO 8601 with zone."""

    seed: int
    proposal: str
    run: int
    sample: str
    photon_energy_ev: float
    operator: str
    start: str
    end: str

    def spectra(self) -> tuple[Array, Array, Array]:
        """Delays in fs, counts (delay, time bin), and the time of each bin in ns."""
        random = np.random.default_rng(self.seed)
        delays = np.linspace(-200, 400, 61)
        times = np.arange(_BINS) * _BIN_NS
        main = 260 + 3000 / np.sqrt(self.photon_energy_ev)
        step = 0.5 * (1 + np.tanh(delays / 60))
        lines = 60 * np.exp(-((times - main) ** 2) / (2 * 3.5**2)) + 25 * np.exp(
            -((times - main - 85) ** 2) / (2 * 6**2)
        )
        moved = np.exp(-((times[None, :] - main - 30 - 25 * step[:, None]) ** 2) / (2 * 5**2))
        counts = random.poisson(lines[None, :] + 35 * step[:, None] * moved + 0.4).astype("<u4")
        return delays, counts, times

    def write_hdf5(self, path: Path) -> None:
        """Spectra and what each pulse was, as plain HDF5 with units."""
        random = np.random.default_rng(self.seed + 1)
        delays, counts, times = self.spectra()
        with h5py.File(path, "w") as file:
            file.attrs["title"] = f"Time of flight of {self.sample}, run {self.run}"
            for key, value in (("proposal", self.proposal), ("sample", self.sample), ("operator", self.operator),
                               ("instrument", "AMO"), ("detector", "electron spectrometer, eTOF 2"),
                               ("start_time", self.start), ("end_time", self.end)):  # fmt: skip
                file.attrs[key] = value
            file.attrs["run_number"] = self.run
            _put(file, "photon_energy", self.photon_energy_ev / 1000, "keV")
            _put(file, "pulse_duration", 25.0, "fs")
            _put(file, "repetition_rate", 50.0, "hz")
            _put(file, "chamber/pressure", 3.2e-8, "mbar")
            _put(file, "chamber/gas_pressure", 2.1e-6, "Torr")
            _put(file, "spectrometer/retardation_voltage", -180.0, "V")
            _put(file, "spectrometer/flight_length", 309.5, "mm")
            _put(file, "laser/wavelength", 800.0, "nm")
            _put(file, "laser/pulse_energy", 1.4, "mJ")
            _put(file, "shots/pulse_energy", np.clip(random.normal(0.9, 0.2, _SHOTS), 0, None).round(4), "mJ")
            _put(file, "shots/arrival_time", random.normal(0, 22, _SHOTS).round(2), "fs")
            _put(file, "tof/counts", counts, "counts")
            _put(file, "tof/time", times, "ns")
            _put(file, "tof/delay", delays, "fs")
            raw = random.normal(0, 4, (400, 5000)) + 12
            _put(file, "tof/traces", raw.astype("<i2"), "ADU")

    def write_table(self, path: Path) -> None:
        """The scan as people take it home."""
        delays, counts, times = self.spectra()
        window = (times > 300) & (times < 480)
        lines = ["# Sample: " + self.sample, "# Operator: " + self.operator, "delay (fs),yield (counts),mean time (ns)"]
        for delay, row in zip(delays, counts, strict=True):
            total = int(row[window].sum())
            lines.append(f"{delay:.1f},{total},{float((row * times)[window].sum()) / max(total, 1):.3f}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")

    def write_list_mode(self, path: Path) -> None:
        """Events as a list-mode file (LMF) of 2008 and later: 32-bit integers, one row of coordinates an event."""
        random = np.random.default_rng(self.seed + 2)
        start, end = (int(dt.datetime.fromisoformat(moment).timestamp()) for moment in (self.start, self.end))
        events = np.empty((_EVENTS, _COORDINATES), dtype="<i4")
        events[:, 0] = np.arange(_EVENTS)
        flight = random.normal(17_501, 40, _EVENTS)
        for column in range(1, _COORDINATES):
            events[:, column] = flight + random.normal(0, 250, _EVENTS) * (column % 2)
        info = b"laser trigger 4; sample data, not measured"
        user_body = struct.pack("<iidiii", 20080507, 8, 1.0e6, 0, 2, len(info)) + info + struct.pack("<i", 0x74656D70)
        user_size = 4 + 8 + len(user_body)
        user = struct.pack("<IQ", 1, user_size) + user_body
        words = b"".join(_byte_string(text) for text in ("CoboldPC 2008 (sample)", path.name[1:-5], self._comment()))
        header_size = 4 + 4 + 4 * 8 + 2 * 4 + len(words)
        counts = struct.pack("<QQQQ", _COORDINATES, header_size, user_size, _EVENTS)
        flags = struct.pack("<Ii", 0x80000000 | 476759, 10)
        path.write_bytes(flags + counts + struct.pack("<II", start, end) + words + user + events.tobytes())

    def _comment(self) -> str:
        return f"{self.sample}, run {self.run}, electron detector, laser trigger 4"


def _byte_string(text: str) -> bytes:
    data = text.encode("utf-8")
    return bytes([len(data)]) + data if len(data) < 0xFF else b"\xff" + struct.pack("<H", len(data)) + data


def _put(group: Any, name: str, value: Any, unit: str) -> None:
    group.create_dataset(name, data=value, track_times=False).attrs["units"] = unit
