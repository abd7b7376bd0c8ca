"""Signing in: answers, tokens, groups, limits."""

import json
import os
import time

import httpx
import jwt
import pytest
from catalog.people import Person, raw

from jupyter_shinecat.catalog.accounts.file import read_accounts
from jupyter_shinecat.catalog.accounts.throttle import Throttle
from jupyter_shinecat.catalog.accounts.tokens import TokenMint
from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.catalog.settings import Settings, parse_lifetime, read_env_file


def login(catalog, username, password, path="/api/v3/auth/login"):
    return httpx.post(catalog.url + path, json={"username": username, "password": password})


@pytest.mark.parametrize("path", ["/api/v3/auth/msad", "/api/v3/auth/ldap", "/auth/msad"])
def test_without_a_directory_its_routes_say_where_to_sign_in(catalog, path):
    answer = login(catalog, "zhangxf", catalog.password("zhangxf"), path)
    assert answer.status_code == 501
    assert "auth/login" in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api/v3/auth/login", "/api/v3/Auth/Login/"])
def test_login_answers_201_with_all_seven_keys(catalog, path):
    answer = login(catalog, "zhangxf", catalog.password("zhangxf"), path)
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"access_token", "id", "expires_in", "ttl", "created", "userId", "user"}
    assert body["access_token"] == body["id"]
    assert body["user"]["username"] == "zhangxf"
    assert body["user"]["authStrategy"] == "local"
    claims = jwt.decode(body["id"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == body["expires_in"] == body["ttl"] == 3600
    assert claims["_id"] == body["userId"]
    assert "groups" not in claims


def test_wrong_or_missing_credentials_are_401(catalog):
    for username, password in [("wangxch", "wrong"), ("nobody", "x"), ("wangxch", ""), ("wangxch", None), (1, 2)]:
        answer = login(catalog, username, password)
        assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized", "statusCode": 401})
    assert login(catalog, "wangxch", catalog.password("wangxch")).status_code == 201


def test_too_many_failures_are_429_for_that_account_only(catalog, people):
    for _ in range(3):
        assert login(catalog, "stranger", "wrong").status_code == 401
    refused = login(catalog, "stranger", catalog.password("stranger"))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert login(catalog, "zhangxf", catalog.password("zhangxf")).status_code == 201


def test_throttle_forgets_after_its_window_and_after_success():
    now = [0.0]
    throttle = Throttle(2, 60, clock=lambda: now[0])
    throttle.failed("a", "1.2.3.4")
    throttle.failed("a", "1.2.3.4")
    with pytest.raises(Refused) as refused:
        throttle.check("a", "1.2.3.4")
    assert refused.value.status == 429
    throttle.check("a", "5.6.7.8")
    throttle.check("b", "1.2.3.4")
    now[0] = 61
    throttle.check("a", "1.2.3.4")
    throttle.failed("a", "1.2.3.4")
    throttle.succeeded("a", "1.2.3.4")
    throttle.failed("a", "1.2.3.4")
    throttle.check("a", "1.2.3.4")


def test_who_am_i(zhang, anonymous):
    who = zhang.get("/api/v3/auth/whoami").json()
    assert (who["username"], who["currentGroups"], who["authStrategy"]) == ("zhangxf", ["GET", "SHINE"], "local")
    me = zhang.get("/api/v3/users/my/self").json()
    assert me["id"] == me["_id"] == who["_id"]
    identity = zhang.get("/api/v3/users/my/identity").json()
    assert identity["userId"] == who["_id"]
    assert identity["profile"]["accessGroups"] == ["GET", "SHINE"]
    assert {"authStrategy", "created", "credentials", "externalId", "modified", "provider"} <= set(identity)
    for path in ("auth/whoami", "users/my/self", "users/my/identity", "users/my/settings"):
        answer = anonymous.get(f"/api/v3/{path}")
        assert answer.status_code == 401
        assert answer.json() == {"message": "Unauthenticated", "error": "Unauthorized", "statusCode": 401}


def test_users_are_listed_for_administrators_only(zhang, admin, anonymous):
    assert {"zhangxf", "wangxch", "admin"} <= {user["username"] for user in admin.get("/api/v3/users").json()}
    assert [user["username"] for user in zhang.get("/api/v3/users").json()] == ["zhangxf"]
    assert anonymous.get("/api/v3/users").json() == []
    other = next(user for user in admin.get("/api/v3/users").json() if user["username"] == "wangxch")
    forbidden = zhang.get(f"/api/v3/users/{other['id']}")
    assert (forbidden.status_code, forbidden.json()["message"]) == (403, "Access Forbidden or Unauthorized")
    where = {"where": {"profile.email": "wangxch@example.org"}}
    found = admin.get("/api/v3/useridentities/findOne", params={"filter": json.dumps(where)}).json()
    assert found["userId"] == other["id"]
    assert not zhang.get("/api/v3/useridentities/findOne", params={"filter": json.dumps(where)}).content
    for answer in (admin.get("/api/v3/users"), zhang.get("/api/v3/users/my/self")):
        assert "argon2" not in answer.text
        assert "password" not in answer.text


def test_an_administrator_mints_tokens_and_nobody_else(catalog, zhang, admin):
    me = zhang.get("/api/v3/users/my/self").json()["id"]
    minted = admin.post(f"/api/v3/users/{me}/jwt", json={"expiresIn": "10m"})
    assert minted.status_code == 201
    claims = jwt.decode(minted.json()["jwt"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 600
    as_zhang = httpx.get(
        f"{catalog.url}/api/v3/auth/whoami", headers={"Authorization": f"Bearer {minted.json()['jwt']}"}
    )
    assert as_zhang.json()["currentGroups"] == ["GET", "SHINE"]
    assert zhang.post(f"/api/v3/users/{me}/jwt", json={}).status_code == 403
    assert admin.post(f"/api/v3/users/{me}/jwt", json={"expiresIn": "soon"}).status_code == 400
    assert admin.post("/api/v3/users/nobody/jwt", json={}).status_code == 404


def test_a_service_token_is_no_login(catalog, zhang):
    token = zhang.post("/api/v3/users/jwt").json()["jwt"]
    answer = httpx.get(f"{catalog.url}/api/v3/users/my/self", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert httpx.get(f"{catalog.url}/api/v4/datasets", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_may_create(zhang, people):
    me = zhang.get("/api/v3/users/my/self").json()["id"]
    assert zhang.get(f"/api/v3/users/{me}/authorization/dataset/create").json() == {"authorization": True}


def test_settings_are_kept(zhang):
    settings = zhang.get("/api/v3/users/my/settings").json()
    me = settings["userId"]
    zhang.patch(f"/api/v3/users/{me}/settings/external", json={"fe_dataset_table_columns": [{"name": "pid"}]})
    again = zhang.get("/api/v3/users/my/settings").json()
    assert again["externalSettings"]["fe_dataset_table_columns"] == [{"name": "pid"}]
    assert again["_id"] == settings["_id"]


def test_tokens_come_in_a_header_or_in_the_query(catalog):
    token = catalog.token("zhangxf")
    url = f"{catalog.url}/api/v3/users/my/self"
    assert httpx.get(url, params={"access_token": token}).status_code == 200
    assert httpx.get(url, params={"access_token": f"Bearer {token}"}).status_code == 200
    assert httpx.get(url, headers={"Authorization": f"bearer {token}"}).status_code == 200
    assert httpx.get(url, headers={"Authorization": f"Basic {token}"}).status_code == 401


def secret(catalog):
    return (catalog.folder / "jwt-secret").read_text().strip()


def test_forged_and_expired_tokens(catalog):
    me = jwt.decode(catalog.token("admin"), options={"verify_signature": False})
    forged = {
        "other secret": jwt.encode(me, "x" * 40, algorithm="HS256"),
        "no algorithm": jwt.encode(me, None, algorithm="none"),
        "no expiry": jwt.encode({k: v for k, v in me.items() if k != "exp"}, secret(catalog), algorithm="HS256"),
        "other algorithm": jwt.encode(me, secret(catalog), algorithm="HS512"),
        "unknown user": jwt.encode({**me, "_id": "f" * 24}, secret(catalog), algorithm="HS256"),
        "garbage": "garbage",
    }
    for name, token in forged.items():
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{catalog.url}/api/v3/users/my/self", headers=headers).status_code == 401, name
        assert httpx.get(f"{catalog.url}/api/v3/datasets", headers=headers).status_code == 200, name
    expired = jwt.encode({**me, "exp": int(time.time()) - 5}, secret(catalog), algorithm="HS256")
    for path in ("users/my/self", "datasets"):
        answer = httpx.get(f"{catalog.url}/api/v3/{path}", headers={"Authorization": f"Bearer {expired}"})
        assert (answer.status_code, answer.json()["message"]) == (401, "SESSION_EXPIRED")


def test_renewal(catalog, zhang, anonymous):
    answer = zhang.post("/api/v3/auth/renew")
    assert answer.status_code == 201
    fresh = httpx.get(
        f"{catalog.url}/api/v3/auth/whoami", headers={"Authorization": f"Bearer {answer.json()['access_token']}"}
    )
    assert fresh.json()["username"] == "zhangxf"
    assert anonymous.post("/api/v3/auth/renew").status_code == 401
    claims = jwt.decode(catalog.token("zhangxf"), options={"verify_signature": False})
    old = jwt.encode({**claims, "auth_time": int(time.time()) - 31 * 86400}, secret(catalog), algorithm="HS256")
    refused = httpx.post(f"{catalog.url}/api/v3/auth/renew", headers={"Authorization": f"Bearer {old}"})
    assert (refused.status_code, "Sign in again" in refused.json()["message"]) == (401, True)


def test_groups_and_passwords_follow_the_accounts_file_and_those_who_left_are_out(tmp_path):
    from jupyter_shinecat.testing.catalog import CatalogProcess

    catalog = CatalogProcess(tmp_path, accounts={"a": ("GET",), "b": ("GET",)}).start()
    try:
        old = Person(catalog, "a")
        gone = Person(catalog, "b")
        pid = old.create()["pid"]
        catalog.stop()
        file = tmp_path / "test-accounts.json"
        file.write_text(
            json.dumps([{"username": "a", "email": "a@x.org", "password": catalog.password("a"), "groups": ["AMO"]}])
        )
        catalog.start()
        # The old token still holds, with the groups of now.
        assert old.get(old.ds(pid)).status_code == 403
        assert gone.get("/api/v3/users/my/self").status_code == 401
        assert login(catalog, "b", catalog.password("b")).status_code == 401
    finally:
        catalog.stop()


def test_the_secret_and_the_first_administrator(tmp_path):
    from jupyter_shinecat.catalog.catalog import Catalog

    catalog = Catalog(tmp_path, Settings())
    try:
        assert catalog.made_accounts == tmp_path / "accounts.json"
        for name in ("accounts.json", "jwt-secret", "catalog.sqlite"):
            assert os.stat(tmp_path / name).st_mode & 0o777 == 0o600, name
        assert os.stat(tmp_path).st_mode & 0o777 in (0o700, 0o755)
        account = json.loads((tmp_path / "accounts.json").read_text())[0]
        assert account["account"] == "admin"
        body = {"username": "admin", "password": account["password"]}
        assert catalog.people.sign_in(body, "127.0.0.1")["user"]["username"] == "admin"
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("catalog.sqlite*"))
        assert account["password"].encode() not in stored
        assert "secret" not in repr(TokenMint("secret"))
    finally:
        catalog.close()


def test_forms_of_the_accounts_file(tmp_path):
    path = tmp_path / "accounts.json"
    path.write_text(
        json.dumps(
            [
                {"account": "a", "email": "a@x", "password": "1", "role": "g1", "global": True},
                {"username": "b", "password": "2", "role": ["g1", "g2"], "global": False},
                {"username": "c", "password": "3", "groups": ["g3"]},
            ]
        )
    )
    a, b, c = read_accounts(path)
    assert (a.username, a.groups) == ("a", ("g1", "globalaccess"))
    assert (b.groups, c.groups) == (("g1", "g2"), ("g3",))
    for bad in ("{", "{}", '[{"account": "x"}]', "[1]"):
        path.write_text(bad)
        with pytest.raises(CatalogError, match="accounts"):
            read_accounts(path)


def test_settings_come_under_scicats_names(tmp_path):
    file = tmp_path / "env"
    file.write_text('# comment\nexport ADMIN_GROUPS="admin, ops"\nPID_PREFIX=20.500/\nJWT_EXPIRES_IN=12h\n\n')
    settings = Settings.from_environment(read_env_file(file))
    assert settings.admin_groups == {"admin", "ops"}
    assert settings.pid_prefix == "20.500"
    assert settings.jwt_expires_in_s == 12 * 3600
    assert settings.create_groups == {"#all"}
    assert "JWT" not in repr(Settings.from_environment({"JWT_SECRET": "JWTxyz"}))
    for name, value in [("JWT_EXPIRES_IN", "soon"), ("SHINECAT_MAX_BODY_MB", "-1")]:
        with pytest.raises(CatalogError):
            Settings.from_environment({name: value})
    with pytest.raises(CatalogError, match="profile"):
        Settings.from_environment({}, "scicat-3")
    assert parse_lifetime(60) == 60


def test_create_groups_are_honoured(tmp_path):
    from jupyter_shinecat.testing.catalog import running_catalog

    settings = {
        "CREATE_DATASET_GROUPS": "makers",
        "CREATE_DATASET_WITH_PID_GROUPS": "namers",
        "CREATE_DATASET_PRIVILEGED_GROUPS": "ingestor",
        "DATASET_CREATION_VALIDATION_ENABLED": "true",
        "DATASET_CREATION_VALIDATION_REGEX": "^good/.*$",
        "PID_PREFIX": "good",
    }
    accounts = {"maker": ("makers",), "namer": ("namers",), "ingestor": ("ingestor",), "other": ("others",)}
    with running_catalog(tmp_path, accounts=accounts, settings=settings, profile="scicat-5") as catalog:
        people = {name: Person(catalog, name) for name in accounts}

        def status(name, **changes):
            return people[name].post("/api/v3/datasets", json=raw(**changes)).status_code

        assert status("maker", ownerGroup="makers") == 201
        assert status("maker", ownerGroup="makers", pid="good/1") == 403
        assert status("namer", ownerGroup="namers", pid="good/1") == 201
        assert status("namer", ownerGroup="namers", pid="bad/1") == 400
        assert status("namer", ownerGroup="makers", pid="good/2") == 403
        assert status("ingestor", ownerGroup="anything", pid="good/3") == 201
        assert status("other", ownerGroup="others") == 403
