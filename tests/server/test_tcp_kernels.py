"""Where there are no Unix sockets: each kernel finds an address and a right of its own in a file."""

import asyncio
import json
import os
import socket
import stat
from pathlib import Path

import pytest

from jupyter_shinecat.kernel import session
from jupyter_shinecat.kernel.elsewhere import endpoint
from jupyter_shinecat.scicat import CatalogClient, CatalogUnavailable, SignInRequired
from jupyter_shinecat.server.capabilities import Capabilities, owner_of, remove_stale


@pytest.fixture
def shinecat_config():
    return {"run_outbox": False, "kernel_channel": "tcp"}


@pytest.fixture
def kernels(jp_serverapp, odd_catalog):
    odd_catalog.answer("/api/v3/auth/whoami", body={"username": "zhangxf", "currentGroups": ["GET"]})
    manager = jp_serverapp.kernel_manager

    async def start():
        kernel = await manager.start_kernel(kernel_name="python3")
        pid = manager.get_kernel(kernel).provisioner.pid
        entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
        return kernel, pid, dict(entry.split("=", 1) for entry in entries if "=" in entry)

    return start


def ask(place):
    """What a program does that has ``place`` in its environment."""
    with CatalogClient.from_environment({"SHINECAT_SOCKET": place}) as client:
        return client.whoami().username


async def test_each_kernel_has_its_own_way_that_ends_with_it(shinecat, jp_serverapp, kernels, monkeypatch):
    manager = jp_serverapp.kernel_manager
    (one, pid, first), (two, _, second) = await kernels(), await kernels()
    places = [first["SHINECAT_SOCKET"], second["SHINECAT_SOCKET"], os.environ["SHINECAT_SOCKET"]]
    assert len(set(places)) == 3
    for place in places:
        assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
        assert stat.S_IMODE(os.stat(Path(place).parent).st_mode) == 0o700
        assert json.loads(Path(place).read_text())["token"] not in json.dumps([first, second])
        assert await asyncio.to_thread(ask, place) == "zhangxf"
    assert shinecat.socket.path is None
    # All that a kernel uses goes this way.
    monkeypatch.setenv("SHINECAT_SOCKET", places[0])
    assert (await asyncio.to_thread(session.server, "status"))["mode"] == "token"
    place = endpoint()
    assert place.url.startswith("http://127.0.0.1:")
    assert json.loads(Path(places[0]).read_text())["token"] not in repr(place) + place.url
    # A kernel that crashed, and one that was shut down.
    manager.get_kernel(one).stop_restarter()
    os.kill(pid, 9)
    while manager.get_kernel(one).provisioner.process.poll() is None:
        await asyncio.sleep(0.01)
    with pytest.raises(SignInRequired):
        await asyncio.to_thread(ask, places[0])
    assert await asyncio.to_thread(ask, places[1]) == "zhangxf"
    await manager.shutdown_kernel(two, now=True)
    with pytest.raises(SignInRequired):
        await asyncio.to_thread(ask, places[1])
    assert await asyncio.to_thread(ask, places[2]) == "zhangxf"
    await shinecat.channel.stop()
    assert not any(os.path.exists(place) for place in places)
    with pytest.raises(CatalogUnavailable, match=r"can't be reached from here.*restart the kernel"):
        ask(places[2])


async def test_a_restarted_kernel_keeps_its_way(shinecat, jp_serverapp, kernels):
    kernel, _, environ = await kernels()
    manager = jp_serverapp.kernel_manager
    if hasattr(manager, "update_env"):
        manager.update_env(kernel_id=kernel, env=dict(os.environ))
    await manager.restart_kernel(kernel, now=True)
    pid = manager.get_kernel(kernel).provisioner.pid
    assert f"SHINECAT_SOCKET={environ['SHINECAT_SOCKET']}\0" in Path(f"/proc/{pid}/environ").read_text()
    assert await asyncio.to_thread(ask, environ["SHINECAT_SOCKET"]) == "zhangxf"
    await manager.shutdown_kernel(kernel, now=True)


async def test_a_kernel_that_crashed_finds_its_way_when_it_is_started_anew(shinecat, jp_serverapp, kernels):
    manager = jp_serverapp.kernel_manager
    kernel, pid, environ = await kernels()
    manager.get_kernel(kernel).stop_restarter()
    os.kill(pid, 9)
    while manager.get_kernel(kernel).provisioner.process.poll() is None:
        await asyncio.sleep(0.01)
    shinecat.kernel_pass()  # another kernel starts meanwhile
    await manager.restart_kernel(kernel, now=True)
    assert await asyncio.to_thread(ask, environ["SHINECAT_SOCKET"]) == "zhangxf"
    await manager.shutdown_kernel(kernel, now=True)
    shinecat.kernel_pass()
    assert not os.path.exists(environ["SHINECAT_SOCKET"])


async def test_a_stranger_is_refused_before_the_body(shinecat):
    told = json.loads(Path(os.environ["SHINECAT_SOCKET"]).read_text())
    host, port = told["url"].removeprefix("http://").split(":")
    for token, status in (("wrong", b"401"), (told["token"], None)):
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /shinecat/api/query/parse HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        writer.write(f"{head}Content-Length: 1000000\r\n\r\n{{".encode())
        if status is None:  # waits for the rest
            writer.write(b'"text": "' + b"a" * 999_988 + b'"}')
            assert b"400" in await reader.readline()
            assert b"longer than 5000 signs" in await reader.readuntil(b"}")
        else:
            assert status in await reader.readline()
            assert b"one kernel only" in await reader.read(), "the connection is closed"
        writer.close()


def test_files_of_killed_servers_are_removed(tmp_path):
    alive = Capabilities().write(tmp_path, "http://127.0.0.1:9").path
    told = json.loads(alive.read_text())
    others = {"1-elsewhere.json": {"host": "far", "pid": 1}, "2-killed.json": {"born": "x:1"}}
    for name, changes in others.items():
        (tmp_path / name).write_text(json.dumps({**told, **changes}))
    (tmp_path / "3-torn.json").write_text("{")
    remove_stale(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {alive.name, "1-elsewhere.json", "3-torn.json"}
    with pytest.raises(CatalogUnavailable, match=r"from here \(far\).*SHINECAT_CATALOG_URL"):
        ask(str(tmp_path / "1-elsewhere.json"))


def test_the_owner_of_a_connection_is_of_this_one_to_us():
    with socket.create_server(("127.0.0.1", 0)) as ours, socket.create_server(("127.0.0.1", 0)) as other:
        there = [server.getsockname() for server in (ours, other)]
        with socket.create_connection(there[1]) as one:
            here = one.getsockname()
            assert owner_of(here, there[1]) == os.getuid()
            assert owner_of(here, there[0]) is None
