"""SciCat's own settings: each is read and does what it does there; its example files start a catalog unchanged."""

import json
import os
import subprocess
import sys

import httpx
import pytest
from catalog.people import derived, raw
from catalog.test_job_templates import CONFIGURATION

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.errors import CatalogError, Refused
from jupyter_shinecat.catalog.facility import TRACKABLE
from jupyter_shinecat.catalog.settings import Settings

OWN, OTHER = {"ownerGroup": "crew"}, {"ownerGroup": "OTHER", "pid": "x/1"}
JOB = {"ownerUser": "somebody"}
# What members of the groups in a variable may do, and others not.
RIGHTS = {
    "ADMIN_GROUPS": lambda a, who: a.check_admin(who),
    "DELETE_GROUPS": lambda a, who: a.check_delete_dataset(who, OTHER, used=True),
    "CREATE_DATASET_GROUPS": lambda a, who: a.check_create_dataset(who, OWN),
    "CREATE_DATASET_WITH_PID_GROUPS": lambda a, who: a.check_create_dataset(who, {**OWN, "pid": "x/1"}),
    "CREATE_DATASET_PRIVILEGED_GROUPS": lambda a, who: a.check_create_dataset(who, OTHER),
    "UPDATE_DATASET_LIFECYCLE_GROUPS": lambda a, who: a.check_lifecycle(who, OTHER),
    "ATTACHMENT_GROUPS": lambda a, who: a.check_attach(who, OWN),
    "ATTACHMENT_PRIVILEGED_GROUPS": lambda a, who: a.check_attach(who, OTHER),
    "SAMPLE_GROUPS": lambda a, who: a.check_write_sample(who, OWN),
    "SAMPLE_PRIVILEGED_GROUPS": lambda a, who: a.check_write_sample(who, OTHER),
    "PROPOSAL_GROUPS": lambda a, who: a.check_write_proposal(who),
    "POLICY_GROUPS": lambda a, who: a.check_write_policy(who),
    "CREATE_JOB_PRIVILEGED_GROUPS": lambda a, who: a.check_create_job(who, JOB, "#jobAdmin", None, []),
    "UPDATE_JOB_PRIVILEGED_GROUPS": lambda a, who: a.check_update_job(who, JOB, "#jobAdmin"),
    "DELETE_JOB_GROUPS": lambda a, who: a.check_delete_job(who),
    **{
        f"HISTORY_ACCESS_{kind.upper()}_GROUPS": lambda a, who, kind=kind: a.check_history(who, kind)
        for kind in TRACKABLE
    },
    "HISTORY_ACCESS_PUBLISHED_DATA_GROUPS": lambda a, who: a.check_history(who, "PublishedData"),
    "HISTORY_ACCESS_POLICIES_GROUPS": lambda a, who: a.check_history(who, "Policy"),
}  # fmt: skip
NOBODY = dict.fromkeys(("ADMIN_GROUPS", "CREATE_DATASET_GROUPS", "SAMPLE_GROUPS", "ATTACHMENT_GROUPS"), "nobody")


@pytest.mark.parametrize("variable", RIGHTS)
def test_a_group_variable_gives_its_right_and_no_other(variable):
    member, stranger = Identity("1", "li", groups=frozenset({"crew"})), Identity("2", "x", groups=frozenset({"OTHER"}))
    access = Access(Settings.from_environment({**NOBODY, variable: "first, crew"}, "scicat-5"))
    RIGHTS[variable](access, member)
    for who in (stranger, Identity()):
        with pytest.raises(Refused) as refused:
            RIGHTS[variable](access, who)
        assert refused.value.status == 403
    without = Access(Settings.from_environment(NOBODY, "scicat-5"))
    with pytest.raises(Refused):
        RIGHTS[variable](without, member)


@pytest.mark.parametrize("variable", ["CREATE_DATASET_GROUPS", "ATTACHMENT_GROUPS", "SAMPLE_GROUPS"])
def test_everybody_is_the_default_of_an_empty_list_too(variable):
    for env in ({}, {variable: ""}, {variable: "#all"}):
        RIGHTS[variable](Access(Settings.from_environment(env)), Identity("1", "li", groups=frozenset({"crew"})))


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("PID_PREFIX", "20.500.12345/", "pid_prefix", "20.500.12345"), ("JWT_SECRET", "s" * 40, "jwt_secret", "s" * 40),
        ("JWT_SECRET", "<JWT_SECRET>", "jwt_secret", None), ("JWT_EXPIRES_IN", "12h", "jwt_expires_in_s", 43200),
        ("JWT_EXPIRES_IN", "7200", "jwt_expires_in_s", 7200), ("JWT_NEVER_EXPIRES", "10y", "jwt_never_s", 315360000),
        ("DATASET_CREATION_VALIDATION_REGEX", "^a/", "pid_pattern", None),
        ("DOI_PREFIX", "10.1", "facility.doi_prefix", "10.1"), ("DOI_USERNAME", "u", "facility.doi_username", "u"),
        ("DOI_PASSWORD", "p", "facility.doi_password", "p"),
        ("DOI_PREFIX", "<DOI_PREFIX>", "facility.doi_prefix", "10.12345"),
        ("REGISTER_DOI_URI", "http://x/dois", "facility.register_doi_uri", "http://x/dois"),
        ("PUBLIC_URL_PREFIX", "http://x/", "facility.public_url_prefix", "http://x/"),
        ("SITE", "SHINE", "facility.site", "SHINE"),
        ("JOB_DEFAULT_STATUS_CODE", "new", "facility.job_default_status_code", "new"),
        ("JOB_DEFAULT_STATUS_MESSAGE", "New.", "facility.job_default_status_message", "New."),
        ("TRACKABLES", "Dataset, Sample", "facility.trackables", {"Dataset", "Sample"}),
        ("TRACKABLE_STRATEGY", "delta", "facility.trackable_strategy", "delta"),
        ("ACCESS_GROUPS_STATIC_VALUES", "a, b", "facility.everyones_groups", {"a", "b"}),
        ("SITE", '<"yes"|"no">', "facility.site", ""),
    ],
)  # fmt: skip
def test_a_setting_is_read(variable, text, name, value):
    found = Settings.from_environment({variable: text})
    for part in name.split("."):
        found = getattr(found, part)
    assert found == value


def test_groups_for_everybody_can_be_switched_off():
    env = {"ACCESS_GROUPS_STATIC_VALUES": "a", "ACCESS_GROUPS_STATIC_ENABLED": "false"}
    assert Settings.from_environment(env).facility.everyones_groups == frozenset()


def test_the_check_of_pids_is_on_only_when_it_is_enabled_and_must_be_an_expression():
    env = {"DATASET_CREATION_VALIDATION_ENABLED": "true", "DATASET_CREATION_VALIDATION_REGEX": "^a/"}
    assert Settings.from_environment(env).pid_pattern == "^a/"
    with pytest.raises(CatalogError, match="DATASET_CREATION_VALIDATION_REGEX"):
        Settings.from_environment({**env, "DATASET_CREATION_VALIDATION_REGEX": "("})


# -- a server that was set up with SciCat's example files --

ACCOUNTS = [
    {"username": "admin", "email": "admin@your.site", "password": "am2jf70TPNZsSan", "role": "admin", "global": True},
    {"username": "ingestor", "email": "i@your.site", "password": "aman", "role": "ingestor", "global": True},
    {"username": "proposalIngestor", "email": "p@your.site", "password": "aman", "role": ["proposalingestor"]},
]
ENVIRONMENT = """
ADMIN_GROUPS="admin"
CREATE_DATASET_GROUPS="ingestor"
CREATE_DATASET_WITH_PID_GROUPS=""
CREATE_DATASET_PRIVILEGED_GROUPS=""
DELETE_GROUPS=""
DATASET_CREATION_VALIDATION_ENABLED=true
DATASET_CREATION_VALIDATION_REGEX="^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$"
PROPOSAL_GROUPS="proposalingestor"
SAMPLE_GROUPS=""
ACCESS_GROUPS_STATIC_ENABLED=true
ACCESS_GROUPS_STATIC_VALUES="visitors"
DOI_PREFIX="<DOI_PREFIX>"
JWT_SECRET=<JWT_SECRET>
JWT_EXPIRES_IN=3600
LDAP_URL="ldaps://ldap.server.com:636/"
LDAP_BIND_DN="<USERNAME>@server.com"
LDAP_BIND_CREDENTIALS=<PASSWORD>
LDAP_SEARCH_BASE=<SEARCH_BASE>
LDAP_SEARCH_FILTER="(LDAPUsername={{username}})"
OIDC_ISSUER=""
OIDC_USERQUERY_OPERATOR=<"or"|"and">
LOGBOOK_ENABLED="no"
LOGBOOK_BASE_URL="http://localhost:3030/scichatapi"
MONGODB_URI="mongodb://<USERNAME>:<PASSWORD>@<HOST>:27017/<DB_NAME>"
PID_PREFIX="<PID_PREFIX>"
PORT=3000
RABBITMQ_ENABLED=<"yes"|"no">
REGISTER_DOI_URI=""
SITE=<SITE>
EMAIL_TYPE=<"smtp"|"ms365">
POLICY_RETENTION_SHIFT=-1 (indefinitely)
FRONTEND_CONFIG_FILE="./src/config/frontend.config.json"
LOGGERS_CONFIG_FILE="loggers.json"
PROPOSAL_TYPES_FILE="proposalTypes.json"
DATASET_TYPES_FILE="datasetTypes.json"
PUBLISHED_DATA_CONFIG_FILE="publishedDataConfig.json"
FUNCTIONAL_ACCOUNTS_FILE="functionalAccounts.json"
JOB_CONFIGURATION_FILE="jobConfig.yaml"
JOB_DEFAULT_STATUS_CODE="jobSubmitted"

# Use the subsystem list for tracking changes
TRACKABLES=Dataset,Proposal,Sample,Instrument,PublishedData,Policy,Datablock,Attachment
#TRACKABLE_STRATEGY=document
TRACKABLE_STRATEGY=delta
HISTORY_ACCESS_DATASET_GROUPS=""
"""
FILES = {
    ".env": ENVIRONMENT,
    "functionalAccounts.json": json.dumps(ACCOUNTS),
    "datasetTypes.json": json.dumps({"Raw": "raw", "Derived": "derived", "Custom": "custom"}),
    "proposalTypes.json": json.dumps({"DefaultProposal": "Default Proposal", "DOORProposal": "DOOR Proposal"}),
    "publishedDataConfig.json": json.dumps({
        "metadataSchema": {"type": "object", "properties": {"creators": {"type": "array", "minItems": 1}},
                           "required": ["creators"]},
        "uiSchema": {"type": "VerticalLayout", "elements": []},
    }),
    "jobConfig.yaml": CONFIGURATION,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("example")
    for name, text in FILES.items():
        (made / name).write_text(text, encoding="utf-8")
    return made


def command(folder, host):
    return [
        sys.executable, "-m", "jupyter_shinecat", "catalog", "serve", "--env", str(folder / ".env"),
        "--data", str(folder / "data"), "--port", "0", "--host", host,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def example(folder):
    env = {name: value for name, value in os.environ.items() if not name.startswith("SHINECAT_")}
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command(folder, "127.0.0.1"), cwd=folder, env={**env, "SHINECAT_LANG": "en"}, stdout=subprocess.PIPE,
            stderr=log, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
    try:
        line = process.stdout.readline().strip()
        assert line.startswith("listening on "), (folder / "log").read_text(encoding="utf-8")[-2000:]
        yield line.removeprefix("listening on ")
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def signed_in(url, name):
    password = next(account["password"] for account in ACCOUNTS if account["username"] == name)
    answer = httpx.post(f"{url}/api/v3/auth/login", json={"username": name, "password": password}, timeout=60)
    assert answer.status_code == 201, answer.text
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {answer.json()['id']}"}, timeout=60)


def test_the_example_files_start_a_catalog(example, folder):
    with signed_in(example, "ingestor") as ingestor, signed_in(example, "proposalIngestor") as proposer:
        groups = ingestor.get("/api/v3/auth/whoami").json()["currentGroups"]
        assert groups == ["ingestor", "globalaccess", "visitors"]
        made = ingestor.post("/api/v3/datasets", json=raw(ownerGroup="ingestor"))
        assert made.status_code == 201
        assert made.json()["pid"].startswith("shinecat/")
        kept = ("ownerGroup", "contactEmail", "sourceFolder", "creationTime", "datasetName", "type")
        custom = {k: v for k, v in derived(ownerGroup="ingestor", type="custom").items() if k in kept}
        assert ingestor.post("/api/v4/datasets", json=custom).status_code == 201
        assert proposer.post("/api/v3/datasets", json=raw(ownerGroup="proposalingestor")).status_code == 403
        proposal = {"proposalId": "1", "title": "t", "email": "a@x.org", "ownerGroup": "g", "type": "DOOR Proposal"}
        assert proposer.post("/api/v3/proposals", json=proposal).status_code == 201
        assert proposer.post("/api/v3/proposals", json={**proposal, "proposalId": "2", "type": "x"}).status_code == 400
        job = {"type": "archive", "jobParams": {"datasetList": [{"pid": made.json()["pid"], "files": []}]}}
        assert ingestor.post("/api/v4/jobs", json=job).status_code == 201
        assert ingestor.get("/api/v4/publisheddata/config").json()["metadataSchema"]["required"] == ["creators"]
        assert ingestor.post("/api/v3/auth/ldap", json={"username": "x", "password": "y"}).status_code == 501
    log = (folder / "log").read_text(encoding="utf-8")
    assert "PASSWORDS THAT EVERYBODY KNOWS" in log
    assert "admin, ingestor, proposalIngestor" in log
    assert "am2jf70TPNZsSan" not in log


def test_known_passwords_are_refused_where_others_could_reach_them(example, folder, tmp_path):
    other = [str(tmp_path) if part == str(folder / "data") else part for part in command(folder, "0.0.0.0")]
    done = subprocess.run(other, cwd=folder, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "SHINECAT_LANG": "en"}, check=False)  # fmt: skip
    assert done.returncode != 0
    assert "passwords of SciCat's example files" in done.stderr + done.stdout
    assert "listening on" not in done.stdout
