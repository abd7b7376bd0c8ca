"""What a facility's configuration makes of jobs, publications, types, identity providers and example files."""

import base64
import hashlib
import itertools
import json
import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import jwt
import pytest
from catalog.people import Person, derived, raw
from catalog.stand_ins import other_services, token
from cryptography.hazmat.primitives.asymmetric import rsa

from jupyter_shinecat.catalog.accounts import examples, passwords
from jupyter_shinecat.catalog.accounts.accounts import Account
from jupyter_shinecat.catalog.accounts.browser import BrowserSignIn
from jupyter_shinecat.catalog.accounts.oidc import Pace, Provider
from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.catalog.facility import Facility
from jupyter_shinecat.catalog.managers.job_rules import JobRules
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.testing.catalog import CatalogProcess

STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def outside():
    with other_services() as server:
        yield server


@pytest.fixture(scope="module")
def catalog(outside, tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    jobs = f"""
configVersion: v1
jobs:
  - jobType: analyse
    create:
      auth: "#authenticated"
      actions:
        - actionType: log
        - actionType: validate
          request: {{jobParams.bins: {{type: integer, minimum: 1}}}}
        - actionType: url
          method: POST
          url: "{outside.url}/run/{{{{urlencode job.id}}}}?pid={{{{urlencode job.jobParams.datasetList.[0].pid}}}}"
          headers: {{Authorization: "Bearer {{{{env.RUNNER_TOKEN}}}}"}}
          body: '{{"who": {{{{{{jsonify job.ownerUser}}}}}}}}'
    update: {{auth: "#jobOwnerUser"}}
  - jobType: closed
    create: {{auth: "#all", actions: [{{actionType: error, message: "No {{{{job.type}}}} jobs today", status: 423}}]}}
    update: {{auth: "#jobAdmin"}}
  - jobType: mail
    create: {{auth: "#all", actions: [{{actionType: email, to: a@x.org}}]}}
    update: {{auth: "#jobAdmin"}}
"""
    (folder / "jobs.yaml").write_text(jobs)
    schema = {"metadataSchema": {"type": "object", "required": ["creators"]}, "uiSchema": {}}
    (folder / "published.json").write_text(json.dumps(schema))
    (folder / "types.json").write_text(json.dumps({"Simulation": "simulation"}))
    settings = {
        "JOB_CONFIGURATION_FILE": str(folder / "jobs.yaml"), "RUNNER_TOKEN": "runner-secret",
        "PUBLISHED_DATA_CONFIG_FILE": str(folder / "published.json"), "DATASET_TYPES_FILE": str(folder / "types.json"),
        "REGISTER_DOI_URI": f"{outside.url}/dois", "DOI_PREFIX": "10.5555", "DOI_USERNAME": "SITE",
        "DOI_PASSWORD": "doi-secret", "PUBLIC_URL_PREFIX": "https://x.org/doi/", "JOB_DEFAULT_STATUS_CODE": "queued",
        "OIDC_ISSUER": outside.url, "OIDC_CLIENT_ID": "scicat", "OIDC_ADDITIONAL_AUTHORIZED_PARTIES": "hub, lab",
        "OIDC_ACCESS_GROUPS_PROPERTY": "groups", "ACCESS_GROUPS_OIDCPAYLOAD_ENABLED": "true",
        "OIDC_CLIENT_SECRET": "oidc-secret", "OIDC_CALLBACK_URL": "http://catalog.x.org/api/v3/auth/oidc/callback",
        "OIDC_SUCCESS_URL": "http://front.x.org/login", "OIDC_FRONTEND_CLIENTS": "maxiv",
        "OIDC_MAXIV_SUCCESS_URL": "http://maxiv.x.org/in?b=1", "OIDC_MAXIV_RETURN_URL": "/start",
    }  # fmt: skip
    process = CatalogProcess(folder / "data", settings=settings).start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def zhang(catalog):
    with Person(catalog, "zhangxf") as client:
        yield client


# -- jobs --


def test_a_job_is_checked_stored_and_told_to_another_service(zhang, outside):
    pid = zhang.create()["pid"]
    body = {"type": "analyse", "jobParams": {"bins": 10, "datasetList": [{"pid": pid, "files": []}]}}
    outside.arrived.clear()
    made = zhang.post("/api/v4/jobs", json=body).json()
    assert made["statusCode"] == "queued"
    assert outside.arrived.wait(60)
    path, headers, sent = outside.received[-1]
    assert path == f"/run/{made['id']}?pid={pid.replace('/', '%2F')}"
    assert headers["Authorization"] == "Bearer runner-secret"
    assert json.loads(sent) == {"who": "zhangxf"}
    refused = zhang.post("/api/v4/jobs", json={**body, "jobParams": {"bins": 0}})
    assert refused.status_code == 400
    assert "jobParams.bins" in refused.json()["message"]


def test_actions_that_refuse_leave_nothing_behind(zhang, catalog):
    before = len(zhang.get("/api/v4/jobs").json())
    closed = zhang.post("/api/v4/jobs", json={"type": "closed", "jobParams": {}})
    assert (closed.status_code, closed.json()["message"]) == (423, "No closed jobs today")
    mail = zhang.post("/api/v4/jobs", json={"type": "mail", "jobParams": {}})
    assert mail.status_code == 501
    assert "mail server" in mail.json()["message"]
    assert len(zhang.get("/api/v4/jobs").json()) == before
    assert "runner-secret" not in (catalog.folder / "server.log").read_text()


@pytest.mark.parametrize(
    "listed", ["x", [1], [{"pid": 1}], [{"pid": "no/such", "files": []}], [{"pid": None}], [{"files": []}]]
)
def test_odd_lists_of_datasets_are_refused(zhang, listed):
    body = {"type": "analyse", "jobParams": {"bins": 1, "datasetList": listed}}
    assert zhang.post("/api/v4/jobs", json=body).status_code == 400
    old = {"type": "analyse", "jobParams": {"bins": 1}, "datasetList": listed}
    assert zhang.post("/api/v3/jobs", json=old).status_code == 400


def test_files_of_a_job_must_be_files_of_its_dataset(zhang):
    pid = zhang.create()["pid"]
    body = {"type": "analyse", "jobParams": {"bins": 1, "datasetList": [{"pid": pid, "files": ["no.h5"]}]}}
    assert "no.h5" in zhang.post("/api/v4/jobs", json=body).json()["message"]


@pytest.mark.parametrize(
    "wrong",
    [[], {"jobs": {}}, {"jobs": [{}]}, {"jobs": [{"jobType": "a", "create": {"auth": "#nobody"}}]},
     {"jobs": [{"jobType": "a", "create": {"actions": [{"actionType": "explode"}]}}]}],
    ids=str,
)  # fmt: skip
def test_a_wrong_job_configuration_stops_the_start(wrong):
    with pytest.raises(CatalogError, match="job configuration"):
        JobRules(wrong)


# -- publications --


def test_a_doi_is_registered_and_nothing_changes_when_that_fails(zhang, outside):
    pid = zhang.create()["pid"]
    body = {"title": "t", "abstract": "a", "datasetPids": [pid], "metadata": {}}
    made = zhang.post("/api/v4/publisheddata", json=body).json()
    assert made["doi"].startswith("10.5555/")
    url = f"/api/v4/publisheddata/{made['doi'].replace('/', '%2F')}"
    wrong = zhang.post(f"{url}/publish")
    assert wrong.status_code == 400
    assert "creators" in wrong.text
    assert zhang.patch(url, json={"metadata": {"creators": [{"name": "Zhang"}]}}).status_code == 200
    assert zhang.post(f"{url}/publish").status_code == 201
    outside.status = 500
    try:
        failed = zhang.post(f"{url}/register")
    finally:
        outside.status = 201
    assert failed.status_code == 424
    assert zhang.get(url).json()["status"] == "public"
    assert zhang.post(f"{url}/register").json()["status"] == "registered"
    path, headers, sent = outside.received[-1]
    attributes = json.loads(sent)["data"]["attributes"]
    assert path == "/dois"
    assert headers["Authorization"] == httpx.BasicAuth("SITE", "doi-secret")._auth_header
    assert (attributes["event"], attributes["doi"]) == ("publish", made["doi"])
    assert attributes["url"] == f"https://x.org/doi/{made['doi'].replace('/', '%2F')}"


# -- types --


def test_own_types_of_datasets(zhang):
    body = raw(type="simulation")
    assert zhang.post("/api/v3/datasets", json=body).json()["type"] == "simulation"
    body = {k: v for k, v in derived(type="simulation").items() if k in ("ownerGroup", "contactEmail", "sourceFolder",
            "creationTime", "datasetName", "type", "owner")}  # fmt: skip
    assert zhang.post("/api/v4/datasets", json=body).status_code == 201
    assert zhang.post("/api/v4/datasets", json={**body, "type": "other"}).status_code == 400


# -- identity provider --


ADDRESSES = (f"127.0.0.{number}" for number in itertools.count(2))


def exchange(catalog, text):
    """Exchange from an address of its own: each may do so once a second."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=next(ADDRESSES)), timeout=60) as client:
        return client.post(f"{catalog.url}/api/v3/auth/oidc/token", json={"idToken": text})


def test_a_token_of_the_identity_provider_signs_in(catalog, outside):
    answer = exchange(catalog, token(outside))
    assert answer.status_code == 201, answer.text
    first = answer.json()
    assert first["user"]["username"] == "li.na"
    headers = {"Authorization": f"Bearer {first['access_token']}"}
    who = httpx.get(f"{catalog.url}/api/v3/auth/whoami", headers=headers).json()
    assert who["currentGroups"] == ["GET"]
    again = exchange(catalog, token(outside, aud=["scicat", "hub"], azp="hub", groups=["AMO"])).json()
    assert again["userId"] == first["userId"]
    who = httpx.get(f"{catalog.url}/api/v3/auth/whoami", headers=headers).json()
    assert who["currentGroups"] == ["AMO"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"aud": "hub"}, "aud mismatch"),
        ({"aud": ["scicat", "hub"]}, "azp"),
        ({"azp": "evil"}, "azp mismatch"),
        ({"nonce": "n"}, "nonce mismatch"),
        ({"exp": 1}, "expired"),
        ({"iss": "http://evil"}, "issuer"),
        ({"sub": None}, "sub"),
        ({"key": STRANGER}, "Signature"),
        ({"preferred_username": "admin", "sub": "s-2"}, "An account admin exists"),
        ({"preferred_username": "zhangxf", "email": "zhangxf@example.org", "sub": "s-3"}, "An account zhangxf exists"),
    ],
)
def test_other_tokens_sign_nobody_in(catalog, outside, changes, text):
    answer = exchange(catalog, token(outside, **changes))
    assert answer.status_code == 401
    assert text in answer.json()["message"]


def test_tokens_signed_with_what_everybody_has_sign_nobody_in(catalog, outside):
    claims = {"iss": outside.url, "aud": "scicat", "sub": "s", "exp": int(time.time()) + 60}
    for forged in (
        jwt.encode(claims, None, algorithm="none", headers={"kid": "one"}),
        jwt.encode(claims, "scicat" * 8, algorithm="HS256", headers={"kid": "one"}),
        token(outside, kid="two"), "x", "", None, {"a": 1},
    ):  # fmt: skip
        assert exchange(catalog, forged).status_code == 401


def query(answer):
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@pytest.fixture
def browser(catalog):
    with httpx.Client(base_url=f"{catalog.url}/api/v3/auth", timeout=60) as client:
        yield client


@pytest.mark.parametrize(
    ("client", "back", "begins", "returns"),
    [("", "/datasets", "http://front.x.org/login?", "/datasets"), ("maxiv", "", "http://maxiv.x.org/in?b=1&", "/start"),
     ("scicat", "http://evil.x.org", "http://front.x.org/login?", None),
     ("", "//evil.x.org", "http://front.x.org/", None)],
)  # fmt: skip
def test_a_browser_signs_in_at_the_identity_provider_s_page(browser, outside, client, back, begins, returns):
    sent = browser.get("/oidc", params={"client": client, "returnUrl": back})
    assert sent.headers["Location"].startswith(f"{outside.url}/page?a=b&")
    assert "HttpOnly" in sent.headers["Set-Cookie"]
    asked = query(sent)
    assert (asked["response_type"], asked["client_id"]) == ("code", "scicat")
    back_again = browser.get("/oidc/callback", params={"code": token(outside), "state": asked["state"]})
    assert back_again.headers["Location"].startswith(begins)
    found = query(back_again)
    assert found.get("returnUrl") == returns
    headers = {"Authorization": f"Bearer {found['access-token']}"}
    me = browser.get("/whoami", headers=headers).json()
    assert (me["username"], me["_id"], me["authStrategy"]) == ("li.na", found["user-id"], "oidc")
    form = dict(parse_qsl(outside.received[-1][2].decode()))
    assert form["client_secret"] == "oidc-secret"
    challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    again = browser.get("/oidc/callback", params={"code": token(outside), "state": asked["state"]})
    assert again.status_code == 401, "a state is good once"


def test_a_sign_in_that_another_browser_began_is_refused(browser, catalog, outside):
    state = query(browser.get("/oidc"))["state"]
    url = f"{catalog.url}/api/v3/auth/oidc/callback"
    for cookies in ({}, {"shinecat-sign-in": "x"}, {"shinecat-sign-in": "ä"}):
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items()).encode()}
        stolen = httpx.get(url, params={"code": token(outside), "state": state}, headers=headers, timeout=60)
        assert stolen.status_code == 401
    assert browser.get("/oidc", params={"client": "other"}).json()["message"] == "Unauthorized client"
    for changes in ({"aud": "hub"}, {"key": STRANGER}, {"nonce": "n"}):
        asked = query(browser.get("/oidc"))
        params = {"code": token(outside, **changes), "state": asked["state"]}
        assert browser.get("/oidc/callback", params=params).status_code == 401
    assert "oidc-secret" not in (catalog.folder / "server.log").read_text(encoding="utf-8")


def test_a_sign_in_ends_after_ten_minutes(outside):
    now = [0.0]
    facility = Facility(
        oidc_issuer=outside.url, oidc_client_id="scicat", oidc_callback_url="x", oidc_frontends={"scicat": ("x", "")}
    )
    sign_in = BrowserSignIn(facility, Provider(facility), clock=lambda: now[0])
    address, cookie = sign_in.begin("scicat", "")
    back = {"state": parse_qs(urlsplit(address).query)["state"], "code": [""]}
    for seconds, said in ((599.0, "provider refused"), (601.0, "took too long")):
        now[0] = seconds
        with pytest.raises(Refused, match=said) as refused:
            sign_in.finish(back, cookie)
        assert refused.value.status == 401


def test_a_sign_in_belongs_to_the_browser_that_began_it(outside):
    facility = Facility(
        oidc_issuer=outside.url, oidc_client_id="scicat", oidc_callback_url="x", oidc_frontends={"scicat": ("x", "")}
    )
    sign_in = BrowserSignIn(facility, Provider(facility))
    address, _cookie = sign_in.begin("scicat", "")
    _other, others = sign_in.begin("scicat", "")
    back = {"state": parse_qs(urlsplit(address).query)["state"], "code": ["c"]}
    for cookie in (others, "", back["state"][0], "ä"):
        with pytest.raises(Refused, match="not begun in this browser"):
            sign_in.finish(back, cookie)


def test_a_front_end_without_an_address_stops_the_start():
    with pytest.raises(CatalogError, match="OIDC_LAB_SUCCESS_URL"):
        Facility.from_environment({"OIDC_FRONTEND_CLIENTS": "scicat, lab"})


def test_one_exchange_a_second_from_each_address():
    now = [0.0]
    pace = Pace(clock=lambda: now[0])
    pace.check("a")
    pace.check("b")
    with pytest.raises(Refused) as refused:
        pace.check("a")
    assert refused.value.status == 429
    now[0] = 1.0
    pace.check("a")


def test_without_a_provider_the_route_says_so(tmp_path):
    with pytest.raises(Refused) as refused:
        Provider(Facility()).person("x")
    assert refused.value.status == 501


# -- example files --


def account(name, password, disabled=False):
    return Account("1", name, "", passwords.hash_password(password), (), "file", disabled, "", "", "")


def test_published_passwords_are_refused_beyond_this_machine(caplog):
    known = [account("ingestor", "aman"), account("user1", "my own"), account("archiveManager", "aman", disabled=True)]
    assert examples.published_passwords(known) == ["ingestor"]
    assert examples.published_passwords(known, {"ingestor": "aman", "user1": "my own"}) == ["ingestor"]
    examples.check(known, "127.0.0.1")
    assert "ingestor" in caplog.text
    for host in ("0.0.0.0", "::", "catalog.example.org", "192.168.1.1"):  # that is the point
        with pytest.raises(CatalogError, match="ingestor"):
            examples.check(known, host)
    examples.check(known[1:], "0.0.0.0")


def test_example_settings_are_read(tmp_path):
    settings = Settings.from_environment(
        {
            "JWT_SECRET": "<JWT_SECRET>", "HISTORY_ACCESS_POLICIES_GROUPS": "a, b", "TRACKABLES": "Dataset,Nonsense",
            "FRONTEND_CONFIG_FILE": str(tmp_path / "none.json"), "DATASET_TYPES_FILE": str(tmp_path / "none.json"),
            "JOB_CONFIGURATION_FILE": "", "DOI_PASSWORD": "secret-doi", "POLICY_GROUPS": "p",
        }
    )  # fmt: skip
    assert settings.jwt_secret is None
    facility = settings.facility
    assert facility.history_groups["Policy"] == {"a", "b"}
    assert facility.trackables == {"Dataset"}
    assert facility.policy_groups == {"p"}
    assert "secret-doi" not in repr(settings) + repr(facility)
    broken = tmp_path / "jobs.yaml"
    broken.write_text("jobs: [")
    with pytest.raises(CatalogError, match="JOB_CONFIGURATION_FILE"):
        Settings.from_environment({"JOB_CONFIGURATION_FILE": str(broken)})
