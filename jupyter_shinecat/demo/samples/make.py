"""Which sample files there are and where; each is written beside its place and renamed, so it is whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import crystallography, flight, machine

# folder prefix to owner group, as `shinecat scan --owner-groups` takes it
SAMPLE_GROUPS = {"GET": "GET", "AMO": "AMO", "SHINE": "SHINE"}


@dataclass(frozen=True, slots=True)
class _Sample:
    path: str
    taken_at: int
    write: Callable[[Path], None]


_LMF = "test_eledetector_20200828_100 1700 17501 1800 15 27_laser-trigger4.lmf"
_LYSOZYME = crystallography.Run(
    seed=17, proposal="2345", run=17, sample="lysozyme 溶菌酶 (HEWL) batch 3", photon_energy_kev=9.35,
    distance_mm=118.0, operator="Li Na", start="2021-03-05T09:12:40+08:00", end="2021-03-05T09:14:05+08:00",
)  # fmt: skip
_PHOTOSYSTEM = crystallography.Run(
    seed=18, proposal="2345", run=18, sample="光系统 II (PS-II) 微晶", photon_energy_kev=9.5, distance_mm=142.5,
    operator="李娜", start="2021-03-05T10:02:11+08:00", end="2021-03-05T10:03:36+08:00",
)  # fmt: skip
_VIRUS = crystallography.Run(
    seed=3, proposal="2007", run=3, sample="carboxysome", photon_energy_kev=1.24, distance_mm=735.0,
    operator="Wang Fang", start="2020-12-01T22:40:00+08:00", end="2020-12-01T22:41:20+08:00",
)  # fmt: skip
_NEON = flight.Run(
    seed=100, proposal="1408", run=100, sample="neon", photon_energy_ev=1050.0, operator="Chen Jing",
    start="2020-08-28T14:30:00+08:00", end="2020-08-28T14:52:10+08:00",
)  # fmt: skip
_NITROGEN = flight.Run(
    seed=101, proposal="1408", run=101, sample="N2", photon_energy_ev=430.0, operator="陈静",
    start="2020-08-28T16:05:00+08:00", end="2020-08-28T16:31:00+08:00",
)  # fmt: skip

_SAMPLES = (
    _Sample("GET/p2345/r0017/SFX lysozyme [batch 3]_r0017.nxs", 1614906845, _LYSOZYME.write_nexus),
    _Sample("GET/p2345/r0017/SFX lysozyme [batch 3]_r0017.txt", 1614907200, _LYSOZYME.write_notes),
    _Sample("GET/p2345/r0018/光系统 II 微晶+甘油 (样品 2) r0018.nxs", 1614909816, _PHOTOSYSTEM.write_nexus),
    _Sample("GET/p2345/r0016/dark+pedestal r0016.h5", 1614904800, crystallography.write_dark),
    _Sample(f"AMO/p1408/r0100/{_LMF}", 1598597530, _NEON.write_list_mode),
    _Sample("AMO/p1408/r0100/Ne time-of-flight r0100.h5", 1598597530, _NEON.write_hdf5),
    _Sample("AMO/p1408/r0101/N2 光电子飞行时间 [延迟扫描] r0101.h5", 1598603460, _NITROGEN.write_hdf5),
    _Sample("AMO/p1408/r0101/延迟扫描+delay (fs).csv", 1598603700, _NITROGEN.write_table),
    _Sample("SHINE/p2007/r0003/carboxysome r0003.cxi", 1606833680, _VIRUS.write_cxi),
    _Sample("SHINE/commissioning/束流诊断 2021-03-05.h5", 1614902400, machine.write_diagnostics),
    _Sample("SHINE/commissioning/YAG screen [port 2]+filter.tif", 1614902460, machine.write_screen),
    _Sample("SHINE/commissioning/光斑 (spot).png", 1614902520, machine.write_picture),
)


def make_samples(folder: str | os.PathLike[str]) -> list[Path]:
    """Make the sample files that are not there yet.

    A file that exists is left alone, whoever wrote it; what an interrupted start left out is made at the next one.

    Parameters
    ----------
    folder
        Made when missing. About 70 MB are needed.

    Returns
    -------
    :
        All sample files, in the order of the table.

    Raises
    ------
    OSError
        The disk is full or the folder can't be written; files made so far stay and are whole.
    """
    root = Path(folder)
    paths = []
    for sample in _SAMPLES:
        path = root / sample.path
        paths.append(path)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.part")
        try:
            sample.write(unfinished)
            os.utime(unfinished, (sample.taken_at, sample.taken_at))
            os.replace(unfinished, path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    return paths
