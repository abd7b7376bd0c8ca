"""What the user server's proxy adds to a call of the catalog, over what a Jupyter handler costs by itself."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from jupyter_shinecat.demo.facility import free_port
from jupyter_shinecat.scicat import CatalogClient, quote_pid
from jupyter_shinecat.testing.catalog import running_catalog

ROUNDS = 400
PID = "20.500.1/bench"


@contextmanager
def _server(folder: Path, catalog_url: str, token: str) -> Iterator[httpx.Client]:
    port, key = free_port(), "bench"
    env = {k: v for k, v in os.environ.items() if not k.startswith(("SHINECAT_", "JUPYTERHUB_"))}
    env |= {"SHINECAT_CATALOG_URL": catalog_url, "SHINECAT_TOKEN": token, "SHINECAT_STATE": str(folder / "state")}
    argv = [sys.executable, "-m", "jupyter_server", f"--port={port}", "--ip=127.0.0.1", "--allow-root"]
    argv += ["--no-browser", f"--IdentityProvider.token={key}", "--ServerApp.log_level=ERROR"]
    argv += ["--ServerApp.jpserver_extensions={'jupyter_shinecat': True}"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(argv, env=env, cwd=folder, stdout=log, stderr=log)
    headers = {"Authorization": f"token {key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30, trust_env=False) as http:
        try:
            while True:
                if process.poll() is not None:
                    raise RuntimeError((folder / "server.log").read_text())
                try:
                    if http.get("/api/status").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield http
        finally:
            process.terminate()
            process.wait(30)


def _ms(client: httpx.Client, path: str) -> float:
    start = time.perf_counter()
    answer = client.get(path)
    elapsed = (time.perf_counter() - start) * 1e3
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:200]}")
    return elapsed


def measure() -> Iterator[dict[str, Any]]:
    """One dataset of about 2 kB, read directly and through the proxy in turn, keep-alive, on loopback."""
    with tempfile.TemporaryDirectory() as name, running_catalog() as catalog:
        token = catalog.token("admin")
        metadata = {f"key {i}": {"value": float(i), "unit": "mm"} for i in range(25)}
        with CatalogClient(catalog.url, token) as client:
            client.create_dataset(
                {
                    "pid": PID,
                    "type": "raw",
                    "datasetName": "bench",
                    "ownerGroup": "admin",
                    "contactEmail": "bench@facility.example",
                    "sourceFolder": "/data/bench",
                    "creationTime": "2026-01-01T00:00:00.000Z",
                    "scientificMetadata": metadata,
                }
            )
        path = f"/api/v3/datasets/{quote_pid(PID)}"
        bearer = {"Authorization": f"Bearer {token}"}
        with (
            httpx.Client(base_url=catalog.url, headers=bearer, trust_env=False) as direct,
            _server(Path(name), catalog.url, token) as server,
        ):
            samples: dict[str, list[float]] = {"direct": [], "proxy": [], "handler": []}
            for _ in range(ROUNDS):
                samples["direct"].append(_ms(direct, path))
                samples["proxy"].append(_ms(server, "/shinecat/api/catalog" + path))
                samples["handler"].append(_ms(server, "/api"))
    p50 = {kind: statistics.median(values) for kind, values in samples.items()}
    against = f"direct {p50['direct']:.2f} ms, an empty Jupyter handler {p50['handler']:.2f} ms, same run"
    yield {
        "name": "proxy_overhead_p50_ms",
        "value": round(p50["proxy"] - p50["direct"], 3),
        "unit": "ms",
        "goal": 5.0,
        "against": against,
    }
