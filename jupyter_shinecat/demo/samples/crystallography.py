"""Frames of a serial crystallography run: rings of the solvent, Bragg spots, a beam stop, pulses that differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

_SIZE = 512
_FRAMES = 24
_PIXEL_M = 75e-6 * 4
_HC_KEV_ANGSTROM = 12.398419843
_JOULE_PER_KEV = 1.602176634e-16

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Run:
    """One run; energies in keV, distances in mm, times ISO 8601 with zone."""

    seed: int
    proposal: str
    run: int
    sample: str
    photon_energy_kev: float
    distance_mm: float
    operator: str
    start: str
    end: str

    @property
    def wavelength_angstrom(self) -> float:
        return round(_HC_KEV_ANGSTROM / self.photon_energy_kev, 6)

    def frames(self) -> tuple[Array, Array]:
        """Counts per pixel (frames, slow, fast) and pulse energies in mJ."""
        random = np.random.default_rng(self.seed)
        pulses = np.clip(random.normal(1.2, 0.25, _FRAMES), 0.2, None)
        radius = _radius()
        ring = np.exp(-((radius - 150) ** 2) / (2 * 22**2)) + 0.4 * np.exp(-((radius - 225) ** 2) / (2 * 12**2))
        smooth = 12 * np.exp(-radius / 140) + 5 * ring
        stack = np.empty((_FRAMES, _SIZE, _SIZE), dtype="<u2")
        for number, pulse in enumerate(pulses):
            image = random.poisson(smooth * pulse)
            if random.random() < 0.8:  # most pulses hit a crystal
                _add_spots(image, random, pulse)
            image[radius < 14] = 0
            stack[number] = np.minimum(image, 65535)
        stack[:, 254:258, :] = 0  # the gap between the halves of the detector
        return stack, np.round(pulses, 4)

    def write_nexus(self, path: Path) -> None:
        """As NXmx, the NeXus definition for crystallography."""
        frames, pulses = self.frames()
        with h5py.File(path, "w") as file:
            file.attrs["default"] = "entry"
            entry = _group(file, "entry", "NXentry", default="data")
            entry["definition"] = "NXmx"
            entry["title"] = f"Serial crystallography of {self.sample}, run {self.run}"
            entry["start_time"], entry["end_time"] = self.start, self.end
            entry["experiment_identifier"] = self.proposal
            entry["run_number"] = self.run
            _group(entry, "user", "NXuser")["name"] = self.operator
            sample = _group(entry, "sample", "NXsample")
            sample["name"] = self.sample
            _put(sample, "temperature", 293.0, "K")
            _put(sample, "flow_rate", 12.5, "uL/min")
            source = _group(entry, "source", "NXsource")
            source["name"], source["type"] = "SHINE", "Free Electron Laser"
            _put(source, "frequency", 100.0, "Hz")
            instrument = _group(entry, "instrument", "NXinstrument")
            instrument["name"] = "CDS"
            beam = _group(instrument, "beam", "NXbeam")
            _put(beam, "incident_energy", self.photon_energy_kev, "keV")
            _put(beam, "incident_wavelength", self.wavelength_angstrom, "angstrom")
            _put(beam, "pulse_energy", pulses, "mJ")
            _put(beam, "pulse_duration", 30.0, "fs")
            detector = _group(instrument, "detector", "NXdetector")
            detector["description"] = "STARLIGHT 4M (sample data)"
            _put(detector, "distance", self.distance_mm, "mm")
            _put(detector, "x_pixel_size", _PIXEL_M, "m")
            _put(detector, "y_pixel_size", _PIXEL_M, "m")
            _put(detector, "beam_center_x", _SIZE / 2 - 0.5, "pixels")
            _put(detector, "beam_center_y", _SIZE / 2 - 0.5, "pixels")
            _put(detector, "count_time", 1e-4, "s")
            data = _group(entry, "data", "NXdata", signal="data")
            data.create_dataset("data", data=frames, track_times=False).attrs["units"] = "counts"
            _put(data, "pulse_energy", pulses, "mJ")
            _put(data, "frame", np.arange(_FRAMES), "")

    def write_cxi(self, path: Path) -> None:
        """As a file of the Coherent X-ray Imaging data bank, whose numbers are in SI."""
        frames, pulses = self.frames()
        with h5py.File(path, "w") as file:
            file["cxi_version"] = 160
            entry = file.create_group("entry_1")
            entry["title"] = f"Single particles of {self.sample}, run {self.run}"
            entry["experiment_identifier"], entry["run_number"] = self.proposal, self.run
            entry["start_time"], entry["end_time"], entry["operator"] = self.start, self.end, self.operator
            entry["sample_1/name"] = self.sample
            _put(entry, "sample_1/temperature", 293.0, "K")
            entry["instrument_1/name"] = "CDE"
            source = entry.create_group("instrument_1/source_1")
            source["name"] = "SHINE"
            source["energy"] = float(f"{self.photon_energy_kev * _JOULE_PER_KEV:.10g}")
            source["pulse_width"] = 4e-14
            _put(source, "pulse_energy", pulses * 1e-3, "J")
            detector = entry.create_group("instrument_1/detector_1")
            detector["description"] = "PNCCD, front (sample data)"
            detector["distance"] = self.distance_mm / 1000
            detector["x_pixel_size"] = detector["y_pixel_size"] = _PIXEL_M
            detector.create_dataset("data", data=frames, track_times=False).attrs["units"] = "counts"
            entry["data_1/data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")

    def write_notes(self, path: Path) -> None:
        """What the shift wrote down."""
        path.write_text(
            f"Proposal {self.proposal}, run {self.run}\nSample: {self.sample}\nOperator: {self.operator}\n"
            "Jet stable for 20 min, then a new nozzle. Hit rate about 80 %.\n",
            encoding="utf-8",
            newline="\n",
        )


def write_dark(path: Path) -> None:
    """Frames without beam, as plain HDF5 with attributes."""
    random = np.random.default_rng(16)
    frames = random.normal(102, 3, (6, _SIZE, _SIZE)).astype("<f4")
    with h5py.File(path, "w") as file:
        file.attrs["title"] = "Dark frames before run 17"
        file.attrs["proposal"], file.attrs["operator"], file.attrs["instrument"] = "2345", "Li Na", "CDS"
        file.attrs["start_time"] = "2021-03-05T08:38:00+08:00"
        dark = file.create_dataset("dark", data=frames, track_times=False)
        dark.attrs["units"] = "ADU"
        _put(file, "detector/temperature", -24.5, "C")
        _put(file, "detector/bias_voltage", 200.0, "V")
        _put(file, "detector/integration_time", 5.0, "us")


def _radius() -> Array:
    axis = np.arange(_SIZE) - (_SIZE / 2 - 0.5)
    radius: Array = np.hypot(axis[:, None], axis[None, :])
    return radius


def _add_spots(image: Array, random: np.random.Generator, pulse: float) -> None:
    """Bragg spots of one crystal in a random orientation: a lattice seen through a thin shell."""
    angle, spacing = random.uniform(0, np.pi), random.uniform(17, 23)
    cosine, sine = np.cos(angle), np.sin(angle)
    steps = np.arange(-14, 15)
    h, k = (grid.ravel() for grid in np.meshgrid(steps, steps))
    excited = random.random(h.size) < 0.12
    x = (h * cosine - k * sine)[excited] * spacing + _SIZE / 2
    y = (h * sine + k * cosine)[excited] * spacing + _SIZE / 2
    inside = (x > 4) & (x < _SIZE - 5) & (y > 4) & (y < _SIZE - 5)
    patch = np.arange(-3, 4)
    shape = np.exp(-(patch[:, None] ** 2 + patch[None, :] ** 2) / (2 * 1.1**2))
    for column, row in zip(x[inside].astype(int), y[inside].astype(int), strict=True):
        peak = random.exponential(900) * pulse
        image[row - 3 : row + 4, column - 3 : column + 4] += random.poisson(peak * shape)


def _group(parent: Any, name: str, nexus_class: str, **attributes: str) -> Any:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nexus_class
    for key, value in attributes.items():
        group.attrs[key] = value
    return group


def _put(group: Any, name: str, value: Any, unit: str) -> None:
    dataset = group.create_dataset(name, data=value, track_times=False)
    if unit:
        dataset.attrs["units"] = unit
