"""The proxy through a real Jupyter server: what goes up, what comes down, and what bad catalogs turn into."""

import asyncio
import json

import pytest

from jupyter_shinecat.scicat import Secret
from jupyter_shinecat.server.sessions import TokenSession

RAW = "20.500.1%2F%C3%A4%20b%252F%2B%23%3F"
TOKEN = "secret-catalog-token"


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("SHINECAT_TOKEN", TOKEN)


@pytest.fixture
def ask(shinecat, raw_fetch, jp_base_url):
    async def ask(rest, method="GET", **options):
        return await raw_fetch(f"{jp_base_url}shinecat/api/catalog/{rest}", method, **options)

    return ask


async def test_path_and_query_go_up_as_they_came_with_the_persons_token(ask, odd_catalog):
    target = f"api/v3/datasets/{RAW}/origdatablocks?filter=%7B%22a%22%3A%22b+c%2Fd%22%7D&x=~"
    answer = await ask(target)
    assert answer.status == 200
    assert odd_catalog.last.uri == f"/{target}"
    assert odd_catalog.last.headers["Authorization"] == f"Bearer {TOKEN}"


async def test_secrets_of_the_page_do_not_go_up(ask, odd_catalog, jp_auth_header):
    await ask(
        "api/v3/datasets?access_token=page&limits=1",
        headers={"Cookie": "session=page-cookie", "X-XSRFToken": "page-xsrf", "X-Forwarded-For": "10.1.2.3"},
    )
    told = json.dumps(odd_catalog.last.headers) + odd_catalog.last.uri
    for secret in ("page", jp_auth_header["Authorization"].split()[1], "10.1.2.3"):
        assert secret not in told
    assert odd_catalog.last.uri == "/api/v3/datasets?limits=1"


async def test_only_data_come_down(ask, odd_catalog):
    odd_catalog.answer(
        "/api/v3/datasets",
        body=[{"pid": "1"}],
        Set_Cookie="connect.sid=1",
        Authorization="Bearer x",
        ETag='"e"',
        Access_Control_Allow_Origin="*",
        X_Powered_By="Express",
    )
    answer = await ask("api/v3/datasets")
    assert answer.json() == [{"pid": "1"}]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["etag"] == '"e"'
    for name in ("authorization", "x-powered-by"):
        assert name not in answer.headers
    assert answer.headers.get("access-control-allow-origin") != "*"
    assert "connect.sid" not in json.dumps(answer.headers)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_bodies_go_up_for_each_method(ask, odd_catalog, method):
    body = json.dumps({"datasetName": "ä"}).encode()
    target = "api/v3/datasets" if method == "POST" else f"api/v4/datasets/{RAW}"
    headers = {"Content-Type": "application/merge-patch+json; charset=utf-8", "If-Unmodified-Since": "x"}
    answer = await ask(target, method, body=body, headers=headers)
    assert answer.status == 200
    seen = odd_catalog.last
    assert (seen.method, seen.body) == (method, body)
    assert seen.headers["Content-Type"] == "application/merge-patch+json"
    assert seen.headers["If-Unmodified-Since"] == "x"


async def test_a_form_is_not_passed_on(ask, odd_catalog):
    answer = await ask("api/v3/datasets", "POST", body=b"a=b", headers={"Content-Type": "text/plain"})
    assert answer.status == 415
    assert not odd_catalog.seen


async def test_token_giving_routes_never_reach_the_catalog(ask, odd_catalog):
    for method, target in (
        ("POST", "api/v3/auth/login"),
        ("POST", "api/v3/users/u/jwt"),
        ("GET", "api/v3/datasets/..%2f..%2fusers"),
    ):
        assert (await ask(target, method)).status in (400, 403, 405)
    assert not odd_catalog.seen


async def test_nobody_comes_in_without_jupyters_own_sign_on(shinecat, raw_fetch, jp_base_url, odd_catalog):
    for path in ("catalog/api/v3/datasets", "status", "outbox"):
        assert (await raw_fetch(f"{jp_base_url}shinecat/api/{path}", auth=False)).status == 403
    for path in ("catalog/api/v3/datasets", "outbox/retry", "outbox/withdraw", "query/parse", "derived"):
        answer = await raw_fetch(f"{jp_base_url}shinecat/api/{path}", "POST", body=b"{}", auth=False)
        assert answer.status == 403
    assert not odd_catalog.seen


async def test_errors_of_the_catalog_come_down_as_they_are(ask, odd_catalog):
    odd_catalog.answer("/api/v3/datasets/x", 404, {"statusCode": 404, "message": "no x", "error": "Not Found"})
    answer = await ask("api/v3/datasets/x")
    assert (answer.status, answer.json()["message"]) == (404, "no x")


@pytest.mark.parametrize(
    ("status", "kind", "body", "becomes"),
    [
        (200, "text/html", b"<script>alert(1)</script>", 502),
        (502, "text/html", b"<h1>nginx</h1>", 502),
        (503, "text/plain", b"maintenance", 503),
        (301, "text/html", b"", 502),
        (302, "application/json", b"{}", 502),
    ],
)
async def test_pages_and_redirects_become_sentences(ask, odd_catalog, status, kind, body, becomes):
    odd_catalog.answer("/api/v3/datasets", status, body, Content_Type=kind, Location="http://127.0.0.1:1/")
    answer = await ask("api/v3/datasets")
    assert answer.status == becomes
    error = answer.json()
    assert error["statusCode"] == becomes
    assert error["message"]
    assert error["do"]
    assert b"<script>" not in answer.body
    assert "location" not in answer.headers


async def test_anything_but_json_is_an_attachment(ask, odd_catalog):
    odd_catalog.answer(f"/api/v3/datasets/{RAW}/thumbnail", body=b"<svg onload=alert(1)>", Content_Type="image/svg+xml")
    answer = await ask(f"api/v3/datasets/{RAW}/thumbnail")
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_json_under_another_name_is_json(ask, odd_catalog):
    odd_catalog.answer("/api/v3/datasets/count", body=b'{"count": 1}', Content_Type="text/plain")
    answer = await ask("api/v3/datasets/count")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == {"count": 1}


async def test_empty_answers_stay_empty(ask, odd_catalog):
    odd_catalog.answer("/api/v3/datasets/x", 200, b"")
    odd_catalog.answer("/api/v3/datasets/y", 204, b"")
    assert ((await ask("api/v3/datasets/x")).status, (await ask("api/v3/datasets/x")).body) == (200, b"")
    assert (await ask("api/v3/datasets/y")).status == 204


async def test_a_catalog_that_is_away_is_a_503_that_says_what_to_do(ask, shinecat, odd_catalog):
    shinecat.session._url = "http://127.0.0.1:9"
    answer = await ask("api/v3/datasets")
    assert answer.status == 503
    assert "does not answer" in answer.json()["message"]
    assert answer.json()["do"]


class TestSlow:
    @pytest.fixture
    def shinecat_config(self):
        return {"run_outbox": False, "catalog_timeout_s": 0.3}

    async def test_a_catalog_that_hangs_has_a_time_limit(self, ask, odd_catalog):
        async def never(_request):
            await asyncio.sleep(3)
            return 200, {}, b"{}"

        odd_catalog.answers["/api/v3/datasets"] = never
        answer = await ask("api/v3/datasets")
        assert answer.status == 503
        assert "within 0.3 s" in answer.json()["message"]


class TestLarge:
    @pytest.fixture
    def shinecat_config(self):
        return {"run_outbox": False, "max_answer_mb": 1, "max_request_mb": 1}

    async def test_bodies_are_bounded_both_ways(self, ask, odd_catalog):
        odd_catalog.answer("/api/v3/datasets", body=b'"' + b"x" * 2_000_000 + b'"')
        answer = await ask("api/v3/datasets")
        assert answer.status == 502
        assert "larger than the 1 MB" in answer.json()["message"]
        odd_catalog.seen.clear()
        answer = await ask("api/v3/datasets", "POST", body=b" " * 1_100_000)
        assert answer.status == 413
        assert not odd_catalog.seen


async def test_a_refused_token_asks_to_sign_in(ask, odd_catalog):
    odd_catalog.answer("/api/v3/datasets", 401, {"statusCode": 401, "message": "SESSION_EXPIRED"})
    answer = await ask("api/v3/datasets")
    assert answer.status == 401
    assert answer.json()["error"] == "login_required"
    assert "SHINECAT_TOKEN" in answer.json()["do"]
    assert TOKEN.encode() not in answer.body


async def test_a_renewed_token_is_tried_once_more(ask, shinecat, odd_catalog):
    """401, a fresh token, the same request again: the page never notices."""

    class Renewing(TokenSession):
        async def bearer(self, *, rejected=None):
            return Secret("new" if rejected is not None else "old")

    session = Renewing(odd_catalog.url, Secret("old"))
    shinecat.proxy._session = session
    tried = []

    def by_token(request):
        tried.append(request.headers["Authorization"])
        good = request.headers["Authorization"] == "Bearer new"
        return (201, {"Content-Type": "application/json"}, b"{}") if good else (401, {}, b"")

    odd_catalog.answers["/api/v3/datasets"] = by_token
    assert (await ask("api/v3/datasets", "POST", body=b"{}")).status == 201
    assert tried == ["Bearer old", "Bearer new"]
    # and only once
    odd_catalog.answers["/api/v3/datasets"] = (401, {}, b"")
    odd_catalog.seen.clear()
    assert (await ask("api/v3/datasets")).status == 401
    assert len(odd_catalog.seen) == 2


async def test_the_token_is_in_no_environment_and_no_log(ask, odd_catalog, jp_logging_stream):
    import os

    await ask("api/v3/datasets?access_token=page-token")
    odd_catalog.answer("/api/v3/datasets", 500, b"boom", Content_Type="text/plain")
    await ask("api/v3/datasets?access_token=page-token")
    assert TOKEN not in json.dumps(dict(os.environ))
    assert TOKEN not in jp_logging_stream.getvalue()
    assert "page-token" not in jp_logging_stream.getvalue()
