"""Bad days of the demo end with a sentence."""

import json
import os
import shutil
import socket
import stat
import sys

import pytest

from jupyter_shinecat.demo.errors import DemoError
from jupyter_shinecat.demo.facility import NEEDED_BYTES, PEOPLE, Facility
from jupyter_shinecat.demo.processes import Process, start_mark


def test_accounts_are_made_once_and_kept_to_their_owner(tmp_path):
    with Facility(tmp_path, 0) as facility:
        facility.prepare()
        first = {name: secret.reveal() for name, secret in facility.accounts.items()}
    with Facility(tmp_path, 0) as facility:
        facility.prepare()
        assert {name: secret.reveal() for name, secret in facility.accounts.items()} == first
    file = tmp_path / "accounts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {e["username"]: e["role"] for e in json.loads(file.read_text())} == {**PEOPLE, "admin": ["admin"]}


def test_a_taken_port_names_another(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Facility(tmp_path, port) as facility, pytest.raises(DemoError, match=f"port {port} is taken") as caught:
            facility.prepare()
    assert "--port" in caught.value.do


def test_a_second_demo_on_the_folder_is_refused(tmp_path):
    with Facility(tmp_path, 0) as first:
        first.prepare()
        with Facility(tmp_path, 0) as second, pytest.raises(DemoError, match=r"runs on .* already"):
            second.prepare()


def test_a_full_disk_says_how_much_to_free(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=NEEDED_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with Facility(tmp_path, 0) as facility, pytest.raises(DemoError, match="is full") as caught:
        facility.prepare()
    assert "Free 600 MB" in caught.value.do


def test_a_missing_program_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_a, **_k: None)
    with Facility(tmp_path, 0) as facility:
        facility.prepare()
        with pytest.raises(DemoError, match="configurable-http-proxy is missing") as caught:
            facility.start_hub()
    assert "pip install" in caught.value.do


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with Facility(tmp_path / "file", 0) as facility, pytest.raises(DemoError, match="prepare the folder") as caught:
        facility.prepare()
    assert "--data" in caught.value.do


def _sleeper(tmp_path, code="import time; print('up', flush=True); time.sleep(600)"):
    return Process("sleeper", [sys.executable, "-c", code], dict(os.environ), tmp_path)


def test_what_a_killed_demo_left_running_is_ended_at_the_next_start(tmp_path):
    left = _sleeper(tmp_path)
    left.start()
    pid = left.pid
    mark = start_mark(pid)
    assert mark
    again = _sleeper(tmp_path)
    again.start()  # as a new demo would, which knows only the record on disk
    try:
        assert start_mark(pid) != mark
        assert again.pid != pid
    finally:
        again.stop()
        left.stop()


def test_a_stranger_with_the_recorded_pid_is_left_alone(tmp_path):
    (tmp_path / "sleeper.json").write_text(json.dumps({"pid": os.getpid(), "start": "not ours"}))
    process = _sleeper(tmp_path)
    process.start()
    process.stop()


def test_a_program_that_dies_tells_its_last_words(tmp_path):
    process = _sleeper(tmp_path, "import sys; sys.exit('no room')")
    process.start()
    with pytest.raises(DemoError, match="no room") as caught:
        process.wait_until(lambda: False, 30)
    assert caught.value.log == process.log


def test_what_a_killed_demo_left_is_ended_before_its_port_is_asked_for(tmp_path):
    listen = "import socket,sys,time; s=socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); "
    listen += "print(s.getsockname()[1], flush=True); time.sleep(600)"
    (tmp_path / "logs").mkdir()
    left = Process("hub", [sys.executable, "-c", listen], dict(os.environ), tmp_path / "logs")
    left.start()
    left.wait_until(lambda: bool(left.log.read_text().strip()), 30)
    with Facility(tmp_path, int(left.log.read_text())) as facility:
        facility.prepare()
    assert left.pid is None
