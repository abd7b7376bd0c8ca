"""The proxy's list: what passes goes on character by character, everything else stops here."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_shinecat.scicat import operations, quote_pid
from jupyter_shinecat.scicat.query import Query
from jupyter_shinecat.server.allowed import RouteRefused, admit

PID = "20.500.1/ä b%2F+#?"
RAW = "20.500.1%2F%C3%A4%20b%252F%2B%23%3F"


def refused(method: str, target: str) -> int:
    with pytest.raises(RouteRefused) as caught:
        admit(method, target)
    return caught.value.status


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "datasets/{}"),
        ("PATCH", "datasets/{}"),
        ("GET", "datasets/{}/origdatablocks"),
        ("POST", "datasets/{}/origdatablocks"),
        ("PATCH", "datasets/{}/origdatablocks/42"),
        ("GET", "datasets/{}/attachments"),
        ("POST", "datasets/{}/attachments"),
        ("GET", "datasets/{}/datasetlifecycle"),
        ("GET", "datasets/{}/thumbnail"),
        ("GET", "publisheddata/{}"),
    ],
)
@pytest.mark.parametrize("version", ["v3", "v4"])
def test_a_pid_goes_on_as_it_came_and_is_mended_where_a_proxy_broke_it(method, rest, version):
    whole = f"api/{version}/{rest.format(RAW)}"
    broken = f"api/{version}/{rest.format(RAW.replace('%2F', '/', 1))}"
    assert admit(method, whole) == whole
    assert admit(method, broken) == whole


def test_what_the_clients_send_passes():
    for operation in (
        operations.whoami(),
        operations.health(),
        operations.get_dataset(PID),
        operations.search(Query(text="溶菌酶 +a/b&c", type="raw")),
        operations.facets(Query(), ["type", "ownerGroup"]),
        operations.find({"inputDatasets": PID}),
        operations.create_dataset({"datasetName": "x"}),
        operations.patch_dataset(PID, {}),
        operations.delete_dataset(PID),
        operations.origdatablocks(PID),
        operations.create_origdatablock(PID, {}),
        operations.patch_origdatablock("abc", {}),
        operations.attachments(PID),
        operations.create_attachment(PID, caption="c", thumbnail="data:,", owner_group="g"),
    ):
        assert admit(operation.method, operation.path) == operation.path.lstrip("/"), operation.words


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "api/v3/auth/login"),
        ("POST", "api/v3/Auth/Login"),
        ("POST", "api/v3/auth/ldap"),
        ("POST", "auth/msad"),
        ("POST", "api/v3/auth/renew"),
        ("POST", "api/v3/auth/logout"),
        ("GET", "api/v3/auth/oidc"),
        ("GET", "api/v3/auth/oidc/callback?code=1"),
        ("POST", "api/v3/auth/oidc/token"),
        ("POST", "api/v3/users/jwt"),
        ("POST", "api/v3/users/u1/jwt"),
        ("POST", "api/v3/USERS/u1/JWT"),
        ("POST", "api/v3/users/login"),
        ("GET", "api/v3/users"),
        ("GET", "api/v3/users/u1"),
        ("PATCH", "api/v3/users/my/identity"),
        ("GET", "api/v3/useridentities/findOne"),
        ("GET", "api/v3/events/ticket"),
        ("GET", "api/v3/events/stream"),
        ("GET", "api/v3/admin/config"),
        ("GET", "api/v3/%75sers/my/identity"),
        ("GET", "explorer"),
        ("GET", ""),
        ("GET", "api/v5/datasets"),
        ("TRACE", "api/v3/datasets"),
    ],
)
def test_token_giving_and_unknown_routes_stop_here(method, target):
    assert refused(method, target) in (403, 405)


@pytest.mark.parametrize(
    "target",
    [
        "api/v3/datasets/../users/u1/jwt",
        "api/v3/datasets/%2e%2e/users/my/identity",
        "api/v3/datasets/x%2F..%2F..%2Fusers",
        "api/v3/datasets/x%252F..%252F..%252Fusers",
        "api/v3/datasets/..%5C..%5Cusers",
        "api/v3/datasets/a%0d%0aX-Evil:1",
        "api/v3/datasets/a%00",
        "api/v3//datasets",
        "api/v3/datasets/a#b",
        "api/v3/datasets/a b",
        "api/v3/datasets/ä",
        "api/v3/datasets?filter=ä",
        "api/v3/datasets?x#y",
        "api/v3/datasets/" + "%25" * 1 + "25" * 20 + "2e",
    ],
)
def test_paths_with_tricks_are_refused(target):
    assert refused("GET", target) in (400, 403)


def test_a_wrong_method_says_so():
    assert refused("DELETE", "api/v3/datasets") == 405
    assert refused("POST", f"api/v3/datasets/{RAW}") == 405


def test_a_huge_address_is_refused():
    assert refused("GET", "api/v3/datasets?filter=" + "x" * 40_000) == 414


def test_tokens_are_taken_out_of_the_query_and_the_rest_stays_as_it_came():
    query = "filter=%7B%22a%22%3A%20%22b+c%22%7D&access_token=eyJ&token=abc&_xsrf=2|1&%61ccess_token=eyJ&limit=3"
    assert admit("GET", f"api/v3/Datasets?{query}") == "api/v3/Datasets?filter=%7B%22a%22%3A%20%22b+c%22%7D&limit=3"
    assert admit("GET", "api/v3/datasets?access_token=eyJ") == "api/v3/datasets"


@given(st.text(min_size=1, max_size=40))
def test_any_pid_is_one_segment_or_refused(pid):
    target = f"api/v3/datasets/{quote_pid(pid)}/origdatablocks"
    tricky = any(step in (".", "..") for step in re.split(r"[/\\]", pid)) or re.search(r"[\x00-\x1f\x7f%]", pid)
    try:
        passed = admit("GET", target)
    except RouteRefused:
        passed = None
    assert passed == target or (passed is None and tricky)
