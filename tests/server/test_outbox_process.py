"""The outbox's process is kept running, its news become events, and its end is orderly."""

import asyncio
import json
import logging
import os
import sys
from pathlib import Path

import pytest

from jupyter_shinecat.outbox.process import birth, is_alive
from jupyter_shinecat.server import outbox
from jupyter_shinecat.server.events import SCHEMA_ID, OutboxEvents
from jupyter_shinecat.server.outbox import OutboxManager, OutboxProcess

LOG = logging.getLogger("test.outbox")
NEWS = {
    "key": "k1",
    "name": "ä",
    "state": "sent",
    "pid": "p/1",
    "inputs": ["p/0"],
    "reason": None,
    "notebook": "a.ipynb",
}


class Fake:
    """A process that plays the outbox, and what it told."""

    def __init__(self, folder, lines=(), *, die=False):
        self.starts, self.environ = folder / "starts", folder / "environ"
        plan = {"starts": str(self.starts), "environ": str(self.environ), "lines": list(lines), "die": die}
        self.news = asyncio.Queue()
        self.process = OutboxProcess(
            {**os.environ, "FAKE_OUTBOX": json.dumps(plan)}, lambda news: self.news.put_nowait(news), LOG
        )
        self.process.argv = (sys.executable, str(Path(__file__).with_name("fake_outbox.py")))

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0.02)


async def test_each_line_of_json_is_news_and_the_rest_is_log(tmp_path, caplog):
    fake = Fake(tmp_path, ["not JSON", json.dumps(NEWS), '{"no": "key"}', json.dumps({**NEWS, "state": "failed"})])
    with caplog.at_level(logging.INFO):
        fake.process.start()
        async with asyncio.timeout(30):
            assert (await fake.news.get()) == NEWS
            assert (await fake.news.get())["state"] == "failed"
        await fake.until(lambda: "a word on stderr" in caplog.text)
    assert "not JSON" in caplog.text
    pid = fake.process.pid
    born = birth(pid)
    await fake.process.stop()
    assert not is_alive(pid, born)
    assert fake.process.pid is None


async def test_it_starts_again_when_it_dies(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "_FIRST_PAUSE_S", 0.05)
    fake = Fake(tmp_path, die=True)
    fake.process.start()
    await fake.until(lambda: fake.starts.exists() and len(fake.starts.read_text().split()) >= 3)
    await fake.process.stop()
    starts = len(fake.starts.read_text().split())
    await asyncio.sleep(0.3)
    assert len(fake.starts.read_text().split()) == starts


async def test_a_program_that_is_missing_is_tried_again_and_stops(tmp_path, caplog):
    fake = Fake(tmp_path)
    fake.process.argv = (str(tmp_path / "nothing"),)
    fake.process.start()
    await fake.until(lambda: "can't be started" in caplog.text)
    await fake.process.stop()


class TestEvents:
    async def test_news_become_jupyter_events_and_odd_ones_do_no_harm(self, shinecat, jp_serverapp, caplog):
        heard = []

        async def listen(logger, schema_id, data):
            heard.append(data)

        jp_serverapp.event_logger.add_listener(schema_id=SCHEMA_ID, listener=listen)
        events = OutboxEvents(jp_serverapp.event_logger, LOG)
        events.tell({**NEWS, "unknown": 1})
        events.tell({"key": "k", "state": "no such state"})
        events.tell({**NEWS, "do": "try again"})
        async with asyncio.timeout(10):
            while len(heard) < 2:
                await asyncio.sleep(0.01)
        assert {name: heard[0][name] for name in NEWS} == NEWS
        assert "unknown" not in heard[0]
        assert heard[1]["do"] == "try again"
        assert "could not be passed on" in caplog.text


class TestRoutes:
    async def test_entries_are_listed_and_requests_reach_the_outbox(
        self, shinecat, raw_fetch, jp_base_url, monkeypatch
    ):
        asked = []
        for name in ("request_retry", "request_withdraw", "request_release"):
            monkeypatch.setattr(
                outbox, name, lambda state, key, name=name, **more: asked.append((name, key, *more.values()))
            )
        entries = [{**NEWS, "updated": 2.0}, {**NEWS, "key": "k2", "state": "sending"}]
        monkeypatch.setattr(outbox, "list_entries", lambda state: entries)
        base = f"{jp_base_url}shinecat/api/outbox"
        assert (await raw_fetch(base)).json() == {"entries": entries}
        for path, body, status in (
            ("retry", {"key": "k1"}, 202),
            ("retry", {"key": None}, 202),
            ("retry", {}, 202),
            ("withdraw", {"key": "k1"}, 202),
            ("withdraw", {}, 400),
            ("withdraw", {"key": 1}, 400),
            ("release", {"key": "k2"}, 202),
            ("release", {"key": "k2", "group": "AMO"}, 202),
            ("release", {"key": "k2", "group": 7}, 400),
        ):
            answer = await raw_fetch(f"{base}/{path}", "POST", body=json.dumps(body).encode())
            assert answer.status == status, (path, body, answer.body)
        assert asked == [
            ("request_retry", "k1"),
            ("request_retry", None),
            ("request_retry", None),
            ("request_withdraw", "k1"),
            ("request_release", "k2", None),
            ("request_release", "k2", "AMO"),
        ]
        status = (await raw_fetch(f"{jp_base_url}shinecat/api/status")).json()
        assert status["outbox"] == {"waiting": 1, "failed": 0, "sent": 1}

    async def test_a_full_disk_is_a_sentence(self, shinecat, raw_fetch, jp_base_url, monkeypatch):
        def full(state, key):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(outbox, "request_retry", full)
        answer = await raw_fetch(f"{jp_base_url}shinecat/api/outbox/retry", "POST", body=b"{}")
        assert answer.status == 502
        assert "No space left" in answer.json()["message"]
        assert "Make room" in answer.json()["do"]

    async def test_a_new_outbox_is_empty(self, tmp_path):
        assert await OutboxManager(tmp_path).entries() == []


class TestRealOutbox:
    @pytest.fixture
    def shinecat_config(self):
        return {"run_outbox": True}

    async def test_the_server_runs_it_without_any_token(self, shinecat, odd_catalog, monkeypatch):
        process = shinecat.outbox_process
        async with asyncio.timeout(30):
            while process.pid is None:
                await asyncio.sleep(0.02)
        pid = process.pid
        environ = dict(
            entry.split("=", 1) for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in entry
        )
        assert environ["SHINECAT_SOCKET"] == str(shinecat.socket.path)
        assert environ["SHINECAT_WRITE_BACK"] == "auto"
        assert environ["SHINECAT_HOLD_S"] == "5"
        assert "SHINECAT_TOKEN" not in environ
        assert "JUPYTERHUB_API_TOKEN" not in environ

    @pytest.fixture(autouse=True)
    def _secrets(self, monkeypatch):
        monkeypatch.setenv("SHINECAT_TOKEN", "secret-token")
        monkeypatch.setenv("JPY_API_TOKEN", "secret-hub-token")
