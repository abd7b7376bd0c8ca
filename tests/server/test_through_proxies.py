"""The same requests three ways, directly, through Jupyter and through configurable-http-proxy before it: one answer."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest
from server.route_story import Story

from jupyter_shinecat.scicat import operations, quote_pid
from jupyter_shinecat.server import allowed
from jupyter_shinecat.testing.catalog import running_catalog

pytestmark = pytest.mark.slow
PID = "20.500.1/ä b%2F+#?"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    jobs = tmp_path_factory.mktemp("settings") / "jobs.yaml"
    jobs.write_text('{configVersion: "1", jobs: [{jobType: any, create: {auth: "#all"}, update: {auth: "#all"}}]}')
    settings = {"JOB_CONFIGURATION_FILE": str(jobs)}
    with running_catalog(tmp_path_factory.mktemp("catalog"), settings=settings) as process:
        yield process


@pytest.fixture
def catalog_url(catalog):
    return catalog.url


@pytest.fixture(autouse=True)
def _token(catalog, monkeypatch):
    monkeypatch.setenv("SHINECAT_TOKEN", catalog.token("admin"))


@pytest.fixture(scope="module")
def chp_port():
    """configurable-http-proxy of PyPI; the server to go to is told to it by each test."""
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    public, api = ports
    program = Path(sys.executable).parent / "configurable-http-proxy"
    argv = [program, "--ip", "127.0.0.1", "--port", public, "--api-ip", "127.0.0.1", "--api-port", api]
    process = subprocess.Popen(
        [*map(str, argv), "--log-level", "error"], env={**os.environ, "CONFIGPROXY_AUTH_TOKEN": "test"}
    )
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", api), 1):
            break
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    yield public, api
    process.terminate()
    process.wait(20)


@pytest.fixture
def ways(shinecat, catalog, raw_fetch, jp_base_url, jp_serverapp, chp_port, jp_asyncio_loop):
    """Name of a way to a function that asks the catalog on it."""
    public, api = chp_port
    prefix = f"{jp_base_url}shinecat/api/catalog"
    told = json.dumps({"target": f"http://127.0.0.1:{jp_serverapp.port}"}).encode()
    answer = jp_asyncio_loop.run_until_complete(
        raw_fetch("/api/routes/", "POST", body=told, headers={"Authorization": "token test"}, port=api)
    )
    assert answer.status == 201
    token = {"Authorization": f"Bearer {os.environ.get('SHINECAT_TOKEN') or catalog.token('admin')}"}

    def way(port, before, headers):
        async def ask(method, path, body=None):
            content = b"" if body is None else json.dumps(body).encode()
            sent = {**headers, **({"Content-Type": "application/json"} if content else {})}
            return await raw_fetch(before + path, method, body=content, headers=sent, port=port)

        return ask

    return {
        "direct": way(int(catalog.url.rsplit(":", 1)[1]), "", token),
        "jupyter": way(jp_serverapp.port, prefix, {}),
        "chp": way(public, prefix, {}),
    }


DOC = {
    "pid": PID,
    "type": "raw",
    "datasetName": "ä b%2F+#?",
    "ownerGroup": "GET",
    "owner": "zhangxf",
    "contactEmail": "z@example.org",
    "sourceFolder": "/data/ä b",
    "creationTime": "2020-08-28T10:00:00.000Z",
    "scientificMetadata": {"energy": {"value": 9, "unit": "keV"}},
}
BLOCK = {"size": 3, "dataFileList": [{"path": "a b+[1].h5", "size": 3, "time": "2020-08-28T10:00:00.000Z"}]}
TRANSIENT = ("updatedAt", "createdAt", "history", "instrumentIds", "etag")


def settled(value):
    """A document without what changes with each writing."""
    if isinstance(value, list):
        return [settled(item) for item in value]
    if isinstance(value, dict):
        return {key: settled(item) for key, item in value.items() if key not in TRANSIENT and key != "_id"}
    return value


async def test_every_dataset_route_gives_one_answer_on_each_way(ways):
    raw = quote_pid(PID)
    created = await ways["chp"]("POST", "/api/v4/datasets", DOC)
    assert created.status == 201, created.body
    assert created.json()["pid"] == PID
    assert (await ways["chp"]("POST", f"/api/v3/datasets/{raw}/origdatablocks", BLOCK)).status == 201
    assert (await ways["jupyter"]("POST", "/api/v4/origdatablocks", {**BLOCK, "datasetId": PID})).status == 201
    figure = operations.create_attachment(PID, caption="ä", thumbnail="data:image/png;base64,iVBO", owner_group="GET")
    assert (await ways["chp"]("POST", figure.path, figure.body)).status == 201
    patched = await ways["chp"]("PATCH", f"/api/v4/datasets/{raw}", {"keywords": ["溶菌酶"]})
    assert patched.status == 200, patched.body

    asked = [
        f"/api/v3/datasets/{raw}",
        f"/api/v4/datasets/{raw}?include=attachments&include=origdatablocks",
        f"/api/v3/datasets/{raw}/origdatablocks",
        f"/api/v3/datasets/{raw}/attachments",
        f"/api/v3/Datasets/{raw}",
        "/api/v3/datasets?" + urlencode({"filter": json.dumps({"where": {"pid": PID}})}),
        "/api/v3/datasets/count?" + urlencode({"where": json.dumps({"pid": PID})}),
        "/api/v3/datasets/fullquery?" + urlencode({"fields": json.dumps({"pid": [PID]}), "limits": '{"limit":3}'}),
        "/api/v3/datasets/fullfacet?" + urlencode({"fields": json.dumps({"pid": [PID]}), "facets": '["type"]'}),
        f"/api/v3/datasets/{quote_pid('20.500.1/nothing')}",
        "/api/v3/auth/whoami",
    ]
    for path in asked:
        answers = {name: await ask("GET", path) for name, ask in ways.items()}
        direct = answers["direct"]
        for name, answer in answers.items():
            assert answer.status == direct.status, (name, path, answer.body)
            assert settled(answer.json()) == settled(direct.json()), (name, path)
    block = (await ways["chp"]("GET", f"/api/v3/datasets/{raw}/origdatablocks")).json()[0]
    again = await ways["chp"]("PATCH", f"/api/v4/origdatablocks/{quote_pid(block['_id'])}", {"size": 4})
    assert again.status == 200, again.body
    gone = await ways["chp"]("DELETE", f"/api/v3/datasets/{raw}")
    assert gone.status == 200, gone.body
    assert (await ways["direct"]("GET", f"/api/v3/datasets/{raw}")).status == 404


async def test_every_route_that_is_passed_on_gives_one_answer_on_each_way(ways):
    assert (await ways["direct"]("POST", "/api/v4/datasets", {**DOC, "pid": f"published {PID}"})).status == 201
    publication = {"title": "t", "abstract": "a", "datasetPids": [f"published {PID}"], "metadata": {}}
    made = await ways["direct"]("POST", "/api/v4/publisheddata", publication)
    assert made.status == 201, made.body
    stories = {}
    for name, ask in ways.items():
        stories[name] = Story(ask)
        await stories[name].tell(made.json()["doi"])
    direct = stories["direct"].told
    for name, story in stories.items():
        for mine, expected in zip(story.told, direct, strict=True):
            assert mine == expected, (name, mine, expected)
    asked = {(method, template.partition("?")[0]) for method, template, *_ in direct}
    passed_on = {(method, template) for template, methods in allowed.ROUTES.items() for method in methods}
    assert asked == passed_on
    answered = {(method, template.partition("?")[0]) for method, template, _, status, _ in direct if status < 300}
    assert passed_on - answered == {("GET", "datasets/{id}/logbook"), ("GET", "logbooks/{id}")}  # none is configured


async def test_the_clients_operations_work_on_each_way(ways):
    """What `CatalogClient` sends, sent raw; a PID with a slash more than usual."""
    pid = "a/b/c%2F/d"
    create = operations.create_dataset({**DOC, "pid": pid})
    assert (await ways["jupyter"](create.method, create.path, create.body)).status == 201
    for operation in (
        operations.get_dataset(pid),
        operations.origdatablocks(pid),
        operations.attachments(pid),
        operations.patch_dataset(pid, {"description": "x"}),
    ):
        for name, ask in ways.items():
            answer = await ask(operation.method, operation.path, operation.body)
            assert answer.status == 200, (name, operation.path, answer.body)
    assert (await ways["chp"]("DELETE", operations.delete_dataset(pid).path)).status == 200


async def test_many_at_once_do_not_mix(ways):
    async def whoami():
        return (await ways["chp"]("GET", "/api/v3/auth/whoami")).json()["username"]

    assert set(await asyncio.gather(*(whoami() for _ in range(20)))) == {"admin"}
