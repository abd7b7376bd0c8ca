"""Whatever a reader does in its child process, the caller gets an answer and lives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile

from jupyter_shinecat.formats import Extract, Failure, Sandbox

# Stands for tifffile in the children: a real process that really crashes, hangs or eats memory.
_EVIL = """
import os, signal, time
here = {here!r}
os.mkdir(os.path.join(here, f"attempt-{{len(os.listdir(here))}}"))
class TiffFileError(Exception): pass
class TiffFile:
    def __init__(self, *a, **k):
        {deed}
"""
_DEEDS = {
    "crash": "os.kill(os.getpid(), signal.SIGSEGV)",
    "timeout": "time.sleep(1000)",
    "memory": "self.x = bytearray(1 << 40)",
    "other": "raise SystemError('a bug in a reader')",
}


def _tiff(path: Path) -> Path:
    tifffile.imwrite(path, np.zeros((4, 4), "u1"))
    return path


def _hdf5(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["x"] = 1
    return path


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def make(deed: str) -> Path:
        folder, attempts = tmp_path / "evil", tmp_path / "attempts"
        folder.mkdir()
        attempts.mkdir()
        (folder / "tifffile.py").write_text(_EVIL.format(here=str(attempts), deed=_DEEDS[deed]))
        monkeypatch.setenv("PYTHONPATH", str(folder))
        return attempts

    return make


@pytest.mark.parametrize("kind", ["crash", "timeout", "memory"])
def test_a_reader_that_dies_is_tried_once_more_then_given_up(tmp_path: Path, evil, kind: str) -> None:
    attempts = evil(kind)
    bad, good = _tiff(tmp_path / "bad.tif"), _hdf5(tmp_path / "good.h5")
    with Sandbox(workers=1, timeout_s=2) as sandbox:
        result = sandbox.extract(bad, digest="sha256")
        assert isinstance(result, Failure)
        assert result.kind == kind
        assert result.sha256
        assert len(list(attempts.iterdir())) == 2
        assert isinstance(sandbox.extract(good), Extract)


def test_a_bug_in_a_reader_is_a_failure_of_that_file_only(tmp_path: Path, evil) -> None:
    evil("other")
    bad, good = _tiff(tmp_path / "bad.tif"), _hdf5(tmp_path / "good.h5")
    with Sandbox(workers=1) as sandbox:
        result = sandbox.extract(bad)
        assert isinstance(result, Failure)
        assert "a bug in a reader" in result.reason
        assert isinstance(sandbox.extract(good), Extract)


def test_children_see_no_secrets_and_write_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "spy"
    folder.mkdir()
    (folder / "tifffile.py").write_text(
        "import os\n"
        "class TiffFileError(Exception): pass\n"
        "class TiffFile:\n"
        "    def __init__(self, *a, **k):\n"
        f"        try:\n            open({str(tmp_path / 'written')!r}, 'wb', buffering=0).write(b'x')\n"
        "        except OSError: pass\n"
        "        raise TiffFileError(','.join(sorted(os.environ)))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("SHINECAT_TOKEN", "a-secret")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "a-secret")
    with Sandbox(workers=1) as sandbox:
        result = sandbox.extract(_tiff(tmp_path / "a.tif"))
    assert isinstance(result, Failure)
    assert "HDF5_USE_FILE_LOCKING" in result.detail
    assert "TOKEN" not in result.detail
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


def test_a_module_beside_the_data_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "h5py.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    with Sandbox(workers=1) as sandbox:
        assert isinstance(sandbox.extract(_hdf5(tmp_path / "a.h5")), Extract)


def test_children_are_recycled_and_ended(tmp_path: Path) -> None:
    path = _hdf5(tmp_path / "a.h5")
    with Sandbox(workers=1, recycle_after=2) as sandbox:
        seen = set()
        for _ in range(5):
            assert isinstance(sandbox.extract(path), Extract)
            seen |= {child._process.pid for child in sandbox._children}
        assert len(seen) == 3
        processes = [child._process for child in sandbox._children]
    assert all(process.poll() is not None for process in processes)


def test_many_threads_share_a_few_children(tmp_path: Path) -> None:
    paths = [_hdf5(tmp_path / f"{i}.h5") for i in range(20)]
    with Sandbox(workers=2) as sandbox, ThreadPoolExecutor(8) as pool:
        results = list(pool.map(sandbox.extract, paths))
        assert len(sandbox._children) <= 2
    assert all(isinstance(result, Extract) for result in results)


@pytest.mark.parametrize(("name", "kind"), [("missing.h5", "gone"), ("folder", "not-a-file"), ("pipe", "not-a-file"),
                                            ("empty.h5", "unsupported"), ("broken", "gone")])  # fmt: skip
def test_what_is_no_readable_file_says_so(tmp_path: Path, sandbox: Sandbox, name: str, kind: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.h5").touch()
    (tmp_path / "broken").symlink_to("nowhere")
    result = sandbox.extract(tmp_path / name)
    assert isinstance(result, Failure)
    assert result.kind == kind


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission_denied_says_so(tmp_path: Path, sandbox: Sandbox) -> None:
    path = _hdf5(tmp_path / "a.h5")
    path.chmod(0)
    result = sandbox.extract(path)
    assert isinstance(result, Failure)
    assert result.kind == "permission"


def test_names_that_are_no_unicode_are_read(tmp_path: Path, sandbox: Sandbox) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\xfe [1]+.h5"
    os.rename(_hdf5(tmp_path / "a.h5"), path)
    assert isinstance(sandbox.extract(os.fsdecode(path)), Extract)


def test_the_caller_never_loads_h5py(tmp_path: Path) -> None:
    code = """
import sys
from jupyter_shinecat.formats import Extract, Sandbox
with Sandbox(workers=1) as sandbox:
    assert isinstance(sandbox.extract(sys.argv[1], digest="sha256"), Extract)
assert not {"h5py", "numpy", "tifffile", "pint"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code, str(_hdf5(tmp_path / "a.h5"))], check=True, timeout=60)


def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    code = """
import sys, time
from jupyter_shinecat.formats import Sandbox
sandbox = Sandbox(workers=1)
sandbox.extract(sys.argv[1])
print([child._process.pid for child in sandbox._children][0], flush=True)
time.sleep(1000)
"""
    command = [sys.executable, "-c", code, str(_hdf5(tmp_path / "a.h5"))]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    ended = threading.Event()
    for _ in range(200):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1][:3]:
            ended.set()
            break
        ended.wait(0.05)
    assert ended.is_set()
