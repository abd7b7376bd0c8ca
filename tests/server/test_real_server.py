"""Plain ``jupyter server`` with our package and nothing configured: it works, is shared, and ends in order."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.slow
OTHERS = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp", "jupyter_server_terminals", "jupyterlab_pygments")


def until(condition, timeout_s=60, what=""):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_s} s: {what or condition}")


class Server:
    """A Jupyter server of the user whose home folder is ``home``."""

    def __init__(self, home, **environ):
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}/shinecat/api/"
        (home / "run").mkdir(mode=0o700, exist_ok=True)
        dropped = ("SHINECAT_", "JUPYTER", "JPY_", "XDG_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        env.update(HOME=str(home), XDG_RUNTIME_DIR=str(home / "run"), SHINECAT_LANG="en", **environ)
        argv = ["-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}", "--port-retries=0"]
        with (home / f"server-{port}.log").open("wb") as log:
            # Without the others it starts faster.
            argv += [f"--ServerApp.jpserver_extensions={name}=False" for name in OTHERS]
            self.process = subprocess.Popen(
                [sys.executable, *argv, "--IdentityProvider.token=jupyter-token", f"--ServerApp.root_dir={home}"],
                env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=home,
            )  # fmt: skip
        self.log = Path(log.name)
        until(self.ready, 60, "the server")

    def ready(self):
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return self.get("status").json()["catalog"]["ok"]
        except httpx.TransportError:
            return False

    def get(self, path):
        return httpx.get(
            self.base + path, headers={"Authorization": "token jupyter-token"}, timeout=60, trust_env=False
        )

    def announce(self, name):
        path = self.home / name
        path.write_text(name)
        return httpx.post(
            self.base + "derived",
            json={"name": name, "paths": [str(path)]},
            headers={"Authorization": "token jupyter-token"},
            timeout=60,
            trust_env=False,
        )

    def sent(self):
        return sorted(entry["name"] for entry in self.get("outbox").json()["entries"] if entry["state"] == "sent")

    def child(self, word):
        def find():
            for process in psutil.Process(self.process.pid).children(recursive=True):
                if word in " ".join(process.cmdline()):
                    return process
            return None

        return until(find, 30, word)

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(60)


def sockets(home):
    return list((home / "run" / "shinecat").glob("*.sock"))


@pytest.fixture
def tmp_path():
    """Short, however long a test's name is: a socket's path has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="sc-") as folder:
        yield Path(folder)


def test_it_works_alone_and_leaves_nothing_behind(tmp_path):
    server = Server(tmp_path)
    status = server.get("status").json()
    assert status["mode"] == "local"
    assert status["user"]
    assert server.get("catalog/api/v3/datasets").json() == []
    assert len(sockets(tmp_path)) == 1
    catalog, outbox = server.child("catalog serve"), server.child("jupyter_shinecat.outbox")
    server.stop(signal.SIGINT)
    psutil.wait_procs([catalog, outbox], 20)
    assert not catalog.is_running()
    assert not outbox.is_running()
    assert sockets(tmp_path) == []


def test_a_killed_server_loses_nothing_and_the_next_one_clears_up(tmp_path):
    first = Server(tmp_path)
    catalog, outbox = first.child("catalog serve"), first.child("jupyter_shinecat.outbox")
    first.process.kill()
    first.process.wait(30)
    # Its outbox ends by itself; the catalog waits for the next server.
    psutil.wait_procs([outbox], 20)
    assert not outbox.is_running()
    assert catalog.is_running()
    assert len(sockets(tmp_path)) == 1
    second = Server(tmp_path)
    assert len(sockets(tmp_path)) == 1
    assert json.loads(next(tmp_path.rglob("server.json")).read_text())["pid"] == catalog.pid
    second.stop(signal.SIGTERM)
    psutil.wait_procs([catalog], 20)
    assert not catalog.is_running()


def test_two_servers_of_one_person_share_everything(tmp_path):
    first, second = (Server(tmp_path, SHINECAT_HOLD_S="0.1") for _ in range(2))
    catalog = first.child("catalog serve")
    assert first.get("status").json()["catalog"]["url"] == second.get("status").json()["catalog"]["url"]
    # One outbox works for both, and the other one takes over.
    assert [server.announce(name).status_code for server, name in ((first, "a"), (second, "b"))] == [202, 202]
    until(lambda: first.sent() == second.sent() == ["a", "b"], 60, "both results")
    first.stop()
    assert catalog.is_running()
    second.announce("c")
    until(lambda: second.sent() == ["a", "b", "c"], 60, "the third result")
    stored = second.get("catalog/api/v3/datasets").json()
    assert sorted(doc["datasetName"] for doc in stored) == ["a", "b", "c"]
    second.stop(signal.SIGTERM)
    psutil.wait_procs([catalog], 20)
    assert not catalog.is_running()
