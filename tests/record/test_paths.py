"""What counts as user data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from jupyter_shinecat.record.paths import PathFilter, absolute


@pytest.mark.parametrize(
    "path",
    [
        "/data/run 17/溶菌酶 [1]+.h5",
        "/home/x/results/a.csv",
        "/home/x/analysis/params.json",
        "/tmp/pytest-of-x/a.npy",
        "/gpfs/usr/exp/a.lmf",
        "/home/x/.hub-root/results/a.h5",
        "/mnt/etc/a.tif",
    ],
)
def test_user_data(path: str) -> None:
    assert PathFilter(roots=("/home/x/.hub-root/results",))(path)


@pytest.mark.parametrize(
    "path",
    [
        os.path.join(sys.prefix, "share/data.txt"),
        os.path.join(os.path.dirname(os.__file__), "decimal.txt"),
        "/home/x/lib/python3.11/site-packages/pkg/data.npz",
        "/home/x/.cache/a.bin",
        "/home/x/.hub-root/results/.ipynb_checkpoints/a.h5",
        "/home/x/.matplotlib/fontlist.json",
        "/proc/self/stat",
        "/dev/shm/sem",
        "/tmp/ipykernel_12/345.txt",
        "/tmp/matplotlib-ab/x",
        "/home/x/a.pyc",
        "/home/x/helper.py",
        "/home/x/work.ipynb",
        "/home/x/__pycache__/a.bin",
        "/home/x/.hidden",
        "/etc/hosts",
        "/var/state/shinecat/outbox/a.json",
        "/home/x/folder/",
    ],
)
def test_not_user_data(path: str) -> None:
    assert not PathFilter(roots=("/home/x/.hub-root/results",), excluded=("/var/state/shinecat",))(path)


def test_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("a/../b") == str(tmp_path / "b")
    assert absolute(b"\xff") == str(tmp_path / "\udcff")
    assert absolute(tmp_path / "c") == str(tmp_path / "c")
    for nothing in (3, None, "", "a\0b", object()):
        assert absolute(nothing) is None
