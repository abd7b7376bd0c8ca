"""Generated datasets for the figures of scale: the same number makes the same document, on every machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.audit import Audit
from jupyter_shinecat.catalog.managers.common import Parts
from jupyter_shinecat.catalog.managers.datasets import Datasets
from jupyter_shinecat.catalog.managers.includes import Includes
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store import records
from jupyter_shinecat.catalog.store.store import Store

GROUPS = [f"g{number:02}" for number in range(64)]
USER_GROUPS = ("g03", "g11", "g24", "g42", "g60")
TECHNIQUES = [
    ("溶菌酶晶体", "lysozyme crystal"), ("飞秒激光泵浦", "femtosecond pump"),
    ("镍合金衍射", "nickel alloy diffraction"),
    ("超导薄膜", "superconducting film"), ("液体射流", "liquid jet"), ("单颗粒成像", "single particle imaging"),
    ("时间分辨光谱", "time resolved spectroscopy"), ("小角散射", "small angle scattering"),
    ("钙钛矿电池", "perovskite cell"), ("蛋白质动力学", "protein dynamics"), ("锂电池正极", "lithium cathode"),
    ("磁性多层膜", "magnetic multilayer"), ("催化剂表面", "catalyst surface"), ("量子点", "quantum dots"),
    ("水合离子", "hydrated ions"), ("病毒衣壳", "virus capsid"),
]  # fmt: skip
SENTENCES = [
    "在低温下测量，样品状态良好。", "Beam was stable during the night shift.", "第二次曝光后探测器重新校准。",
    "The detector was recalibrated after exposure.", "信噪比高于上次实验。", "Data taken with attenuated beam.",
    "样品在室温下缓慢脱水。", "Alignment checked before every run.", "参数由控制系统自动记录。",
    "Background was subtracted by the pipeline.", "能量扫描从低到高进行。", "Sample changed twice.",
]  # fmt: skip
KEYWORDS = [
    "xfel", "衍射", "diffraction", "光谱", "spectroscopy", "成像", "imaging", "pump-probe", "泵浦探测",
    "calibration",
    "校准", "commissioning", "晶体", "crystal", "薄膜", "film", "liquid", "液体", "protein", "蛋白质", "magnetism",
    "磁性", "catalysis", "催化", "battery", "电池", "high-pressure", "高压", "cryogenic", "低温",
    "user-run", "用户实验",
]  # fmt: skip
# Metadata keys with a unit and the range of their values.
QUANTITIES = [
    ("photon energy", "keV", 4, 20), ("pulse energy", "mJ", 0.1, 4), ("repetition rate", "Hz", 1, 4500),
    ("sample temperature", "K", 4, 400), ("chamber pressure", "mbar", 1e-9, 1e-3), ("exposure time", "ms", 0.1, 900),
    ("detector distance", "mm", 80, 6000), ("pump wavelength", "nm", 250, 1600), ("pump delay", "ps", -50, 900),
    ("beam size", "um", 0.2, 90), ("attenuation", "%", 0, 100), ("ring current", "mA", 100, 500),
    ("jet diameter", "um", 1, 40), ("flow rate", "ml/min", 0.01, 3), ("magnetic field", "T", 0, 12),
    ("samx", "mm", -20, 20), ("samy", "mm", -20, 20), ("theta", "deg", 0, 90),
]  # fmt: skip
_FIRST = datetime(2016, 1, 1, tzinfo=UTC)
_MINUTES = 10 * 365 * 24 * 60
LOCATIONS = [f"/SHINE/{name}" for name in ("HED", "SFX", "CDS", "SEL", "SSS", "CDE", "FEL-1", "FEL-2", "BL7", "BL9")]


def body(number: int) -> dict[str, Any]:
    """What a client would send to create dataset ``number`` (v4)."""
    rng = random.Random(number)
    chinese, english = rng.choice(TECHNIQUES)
    group, run = GROUPS[int(64 * rng.random() ** 1.2)], number % 997
    proposal = f"p{group[1:]}{rng.randint(0, 40):02}"
    created = _FIRST + timedelta(minutes=rng.randrange(_MINUTES), milliseconds=rng.randrange(1000))
    derived = rng.random() < 0.15
    metadata: dict[str, Any] = {
        name: {"value": round(rng.uniform(low, high), 4 if high > 1 else 12), "unit": unit}
        for name, unit, low, high in rng.sample(QUANTITIES[1:], 9)
    }
    metadata["photon energy"] = {"value": round(rng.uniform(4, 20), 3), "unit": "keV"}
    metadata["shots"] = rng.randrange(1, 5000)
    metadata["sample"] = {"name": f"{chinese} {run}", "state": rng.choice(["solid", "liquid", "gas"])}
    return {
        "pid": f"scale/{number:08}",
        "type": "derived" if derived else "raw",
        "datasetName": f"{chinese} {english} run {run:04}",
        "description": f"{chinese}{rng.choice(KEYWORDS)}：" + " ".join(rng.sample(SENTENCES, 3)),
        "ownerGroup": group,
        "accessGroups": rng.sample(GROUPS, rng.choice((0, 0, 0, 0, 1))),
        "isPublished": rng.random() < 0.005,
        "keywords": rng.sample(KEYWORDS, rng.randint(1, 4)),
        "owner": f"person {number % 400}",
        "contactEmail": f"person{number % 400}@facility.example",
        "principalInvestigators": [f"pi {proposal}"],
        "creationTime": created.isoformat().replace("+00:00", "Z"),
        "creationLocation": rng.choice(LOCATIONS),
        "dataFormat": rng.choice(("hdf5", "nexus", "tiff")),
        "sourceFolder": f"/data/{group}/{proposal}/raw/r{run:04}/{number:08}",
        "sourceFolderHost": "data.facility.example",
        "size": rng.randrange(10**6, 10**11),
        "numberOfFiles": rng.randrange(1, 200),
        "proposalIds": [proposal],
        "sampleIds": [f"s{rng.randint(0, 3000)}"],
        "instrumentIds": [f"instrument/{rng.randint(1, 10)}"],
        "inputDatasets": [f"scale/{rng.randrange(number + 1):08}"] if derived else [],
        "usedSoftware": ["crystfel 0.11"] if derived else [],
        "scientificMetadata": metadata,
    }


def stored(store: Store, folder: Path, numbers: range) -> Iterator[dict[str, Any]]:
    """The same datasets in the form in which the catalog keeps them."""
    settings = Settings()
    engine: Any = None  # creating asks no search
    parts = Parts(settings, store, engine, Access(settings), Audit(folder))
    datasets = Datasets(parts, Includes(parts))
    loader = Identity("loader", "loader", "", frozenset({"admin"}))
    for number in numbers:
        doc = body(number)
        datasets._complete(doc, loader, 4)
        yield doc


def load(folder: Path, size: int, batch: int = 2000) -> None:
    """Bring the database in ``folder`` to ``size`` datasets; does nothing where it has them."""
    store = Store(folder)
    try:
        records.prepare(store)
        with store.snapshot() as snapshot:
            there = snapshot.count("dataset")
        for start in range(there, size, batch):
            docs = list(stored(store, folder, range(start, min(start + batch, size))))
            store.change(lambda tx, docs=docs: [tx.insert("dataset", doc["pid"], doc) for doc in docs])  # type: ignore[misc]
    finally:
        store.close()
