"""What HDF5 files of the field's conventions say, read through the sandbox as in real use."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from jupyter_shinecat.formats import Extract, Sandbox


def _extract(sandbox: Sandbox, path: Path) -> Extract:
    result = sandbox.extract(path)
    assert isinstance(result, Extract), result
    return result


def _put(parent: h5py.Group, name: str, value: object, unit: str | None = None) -> None:
    dataset = parent.create_dataset(name, data=value)
    if unit:
        dataset.attrs["units"] = unit


def test_nexus_quantities_get_their_names_and_keep_their_units(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.nxs", "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"], entry["title"] = "NXmx", "Lysozyme 溶菌酶"
        entry["start_time"], entry["experiment_identifier"] = "2021-03-05T09:12:40+08:00", "2345"
        beam = entry.create_group("instrument/beam")
        entry["instrument"].attrs["NX_class"], beam.attrs["NX_class"] = "NXinstrument", b"NXbeam"
        _put(beam, "incident_energy", 9.35, "keV")
        _put(beam, "pulse_energy", np.array([1.0, 2.0, 3.0, 2.0, 2.0, 2.0]), "mJ")
        data = entry.create_group("data")
        data.attrs["NX_class"], data.attrs["signal"] = "NXdata", "counts"
        _put(data, "x", np.arange(1000.0), "mm")
        _put(data, "counts", np.zeros((5, 4, 4), "u2"))
    found = _extract(sandbox, tmp_path / "a.nxs")
    assert found.format == "nexus"
    assert found.metadata["photon_energy"] == {"value": 9.35, "unit": "keV"}
    assert found.metadata["pulse_energy"] == {"value": 2.0, "unit": "mJ", "minimum": 1.0, "maximum": 3.0, "count": 6}
    assert found.metadata["entry"]["instrument"]["beam"]["incident_energy"] == {"value": 9.35, "unit": "keV"}
    assert (found.title, found.proposal, found.start_time) == ("Lysozyme 溶菌酶", "2345", "2021-03-05T01:12:40.000Z")
    assert found.sources["photon_energy"] == "nexus:/entry/instrument/beam/incident_energy"
    assert (found.data[0].path, found.data[0].shape, found.data[0].signal) == ("/entry/data/counts", [5, 4, 4], True)
    assert {d.path: d.unit for d in found.data}["/entry/data/x"] == "mm"


def test_cxi_numbers_without_unit_are_si_where_they_can_be(tmp_path: Path, sandbox: Sandbox) -> None:
    for name, energy in (("joule", 1.5e-15), ("electronvolt", 9350.0)):
        with h5py.File(tmp_path / f"{name}.cxi", "w") as file:
            file["cxi_version"] = 150
            file["entry_1/instrument_1/source_1/energy"] = energy
            file["entry_1/sample_1/name"] = "virus"
            file["entry_1/instrument_1/detector_1/distance"] = 0.5
    right, wrong = (_extract(sandbox, tmp_path / f"{name}.cxi") for name in ("joule", "electronvolt"))
    assert right.format == "cxi"
    assert right.sample == "virus"
    assert right.metadata["photon_energy"] == {"value": 1.5e-15, "unit": "J"}
    assert right.metadata["detector_distance"] == {"value": 0.5, "unit": "m"}
    assert wrong.metadata["photon_energy"] == 9350.0  # no unit is better than a wrong one


def test_cxi_comes_before_nexus(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.cxi", "w") as file:
        file["cxi_version"] = 150
        file["entry_1/instrument_1/source_1/energy"] = 1e-15
        beam = file.create_group("other")
        beam.attrs["NX_class"] = "NXbeam"
        _put(beam, "incident_energy", 8.0, "keV")
        _put(beam, "incident_wavelength", 1.5, "angstrom")
    found = _extract(sandbox, tmp_path / "a.cxi")
    assert found.metadata["photon_energy"]["unit"] == "J"
    assert found.metadata["wavelength"] == {"value": 1.5, "unit": "angstrom"}


def test_plain_files_give_their_tree_and_root_attributes(tmp_path: Path, sandbox: Sandbox) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["sample"], file.attrs["operator"] = "neon", "李娜"
        file.attrs["bias"], file.attrs["bias_units"] = np.float32(0.3), "V"
        _put(file, "chamber/pressure", 3e-8, "mbar")
        file["flags/open"] = True
        file["big number"] = np.uint64(2**63)
    found = _extract(sandbox, tmp_path / "a.h5")
    assert found.format == "hdf5"
    assert found.metadata["chamber"]["pressure"] == {"value": 3e-8, "unit": "mbar"}
    assert found.metadata["bias"] == {"value": 0.3, "unit": "V"}
    assert found.metadata["flags"]["open"] in (True, "TRUE")
    assert found.metadata["big number"] == str(2**63)
    assert (found.sample, found.operator) == ("neon", "李娜")


@pytest.mark.parametrize("text", ["", "unknown", "n/a"])
def test_a_field_that_says_nothing_is_left_open(tmp_path: Path, sandbox: Sandbox, text: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["sample"] = text
    assert _extract(sandbox, tmp_path / "a.h5").sample is None
