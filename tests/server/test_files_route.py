"""The route to the file service: the person's token goes up, bytes come down as they are, nothing else does."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from jupyter_shinecat.files import Located
from jupyter_shinecat.scicat import CatalogClient, Secret
from jupyter_shinecat.server.sessions import TokenSession
from jupyter_shinecat.testing.catalog import running_catalog
from jupyter_shinecat.testing.files import running_files

TOKEN = "secret-catalog-token"


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("SHINECAT_TOKEN", TOKEN)


@pytest.fixture
def shinecat_config(odd_catalog):
    return {"run_outbox": False, "files_url": odd_catalog.url + "/"}


@pytest.fixture
def ask(shinecat, raw_fetch, jp_base_url):
    async def ask(rest, method="GET", **options):
        return await raw_fetch(f"{jp_base_url}shinecat/api/files/{rest}", method, **options)

    return ask


async def test_ranges_go_up_with_the_token_and_bytes_come_down(ask, odd_catalog, jp_auth_header):
    odd_catalog.answer("/data", 206, b"\x00<b>", ETag='"e"', Content_Range="bytes 3-6/10", Content_Type="text/html",
                       Set_Cookie="a=b", Accept_Ranges="bytes")  # fmt: skip
    answer = await ask(
        "data?pid=20.5%2F%C3%A4&path=a%20%2B%25.h5&access_token=page",
        headers={"Range": "bytes=3-6", "If-Match": '"e"', "Cookie": "session=page-cookie", "X-Other": "1"},
    )
    assert (answer.status, answer.body) == (206, b"\x00<b>")
    assert (answer.headers["content-range"], answer.headers["etag"]) == ("bytes 3-6/10", '"e"')
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "a=b" not in answer.headers.get("set-cookie", "")
    seen = odd_catalog.last
    assert seen.uri == "/data?pid=20.5%2F%C3%A4&path=a+%2B%25.h5"
    assert (seen.headers["Authorization"], seen.headers["Range"]) == (f"Bearer {TOKEN}", "bytes=3-6")
    assert seen.headers["If-Match"] == '"e"'
    assert "Cookie" not in seen.headers
    assert "X-Other" not in seen.headers


@pytest.mark.parametrize("status", [403, 404, 412, 416, 503])
async def test_refusals_come_down_with_their_sentence(ask, odd_catalog, status):
    odd_catalog.answer("/data", status, {"statusCode": status, "message": "no such thing"}, Content_Range="bytes */9")
    answer = await ask("data?pid=x&path=y")
    assert answer.status == status
    assert answer.json()["message"] == "no such thing"
    assert TOKEN.encode() not in answer.body


async def test_redirects_and_pages_are_not_followed(ask, odd_catalog):
    odd_catalog.answer("/data", 302, b"<html>", Location="http://127.0.0.1:9/", Content_Type="text/html")
    answer = await ask("data?pid=x&path=y")
    assert answer.status == 502
    assert "302" in answer.json()["message"]


async def test_rejected_token_asks_for_a_new_sign_in(ask, odd_catalog):
    odd_catalog.answer("/data", 401, {"statusCode": 401, "message": "who"})
    answer = await ask("data?pid=x&path=y")
    assert (answer.status, answer.json()["error"]) == (401, "login_required")


async def test_nobody_comes_in_without_jupyters_own_sign_on(ask, odd_catalog):
    odd_catalog.answer("/data", 200, b"bytes")
    answer = await ask("data?pid=x&path=y", auth=False)
    assert answer.status in (302, 403)
    assert odd_catalog.seen == [] or odd_catalog.last.uri != "/data?pid=x&path=y"


async def test_other_routes_and_methods_do_not_exist(ask, odd_catalog):
    for rest in ("health", "data/../x", ""):
        assert (await ask(rest)).status in (302, 400, 403, 404)
    assert (await ask("data?pid=x&path=y", "POST", headers={"X-XSRFToken": "x"})).status in (403, 404, 405)


async def test_the_whole_way_over_the_socket(shinecat, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a.h5").write_bytes(bytes(range(256)) * 5000)
    with running_catalog() as catalog:
        token = catalog.token("zhangxf")
        roots = [{"group": "GET", "folder": str(tmp_path / "run")}]
        with CatalogClient(catalog.url, token) as client:
            doc = {"ownerGroup": "GET", "contactEmail": "x@example.org", "datasetName": "run", "type": "raw"}
            doc |= {"sourceFolder": str(tmp_path / "run"), "creationTime": "2026-03-01T10:00:00Z"}
            pid = client.create_dataset(doc).pid
            listed = [{"path": "a.h5", "size": 1, "time": "2026-03-01T10:00:00Z"}]
            client.create_origdatablock(pid, {"size": 1, "dataFileList": listed})
        with running_files(tmp_path / "service", catalog.url, roots) as service:
            monkeypatch.setattr(shinecat.files, "url", service.url)
            monkeypatch.setattr(shinecat.files, "_session", TokenSession(catalog.url, Secret(token)))
            transport = httpx.AsyncHTTPTransport(uds=str(shinecat.socket.path))
            async with httpx.AsyncClient(transport=transport, base_url="http://shinecat", timeout=60) as http:
                status = (await http.get("/shinecat/api/status")).json()
                assert status["files"] is True
                params = {"pid": pid, "path": "a.h5"}
                whole = await http.get("/shinecat/api/files/data", params=params)
                assert whole.content == bytes(range(256)) * 5000
                part = await http.get("/shinecat/api/files/data", params=params, headers={"Range": "bytes=300-309"})
                assert (part.status_code, part.content) == (206, bytes(range(44, 54)))
                head = await http.head("/shinecat/api/files/data", params=params)
                assert (head.status_code, head.headers["Content-Length"]) == (200, str(256 * 5000))
                away = await http.get("/shinecat/api/files/data", params={"pid": pid, "path": "b.h5"})
                assert away.status_code == 404
            assert token not in service.log.read_text()


async def test_where_the_files_are(ask, odd_catalog, tmp_path, monkeypatch, shinecat):
    (tmp_path / "a.h5").write_bytes(b"12")
    dataset = {"pid": "20.500/ä b", "sourceFolder": str(tmp_path)}
    files = [{"path": name, "size": 2} for name in ("a.h5", "gone.h5", "../a.h5")]
    raw = "/api/v3/datasets/20.500%2F%C3%A4%20b"
    odd_catalog.answer(raw, body=dataset)
    odd_catalog.answer(raw + "/origdatablocks", body=[{"dataFileList": files}])
    where = "where?pid=20.500%2F%C3%A4%20b"
    told = json.loads((await ask(where)).body)
    assert told == {"files": {"a.h5": "ok", "gone.h5": "remote", "../a.h5": "remote"}}
    monkeypatch.setattr(shinecat.places, "_elsewhere", False)
    told = json.loads((await ask(where)).body)
    assert told == {"files": {"a.h5": "ok", "gone.h5": "missing", "../a.h5": "unreadable"}}
    # Who may not see the dataset learns nothing of its files.
    odd_catalog.answer(raw, 403, body={"message": "no"})
    assert (await ask(where)).status == 403
    assert (await ask("where")).status == 400


async def test_disks_that_do_not_answer_keep_nobody_else_waiting(ask, odd_catalog, monkeypatch):
    odd_catalog.answer("/api/v3/datasets/x", body={"pid": "x", "sourceFolder": "/away"})
    odd_catalog.answer("/api/v3/datasets/x/origdatablocks", body=[{"dataFileList": [{"path": "\ud800", "size": 2}]}])
    threads = 2
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
    away, names = threading.Event(), []

    def hang(dataset, files, maps):
        names.append(threading.current_thread().name)
        away.wait(60)
        return [Located(None, "missing") for _ in files]

    monkeypatch.setattr("jupyter_shinecat.server.places.locate_all", hang)
    monkeypatch.setattr("jupyter_shinecat.server.places._PATIENCE_S", 0.05)
    try:
        for _ in range(6):
            assert json.loads((await ask("where?pid=x")).body) == {"files": {}}
        assert len(names) == 4  # more looks at a disk that is away would only use up threads
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 10) == "free"
    finally:
        away.set()
    monkeypatch.setattr("jupyter_shinecat.server.places._PATIENCE_S", 30)
    while not (told := json.loads((await ask("where?pid=x")).body)["files"]):
        await asyncio.sleep(0.01)
    assert list(told) == ["\ud800"]


async def test_a_look_ends_when_nobody_waits_for_it_any_more(ask, odd_catalog, monkeypatch):
    files = [{"path": f"f{number}", "size": 2} for number in range(1000)]
    odd_catalog.answer("/api/v3/datasets/x", body={"pid": "x", "sourceFolder": "/away"})
    odd_catalog.answer("/api/v3/datasets/x/origdatablocks", body=[{"dataFileList": files}])
    looked, ended = [], threading.Event()

    def slow(dataset, files, maps):
        try:
            for file in files:
                looked.append(file)
                threading.Event().wait(0.02)
                yield Located(None, "missing")
        finally:
            ended.set()

    monkeypatch.setattr("jupyter_shinecat.server.places.locate_all", slow)
    monkeypatch.setattr("jupyter_shinecat.server.places._PATIENCE_S", 0.1)
    assert (await ask("where?pid=x")).status == 200
    assert await asyncio.to_thread(ended.wait, 60)
    assert len(looked) < 1000


class TestWithoutService:
    @pytest.fixture
    def shinecat_config(self):
        return {"run_outbox": False}

    async def test_says_so(self, ask):
        answer = await ask("data?pid=x&path=y")
        assert answer.status == 404
        assert "no file service here" in answer.json()["message"]
