"""A home folder on a network file system (SFTP through FUSE) that hangs now and then."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import Bench
from .test_kills import KILLER, WHENS, check, one_cell

_PLACES = ("/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server")
SERVER = next((path for path in _PLACES if os.path.exists(path)), "")
_MOUNT_S = 20.0


class NetworkFolder:
    """A folder behind a file server, which can be made to hang."""

    def __init__(self, folder: Path) -> None:
        self.place, remote = folder / "mounted", folder / "remote"
        self.place.mkdir()
        remote.mkdir()
        from_server, to_client = os.pipe()
        from_client, to_server = os.pipe()
        self._server = subprocess.Popen([SERVER], stdin=from_client, stdout=to_client)
        options = "passive,idmap=none,no_contain_symlinks"
        self._client = subprocess.Popen(
            ["sshfs", "-f", f":{remote}", str(self.place), "-o", options], stdin=from_server, stdout=to_server
        )
        for descriptor in (from_server, to_client, from_client, to_server):
            os.close(descriptor)
        deadline = time.monotonic() + _MOUNT_S
        while not self.place.is_mount():
            if self._client.poll() is not None or time.monotonic() > deadline:
                self.close()
                pytest.skip("no folder can be mounted through FUSE here")
            time.sleep(0.02)

    def hang(self, for_s: float) -> None:
        """Answer nothing for a while, as file servers do."""
        self._server.send_signal(signal.SIGSTOP)
        try:
            time.sleep(for_s)
        finally:
            self._server.send_signal(signal.SIGCONT)

    def close(self) -> None:
        subprocess.run(["fusermount3", "-uz", str(self.place)], check=False, capture_output=True, timeout=60)
        for process in (self._client, self._server):
            with suppress(ProcessLookupError):
                process.terminate()
            process.wait(30)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[NetworkFolder]:
    if not (SERVER and shutil.which("sshfs") and shutil.which("fusermount3") and os.path.exists("/dev/fuse")):
        pytest.skip("a network file system needs sshfs, sftp-server and FUSE")
    made = NetworkFolder(tmp_path)
    yield made
    made.close()


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_kills_while_the_file_server_hangs_now_and_then(network: NetworkFolder, catalog) -> None:
    bench = Bench(network.place / "home", catalog)
    raw = bench.counter.raw()
    kernel, chance, over = bench.kernel(), random.Random(23), threading.Event()

    def hang() -> None:
        while not over.wait(chance.random() * 10):
            network.hang(chance.random() * 5)

    hanging = threading.Thread(target=hang)
    hanging.start()
    kills, results = 0, 25
    try:
        for i in range(results):
            one_cell(bench, kernel, raw, i)
            outbox = bench.start(KILLER, str(chance.randint(1, 40)), chance.choice(WHENS))
            kills += outbox.wait_end_or_sent(i + 1 - len(bench.sent())) == -signal.SIGKILL
            outbox.end(signal.SIGKILL)
        outbox = bench.start()
        outbox.wait_end_or_sent(results - len(bench.sent()))
    finally:
        over.set()
        hanging.join()
        bench.close()
    assert kills >= 10
    check(bench, raw, results)
