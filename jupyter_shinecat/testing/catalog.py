"""A catalog to test against: the real server, as a process of its own, in a folder of its own.

Examples
--------
>>> with running_catalog() as catalog:                                # doctest: +SKIP
...     token = catalog.token("zhangxf")
...     httpx.get(f"{catalog.url}/api/v3/datasets", headers={"Authorization": f"Bearer {token}"})
"""

# The addresses opened here are our own.
# ruff: noqa: S310

from __future__ import annotations

import json
import os
import queue
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

# The accounts of the facility's plan, and an administrator.
DEFAULT_ACCOUNTS: dict[str, tuple[str, ...]] = {
    "zhangxf": ("GET", "SHINE"),
    "wangxch": ("AMO", "SHINE"),
    "admin": ("admin",),
}


class CatalogProcess:
    """An embedded catalog in a process of its own.

    Parameters
    ----------
    folder
        Data folder; kept between stops and starts.
    accounts
        Names with their groups; passwords are random.
    profile
        ``shinecat``, or ``scicat-5`` for the strictness of the real server.
    settings
        SciCat's variables (``CREATE_DATASET_GROUPS``, ...).
    emails
        E-mail addresses by name, where ``name@example.org`` won't do.
    """

    def __init__(
        self,
        folder: Path,
        *,
        accounts: Mapping[str, Sequence[str]] | None = None,
        profile: str = "shinecat",
        settings: Mapping[str, str] | None = None,
        emails: Mapping[str, str] | None = None,
        timeout_s: float = 60,
    ) -> None:
        self.folder = folder
        self.url = ""
        self.port = 0
        self._profile = profile
        self._settings = dict(settings or {})
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[str] | None = None
        groups = DEFAULT_ACCOUNTS if accounts is None else accounts
        self._passwords = {name: secrets.token_urlsafe(12) for name in groups}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        entries = [
            {
                "account": name,
                "email": (emails or {}).get(name, f"{name}@example.org"),
                "password": self._passwords[name],
                "role": list(groups[name]),
            }
            for name in groups
        ]
        self._accounts = folder / "test-accounts.json"
        self._accounts.write_text(json.dumps(entries), encoding="utf-8")
        self._accounts.chmod(0o600)

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise RuntimeError("the catalog is not running")
        return self._process.pid

    def password(self, user: str) -> str:
        """Password of an account."""
        return self._passwords[user]

    def token(self, user: str) -> str:
        """A fresh token of an account."""
        body = json.dumps({"username": user, "password": self.password(user)}).encode()
        request = urllib.request.Request(f"{self.url}/api/v3/auth/login", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def start(self) -> CatalogProcess:
        """Start, and wait until it answers; after the first time on the same data and port."""
        if self._process is not None:
            raise RuntimeError("the catalog is running already")
        command = [sys.executable, "-m", "jupyter_shinecat", "catalog", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--data", str(self.folder), "--accounts", str(self._accounts)]
        command += ["--profile", self._profile]
        with (self.folder / "server.log").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True,
                env={**os.environ, "SHINECAT_LANG": "en", **self._settings}, start_new_session=True,
            )  # fmt: skip
        try:
            self.url = self._listening(self._process)
            self.port = int(self.url.rsplit(":", 1)[1])
            self._healthy()
        except BaseException:
            self.kill()
            raise
        return self

    def _listening(self, process: subprocess.Popen[str]) -> str:
        lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=_drain, args=(process.stdout, lines), daemon=True).start()
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError("the catalog did not start in time") from None
            if line.startswith("listening on "):
                return line.removeprefix("listening on ").strip()
            if not line:
                log = (self.folder / "server.log").read_text(encoding="utf-8")[-2000:]
                raise RuntimeError(f"the catalog did not start: {log}")

    def _healthy(self) -> None:
        with urllib.request.urlopen(f"{self.url}/api/v3/health", timeout=self._timeout_s) as answer:
            if json.load(answer).get("status") != "ok":
                raise RuntimeError("the catalog is not well")

    def stop(self) -> int:
        """Stop it cleanly (SIGTERM); returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it at once, as a crash would (SIGKILL)."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait(self._timeout_s)
        finally:
            if process.stdout is not None:
                process.stdout.close()


def _drain(stream: IO[str], lines: queue.Queue[str]) -> None:
    try:
        for line in stream:
            lines.put(line)
    except ValueError:
        pass  # closed by stop
    lines.put("")


@contextmanager
def running_catalog(folder: Path | None = None, **options: Any) -> Iterator[CatalogProcess]:
    """A running catalog for the length of a ``with`` block; options as for :class:`CatalogProcess`.

    Without ``folder`` the data live in a temporary one.
    """
    if folder is None:
        temporary = tempfile.TemporaryDirectory(prefix="shinecat-")
        with temporary, running_catalog(Path(temporary.name), **options) as catalog:
            yield catalog
        return
    catalog = CatalogProcess(folder, **options)
    catalog.start()
    try:
        yield catalog
    finally:
        catalog.stop()
