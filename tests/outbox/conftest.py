"""A kernel's spool written by hand, the outbox as a real process, and counters that share no code with it."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import h5py
import httpx
import numpy as np
import pytest

from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog

PROFILES = ("shinecat", "scicat-5")
LIMIT_S = 60.0
# For what no catalog decides: tests of it run on one profile, the stricter one.
ONE_PROFILE = pytest.mark.parametrize("catalog", ["scicat-5"], indirect=True)
JWT_SECRET = "s" * 40


class Counter:
    """What the catalog has, asked for by plain HTTP."""

    def __init__(self, catalog: CatalogProcess, user: str) -> None:
        self._catalog = catalog
        self._user = user
        self._token = catalog.token(user)

    def get(self, path: str, **params: Any) -> Any:
        answer = self._request("GET", path, params={k: json.dumps(v) for k, v in params.items()})
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._request("POST", path, json=body).json()

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._request("PATCH", path, json=body).json()

    def delete(self, path: str) -> None:
        self._request("DELETE", path)

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        url = self._catalog.url + path
        answer = httpx.request(method, url, headers=headers, timeout=30, trust_env=False, **options)
        answer.raise_for_status()
        return answer

    def raw(self, name: str = "run17", group: str = "GET", **fields: Any) -> str:
        """Catalogue a raw dataset; returns its PID."""
        doc = {
            "type": "raw",
            "datasetName": name,
            "ownerGroup": group,
            "accessGroups": ["SHINE"],
            "contactEmail": "pi@example.org",
            "owner": "Zhang",
            "sourceFolder": "/data/raw",
            "creationTime": "2026-11-01T10:00:00.000Z",
            "principalInvestigators": ["Zhang"],
            "creationLocation": "/SHINE/GET",
            "proposalIds": ["2345"],
            "sampleIds": ["lysozyme"],
            **fields,
        }
        return str(self.post("/api/v4/datasets", doc)["pid"])

    def derived(self, of: str) -> list[dict[str, Any]]:
        """Derived datasets that name ``of`` as an input."""
        where = {"type": "derived", "inputDatasets": of}
        found: list[dict[str, Any]] = self.get("/api/v3/datasets", filter={"where": where, "limits": {"limit": 1000}})
        return found

    def blocks(self, pid: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/api/v3/datasets/{quote(pid, safe='')}/origdatablocks")
        return found

    def attachments(self, pid: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/api/v3/datasets/{quote(pid, safe='')}/attachments")
        return found


class Kernel:
    """Writes a spool file as a kernel's record does."""

    def __init__(self, home: Path, *, notebook: str = "analysis.ipynb", pid: int | None = None, **head: Any) -> None:
        self.pid = pid or os.getpid()
        self.folder = home / "spool"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.session = str(uuid.uuid4())
        self.path = self.folder / f"20261122T100000-{self.pid}-{uuid.uuid4().hex[:8]}.jsonl"
        self.run = 0
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            boot_id = boot.read().strip()
        started = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[19]
        self.head = {
            "v": 1,
            "session": self.session,
            "pid": self.pid,
            "host": socket.gethostname(),
            "boot": f"{boot_id}:{started}",
            "kernel_id": None,
            "notebook": notebook,
            "cwd": str(home / "work"),
            "python": "3.11.7",
            "user": "zhangxf",
            "write_back": "auto",
            **head,
        }
        self.line("session", **self.head)

    def line(self, kind: str, **fields: Any) -> None:
        self.raw(json.dumps({"k": kind, "t": time.time(), **fields}) + "\n")

    def raw(self, text: str) -> None:
        with open(self.path, "ab") as file:
            file.write(text.encode())

    def cell(self, code: str, *, cell: str | None = None) -> int:
        self.run += 1
        self.line("cell", run=self.run, cell=cell or f"cell-{self.run}", n=self.run, code=code)
        return self.run

    def end(
        self, inputs: list[Any] = (), paths_in: list[Any] = (), *, runs: list[int] | None = None, **more: Any
    ) -> None:  # type: ignore[assignment]
        fields = {
            "run": self.run,
            "status": "ok",
            "inputs": [{"pid": i, "certain": True} if isinstance(i, str) else i for i in inputs],
            "paths_in": [{"path": str(p), "certain": True} for p in paths_in],
            "runs": runs or [self.run],
            "modules": {"h5py": "3.16.0", "numpy": "2.4.6"},
            "capture": "complete",
            "unseen": [],
            **more,
        }
        self.line("end", **fields)

    def write(self, path: Path, content: bytes) -> None:
        """What a cell does when it writes a file: the record's line, then the bytes."""
        self.line("write", run=self.run, path=str(path), how="open")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def hdf5(self, path: Path, value: float = 1.0) -> None:
        """A small HDF5 file with a unit."""
        self.line("write", run=self.run, path=str(path), how="h5py")
        path.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(path, "w") as file:
            file["entry/energy"] = value
            file["entry/energy"].attrs["units"] = "keV"
            file["entry/counts"] = np.arange(10)


class OutboxProcess:
    """The outbox's process and what it prints."""

    def __init__(self, env: dict[str, str], command: Sequence[str] = ("-m", "jupyter_shinecat.outbox")) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.news: list[dict[str, Any]] = []
        self.words: list[str] = []
        self._arrived: queue.Queue[dict[str, Any]] = queue.Queue()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._read_news, self._read_words)]
        for thread in self._threads:
            thread.start()

    def _read_news(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arrived.put(json.loads(line))

    def _read_words(self) -> None:
        assert self.process.stderr is not None
        self.words += list(self.process.stderr)

    def wait(self, right: Callable[[dict[str, Any]], bool], limit_s: float = LIMIT_S) -> dict[str, Any]:
        """The next line of news that is right."""
        deadline = time.monotonic() + limit_s
        while True:
            try:
                news = self._arrived.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"not in time; seen {self.news}, said {self.words}") from None
            self.news.append(news)
            if right(news):
                return news

    def wait_state(self, state: str, limit_s: float = LIMIT_S) -> dict[str, Any]:
        return self.wait(lambda news: news["state"] == state, limit_s)

    def wait_end_or_sent(self, results: int, limit_s: float = LIMIT_S) -> int | None:
        """Wait until the process has ended (its exit code), or until it has sent so many results (None)."""
        deadline = time.monotonic() + limit_s
        while results > 0:
            try:
                news = self._arrived.get(timeout=0.05)
            except queue.Empty:
                code = self.process.poll()
                if code is not None:
                    return code
                assert time.monotonic() < deadline, f"not in time; seen {self.news}, said {self.words}"
                continue
            self.news.append(news)
            results -= news["state"] == "sent"
        return None

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        for thread in self._threads:
            thread.join(10)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return code


class Bench:
    """A person's home, a catalog, and the outbox between them."""

    def __init__(self, home: Path, catalog: CatalogProcess, user: str = "zhangxf") -> None:
        self.home = home
        self.catalog = catalog
        self.results = home / "results"
        self.work = home / "work"
        self.work.mkdir(parents=True)
        self.results.mkdir()
        self.user = user
        self.counter = Counter(catalog, user)
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("SHINECAT_")},
            "HOME": str(home),
            "SHINECAT_STATE": str(home),
            "SHINECAT_RESULTS": str(self.results),
            "SHINECAT_CATALOG_URL": catalog.url,
            "SHINECAT_TOKEN": catalog.token(user),
            "SHINECAT_HOLD_S": "0.3",
            "SHINECAT_SETTLE_S": "2",
            "SHINECAT_LANG": "en",
        }
        self._running: list[OutboxProcess] = []

    def kernel(self, **options: Any) -> Kernel:
        return Kernel(self.home, **options)

    def start(self, *command: str, **env: str) -> OutboxProcess:
        outbox = OutboxProcess({**self.env, **env}, *([command] if command else []))
        self._running.append(outbox)
        return outbox

    def shinecat(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        command = [sys.executable, "-m", "jupyter_shinecat", *args]
        return subprocess.run(
            command, env={**self.env, **env}, capture_output=True, text=True, timeout=120, check=False
        )

    def sent(self) -> list[str]:
        """Keys of the entries that say they are sent, read from their files."""
        found = (self.home / "outbox" / "entries").glob("[!.]*/status.json")
        return [path.parent.name for path in found if json.loads(path.read_bytes())["state"] == "sent"]

    def close(self) -> None:
        for outbox in self._running:
            if outbox.process.returncode is None:
                outbox.end(signal.SIGKILL)


@pytest.fixture(scope="session", params=PROFILES)
def catalog(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogProcess]:
    """A running catalog in each profile."""
    folder = tmp_path_factory.mktemp("catalog")
    settings = {"TRACKABLES": "Dataset", "JWT_SECRET": JWT_SECRET}
    with running_catalog(folder, profile=request.param, settings=settings) as running:
        yield running


@pytest.fixture
def bench(catalog: CatalogProcess, tmp_path: Path) -> Iterator[Bench]:
    """A fresh home at the shared catalog."""
    made = Bench(tmp_path / "home", catalog)
    yield made
    made.close()


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Makes benches at a catalog of the test's own."""
    made: list[Bench] = []

    def make(catalog: CatalogProcess, user: str = "zhangxf") -> Bench:
        made.append(Bench(tmp_path / f"home-{len(made)}", catalog, user))
        return made[-1]

    yield make
    for each in made:
        each.close()
