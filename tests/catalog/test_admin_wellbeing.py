"""Metrics, request ids, logs, health and the description of the routes."""

import json

import httpx
import pytest
from catalog.people import Person

from jupyter_shinecat.catalog.catalog import Catalog
from jupyter_shinecat.catalog.managers import wellbeing
from jupyter_shinecat.catalog.routes.bodies import bodies
from jupyter_shinecat.catalog.routes.table import router
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.testing.catalog import CatalogProcess


def sample(text, name):
    """Value of one line of Prometheus's text."""
    return float(next(line for line in text.splitlines() if line.startswith(name + " ")).rsplit(" ", 1)[1])


def test_metrics_count_requests_by_route_and_tell_the_state(catalog, admin, zhang):
    pid = zhang.create()["pid"]
    line = 'shinecat_requests_total{method="GET",route="/api/v3/datasets/{pid}",status="200"}'
    zhang.get(zhang.ds(pid))
    before = admin.get("/metrics")
    assert before.headers["Content-Type"].startswith("text/plain")
    assert pid not in before.text
    zhang.get(zhang.ds(pid))
    after = admin.get("/metrics").text
    assert sample(after, line) == sample(before.text, line) + 1
    assert sample(after, 'shinecat_documents{kind="dataset"}') >= 1
    assert sample(after, 'shinecat_accounts{state="enabled"}') >= 8
    assert sample(after, "shinecat_disk_free_bytes") > 0
    assert sample(after, "shinecat_requests_running") >= 1  # this one


def test_what_a_client_makes_up_becomes_no_label(catalog, admin):
    for number in range(3):
        httpx.get(f"{catalog.url}/no/such/{number}")
        httpx.request(f"VERB{number}", f"{catalog.url}/api/v3/datasets")
    text = admin.get("/metrics").text
    assert "/no/such" not in text
    assert "VERB" not in text
    assert sample(text, 'shinecat_requests_total{method="GET",route="unknown",status="404"}') >= 3


def test_metrics_are_for_administrators_and_their_tokens(catalog, admin, zhang, anonymous):
    assert zhang.get("/metrics").status_code == anonymous.get("/metrics").status_code == 403
    token = admin.post(
        "/api/v3/shinecat/tokens", json={"username": "admin", "name": "prometheus", "scope": "read"}
    ).json()["token"]
    answer = httpx.get(f"{catalog.url}/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_every_answer_has_a_request_id(anonymous):
    ids = {anonymous.get(path).headers["X-Request-Id"] for path in ("/health", "/no/such", "/api/v3/users/my/self")}
    assert len(ids) == 3
    kept = anonymous.get("/health", headers={"X-Request-Id": "from-the-proxy_1.2"})
    assert kept.headers["X-Request-Id"] == "from-the-proxy_1.2"
    forged = anonymous.get("/health", headers={"X-Request-Id": 'x","level":"error'})
    assert forged.headers["X-Request-Id"] not in ('x","level":"error', "")


def test_logs_are_json_lines_with_ids_and_without_secrets(tmp_path):
    process = CatalogProcess(tmp_path, settings={"SHINECAT_METRICS": "open", "SHINECAT_LOG_FORMAT": "json"}).start()
    try:
        with Person(process, "zhangxf") as zhang:
            pid = zhang.create()["pid"]
            token = zhang.headers["Authorization"].split()[1]
            httpx.get(
                f"{process.url}/api/v3/datasets/{pid.replace('/', '%2F')}",
                params={"access_token": token}, headers={"X-Request-Id": "look-for-me"},
            )  # fmt: skip
        assert httpx.get(f"{process.url}/metrics").status_code == 200  # set to be open
    finally:
        process.stop()
    text = (tmp_path / "server.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    mine = next(line for line in lines if line.get("request") == "look-for-me")
    assert (mine["user"], mine["status"], mine["route"]) == ("zhangxf", 200, "/api/v3/datasets/{pid}")
    assert token not in text
    assert process.password("zhangxf") not in text


@pytest.fixture
def own(tmp_path):
    catalog = Catalog(tmp_path, Settings())
    yield catalog
    catalog.close()


def test_health_says_what_is_down(own, monkeypatch):
    good, told = own.wellbeing.health()
    assert (good, told["status"], told["error"]) == (True, "ok", {})
    assert set(told["details"]) == {"sqlite", "writer", "disk", "search"}
    monkeypatch.setattr(wellbeing, "LEAST_FREE_BYTES", 1 << 62)
    good, told = own.wellbeing.health()
    # Told, but not down: on a full disk reading goes on, and clients must not take the catalog for gone.
    assert (good, told["details"]["disk"]) == (True, {"status": "up", "room": "short"})
    own.store._writer.close()
    good, told = own.wellbeing.health()
    assert (good, told["status"], told["error"]) == (False, "error", {"writer": {"status": "down"}})


def test_health_is_at_three_places_for_everybody(anonymous, strict):
    for path in ("/health", "/api/v3/health", "/api/v4/health"):
        assert anonymous.get(path).json()["status"] == "ok"
        assert httpx.get(strict.url + path).status_code == 200


def test_the_description_holds_every_route_and_nothing_else(anonymous, strict):
    described = anonymous.get("/explorer-json").json()
    assert described["openapi"].startswith("3.")
    found = {(m.upper(), path) for path, methods in described["paths"].items() for m in methods}
    served = router(Settings())
    for method, path in found:
        assert served.find(method, path.replace("{", "").replace("}", "")), path
    assert {("GET", "/metrics"), ("POST", "/api/v3/auth/login"), ("GET", "/api/v3/shinecat/accounts")} <= found
    ids = [operation["operationId"] for methods in described["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))
    one = described["paths"]["/api/v3/datasets/{pid}"]["get"]
    assert [p["name"] for p in one["parameters"] if p["in"] == "path"] == ["pid"]
    real = httpx.get(f"{strict.url}/explorer-json").json()["paths"]
    assert not any("/shinecat/" in path for path in real)


def test_plain_requests_are_not_logged_by_default(catalog, zhang):
    assert zhang.get("/api/v3/health", headers={"X-Request-Id": "plain-request"}).status_code == 200
    assert "/api/v3/health" not in (catalog.folder / "server.log").read_text()


def test_the_description_says_what_bodies_hold_and_every_such_route_exists(catalog, anonymous):
    paths = anonymous.get("/explorer-json").json()["paths"]
    for method, path in bodies():
        schema = paths[path][method.lower()]["requestBody"]["content"]["application/json"]["schema"]
        assert schema.get("properties") or schema.get("anyOf"), (method, path)
    raw_form = paths["/api/v3/datasets"]["post"]["requestBody"]["content"]["application/json"]["schema"]["anyOf"][0]
    assert {"ownerGroup", "sourceFolder", "creationTime"} <= set(raw_form["required"])
