"""JupyterLab with our package, in folders of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[2]
BUILT = REPO / "jupyter_shinecat" / "labextension"


def free_port() -> int:
    """A port that is free on loopback at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LabServer:
    """A ``jupyter lab`` process with temporary settings, workspaces, kernels' folders and home.

    Parameters
    ----------
    folder
        Holds all of it.
    environment
        Added to the environment: the catalog's address and token, for example.
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        if not (BUILT / "package.json").exists():
            raise RuntimeError(f"{BUILT} is missing: build it first, with 'make setup'")
        self.folder = folder
        self.work = folder / "work"
        self.results = folder / "results"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        extensions = folder / "share" / "labextensions"
        for made in (extensions, self.work, self.results, folder / "home"):
            made.mkdir(parents=True, exist_ok=True)
        # What was built last, wherever the package is installed.
        (extensions / "jupyter-shinecat").symlink_to(BUILT)
        config = folder / "config"
        config.mkdir()
        (config / "jupyter_server_config.json").write_text(
            json.dumps({"ServerApp": {"jpserver_extensions": {"jupyter_shinecat": True}}})
        )
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SHINECAT_", "JUPYTER"))},
            "HOME": str(folder / "home"),
            "IPYTHONDIR": str(folder / "ipython"),
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "JUPYTER_PATH": str(folder / "share"),
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTER_TOKEN": self.token,
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "SHINECAT_STATE": str(folder / "state"),
            "SHINECAT_RESULTS": str(self.results),
            "SHINECAT_HOLD_S": "0.5",
            "SHINECAT_LANG": "en",
            **(environment or {}),
        }
        self.plain()

    def setting(self, plugin: str, values: dict[str, Any]) -> None:
        """Write a user setting; pages that are loaded later have it."""
        name, _, part = plugin.rpartition(":")
        file = self.folder / "settings" / name / f"{part}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))

    def plain(self, *, theme: str = "JupyterLab Light", locale: str = "en") -> None:
        """Settings that keep Lab quiet, with the given theme and language."""
        self.setting("@jupyterlab/apputils-extension:notification", {"fetchNews": "false", "checkForUpdates": False})
        self.setting("@jupyterlab/apputils-extension:themes", {"theme": theme})
        self.setting("@jupyterlab/translation-extension:plugin", {"locale": locale})

    def start(self, timeout_s: float = 60) -> LabServer:
        """Start and wait until it answers."""
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={self.port}"]
        command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.work, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/api", timeout=5):
                    return self
            except (OSError, urllib.error.URLError):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"JupyterLab did not start: {self.log.read_text()[-3000:]}") from None
                time.sleep(0.1)

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.folder / "lab.log"

    def stop(self) -> None:
        """End the server and, with it, its kernels."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
