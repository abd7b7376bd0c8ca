"""Accounts, groups, passwords and service tokens over REST: who may, and what ends at once."""

import json

import httpx
import pytest
from catalog.people import Person, raw

from jupyter_shinecat.testing.catalog import CatalogProcess

BASE = "/api/v3/shinecat"
ACCOUNTS = f"{BASE}/accounts"


def bearer(catalog, token):
    return httpx.Client(base_url=catalog.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def login(catalog, username, password):
    return httpx.post(f"{catalog.url}/api/v3/auth/login", json={"username": username, "password": password})


@pytest.fixture
def person(admin, request):
    """A new account with a password, and its id."""
    body = {"username": f"p-{abs(hash(request.node.name)) % 10**8}", "password": "first password", "groups": ["GET"]}
    made = admin.post(ACCOUNTS, json=body)
    assert made.status_code == 201, made.text
    yield {**body, "id": made.json()["id"]}
    admin.delete(f"{ACCOUNTS}/{made.json()['id']}")


def audit(admin):
    return admin.get(f"{BASE}/audit", params={"limit": "1000"}).json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACCOUNTS), ("POST", ACCOUNTS), ("PATCH", f"{ACCOUNTS}/x"), ("DELETE", f"{ACCOUNTS}/x"),
        ("POST", f"{ACCOUNTS}/x/password"), ("GET", f"{BASE}/tokens"), ("POST", f"{BASE}/tokens"),
        ("DELETE", f"{BASE}/tokens/x"), ("GET", f"{BASE}/audit"),
    ],
)  # fmt: skip
def test_administration_is_for_administrators(zhang, anonymous, strict, method, path):
    for caller in (zhang, anonymous):
        answer = caller.request(method, path, json={} if method in ("POST", "PATCH") else None)
        assert answer.status_code == 403, answer.text
    with Person(strict, "admin") as real:  # a real SciCat has no such routes
        assert real.request(method, path).status_code == 404


def test_accounts_show_groups_and_no_secrets(admin):
    answer = admin.get(ACCOUNTS)
    found = {a["username"]: a for a in answer.json()}
    assert set(found["zhangxf"]["groups"]) == {"GET", "SHINE"}
    assert "argon2" not in answer.text


def test_a_disabled_person_is_out_at_once_and_back_when_enabled(catalog, admin, person):
    token = login(catalog, person["username"], person["password"]).json()["id"]
    mine = f"{ACCOUNTS}/{person['id']}"
    with bearer(catalog, token) as session:
        assert session.get("/api/v3/users/my/self").status_code == 200
        assert admin.patch(mine, json={"disabled": True}).status_code == 200
        assert session.get("/api/v3/users/my/self").status_code == 401
        assert session.post("/api/v3/datasets", json=raw()).status_code == 403
        assert session.post("/api/v3/auth/renew").status_code == 401
        assert login(catalog, person["username"], person["password"]).status_code == 401
        admin.patch(mine, json={"disabled": False})
        assert session.get("/api/v3/users/my/self").status_code == 401  # that session has ended for good
    assert login(catalog, person["username"], person["password"]).status_code == 201


def test_groups_hold_from_the_next_request_on(catalog, admin, person):
    token = login(catalog, person["username"], person["password"]).json()["id"]
    mine = f"{ACCOUNTS}/{person['id']}"
    with bearer(catalog, token) as session:
        assert session.post("/api/v3/datasets", json=raw(ownerGroup="NEW")).status_code == 403
        answer = admin.patch(mine, json={"addGroups": ["NEW", "GET"], "removeGroups": ["none"]})
        assert answer.json()["groups"] == ["GET", "NEW"]
        pid = session.post("/api/v3/datasets", json=raw(ownerGroup="NEW")).json()["pid"]
        admin.patch(mine, json={"removeGroups": ["NEW"]})
        assert session.get(f"/api/v3/datasets/{pid.replace('/', '%2F')}").status_code == 403


def test_an_own_password_ends_the_other_sessions(catalog, person):
    first = login(catalog, person["username"], person["password"]).json()["id"]
    with bearer(catalog, first) as session:
        wrong = session.post(f"{BASE}/password", json={"old": "no", "new": "another password"})
        assert wrong.status_code == 403
        short = session.post(f"{BASE}/password", json={"old": person["password"], "new": "short"})
        assert short.status_code == 400
        assert session.get("/api/v3/users/my/self").status_code == 200
        done = session.post(f"{BASE}/password", json={"old": person["password"], "new": "another password"})
        assert done.status_code == 201
        assert session.get("/api/v3/users/my/self").status_code == 401
    assert login(catalog, person["username"], person["password"]).status_code == 401
    assert login(catalog, person["username"], "another password").status_code == 201


def test_a_code_sets_a_password_once(catalog, admin, anonymous, person):
    mine = f"{ACCOUNTS}/{person['id']}/password"
    older = admin.post(mine, json={}).json()["code"]
    assert login(catalog, person["username"], person["password"]).status_code == 401
    code = admin.post(mine, json={}).json()["code"]
    use = {"username": person["username"], "new": "from the code"}
    for wrong in (older, "guess"):
        assert anonymous.post(f"{BASE}/password/code", json={**use, "code": wrong}).status_code == 403
    unknown = anonymous.post(f"{BASE}/password/code", json={**use, "username": "nobody", "code": code})
    assert unknown.status_code == 403
    assert anonymous.post(f"{BASE}/password/code", json={**use, "code": code}).status_code == 201
    assert anonymous.post(f"{BASE}/password/code", json={**use, "code": code}).status_code == 403
    assert login(catalog, person["username"], "from the code").status_code == 201
    texts = json.dumps(audit(admin)) + (catalog.folder / "server.log").read_text()
    assert code not in texts
    assert "from the code" not in texts


def test_guessing_codes_is_limited(admin, anonymous, person):
    use = {"username": person["username"], "new": "from the code", "code": "guess"}
    answers = [anonymous.post(f"{BASE}/password/code", json=use).status_code for _ in range(4)]
    assert answers == [403, 403, 403, 429]


def test_a_new_account_without_password_waits_for_its_code(catalog, admin, anonymous):
    made = admin.post(ACCOUNTS, json={"username": "新.人", "email": "n@x.org"}).json()
    assert made["groups"] == []
    body = {"username": "新.人", "code": made["code"], "new": "my own words"}
    assert anonymous.post(f"{BASE}/password/code", json=body).status_code == 201
    assert login(catalog, "新.人", "my own words").status_code == 201
    assert admin.post(ACCOUNTS, json={"username": "新.人"}).status_code == 409
    assert admin.delete(f"{ACCOUNTS}/{made['id']}").status_code == 200
    assert admin.delete(f"{ACCOUNTS}/{made['id']}").status_code == 404
    assert login(catalog, "新.人", "my own words").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {}, {"username": "a b"}, {"username": ""}, {"username": "a/b"}, {"username": 1}, {"username": "x" * 129},
        {"username": "ok", "password": "short"}, {"username": "ok", "password": 12345678},
        {"username": "ok", "groups": "GET"}, {"username": "ok", "groups": ["a,b"]},
        {"username": "ok", "groups": [" a"]},
        {"username": "ok", "groups": [None]}, {"username": "ok", "groups": ["a\nb"]},
        {"username": "ok", "email": "a b"},
        {"username": "ok", "admin": True}, [],
    ],
)  # fmt: skip
def test_bad_accounts_are_refused(admin, body):
    assert admin.post(ACCOUNTS, json=body).status_code == 400
    assert "ok" not in {a["username"] for a in admin.get(ACCOUNTS).json()}


def test_an_administrator_can_not_lock_the_door_behind(admin):
    me = next(a for a in admin.get(ACCOUNTS).json() if a["username"] == "admin")["id"]
    for body in ({"disabled": True}, {"removeGroups": ["admin"]}):
        assert admin.patch(f"{ACCOUNTS}/{me}", json=body).status_code == 400
    assert admin.delete(f"{ACCOUNTS}/{me}").status_code == 400
    assert admin.get(ACCOUNTS).status_code == 200
    assert admin.patch(f"{ACCOUNTS}/nobody", json={"disabled": True}).status_code == 404


def test_a_service_token_has_a_scope_and_can_be_revoked(catalog, admin, person):
    wanted = {"username": person["username"], "name": "metrics", "scope": "read", "expiresIn": "7d"}
    reading = admin.post(f"{BASE}/tokens", json=wanted).json()
    writing = admin.post(f"{BASE}/tokens", json={**wanted, "scope": "all", "name": "scan"}).json()
    listed = admin.get(f"{BASE}/tokens")
    assert {t["name"] for t in listed.json()} >= {"metrics", "scan"}
    assert reading["token"] not in listed.text
    with bearer(catalog, reading["token"]) as service:
        assert service.get("/api/v3/auth/whoami").json()["username"] == person["username"]
        for answer in (
            service.post("/api/v3/datasets", json=raw()),
            service.post("/api/v3/users/jwt"),
            service.post("/api/v3/auth/renew"),
            service.post(f"{BASE}/password", json={"old": person["password"], "new": "another password"}),
        ):
            assert answer.status_code == 403, answer.text
        assert admin.delete(f"{BASE}/tokens/{reading['id']}").status_code == 200
        assert service.get("/api/v3/auth/whoami").status_code == 401
    with bearer(catalog, writing["token"]) as service:
        assert service.post("/api/v3/datasets", json=raw()).status_code == 201
        assert service.post("/api/v3/auth/renew").status_code == 403  # it would outlive a revocation
        admin.post(f"{ACCOUNTS}/{person['id']}/password", json={"password": "set by an admin"})
        assert service.get("/api/v3/auth/whoami").status_code == 401
    assert writing["id"] not in {t["id"] for t in admin.get(f"{BASE}/tokens").json()}
    for bad in ({"scope": "root"}, {"name": ""}, {"expiresIn": "soon"}, {"expiresIn": 0}, {"expiresIn": "200y"}):
        assert admin.post(f"{BASE}/tokens", json={**wanted, **bad}).status_code == 400, bad
    assert admin.post(f"{BASE}/tokens", json={**wanted, "username": "nobody"}).status_code == 404
    assert admin.delete(f"{BASE}/tokens/nothing").status_code == 404


def test_changes_of_rights_are_in_the_audit_file(catalog, admin, zhang, person):
    pid = zhang.create()["pid"]
    zhang.patch(zhang.ds(pid, version=4), json={"accessGroups": ["AMO"], "keywords": ["x"]})
    zhang.patch(zhang.ds(pid, version=4), json={"keywords": ["y"]})
    headers = {"X-Request-Id": "my-request.1"}
    admin.patch(f"{ACCOUNTS}/{person['id']}", json={"addGroups": ["AUDITED"]}, headers=headers)
    entries = audit(admin)
    of_dataset = [e for e in entries if e["subject"] == pid]
    assert [(e["action"], e["user"], e.get("accessGroups")) for e in of_dataset] == [
        ("dataset.create", "zhangxf", None),
        ("dataset.access", "zhangxf", [[], ["AMO"]]),
    ]
    last = next(e for e in reversed(entries) if e["subject"] == person["username"])
    assert (last["action"], last["user"], last["request"], last["added"]) == (
        "user.change", "admin", "my-request.1", ["AUDITED"],
    )  # fmt: skip
    file = catalog.folder / "audit.jsonl"
    assert file.stat().st_mode & 0o777 == 0o600
    file.open("ab").write(b'{"torn')
    assert len(audit(admin)) == len(entries)
    file.open("ab").write(b"\n")
    assert person["password"] not in file.read_text()


def test_what_is_made_and_deleted_is_in_the_audit_file(admin, zhang):
    pid = zhang.create(scientificMetadata={"password": "s3cret-in-metadata"})["pid"]
    block = {"size": 1, "dataFileList": [{"path": "a.h5", "size": 1, "time": "2026-01-01T00:00:00Z"}]}
    made = [
        ("origdatablock", zhang.ds(pid, "/origdatablocks"), block),
        ("attachment", zhang.ds(pid, "/attachments"), {"thumbnail": "data:,", "caption": "c", "ownerGroup": "GET"}),
        ("sample", "/api/v3/samples", {"sampleId": "audited", "sampleName": "s", "owner": "o", "ownerGroup": "GET"}),
        ("proposal", "/api/v3/proposals", {"proposalId": "audited", "email": "a@x.org", "ownerGroup": "GET"}),
        ("instrument", "/api/v3/instruments", {"name": "audited", "uniqueName": "audited", "pid": "audited"}),
    ]
    ids = {"dataset": pid}
    for kind, path, body in made:
        answer = admin.post(path, json=body)
        assert answer.status_code == 201, answer.text
        doc = answer.json()
        ids[kind] = next(doc[name] for name in ("aid", "sampleId", "proposalId", "id", "pid") if name in doc)
    assert admin.delete("/api/v3/samples/audited").status_code == 200
    assert admin.delete(admin.ds(pid, "/origdatablocks/" + ids["origdatablock"])).status_code == 200
    assert zhang.delete(zhang.ds(pid)).status_code == 200
    entries = [(e["action"], e["user"], e["subject"]) for e in audit(admin)]
    for kind, id in ids.items():
        assert (f"{kind}.create", "zhangxf" if kind == "dataset" else "admin", id) in entries
    assert {("dataset.delete", "zhangxf", pid), ("sample.delete", "admin", "audited")} <= set(entries)
    assert ("origdatablock.delete", "admin", ids["origdatablock"]) in entries
    last = next(e for e in reversed(audit(admin)) if e["action"] == "dataset.delete")
    assert {"time", "address", "request", "ownerGroup", "createdBy"} <= set(last)
    assert "s3cret-in-metadata" not in json.dumps(audit(admin))


def test_what_administrators_changed_outlives_a_restart_until_the_file_changes(tmp_path):
    catalog = CatalogProcess(tmp_path, accounts={"a": ("GET",), "b": ("GET",), "c": ("GET",), "admin": ("admin",)})
    file = tmp_path / "test-accounts.json"
    try:
        catalog.start()
        with Person(catalog, "admin") as admin:
            ids = {x["username"]: x["id"] for x in admin.get(ACCOUNTS).json()}
            admin.post(f"{ACCOUNTS}/{ids['a']}/password", json={"password": "changed by admin"})
            admin.patch(f"{ACCOUNTS}/{ids['a']}", json={"addGroups": ["AMO"]})
            admin.patch(f"{ACCOUNTS}/{ids['b']}", json={"disabled": True})
            admin.delete(f"{ACCOUNTS}/{ids['c']}")
        catalog.stop()
        catalog.start()
        signed = login(catalog, "a", "changed by admin")
        assert signed.status_code == 201
        assert login(catalog, "a", catalog.password("a")).status_code == 401
        assert login(catalog, "b", catalog.password("b")).status_code == 401
        assert login(catalog, "c", catalog.password("c")).status_code == 401
        catalog.stop()
        entries = json.loads(file.read_text())
        entries[0] |= {"password": "new in the file"}
        file.write_text(json.dumps(entries))
        catalog.start()
        assert login(catalog, "a", "new in the file").status_code == 201
        with bearer(catalog, signed.json()["id"]) as old, Person(catalog, "admin") as admin:
            assert old.get("/api/v3/users/my/self").status_code == 401
            a = next(x for x in admin.get(ACCOUNTS).json() if x["username"] == "a")
            assert a["groups"] == ["GET", "AMO"]  # the file says of groups what it said before
    finally:
        catalog.stop()
