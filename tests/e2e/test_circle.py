"""The main job, as a person starts it: ``shinecat demo --headless``."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def run_demo(*arguments, lang="en"):
    env = {**os.environ, "SHINECAT_LANG": lang}
    command = [sys.executable, "-m", "jupyter_shinecat", "demo", "--headless", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=550, check=False)


def fingerprint(folder: Path) -> dict[str, tuple[int, int, str]]:
    found = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        stat = file.stat()
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        found[str(file.relative_to(folder))] = (stat.st_size, stat.st_mtime_ns, digest)
    return found


def test_the_circle_closes_on_the_samples(tmp_path):
    done = run_demo("--data", tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The circle is closed" in done.stdout
    # nothing that signs in was printed or logged
    secrets = [entry["password"] for entry in json.loads((tmp_path / "demo/accounts.json").read_text())]
    logs = "".join(p.read_text(errors="replace") for p in (tmp_path / "demo/logs").glob("*.log"))
    assert [s for s in secrets if s in done.stdout + done.stderr + logs] == []
    assert re.findall(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", done.stdout + done.stderr + logs) == []


def test_the_circle_closes_on_files_that_nobody_here_made(tmp_path, corpus):
    before = fingerprint(corpus)
    done = run_demo("--data", tmp_path / "demo", "--files", corpus)
    assert done.returncode == 0, done.stdout + done.stderr
    line = re.search(r"^.*\b\d+ files = .*not catalogued", done.stdout, re.MULTILINE)
    total, *parts = map(int, re.findall(r"\b\d+\b", line[0].split("catalogued", 1)[1]))
    assert total == sum(parts) == len(before)
    assert fingerprint(corpus) == before


def test_a_failing_step_is_named_with_its_reason(tmp_path):
    empty = tmp_path / "nothing"
    empty.mkdir()
    done = run_demo("--data", tmp_path / "demo", "--files", empty, lang="zh")
    assert done.returncode == 1
    assert "没有登记含数值的 HDF5 文件" in done.stderr or "失败" in done.stderr
    assert "Traceback" not in done.stderr
