"""A Jupyter server with our extension, and a server that plays a catalog with bad manners."""

import asyncio
import json
import os
from dataclasses import dataclass, field

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403  # fixtures and its way to run coroutines, for this folder only
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


@dataclass
class Seen:
    method: str
    uri: str
    headers: dict
    body: bytes


@dataclass
class OddCatalog:
    """Answers what a test tells it to; remembers what it was asked."""

    url: str = ""
    seen: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)
    default: tuple = (200, {"Content-Type": "application/json"}, b"{}")

    def answer(self, path, status=200, body=b"{}", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Content-Type", "application/json")
        self.answers[path] = (status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())

    @property
    def last(self) -> Seen:
        return self.seen[-1]


class _Odd(RequestHandler):
    def initialize(self, odd):
        self.odd = odd

    def check_etag_header(self):
        return False

    async def _any(self):
        request = self.request
        self.odd.seen.append(Seen(request.method, request.uri, dict(request.headers.get_all()), request.body))
        answer = self.odd.answers.get(request.path, self.odd.default)
        if callable(answer):
            answer = answer(request)
            if asyncio.iscoroutine(answer):
                answer = await answer
        status, headers, body = answer
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.finish(body or None)

    get = post = put = patch = delete = _any


@pytest.fixture
def odd_catalog(jp_asyncio_loop):
    odd = OddCatalog()

    async def listen():
        server = HTTPServer(Application([(r".*", _Odd, {"odd": odd})], log_function=lambda handler: None))
        sockets = bind_sockets(0, "127.0.0.1")
        server.add_sockets(sockets)
        return server, sockets[0].getsockname()[1]

    server, port = jp_asyncio_loop.run_until_complete(listen())
    odd.url = f"http://127.0.0.1:{port}"
    yield odd
    server.stop()


@pytest.fixture
def catalog_url(odd_catalog):
    """Address that the server under test is given; other modules override it."""
    return odd_catalog.url


@pytest.fixture
def shinecat_config():
    """More settings of ``c.ShineCat``."""
    return {"run_outbox": False}


@pytest.fixture
def jp_server_config(catalog_url, shinecat_config):
    return {
        "ServerApp": {"jpserver_extensions": {"jupyter_shinecat": True}},
        "ShineCat": {"catalog_url": catalog_url, **shinecat_config},
    }


@pytest.fixture
def shinecat(jp_serverapp, jp_asyncio_loop):
    """The extension, started as after the server's event loop began."""
    extension = jp_serverapp.extension_manager.extension_points["jupyter_shinecat"].app
    jp_asyncio_loop.run_until_complete(jp_serverapp._post_start())
    services = extension.services
    yield services
    jp_asyncio_loop.run_until_complete(extension.stop_extension())


@pytest.fixture
def raw_fetch(jp_serverapp, http_server_client, jp_auth_header, jp_base_url):
    """Fetch with a target that no client touches: its path is sent as it is written."""

    async def fetch(target, method="GET", body=b"", headers=None, port=None, auth=True):
        port = port or jp_serverapp.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sent = {"Host": f"127.0.0.1:{port}", "Connection": "close", "Content-Length": str(len(body))}
        sent.update(jp_auth_header if auth else {})
        sent.update(headers or {})
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return parse_answer(answer)

    return fetch


@dataclass
class RawAnswer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


def parse_answer(answer: bytes) -> RawAnswer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        plain = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            plain, body = plain + body[: int(size, 16)], body[int(size, 16) + 2 :]
        body = plain
    return RawAnswer(int(first.split()[1]), headers, body)


@pytest.fixture(autouse=True)
def _own_runtime(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("run")
    folder.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    monkeypatch.setenv("SHINECAT_RESULTS", str(folder / "results"))
    yield
    os.environ.pop("SHINECAT_SOCKET", None)
