"""A facility on one machine: sample files, catalog, hub, and accounts, all below one folder."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import secrets
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import httpx

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, CatalogError, Secret

from .errors import DemoError
from .processes import Process, end_leftover

NEEDED_BYTES = 600 * 1024 * 1024
# As in the facility's plan: two people who share one group and differ in the other.
PEOPLE = {"zhangxf": ["GET", "SHINE"], "wangxch": ["AMO", "SHINE"]}
ADMIN = "admin"


def free_port() -> int:
    """A port that is free on loopback at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Facility:
    """Catalog and hub of the demo.

    Parameters
    ----------
    folder
        Holds everything; made when missing, kept between starts.
    port
        Of the hub, on loopback; 0 takes a free one.
    """

    def __init__(self, folder: Path, port: int = 8000) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self.hub_url = f"http://127.0.0.1:{self.port}"
        self.catalog_url = ""
        self.logs = self.folder / "logs"
        self.accounts: dict[str, Secret] = {}
        self._processes: list[Process] = []
        self._lock: Any = None

    def __enter__(self) -> Facility:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    # -- folder ----------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the folder and the accounts; refuse what can't work with a sentence that says what to do."""
        step = tr("prepare the folder")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            self._take_lock()
            for left in sorted(self.logs.glob("*.json"), reverse=True):  # the hub before the catalog
                end_leftover(left)
            if shutil.disk_usage(self.folder).free < NEEDED_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._load_accounts()
        except OSError as cause:
            if cause.errno == errno.ENOSPC:
                raise DemoError(
                    step,
                    tr("the disk of {folder} is full", folder=self.folder),
                    do=tr("Free {size} MB there, or choose another folder with --data.", size=NEEDED_BYTES // 1024**2),
                ) from cause
            raise DemoError(
                step,
                tr("{folder}: {cause}", folder=self.folder, cause=cause.strerror),
                do=tr("Choose another folder with --data."),
            ) from cause
        if not _port_is_free(self.port):
            raise DemoError(
                tr("start the hub"),
                tr("port {port} is taken by another program", port=self.port),
                do=tr("Choose another with --port, for example --port {port}.", port=free_port()),
            )

    def _take_lock(self) -> None:
        self._lock = (self.folder / "demo.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise DemoError(
                tr("prepare the folder"),
                tr("a demo runs on {folder} already", folder=self.folder),
                do=tr("Use that one, end it with Ctrl-C, or choose another folder with --data."),
            ) from cause

    def _load_accounts(self) -> None:
        """Accounts in SciCat's own form (``functionalAccounts.json``); passwords are made at first start."""
        file = self.folder / "accounts.json"
        if not file.exists():
            accounts = [
                {
                    "username": name,
                    "email": f"{name}@facility.example",
                    "password": secrets.token_urlsafe(9),
                    "role": groups,
                    "global": False,
                }
                for name, groups in {**PEOPLE, ADMIN: ["admin"]}.items()
            ]
            part = file.with_suffix(".part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                json.dump(accounts, out, indent=1)
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        self.accounts = {entry["username"]: Secret(entry["password"]) for entry in json.loads(file.read_text())}

    # -- programs --------------------------------------------------------------------------------------------------

    def _environment(self, **more: str) -> dict[str, str]:
        """Ours, without what would send a program of the demo elsewhere, and with our programs first on the path."""
        env = {
            k: v for k, v in os.environ.items() if not k.startswith(("SHINECAT_", "JUPYTERHUB_", "JUPYTER_", "JPY_"))
        }
        if lang := os.environ.get("SHINECAT_LANG"):
            env["SHINECAT_LANG"] = lang
        env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
        env["PYTHONUNBUFFERED"] = "1"
        return {**env, **more}

    def start_catalog(self) -> None:
        """Start the embedded catalog, on the port that it had the last time where that is free.

        Scans know a catalog by its address: on another port they would look at everything anew.
        """
        folder = self.folder / "catalog"
        folder.mkdir(mode=0o700, exist_ok=True)
        port = self._kept_port()
        self.catalog_url = f"http://127.0.0.1:{port}"
        argv = [
            sys.executable,
            "-m",
            "jupyter_shinecat",
            "catalog",
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
        argv += ["--data", str(folder), "--accounts", str(self.folder / "accounts.json")]
        # Each change of a dataset is kept, so that a result made again shows in the history.
        process = Process("catalog", argv, self._environment(TRACKABLES="Dataset"), self.logs)
        self._processes.append(process)
        process.start()
        process.wait_until(lambda: _answers(self.catalog_url + "/api/v3/health"), 60)

    def _kept_port(self) -> int:
        file = self.folder / "catalog.port"
        with contextlib.suppress(OSError, ValueError):
            port = int(file.read_text())
            if 1024 <= port < 65536 and _port_is_free(port):
                return port
        port = free_port()
        file.write_text(str(port))
        return port

    def start_hub(self) -> None:
        """Start JupyterHub with the shipped configuration for one machine."""
        step = tr("start the hub")
        proxy = shutil.which("configurable-http-proxy", path=self._environment()["PATH"])
        if proxy is None:
            raise DemoError(
                step,
                tr("the program configurable-http-proxy is missing"),
                do=tr('Install it with: pip install "jupyter-shinecat[hub]"'),
            )
        folder = self.folder / "hub"
        folder.mkdir(mode=0o700, exist_ok=True)
        env = self._environment(
            SHINECAT_HUB_DATA=str(folder), SHINECAT_HUB_PORT=str(self.port), SHINECAT_CATALOG_URL=self.catalog_url
        )
        argv = [sys.executable, "-m", "jupyterhub", "--config", str(hub_config("local"))]
        process = Process("hub", argv, env, self.logs)
        self._processes.append(process)
        process.start()
        process.wait_until(lambda: _answers(self.hub_url + "/hub/health"), 90)

    def client(self, name: str) -> CatalogClient:
        """A catalog client signed in as ``name``."""
        client = CatalogClient(self.catalog_url)
        try:
            client.login(name, self.accounts[name])
        except CatalogError as cause:
            client.close()
            raise DemoError(tr("sign in at the catalog"), str(cause), log=self.logs / "catalog.log") from cause
        return client

    def home(self, name: str) -> Path:
        """Home folder of a person in the demo."""
        return self.folder / "hub" / "home" / name

    def wait(self) -> None:
        """Stay until interrupted; fails when a program ends by itself."""
        while True:
            for process in self._processes:
                process.wait_for_end(0.5)

    def stop(self) -> None:
        """End all programs, last started first, and leave the data."""
        while self._processes:
            self._processes.pop().stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def hub_config(name: str) -> Path:
    """A shipped hub configuration: in the wheel inside the package, in a checkout beside it."""
    package = Path(__file__).parents[1]
    for root in (package / "hub_config", package.parent / "hub_config"):
        file = root / name / "jupyterhub_config.py"
        if file.exists():
            return file
    raise DemoError(
        tr("start the hub"), tr("the hub configuration “{name}” is missing from this installation", name=name)
    )


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
