"""Without a configured catalog: one embedded catalog for this user, shared, brought back, and ended by the last one."""

import asyncio
import json
import logging
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_shinecat.outbox.process import birth, is_alive
from jupyter_shinecat.scicat import CatalogUnavailable
from jupyter_shinecat.server import local
from jupyter_shinecat.server.local import LocalSession, OneUserCatalog

pytestmark = pytest.mark.slow
LOG = logging.getLogger("test")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state" / "catalog"


def told(folder):
    return json.loads((folder / "server.json").read_text())


async def gone(pid, born):
    async with asyncio.timeout(30):
        while is_alive(pid, born):
            await asyncio.sleep(0.02)


async def test_it_starts_signs_in_and_ends(folder):
    session = LocalSession(OneUserCatalog(folder, LOG), LOG)
    await session.start()
    token = await session.bearer()
    assert token
    assert (await session.url()).startswith("http://127.0.0.1:")
    pid = told(folder)["pid"]
    born = birth(pid)
    assert is_alive(pid, born)
    for name in ("accounts.json", "server.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    password = json.loads((folder / "accounts.json").read_text())[0]["password"]
    assert password not in (folder.parent / "catalog.log").read_text()
    assert token.reveal() not in (folder.parent / "catalog.log").read_text()
    assert password not in Path(f"/proc/{pid}/cmdline").read_text()
    await session.stop()
    await gone(pid, born)


async def test_two_servers_share_it_and_the_last_one_ends_it(folder):
    first, second = OneUserCatalog(folder, LOG), OneUserCatalog(folder, LOG)
    one, two = await asyncio.gather(first.url(), second.url())
    assert one == two
    pid = told(folder)["pid"]
    born = birth(pid)
    # Who started it does not matter: whoever leaves first leaves it running.
    starter, other = (first, second) if first._child is not None else (second, first)
    await starter.stop()
    assert is_alive(pid, born)
    assert await other.ensure() == one
    await other.stop()
    await gone(pid, born)


async def test_it_comes_back_when_it_has_died(folder):
    session = LocalSession(OneUserCatalog(folder, LOG), LOG)
    await session.bearer()
    pid = told(folder)["pid"]
    born = birth(pid)
    os.kill(pid, signal.SIGKILL)
    await gone(pid, born)
    assert await session.recover()
    assert told(folder)["pid"] != pid
    assert (await session.bearer()).reveal()
    await session.stop()


async def test_one_that_somebody_else_started_is_used_and_left_alone(folder):
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "jupyter_shinecat", "catalog", "serve", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as theirs:
        for line in theirs.stdout:
            if line.startswith("listening on"):
                break
        catalog = OneUserCatalog(folder, LOG)
        assert await catalog.url() == told(folder)["url"]
        assert told(folder)["pid"] == theirs.pid
        await catalog.stop()
        assert theirs.poll() is None
        theirs.terminate()
        theirs.wait(30)


async def test_a_mark_that_names_a_later_process_of_that_number_ends_nothing(folder):
    catalog = OneUserCatalog(folder, LOG)
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as innocent:
        (folder.parent / "catalog.started.json").write_text(json.dumps({"pid": innocent.pid, "birth": "boot:1"}))
        catalog._join()
        await catalog.stop()
        assert innocent.poll() is None
        innocent.kill()


async def test_a_program_on_the_port_of_a_dead_catalog_gets_no_password(folder):
    asked = []

    async def impostor(reader, writer):
        asked.append(await reader.readuntil(b"\r\n"))
        body = b'{"status": "ok"}'
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()
        writer.close()

    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait(30)
    async with await asyncio.start_server(impostor, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        folder.mkdir(parents=True)
        left = {"pid": dead.pid, "port": port, "url": f"http://127.0.0.1:{port}"}
        (folder / "server.json").write_text(json.dumps(left))
        session = LocalSession(OneUserCatalog(folder, LOG), LOG)
        assert await session.bearer()
        assert await session.url() != left["url"]
        assert asked == []
        await session.stop()


def test_a_number_that_another_persons_process_has_is_not_ours(monkeypatch):
    assert local._is_ours(os.getpid())
    assert not local._is_ours("1")
    uid = os.geteuid()
    monkeypatch.setattr(local.os, "geteuid", lambda: uid + 1)
    assert not local._is_ours(os.getpid())


async def test_what_stops_it_from_starting_is_told(folder, monkeypatch):
    folder.mkdir(parents=True)
    (folder / "accounts.json").write_text("not JSON")
    with pytest.raises(CatalogUnavailable, match=r"could not be started.*catalog\.log"):
        await OneUserCatalog(folder, LOG).url()


async def test_a_strange_name_at_the_operating_system_gives_a_usable_account(monkeypatch):
    for name, account in (("me", "me"), ("张", "me"), ("a b/c", "abc"), ("..x", "x")):
        monkeypatch.setattr(local.getpass, "getuser", lambda name=name: name)
        assert local._user_name() == account


class TestServer:
    @pytest.fixture
    def catalog_url(self):
        return ""

    async def test_jupyter_without_a_catalog_has_one(self, shinecat, raw_fetch, jp_base_url):
        answer = await raw_fetch(f"{jp_base_url}shinecat/api/status")
        status = answer.json()
        assert status["mode"] == "local", status
        assert status["catalog"]["ok"], status
        assert status["user"]
        doc = {
            "type": "raw",
            "datasetName": "x",
            "ownerGroup": status["user"],
            "contactEmail": "a@example.org",
            "sourceFolder": "/data",
            "creationTime": "2020-08-28T10:00:00.000Z",
        }
        created = await raw_fetch(
            f"{jp_base_url}shinecat/api/catalog/api/v4/datasets", "POST", body=json.dumps(doc).encode()
        )
        assert created.status == 201, created.body
        # It dies; the next request finds it again, data and all.
        catalog = shinecat.session._catalog
        pid = told(catalog.folder)["pid"]
        born = birth(pid)
        os.kill(pid, signal.SIGKILL)
        await gone(pid, born)
        listed = await raw_fetch(f"{jp_base_url}shinecat/api/catalog/api/v3/datasets")
        assert listed.status == 200, listed.body
        assert [dataset["datasetName"] for dataset in listed.json()] == ["x"]
