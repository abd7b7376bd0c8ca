"""Events of datasets: who is told what, tickets, limits."""

import contextlib
import json
import socket
import threading
from queue import Queue

import httpx
import pytest

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.managers.events import Events

STREAM = "/api/v3/events/stream"


class Listener:
    """A connection whose events come in a queue, as (name, data)."""

    def __init__(self, catalog, **request):
        self.events = Queue()
        self._stack = contextlib.ExitStack()
        client = self._stack.enter_context(httpx.Client(base_url=catalog.url, timeout=60))
        self._answer = self._stack.enter_context(client.stream("GET", STREAM, **request))
        assert self._answer.status_code == 200
        assert self._answer.headers["content-type"].startswith("text/event-stream")
        self._lines = self._answer.iter_lines()
        assert next(self._lines).startswith(":")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        event = {}
        with contextlib.suppress(httpx.HTTPError):
            for line in self._lines:
                name, _, value = line.partition(": ")
                if name:
                    event[name] = value
                elif event:
                    self.events.put((event["event"], json.loads(event["data"])))
                    event = {}

    def next(self):
        return self.events.get(timeout=60)

    def ended(self, timeout):
        self._thread.join(timeout)
        assert not self._thread.is_alive()

    def close(self):
        if not self._thread.is_alive():
            self._stack.close()
            return
        # Closing a socket doesn't wake who reads from it; shutting it down does.
        self._answer.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        assert not self._thread.is_alive()
        self._stack.close()


def test_those_who_may_see_a_dataset_are_told_of_it(catalog, people):
    zhang, wang = people["zhangxf"], people["wangxch"]
    ticket = zhang.post("/api/v3/events/ticket").json()
    assert ticket["expiresIn"] == 60
    listening = {
        "zhangxf": Listener(catalog, params={"ticket": ticket["ticket"]}),
        "wangxch": Listener(catalog, headers=wang.headers),
    }
    again = httpx.get(catalog.url + STREAM, params={"ticket": ticket["ticket"]}, timeout=60)
    assert again.status_code == 401, "a ticket is good once"
    try:
        counted = people["admin"].get("/api/v3/events/connections").json()
        assert counted == {"connections": 2, "users": {"zhangxf": 1, "wangxch": 1}}
        hidden = zhang.create()["pid"]
        shared = zhang.create(accessGroups=["AMO"])["pid"]
        assert zhang.patch(zhang.ds(shared, version=4), json={"description": "x"}).status_code == 200
        assert zhang.patch(zhang.ds(shared, "/datasetlifecycle"), json={"retrievable": True}).status_code == 200
        draft = {"title": "t", "abstract": "a", "datasetPids": [hidden, shared], "metadata": {}}
        doi = zhang.post("/api/v4/publisheddata", json=draft).json()["doi"].replace("/", "%2F")
        assert zhang.post(f"/api/v4/publisheddata/{doi}/publish").status_code == 201
        assert people["admin"].delete(people["admin"].ds(shared)).status_code == 200
        updated = "dataset.updated"
        kinds = [("dataset.created", shared), (updated, shared), (updated, shared), (updated, hidden),
                 (updated, shared), ("dataset.deleted", shared)]  # fmt: skip
        told = [listening["wangxch"].next() for _kind in kinds]
        assert [(name, data["pid"]) for name, data in told] == kinds
        assert set(told[0][1]) == {"pid", "datasetName", "type", "ownerGroup", "updatedAt"}
        assert listening["zhangxf"].next()[1]["pid"] == hidden
    finally:
        for listener in listening.values():
            listener.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", STREAM, 401), ("GET", f"{STREAM}?ticket=x", 401), ("POST", "/api/v3/events/ticket", 401),
     ("GET", "/api/v3/events/connections", 403)],
)  # fmt: skip
def test_strangers_hear_nothing(anonymous, method, path, status):
    assert anonymous.request(method, path).status_code == status


def test_a_question_for_the_headers_ends(zhang):
    answer = zhang.head(STREAM)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_only_administrators_see_who_is_connected(zhang):
    assert zhang.get("/api/v3/events/connections").status_code == 403


def test_a_revoked_token_hears_nothing_more(catalog, people):
    admin, zhang = people["admin"], people["zhangxf"]
    body = {"username": "zhangxf", "name": "ear", "scope": "read", "expiresIn": 3600}
    made = admin.post("/api/v3/shinecat/tokens", json=body).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    ticket = httpx.post(f"{catalog.url}/api/v3/events/ticket", headers=zhang.headers, timeout=60).json()["ticket"]
    ear, other = Listener(catalog, headers=headers), Listener(catalog, params={"ticket": ticket})
    try:
        first = zhang.create()["pid"]
        assert ear.next()[1]["pid"] == other.next()[1]["pid"] == first
        assert admin.delete(f"/api/v3/shinecat/tokens/{made['id']}").status_code == 200
        second = zhang.create()["pid"]
        assert other.next()[1]["pid"] == second
        ear.ended(60)
        assert ear.events.empty()
    finally:
        for listener in (ear, other):
            listener.close()


@pytest.fixture
def events():
    class Parts:
        settings = store = engine = access = audit = None

    now = [0.0]
    made = Events(Parts(), accounts=None, identify=None, clock=lambda: now[0])
    made.now = now
    return made


def test_a_ticket_ends_after_a_minute(events):
    who, nobody = Identity("1", "li"), Identity()
    assert events.admitted(nobody, None, events.ticket(who, "t")["ticket"]) == ("1", "t")
    late = events.ticket(who, "t")["ticket"]
    events.now[0] = 61.0
    for ticket in (late, "", None):
        with pytest.raises(Refused):
            events.admitted(nobody, None, ticket)
    assert events.admitted(who, "t", None) == ("1", "t")


async def _opened(events, number):
    return [events.stream("1", "t") for _ in range(number)]


@pytest.mark.anyio
async def test_one_account_has_five_connections(events):
    streams = await _opened(events, 6)
    for stream in streams[:5]:
        assert await anext(stream) == b": connected\n\n"
    with pytest.raises(Refused, match="Maximum"):
        await anext(streams[5])
    await streams[0].aclose()
    last = events.stream("1", "t")
    assert await anext(last) == b": connected\n\n"
    events.close()
    for stream in [*streams[1:5], last]:
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


@pytest.mark.anyio
async def test_a_quiet_connection_ends_with_its_token(events, monkeypatch):
    monkeypatch.setattr("jupyter_shinecat.catalog.managers.events.PULSE_S", 0.01)
    held = {"t": Identity("1", "li")}
    events._identify = lambda token: held.get(token, Identity())
    stream = events.stream("1", "t")
    assert [await anext(stream), await anext(stream)] == [b": connected\n\n", b": still here\n\n"]
    held.clear()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


@pytest.fixture
def anyio_backend():
    return "asyncio"
