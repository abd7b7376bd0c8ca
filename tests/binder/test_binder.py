"""Binder, as its files build it (set-up: ``make build/binder/.ready``), runs its notebook without a hub."""

import json
import os
import re
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from jupyter_shinecat.demo.facility import free_port
from jupyter_shinecat.demo.jupyter import JupyterSession

ROOT = Path(__file__).parents[2]
VENV = ROOT / "build/binder/venv"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


@pytest.fixture
def server(tmp_path):
    """A Jupyter server of binder's environment, with a home of its own and no catalog configured."""
    if not (VENV / "bin/jupyter-lab").exists():
        pytest.fail("binder's environment is missing: run `make test`, or `make build/binder/.ready`, which builds it")
    home = tmp_path / "home"
    home.mkdir()
    samples = ROOT / "build/binder/home/shinecat-samples"
    (home / "shinecat-samples").symlink_to(samples)
    keep = {k: v for k, v in os.environ.items() if k in ("LANG", "TMPDIR")}
    env = {**keep, "HOME": str(home), "PATH": f"{VENV / 'bin'}:/usr/bin:/bin", "SHINECAT_HOLD_S": "1"}
    port, token = free_port(), "binder-test"
    argv = [VENV / "bin/jupyter-lab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1"]
    argv += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home}"]
    log = (tmp_path / "lab.log").open("wb")
    process = subprocess.Popen([*map(str, argv)], env=env, stdout=log, stderr=log, cwd=home)
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"token {token}"}, timeout=30)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (tmp_path / "lab.log").read_text()
            try:
                if http.get("/api/status").status_code == 200:
                    break
            except httpx.TransportError:
                assert time.monotonic() < deadline, (tmp_path / "lab.log").read_text()
                time.sleep(0.2)
        yield JupyterSession(http)
    finally:
        http.close()
        process.terminate()
        process.wait(30)
        log.close()


def test_the_prepared_notebook_runs(server):
    notebook = json.loads((ROOT / "binder/start.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    printed = [server.run(code, timeout_s=180) for code in cells]
    assert re.search(r"profile\S* <- \['[^']+'\]", printed[-1]), printed
