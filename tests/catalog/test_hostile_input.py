"""What nobody should send: the answer is a clear 4xx, and the catalog goes on."""

import json
import socket
from urllib.parse import quote

import pytest
from catalog.people import Person, raw

from jupyter_shinecat.catalog.accounts.sessions import Sessions
from jupyter_shinecat.catalog.accounts.tokens import TokenMint


@pytest.fixture(autouse=True)
def _still_well(catalog):
    yield
    with Person(catalog) as anyone:
        assert anyone.get("/api/v3/health").json()["status"] == "ok"


def deep(levels):
    value = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "body",
    [
        '{"a": NaN}',
        '{"a": 1e400}',
        '{"a": 1' + "0" * 400 + "}",
        '{"size": -1' + "0" * 400 + "}",
        '{"a": "\\ud800"}',
        '{"a": Infinity}',
        "[" * 100_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        b"\xff\xfe",
        '{"a": 1',
        "[]",
        '"text"',
        "5",
    ],
    ids=lambda body: repr(body)[:20],
)
def test_broken_bodies_are_400(zhang, body):
    for path in ("/api/v3/datasets", "/api/v4/datasets", "/api/v3/samples", "/api/v3/origdatablocks"):
        answer = zhang.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "metadata",
    [deep(40), {f"k{n}": n for n in range(30_000)}, {"a": [[1] * 100] * 300}],
    ids=["deep", "many keys", "many values"],
)
def test_metadata_beyond_the_limits_are_400(zhang, metadata):
    answer = zhang.post("/api/v3/datasets", json=raw(scientificMetadata=metadata))
    assert answer.status_code == 400
    assert "scientificMetadata" in answer.json()["message"]


def test_metadata_within_the_limits_are_kept_as_written(zhang):
    metadata = {
        "deep": deep(20),
        "many": {f"k{n}": n for n in range(1000)},
        "numbers": [1.5, -0.0, 1e300, 1e-300, 2**53 + 1, 2**63 - 1],
        "": "empty key",
        "a.b": {"$where": 1, "__proto__": 2},
        "控制\u0000字": "\u0000",
        "long": "x" * 300_000,
        "unit only": {"unit": "mm"},
        "odd": {"value": [1, "a"], "unit": "mm"},
        "bool": {"value": True, "unit": "mm"},
        "unknown": {"value": 3, "unit": "foobars"},
        "script": "<script>alert(1)</script>",
    }
    pid = zhang.create(scientificMetadata=metadata)["pid"]
    stored = zhang.get(zhang.ds(pid)).json()["scientificMetadata"]
    assert stored == metadata
    assert [d["pid"] for d in zhang.listed({"where": {"scientificMetadata.a.b.$where": 1}})] in ([pid], [])


def test_numbers_too_large_are_refused_or_kept_never_changed(zhang):
    body = json.dumps(raw()).replace("12.4", str(2**80))
    answer = zhang.post("/api/v3/datasets", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (201, 400)
    if answer.status_code == 201:
        assert str(2**80) in answer.text or f"{float(2**80)!r}" in answer.text


def test_too_large_a_body_is_refused(tmp_path):
    from jupyter_shinecat.testing.catalog import running_catalog

    with running_catalog(tmp_path, settings={"SHINECAT_MAX_BODY_MB": "1"}) as small, Person(small, "zhangxf") as zhang:
        assert zhang.post("/api/v3/datasets", json=raw(description="x" * 900_000)).status_code == 201
        host, port = small.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=30) as raw_socket:
            head = f"POST /api/v3/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: {2 << 20}\r\n\r\n"
            raw_socket.sendall(head.encode())
            assert raw_socket.recv(100).startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))
        assert zhang.get("/api/v3/datasets/count").json() == {"count": 1}


def test_a_document_has_a_largest_size_however_it_grows(zhang):
    pid = zhang.create(description="x" * 9_000_000)["pid"]
    for answer in (
        zhang.post("/api/v3/datasets", json=raw(description="x" * 17_000_000)),
        zhang.patch(zhang.ds(pid), json={"comment": "x" * 9_000_000}),
        zhang.put(f"/api/v3/users/{zhang.get('/api/v3/users/my/self').json()['id']}/settings",
                  json={"externalSettings": {"a": "x" * 17_000_000}}),
    ):  # fmt: skip
        assert (answer.status_code, "at most 16 MB" in answer.text) == (413, True)
    assert zhang.delete(zhang.ds(pid)).status_code == 200  # what goes into a history may be of any size


@pytest.mark.parametrize(
    "filter",
    [
        "{",
        "[]",
        "5",
        '{"where": []}',
        '{"where": {"$or": {}}}',
        '{"where": {"a": {"$in": 5}}}',
        '{"where": {"a": {"$regex": "("}}}',
        '{"where": {"a": {"$regex": 5}}}',
        '{"where": {"a": {"$size": "x"}}}',
        '{"where": {"a": {"$foo": 1}}}',
        '{"where": {"$where": "1"}}',
        '{"where": {"a": {"$gt": 1' + "0" * 400 + "}}}",
        '{"limits": {"limit": -1}}',
        '{"limits": {"limit": "many"}}',
        '{"limits": {"limit": 1000000000000}}',
        '{"limits": {"skip": 100000000000000000000}}',
        '{"limits": {"skip": 1e300}}',
        '{"limits": []}',
        '{"fields": 5}',
        '{"where": ' + '{"$and": [' * 30 + "{}" + "]}" * 30 + "}",
        json.dumps({"where": {"a" * 10 + ".b" * 100: 1}}),
        json.dumps({"where": {"$or": [{"a": 1}] * 2100}}, separators=(",", ":")),
    ],
    ids=lambda text: text[:30],
)
def test_broken_filters_are_400(zhang, filter):
    for path in ("/api/v3/datasets", "/api/v3/datasets/count", "/api/v3/samples", "/api/v3/origdatablocks"):
        answer = zhang.get(path, params={"filter": filter})
        if "limits" in filter and path.endswith("count"):
            continue
        assert answer.status_code == 400, (path, answer.text[:200])
        assert answer.json()["message"]


def test_expressions_that_would_never_end_do(zhang):
    zhang.create(description="a" * 50_000 + "!")
    found = zhang.listed({"where": {"description": {"$regex": "^(a+)+$"}}})
    assert found == []


def test_odd_values_in_queries_find_nothing_and_break_nothing(zhang):
    for value in ["'", '"', "\\", "%", "*", "a' OR 1=1 --", "\u0000", "[7.0 TO 9.5]", ":", "+", "溶", "~", "x" * 5000]:
        assert zhang.full({"text": value}) is not None
        assert zhang.full({"keywords": value}) == []
        assert zhang.listed({"where": {f"scientificMetadata.{value.replace('.', '')}": value}}) is not None
        assert zhang.facets({"text": value}, "type") is not None
    for number in (1e308, -1e308, 5e-324, 2**63, -(2**63), 0.1 + 0.2, 10**30):
        for operator in ("$gt", "$lte"):
            assert zhang.listed({"where": {"scientificMetadata.energy.value": {operator: number}}}) is not None


def test_odd_requests_are_4xx(zhang, anonymous):
    assert anonymous.get("/").status_code == 404
    assert anonymous.get("/api/v3/datasets/%FF%FE").status_code == 400
    assert anonymous.request("OPTIONS", "/api/v3/datasets").status_code < 500
    assert anonymous.request("TRACE", "/api/v3/datasets").status_code in (404, 405)
    assert anonymous.get("/api/v3/datasets/{pid}").status_code == 404
    assert anonymous.get("/api/v3/datasets//").status_code == 404
    assert anonymous.get("/api/v3/../../etc/passwd").status_code == 404
    assert anonymous.head("/api/v3/health").status_code == 200
    assert zhang.get("/api/v3/datasets?" + "&".join(f"a{n}=1" for n in range(500))).status_code == 400
    for pid in ("x" * 2000, "a\u0000b", "a\nb", ""):
        assert zhang.post("/api/v3/datasets", json=raw(pid=pid)).status_code == 400
    for changes in (
        {"keywords": [None]},
        {"size": -1},
        {"size": 1.5},
        {"size": 2**70},
        {"isPublished": "yes"},
        {"creationTime": "0000"},
    ):
        assert zhang.post("/api/v3/datasets", json=raw(**changes)).status_code == 400, changes


def test_answers_are_data_never_pages(zhang):
    pid = zhang.create(description="<script>alert(1)</script>")["pid"]
    answer = zhang.get(zhang.ds(pid))
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_no_token_reaches_the_log(catalog):
    token = catalog.token("zhangxf")
    with Person(catalog) as anyone:
        anyone.get("/api/v3/datasets", params={"access_token": token})
        anyone.get("/api/v3/nope", params={"access_token": token})
        anyone.get("/api/v3/datasets", params={"access_token": token, "filter": "{"})
    log = (catalog.folder / "server.log").read_text()
    assert token not in log
    assert catalog.password("zhangxf") not in log


def test_a_condition_on_a_number_beyond_range_is_400_and_leaves_the_index(zhang):
    huge = "1" + "0" * 400
    for relation in ("EQUAL_TO", "GREATER_THAN"):
        for unit in ("", "mm"):
            condition = {"lhs": "a", "relation": relation, "rhs": 7, "unit": unit}
            fields = json.dumps({"scientific": [condition]}).replace("7", huge)
            assert zhang.get("/api/v3/datasets/fullquery", params={"fields": fields}).status_code == 400
    told = zhang.get("/api/v3/datasets", params={"filter": '{"where":{"type":"raw"}}', "explain": "true"})
    assert json.loads(told.headers["X-Explain"])[0]["way"] == "index"


@pytest.mark.parametrize("inner", ['{"y":' * 100 + "1" + "}" * 100, "[" * 100 + "]" * 100])
def test_a_filter_that_is_the_whole_query_may_be_no_deeper_either(zhang, inner):
    answer = zhang.get("/api/v3/datasets?" + quote('{"where":{"scientificMetadata.x":' + inner + "}}"))
    assert answer.status_code == 400, answer.text


def test_made_up_tokens_take_the_turns_of_their_address():
    mint = TokenMint("x" * 32)
    sessions = Sessions(None, None, mint)
    assert sessions.signed(mint.sign({"_id": "1"}, 60))
    assert not sessions.signed(mint.sign({"_id": "1"}, -60)), "its time is over"
    assert not sessions.signed(TokenMint("y" * 32).sign({"_id": "1"}, 60))
    assert not sessions.signed("anything")
