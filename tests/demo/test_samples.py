"""The sample files: the same bytes each time, whole or not there, and read by our own extraction with units."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from jupyter_shinecat.demo.samples import SAMPLE_GROUPS, make_samples
from jupyter_shinecat.formats import Extract, Sandbox

LMF = "test_eledetector_20200828_100 1700 17501 1800 15 27_laser-trigger4.lmf"


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    folder = tmp_path_factory.mktemp("samples")
    return folder, make_samples(folder)


@pytest.fixture(scope="module")
def extracts(samples: tuple[Path, list[Path]]) -> dict[str, Extract]:
    found = {}
    with Sandbox(workers=1) as sandbox:
        for path in samples[1]:
            result = sandbox.extract(path)
            assert isinstance(result, Extract), (path, result)
            found[path.name] = result
    return found


def test_all_are_there_under_their_groups_and_not_too_large(samples: tuple[Path, list[Path]]) -> None:
    folder, paths = samples
    assert sorted(paths) == sorted(path for path in folder.rglob("*") if path.is_file())
    assert {path.relative_to(folder).parts[0] for path in paths} == set(SAMPLE_GROUPS)
    assert 20e6 < sum(path.stat().st_size for path in paths) < 150e6
    assert LMF in {path.name for path in paths}
    assert any("[" in path.name for path in paths)
    assert any("+" in path.name for path in paths)
    assert any(not path.name.isascii() for path in paths)


def test_bytes_are_the_same_each_time(samples: tuple[Path, list[Path]], tmp_path: Path) -> None:
    for path, other in zip(samples[1], make_samples(tmp_path), strict=True):
        assert path.name == other.name
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(other.read_bytes()).digest(), path.name
        assert path.stat().st_mtime == other.stat().st_mtime


def test_existing_files_are_left_alone_and_missing_ones_made(samples: tuple[Path, list[Path]]) -> None:
    _, paths = samples
    table = next(path for path in paths if path.suffix == ".csv")
    original = table.read_bytes()
    picture = next(path for path in paths if path.suffix == ".png")
    picture.unlink()
    table.write_text("my own")
    try:
        make_samples(samples[0])
        assert table.read_text() == "my own"
        assert picture.exists()
    finally:
        table.write_bytes(original)


def test_an_interrupted_start_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jupyter_shinecat.demo.samples import make

    def interrupted(path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    real = make._SAMPLES
    monkeypatch.setattr(make, "_SAMPLES", (make._Sample("GET/a.h5", 1, interrupted), *real[-1:]))
    with pytest.raises(KeyboardInterrupt):
        make_samples(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    # a kill leaves the part file: it is written over at the next start
    part = tmp_path / Path(real[-1].path).parent / f".{Path(real[-1].path).name}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    monkeypatch.setattr(make, "_SAMPLES", real[-1:])
    (made,) = make_samples(tmp_path)
    assert made.exists()
    assert not part.exists()


def test_what_they_say_is_extracted_with_units(extracts: dict[str, Extract]) -> None:
    frames = extracts["SFX lysozyme [batch 3]_r0017.nxs"]
    assert frames.format == "nexus"
    assert frames.metadata["photon_energy"] == {"value": 9.35, "unit": "keV"}
    assert frames.metadata["detector_distance"] == {"value": 118.0, "unit": "mm"}
    assert frames.metadata["pulse_energy"]["unit"] == "mJ"
    assert (frames.sample, frames.operator, frames.proposal) == ("lysozyme 溶菌酶 (HEWL) batch 3", "Li Na", "2345")
    assert (frames.data[0].path, frames.data[0].signal) == ("/entry/data/data", True)
    imaging = extracts["carboxysome r0003.cxi"]
    assert imaging.format == "cxi"
    assert imaging.metadata["photon_energy"]["unit"] == "J"
    flight = extracts["N2 光电子飞行时间 [延迟扫描] r0101.h5"]
    assert flight.operator == "陈静"
    assert flight.metadata["photon_energy"] == {"value": 0.43, "unit": "keV"}
    events = extracts[LMF]
    assert events.format == "lmf"
    assert events.metadata["events"] == 19_500
    assert events.warnings == []
    assert {extract.format for extract in extracts.values()} >= {"nexus", "cxi", "hdf5", "lmf", "tiff", "png", "csv"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_t_be_written_raises_oserror(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="denied"):
        make_samples(tmp_path)
