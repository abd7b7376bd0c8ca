"""A user with create rights who means harm: bounded, refused, or alone with the trouble."""

import json
import os
import random
import socket
import threading
import time
from urllib.parse import quote

import pytest
import schemathesis
from catalog.people import PEOPLE, SETTINGS, Person, derived, raw
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_shinecat.catalog.routes.table import router
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.testing.catalog import CatalogProcess

TIGHT = {
    **SETTINGS,
    "SHINECAT_SEARCH_LIMIT_S": "1",
    "SHINECAT_MAX_ANSWER_MB": "1",
    "SHINECAT_SLOW_CLIENT_S": "1",
    "SHINECAT_REQUESTS_AT_ONCE": "2",
}


@pytest.fixture(scope="module")
def tight(tmp_path_factory):
    process = CatalogProcess(tmp_path_factory.mktemp("tight"), accounts=PEOPLE, settings=TIGHT).start()
    yield process
    process.stop()


def test_an_answer_has_a_largest_size(tight):
    with Person(tight, "zhangxf") as zhang:
        for number in range(4):
            zhang.create(pid=f"large/{number}", description="x" * 400_000)
        for filter in ({"limits": {"limit": 10}}, {"limits": {"limit": 10, "order": "description:asc"}}):
            answer = zhang.get("/api/v3/datasets", params={"filter": json.dumps(filter)})
            assert answer.status_code == 400
            assert "larger than 1 MB" in answer.json()["message"]
        assert len(zhang.listed({"limits": {"limit": 2}})) == 2
        assert zhang.get("/api/v3/datasets/count").json() == {"count": 4}


def test_a_client_that_takes_no_answer_is_dropped(tight):
    with Person(tight, "zhangxf") as zhang:
        zhang.create(pid="slow/1", description="y" * 900_000)
        token = tight.token("zhangxf")
        host, port = tight.url.removeprefix("http://").split(":")
        log = tight.folder / "server.log"
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            lazy.connect((host, int(port)))
            request = f"GET /api/v3/datasets/slow%2F1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            # Enough answers to fill what the kernel buffers for us.
            lazy.sendall(request.encode() * 30)
            deadline = time.monotonic() + 60
            while "was dropped" not in log.read_text() and time.monotonic() < deadline:
                zhang.get("/api/v3/health")
            assert "was dropped" in log.read_text()
        with socket.create_connection((host, int(port)), timeout=60) as half:
            half.sendall(b"POST /api/v3/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            assert half.recv(1000) in (b"",) or half.recv(1000) == b""  # closed, or refused and closed
        assert "Traceback" not in log.read_text()


def test_many_requests_of_one_caller_wait_for_each_other(tight):
    """The caller's requests are all answered or refused with 429; somebody else's is answered meanwhile."""
    statuses, done = [], threading.Event()

    def ask():
        with Person(tight, None) as client:
            client.headers["Authorization"] = f"Bearer {token}"
            while not done.is_set():
                statuses.append(client.get("/api/v3/datasets", params={"filter": slow}).status_code)

    token = tight.token("zhangxf")
    slow = json.dumps({"where": {"description": {"$regex": "(x+x+)+z$"}}, "limits": {"limit": 1}})
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    try:
        with Person(tight, "wangxch") as wang:
            for _ in range(20):
                assert wang.get("/api/v3/datasets", params={"filter": '{"limits":{"limit":1}}'}).status_code == 200
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert set(statuses) <= {200, 429}


def test_answers_carry_the_headers_that_keep_them_data(catalog):
    with Person(catalog) as anyone:
        for path in ("/api/v3/health", "/api/v3/nothing"):
            headers = anyone.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "Access-Control-Allow-Origin" not in headers
            assert "Server" not in headers


def test_nobody_writes_in_the_name_of_another(zhang, wang):
    spoofed = {"createdBy": "wangxch", "updatedBy": "wangxch", "createdAt": "1999-01-01T00:00:00.000Z", "_id": "x"}
    for name, value in spoofed.items():
        assert zhang.post("/api/v3/datasets", json=raw(**{name: value})).status_code == 400, name
        assert zhang.post("/api/v4/datasets", json={**raw(), name: value}).status_code == 400, name
    assert zhang.post("/api/v3/datasets", json=raw(ownerGroup="AMO")).status_code == 403
    mine = zhang.create(pid="spoof/mine")
    for change in ({"createdBy": "wangxch"}, {"updatedAt": "1999-01-01T00:00:00.000Z"}, {"pid": "spoof/other"}):
        assert zhang.patch(zhang.ds(mine["pid"]), json=change).status_code == 400
    assert zhang.patch(zhang.ds(mine["pid"]), json={"ownerGroup": "AMO"}).status_code == 403
    stored = zhang.get(zhang.ds(mine["pid"])).json()
    assert (stored["createdBy"], stored["ownerGroup"]) == ("zhangxf", "GET")
    theirs = wang.create(pid="spoof/theirs", ownerGroup="AMO")
    assert zhang.patch(zhang.ds(theirs["pid"]), json={"ownerGroup": "GET"}).status_code == 403
    assert zhang.post(zhang.ds(theirs["pid"], "/origdatablocks"), json={"size": 1}).status_code in (400, 403)
    block = {"size": 7, "ownerGroup": "AMO", "accessGroups": ["OTHER"], "createdBy": "wangxch",
             "dataFileList": [{"path": "a", "size": 7, "time": "2026-05-01T10:00:00Z"}]}  # fmt: skip
    assert zhang.post(zhang.ds("spoof/mine", "/origdatablocks"), json=block).status_code in (400, 403)


WIDEN = [
    {"where": {"$or": [{"ownerGroup": "AMO"}, {}]}},
    {"where": {"ownerGroup": {"$in": ["AMO"]}}},
    {"where": {"isPublished": {"$ne": None}}},
    {"where": {"$nor": [{"pid": "nothing"}]}},
    {"where": {"and": [{"or": [{"accessGroups": "AMO"}, {"pid": {"$exists": True}}]}]}},
    {"where": {}, "userGroups": ["AMO"], "limits": {"limit": 1000}},
    {"include": [{"relation": "origdatablocks", "scope": {"where": {"ownerGroup": "AMO"}}}]},
]


@pytest.mark.parametrize("filter", WIDEN, ids=lambda filter: json.dumps(filter)[:40])
def test_no_key_of_a_filter_widens_what_is_seen(wang, people, filter):
    pid = "widen/secret"
    if wang.get(wang.ds(pid)).status_code == 404:
        wang.create(pid=pid, ownerGroup="AMO", datasetName="secretword", keywords=["secretkeyword"])
    for other in (people["stranger"], people["nogroup"], people["anonymous"]):
        assert pid not in other.get("/api/v3/datasets", params={"filter": json.dumps(filter)}).text
        for parameter in ("filter", "fields", "filters"):
            for path in ("fullquery", "fullfacet", "count", "findOne", "metadataKeys"):
                query = {parameter: json.dumps(filter), "facets": '["keywords"]'}
                answer = other.get(f"/api/v3/datasets/{path}", params=query)
                assert pid not in answer.text
                assert "secretkeyword" not in answer.text
    for fields in ({"userGroups": ["AMO"]}, {"mode": {"$or": [{}]}}, {"ownerGroup": ["AMO"]}, {"sharedWith": "x@y.z"}):
        answer = people["stranger"].get("/api/v3/datasets/fullquery", params={"fields": json.dumps(fields)})
        assert pid not in answer.text


def test_a_folder_of_another_group_gives_no_right(zhang, people):
    """A path in a dataset is a claim; what it opens is decided by the dataset's own groups and the file system."""
    made = people["stranger"].post("/api/v3/datasets", json=raw(ownerGroup="OTHER", sourceFolder="/data/p100/run1"))
    assert made.status_code == 201
    theirs = {doc["pid"] for doc in people["stranger"].listed({"where": {"sourceFolder": "/data/p100/run1"}})}
    assert theirs == {made.json()["pid"]}
    assert people["stranger"].delete(f"/api/v3/datasets/{made.json()['pid'].replace('/', '%2F')}").status_code == 200


# -- anything at all, at every route --

_texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["", "a/b", "..", "%", "\x00", "溶菌酶", "$where", "__proto__", "2026-05-01", "x" * 3000, "'--"]),
)
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)),
    max_leaves=8,
)
_names = st.sampled_from(
    [*raw(), *derived(), "where", "fields", "limits", "limit", "skip", "order", "include", "text", "scientific", "size",
     "dataFileList", "relationships", "doi", "id", "aid", "username", "password", "groups", "type", "jobParams",
     "datasetPids", "metadata", "$or", "$and", "$regex", "$elemMatch", "pid", "proposalId", "sampleId"]
)  # fmt: skip
_bodies = st.one_of(_values, st.dictionaries(_names, _values, max_size=8))
_queries = st.dictionaries(
    st.sampled_from(["filter", "filters", "fields", "limits", "facets", "include", "skip", "limit", "access_token"]),
    st.one_of(_texts, _bodies.map(lambda value: json.dumps(value))),
    max_size=3,
)


# These end sign-ins or hash passwords, and that one never ends.
_ALONE = ("login", "logout", "events/stream")


def routes():
    found = []

    def walk(node):
        for key, child in node.items():
            if key == "\0methods":
                found.extend((method, route.path) for method, route in child.items())
            else:
                walk(child)

    walk(router(Settings())._tree)
    return sorted(found)


# The long forms take their time.
_UNHURRIED = pytest.mark.timeout(0 if os.environ.get("SHINECAT_SOAK") else 300)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    process = CatalogProcess(tmp_path_factory.mktemp("fuzzed"), accounts=PEOPLE, settings=SETTINGS).start()
    callers = {name: Person(process, name) for name in ("zhangxf", "admin")}
    yield process, callers
    for client in callers.values():
        client.close()
    process.stop()


@_UNHURRIED
def test_nothing_sent_to_any_route_is_an_error_of_the_server(fuzzed):
    process, callers = fuzzed
    table = [(method, path) for method, path in routes() if not path.endswith(_ALONE)]
    assert len(table) > 80
    many = 60 if os.environ.get("SHINECAT_SOAK") else 2

    @settings(max_examples=many, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck])
    @given(data=st.data())
    def attack(method, path, data):
        client = callers[data.draw(st.sampled_from(["zhangxf", "admin"]))]
        url = "/".join(quote(data.draw(_texts), safe="") if part.startswith("{") else part for part in path.split("/"))
        body = data.draw(_bodies) if method in ("POST", "PUT", "PATCH") else None
        answer = client.request(method, url, params=data.draw(_queries), json=body)
        # What needs an outside product says so with 501 or 503.
        assert answer.status_code < 500 or answer.status_code in (501, 503), (method, path, answer.text[:300])
        assert "Traceback" not in answer.text
        if answer.status_code >= 400:
            assert answer.json(), (method, path)

    for method, path in table:
        attack(method, path)
    assert "Traceback" not in (process.folder / "server.log").read_text()


@_UNHURRIED
def test_schemathesis_finds_no_error_of_the_server_by_our_own_description(fuzzed):
    """What a tool makes of ``/explorer-json``: some operations here, all of them in the long form."""
    process, callers = fuzzed
    described = callers["admin"].get("/explorer-json").json()
    paths = {path: item for path, item in described["paths"].items() if not path.endswith(_ALONE)}
    long = bool(os.environ.get("SHINECAT_SOAK"))
    chosen = sorted(paths) if long else random.Random(1).sample(sorted(paths), 30)
    schema = schemathesis.openapi.from_dict({**described, "paths": {path: paths[path] for path in chosen}})
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= len(chosen)

    @settings(
        max_examples=50 if long else 3, deadline=None, derandomize=True, database=None,
        suppress_health_check=[*HealthCheck],
    )  # fmt: skip
    @given(data=st.data())
    def attack(operation, data):
        case = data.draw(operation.as_strategy())
        headers = dict(callers[data.draw(st.sampled_from(["zhangxf", "admin"]))].headers)
        answer = case.call(base_url=process.url, headers={"Authorization": headers["authorization"]})
        assert answer.status_code < 500 or answer.status_code in (501, 503), (case.method, case.path, answer.text[:300])
        assert "Traceback" not in answer.text

    for operation in operations:
        attack(operation)
    assert "Traceback" not in (process.folder / "server.log").read_text()
