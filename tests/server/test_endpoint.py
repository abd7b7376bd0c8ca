"""Other libraries reach the catalog by an address that is one kernel's, and gone with it."""

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import pytest

from jupyter_shinecat.kernel.elsewhere import Endpoint
from jupyter_shinecat.scicat import Secret
from jupyter_shinecat.testing.catalog import running_catalog

KERNEL = """
import json, pickle, sys
from datetime import datetime, timezone
import jupyter_shinecat as sc

place = sc.endpoint()
client = sc.scitacean_client()
shown = [repr(place), str(place), f"{place.token} {place.token!r}", repr(client), repr(vars(place))]
try:
    pickle.dumps(place)
except TypeError as error:
    shown.append(str(error))
print(json.dumps({"shown": shown, "url": place.url, "secret": place.token.reveal()}), flush=True)
import scitacean
made = client.upload_new_dataset_now(scitacean.Dataset(
    type="derived", name="by scitacean", contact_email="a@x.org", owner="Z", owner_group="GET",
    principal_investigators=["a@x.org"], creation_time=datetime(2026, 5, 1, tzinfo=timezone.utc),
    source_folder="/data", input_datasets=[], used_software=["x 1"], meta={"energy": {"value": 9.5, "unit": "keV"}},
))
read = sc.scitacean_client().get_dataset(made.pid)
print(json.dumps({"pid": str(made.pid), "name": read.name, "energy": read.meta["energy"]["value"]}), flush=True)
for line in sys.stdin:
    place.close()
    print(json.dumps({"closed": True}), flush=True)
"""
STRANGER = """
import http.client, json, sys
told = json.load(sys.stdin)
connection = http.client.HTTPConnection("127.0.0.1", told["port"], timeout=30)
connection.request("GET", told["path"], headers={"Authorization": "Bearer " + told["secret"]})
print(connection.getresponse().status)
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    with running_catalog(tmp_path_factory.mktemp("catalog")) as running:
        yield running


@pytest.fixture
def catalog_url(catalog, monkeypatch):
    monkeypatch.setenv("SHINECAT_TOKEN", catalog.token("zhangxf"))
    return catalog.url


@pytest.fixture
def start(shinecat, jp_asyncio_loop):
    """Starts programs as kernels of this server."""
    running = []

    async def make(code):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        running.append(process)
        return process

    yield make
    for process in running:
        if process.returncode is None:
            process.kill()
        jp_asyncio_loop.run_until_complete(process.communicate())


async def told(kernel):
    line = await asyncio.wait_for(kernel.stdout.readline(), 60)
    assert line, (await kernel.stderr.read()).decode()
    return json.loads(line)


async def status(url, **headers):
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(url, headers=headers)).status_code


async def test_scitacean_works_through_it_and_it_ends_with_the_kernel(shinecat, start, catalog, caplog):
    caplog.set_level("DEBUG")
    kernel = await start(KERNEL)
    first = await told(kernel)
    url, secret = first["url"] + "/api/v3/datasets/count", first["secret"]
    made = await told(kernel)
    assert (made["name"], made["energy"]) == ("by scitacean", 9.5)
    stored = httpx.get(
        f"{catalog.url}/api/v3/datasets/{made['pid'].replace('/', '%2F')}",
        headers={"Authorization": f"Bearer {catalog.token('zhangxf')}"},
    )
    assert stored.json()["datasetName"] == "by scitacean"
    # Shown nowhere.
    environment = Path(f"/proc/{kernel.pid}/environ").read_text() + Path(f"/proc/{kernel.pid}/cmdline").read_text()
    for text in (*first["shown"], environment, caplog.text, str(os.environ), first["url"]):
        assert secret not in text
        assert catalog.token("zhangxf") not in text
    assert any("never pickled" in text for text in first["shown"])
    # Good for who has it, for our routes.
    good = {"Authorization": f"Bearer {secret}"}
    root = first["url"].removesuffix("/shinecat/api/catalog")
    assert root.startswith("http://127.0.0.1:")
    assert await status(url, **good) == 200
    assert await status(f"{root}/shinecat/api/status", **good) == 200
    assert await status(url) == 401
    assert await status(url, Authorization="Bearer wrong") == 401
    assert await status(url, Authorization=f"Basic {secret}") == 401
    assert await status(f"{url}?access_token={secret}") == 401
    assert await status(f"{first['url']}/api/v3/auth/login", **good) == 403
    assert await status(f"{root}/shinecat/api/endpoint", **good) == 404
    assert await status(f"{root}/api/contents", **good) == 404
    kernel.kill()
    await kernel.wait()
    assert await status(url, **good) == 401


async def test_each_kernel_has_its_own_and_can_give_it_back(shinecat, start):
    one, two = await start(KERNEL), await start(KERNEL)
    first, second = await told(one), await told(two)
    assert first["secret"] != second["secret"]
    for kernel in (one, two):
        await told(kernel)
    one.stdin.write(b"close\n")
    assert (await told(one))["closed"]
    url = first["url"] + "/api/v3/datasets/count"
    assert await status(url, Authorization=f"Bearer {first['secret']}") == 401
    assert await status(url, Authorization=f"Bearer {second['secret']}") == 200
    await shinecat.channel.stop()
    with pytest.raises(httpx.TransportError):
        await status(url, Authorization=f"Bearer {second['secret']}")


def test_the_right_is_in_the_headers_and_not_in_what_a_notebook_shows():
    place = Endpoint("http://127.0.0.1:1", Secret("right-to-all"))
    headers = place.headers()
    assert {**headers} == {"Authorization": "Bearer right-to-all"}
    assert httpx.Request("GET", place.url, headers=headers).headers["Authorization"] == "Bearer right-to-all"
    for shown in (headers, place, vars(place), [headers]):
        assert "right-to-all" not in repr(shown) + f"{shown}"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can act as another user")
async def test_another_user_can_not_use_it_even_with_the_secret(shinecat, start):
    kernel = await start(KERNEL)
    first = await told(kernel)
    host, _, path = first["url"].removeprefix("http://").partition("/")
    asked = {"port": int(host.rpartition(":")[2]), "path": f"/{path}/api/v3/datasets/count", "secret": first["secret"]}
    seen = {}
    for user in (os.getuid(), 65534):
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        process = await asyncio.create_subprocess_exec(
            *(python, "-c", STRANGER), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, user=user, cwd="/"
        )
        out, _ = await process.communicate(json.dumps(asked).encode())
        seen[user] = out.decode().strip()
    assert seen == {os.getuid(): "200", 65534: "401"}


async def test_the_command_announces_and_sends_through_the_servers_socket(shinecat, catalog, tmp_path, monkeypatch):
    monkeypatch.delenv("SHINECAT_TOKEN", raising=False)
    (tmp_path / "from julia.csv").write_text("1")

    async def shinecat_command(*words, **environ):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "jupyter_shinecat", *words), cwd=tmp_path,
            env={**os.environ, "SHINECAT_HOLD_S": "0.1", "SHINECAT_OWNER_GROUP": "GET", **environ},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    code, out, err = await shinecat_command("derived", "--software", "julia=1.11", "from julia.csv")
    assert (code, err) == (0, "")
    assert "waits to be sent" in out
    code, _, err = await shinecat_command("derived", "missing")
    assert code == 1
    assert "There is no file" in err
    code, out, err = await shinecat_command("outbox", "flush")
    assert code == 0, err
    assert "1 in the catalog" in out
    found = httpx.get(
        f"{catalog.url}/api/v3/datasets",
        params={"filter": json.dumps({"where": {"datasetName": "from julia.csv"}})},
        headers={"Authorization": f"Bearer {catalog.token('zhangxf')}"},
    ).json()
    assert [doc["ownerGroup"] for doc in found] == ["GET"]
