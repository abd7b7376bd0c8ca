"""The power fails under the outbox: a real file system, as its disk has it at that moment, and mounted again."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ONE_PROFILE, Bench, Kernel

END = b"the end\n"


class Disk:
    """A small disk of its own in a file; what is not on it yet when the power fails is gone."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "disk"
        self._image = folder / "disk.img"
        self.place.mkdir()
        with open(self._image, "wb") as file:
            file.truncate(64 << 20)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        _run("mount", "-o", "loop", str(self._image), str(self.place))

    def cut(self) -> Path:
        """What the disk has got by now, and nothing of what only the memory has."""
        return Path(shutil.copyfile(self._image, self._image.with_suffix(".cut")))

    def restart(self, cut: Path) -> None:
        """Begin again with that."""
        self.close()
        os.replace(cut, self._image)
        _run("mount", "-o", "loop", str(self._image), str(self.place))

    def close(self) -> None:
        _run("umount", str(self.place))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("mounting a disk of one's own needs root and mkfs.ext4")
    try:
        made = Disk(tmp_path)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no disk of one's own can be mounted here: {error.stderr.decode(errors='replace').strip()}")
    yield made
    made.close()


def _results(kernel: Kernel, bench: Bench, raw: str, chance: random.Random, until: float) -> None:
    """Cells that write results as fast or slow as people do, until the moment."""
    number = 0
    while time.monotonic() < until:
        kernel.cell(f"make {number}")
        content = f"{kernel.session} {number}\n".encode() * chance.choice([1, 100, 20_000]) + END
        kernel.write(bench.results / f"result{number}.csv", content)
        before = bench.results / f"result{number - 1}.csv"
        kernel.end([raw], [before] if number and chance.random() < 0.5 else [])
        number += 1
        time.sleep(min(chance.random(), max(0.0, until - time.monotonic())))


def _fails_once(disk: Disk, bench: Bench, chance: random.Random, *, after_s: float, away: bool) -> int:
    """Cut the power once, go on, and count what must be there; returns how many results the disk had kept."""
    raw = bench.counter.raw()
    os.sync()
    outbox = bench.start(**({"SHINECAT_CATALOG_URL": "http://127.0.0.1:9"} if away else {}))
    _results(bench.kernel(), bench, raw, chance, time.monotonic() + after_s)
    outbox.process.send_signal(signal.SIGSTOP)
    cut = disk.cut()
    outbox.end(signal.SIGKILL)
    sent = {one["datasetName"] for one in bench.counter.derived(raw)}
    disk.restart(cut)

    kept = {path.name for path in bench.results.glob("*.csv") if path.read_bytes().endswith(END)}
    done = bench.shinecat("outbox", "flush")
    found = {one["datasetName"]: one for one in bench.counter.derived(raw)}
    assert len(found) == len(bench.counter.derived(raw)), "sent twice"
    assert kept <= set(found), f"lost: {kept - set(found)}; {done.stdout}{done.stderr}"
    # What the catalog had got before is on the disk, byte for byte.
    for name in sent:
        (block,) = bench.counter.blocks(found[name]["pid"])
        content = (bench.results / name).read_bytes()
        assert [file["chk"] for file in block["dataFileList"]] == [hashlib.sha256(content).hexdigest()], name
    return len(kept)


@ONE_PROFILE
def test_power_fails(disk: Disk, catalog) -> None:
    bench = Bench(disk.place / "home", catalog)
    try:
        assert _fails_once(disk, bench, random.Random(20261123), after_s=3.0, away=False) > 0
    finally:
        bench.close()


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_power_fails_at_any_moment(disk: Disk, catalog) -> None:
    kept = 0
    for number in range(20):
        chance = random.Random(number)
        # Systems write back by themselves after half a minute: before, around and after that.
        after_s = chance.choice([1, 3, 6, 28, 40]) + chance.random() * 3
        bench = Bench(disk.place / f"home-{number}", catalog)
        try:
            kept += _fails_once(disk, bench, chance, after_s=after_s, away=chance.random() < 0.4)
        finally:
            bench.close()
        shutil.rmtree(bench.home)
    assert kept > 20
