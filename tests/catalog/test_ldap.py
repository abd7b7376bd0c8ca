"""Signing in against an LDAP directory (a small server of ours stands for it)."""

import httpx
import pytest
from catalog.ldap_server import LdapStandIn

from jupyter_shinecat.catalog.accounts.ldap import Directory, LdapServer
from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.testing.catalog import CatalogProcess

SERVICE = "cn=service,dc=x"
ENTRIES = {
    "uid=li,ou=people,dc=x": {
        "uid": ["li"], "displayname": ["li.na"], "mail": ["li@x.org"], "samaccountname": ["4711"],
        "memberof": ["CN=GET,OU=groups,DC=x", "cn=a\\, b,dc=x", "SHINE"],
    },
    "uid=twin1,dc=x": {"uid": ["twin"], "displayname": ["t1"]},
    "uid=twin2,dc=x": {"uid": ["twin"], "displayname": ["t2"]},
    "uid=taken,dc=x": {"uid": ["taken"], "displayname": ["zhangxf"], "samaccountname": ["7"]},
    "uid=nameless,dc=x": {"uid": ["nameless"]},
}  # fmt: skip
PASSWORDS = {SERVICE: "service-secret"} | dict.fromkeys(ENTRIES, "right")


@pytest.fixture(scope="module")
def directory():
    with LdapStandIn(ENTRIES, PASSWORDS) as server:
        yield server


def variables(directory, **changes):
    return {
        "LDAP_URL": directory.url, "LDAP_BIND_DN": SERVICE, "LDAP_BIND_CREDENTIALS": "service-secret",
        "LDAP_SEARCH_BASE": "dc=x", "LDAP_SEARCH_FILTER": "(uid={{username}})",
        "ACCESS_GROUPS_OIDCPAYLOAD_ENABLED": "true", "OIDC_ACCESS_GROUPS_PROPERTY": "memberOf", **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def catalog(directory, tmp_path_factory):
    settings = variables(directory, ACCESS_GROUPS_STATIC_VALUES="staff, visitors")
    process = CatalogProcess(tmp_path_factory.mktemp("ldap"), settings=settings).start()
    yield process
    process.stop()


def sign_in(catalog, username, password, path="/api/v3/auth/ldap"):
    return httpx.post(f"{catalog.url}{path}", json={"username": username, "password": password}, timeout=60)


@pytest.mark.parametrize("path", ["/api/v3/auth/ldap", "/api/v3/auth/msad", "/auth/msad"])
def test_a_password_of_the_directory_signs_in(catalog, path):
    answer = sign_in(catalog, "li", "right", path)
    assert answer.status_code == 201, answer.text
    user = answer.json()["user"]
    assert (user["username"], user["email"], user["authStrategy"]) == ("li.na", "li@x.org", "ldap")
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    who = httpx.get(f"{catalog.url}/api/v3/auth/whoami", headers=headers).json()
    assert who["currentGroups"] == ["GET", "a, b", "SHINE", "staff", "visitors"]


def test_a_changed_entry_holds_from_the_next_sign_in_and_keeps_the_account(catalog, directory):
    first = sign_in(catalog, "li", "right").json()
    before = directory.entries["uid=li,ou=people,dc=x"]
    directory.entries["uid=li,ou=people,dc=x"] = {**before, "memberof": ["AMO"], "mail": ["new@x.org"]}
    try:
        second = sign_in(catalog, "li", "right").json()
    finally:
        directory.entries["uid=li,ou=people,dc=x"] = before
    assert second["userId"] == first["userId"]
    assert second["user"]["email"] == "new@x.org"
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    identity = httpx.get(f"{catalog.url}/api/v3/users/my/identity", headers=headers).json()
    assert identity["profile"]["accessGroups"] == ["AMO", "staff", "visitors"]


@pytest.mark.parametrize(
    ("username", "password"),
    [("li", "wrong"), ("nobody", "right"), ("twin", "right"), ("taken", "right"), ("nameless", "right"), ("li", ""),
     ("*", "right"), ("li)(uid=*", "right"), ("li\0", "right")],
)  # fmt: skip
def test_other_passwords_sign_nobody_in(catalog, username, password):
    assert sign_in(catalog, username, password).status_code == 401


def test_a_name_never_becomes_a_filter(catalog, directory):
    sign_in(catalog, "li)(uid=*", "right")
    assert directory.searches[-1] == ("uid", "li)(uid=*")


def test_groups_for_everybody_are_of_local_accounts_too(catalog):
    token = catalog.token("zhangxf")
    who = httpx.get(f"{catalog.url}/api/v3/auth/whoami", headers={"Authorization": f"Bearer {token}"}).json()
    assert who["currentGroups"] == ["GET", "SHINE", "staff", "visitors"]


def test_no_password_is_in_the_log(catalog):
    log = (catalog.folder / "server.log").read_text(encoding="utf-8")
    assert "service-secret" not in log
    assert "right" not in log


def test_a_directory_that_is_away_or_refuses_us_is_said(directory, caplog):
    for changes in ({"LDAP_URL": "ldap://127.0.0.1:9"}, {"LDAP_BIND_CREDENTIALS": "old-secret"}):
        server = LdapServer.from_environment(variables(directory, **changes))
        with pytest.raises(Refused) as refused:
            Directory(server).person("li", "right")
        assert refused.value.status == 503
        assert "secret" not in repr(server) + caplog.text


def test_without_a_directory_the_routes_say_so(tmp_path):
    with pytest.raises(Refused) as refused:
        Directory(None).person("li", "right")
    assert refused.value.status == 501
    assert "LDAP_URL" in str(refused.value)


def test_settings_of_the_example_file_are_no_directory_and_wrong_ones_stop_the_start(directory):
    assert LdapServer.from_environment({}) is None
    example = {"LDAP_URL": "ldaps://ldap.server.com:636/", "LDAP_BIND_DN": "<USERNAME>@server.com"}
    assert LdapServer.from_environment(example) is None
    for changes in ({"LDAP_SEARCH_FILTER": "(uid=li)"}, {"LDAP_SEARCH_BASE": ""}):
        with pytest.raises(CatalogError, match="LDAP_SEARCH_BASE"):
            LdapServer.from_environment(variables(directory, **changes))


def test_identifiers_that_are_no_text_stay_apart():
    server = LdapServer("ldap://127.0.0.1", "", "", "dc=x", "(uid={{username}})", "objectGUID")
    guids = (b"\x80" + b"a" * 15, b"\x81" + b"a" * 15)
    entries = [{"dn": "cn=a", "raw_attributes": {"objectGUID": [guid], "displayName": [b"a"]}} for guid in guids]
    assert len({Directory(server)._described(entry).key for entry in entries}) == 2
