"""Who sees and changes jobs, publications, datablocks, policies and history: role x operation x visibility."""

import json
from urllib.parse import quote

import pytest
from catalog.people import PEOPLE, SETTINGS, Person, raw

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.testing.catalog import CatalogProcess

ROLES = {**PEOPLE, "archiver": ("archivers",), "keeper": ("keepers",), "historian": ("historians",), "runner": ("ops",)}
JOBS = {
    "configVersion": "test",
    "jobs": [
        {"jobType": rule, "create": {"auth": rule}, "update": {"auth": "#jobOwnerUser"}}
        for rule in ("#all", "#authenticated", "#datasetPublic", "#datasetAccess", "#datasetOwner", "#jobAdmin", "@AMO",
                     "stranger")
    ] + [
        {"jobType": f"update {rule}", "create": {"auth": "#all"}, "update": {"auth": rule}}
        for rule in ("#all", "#jobOwnerUser", "#jobOwnerGroup", "#jobAdmin", "@AMO", "stranger")
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("facility")
    (folder / "jobs.json").write_text(json.dumps(JOBS))
    settings = {
        **SETTINGS, "JOB_CONFIGURATION_FILE": str(folder / "jobs.json"), "DELETE_JOB_GROUPS": "archivers",
        "UPDATE_JOB_PRIVILEGED_GROUPS": "archivers", "CREATE_JOB_PRIVILEGED_GROUPS": "ops", "POLICY_GROUPS": "keepers",
        "TRACKABLES": "Dataset,Policy,Sample", "HISTORY_ACCESS_DATASET_GROUPS": "historians",
    }  # fmt: skip
    process = CatalogProcess(folder / "data", accounts=ROLES, settings=settings).start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def roles(server):
    clients = {name: Person(server, name) for name in ROLES}
    clients["anonymous"] = Person(server)
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def pids(roles):
    zhang = roles["zhangxf"]
    made = {
        "own": zhang.create()["pid"],
        "shared": zhang.create(accessGroups=["AMO"])["pid"],
        "published": zhang.create()["pid"],
    }
    assert zhang.patch(zhang.ds(made["published"]), json={"isPublished": True}).status_code == 200
    return made


def allowed(roles, request, good=(200, 201)):
    """Names of the roles whose request succeeds; the others must get 401, 403 or 404."""
    found = set()
    for name, who in roles.items():
        answer = request(who)
        if answer.status_code in good:
            found.add(name)
        else:
            assert answer.status_code in (401, 403, 404), (name, answer.text)
    return found


# -- jobs --

EVERY = set(ROLES)
MAY_CREATE = {
    ("#all", "own"): EVERY | {"anonymous"},
    ("#authenticated", "own"): EVERY,
    ("#datasetPublic", "own"): {"admin", "runner"},
    ("#datasetPublic", "published"): EVERY | {"anonymous"},
    ("#datasetAccess", "own"): {"zhangxf", "globe", "admin", "runner"},
    ("#datasetAccess", "shared"): {"zhangxf", "wangxch", "globe", "admin", "runner"},
    ("#datasetAccess", "published"): EVERY | {"anonymous"},
    ("#datasetOwner", "own"): {"zhangxf", "admin", "runner"},
    ("#datasetOwner", "shared"): {"zhangxf", "admin", "runner"},
    ("#jobAdmin", "own"): {"admin", "runner"},
    ("@AMO", "own"): {"wangxch", "admin", "runner"},
    ("stranger", "own"): {"stranger", "admin", "runner"},
}


@pytest.mark.parametrize(("rule", "which"), MAY_CREATE)
def test_who_creates_a_job(roles, pids, rule, which):
    body = {"type": rule, "jobParams": {"datasetList": [{"pid": pids[which], "files": []}]}}
    v4 = allowed(roles, lambda who: who.post("/api/v4/jobs", json=body))
    assert v4 == MAY_CREATE[rule, which]
    old = {"type": rule, "datasetList": [{"pid": pids[which], "files": []}], "emailJobInitiator": "a@x.org"}
    assert allowed(roles, lambda who: who.post("/api/v3/jobs", json=old)) == v4


@pytest.mark.parametrize("owner", [{"ownerUser": "zhangxf"}, {"ownerGroup": "GET"}])
def test_nobody_makes_a_job_for_somebody_else(roles, owner):
    body = {"type": "#all", "jobParams": {}, **owner}
    assert allowed(roles, lambda who: who.post("/api/v4/jobs", json=body)) == {"zhangxf", "admin", "runner"}


def test_a_job_without_a_group_is_nobody_elses_than_its_datasets():
    settings = Settings.from_environment({"ACCESS_GROUPS_STATIC_VALUES": "all-staff"})
    access = Access(settings)
    who = Identity("1", "li", groups=frozenset({"AMO", "SHINE", "all-staff", "globalaccess"}))
    assert access.group_of_work(who, [{"ownerGroup": "SHINE"}, {"ownerGroup": "all-staff"}]) == "SHINE"
    assert access.group_of_work(who, [{"ownerGroup": "GET"}]) == "AMO"
    assert access.group_of_work(Identity("1", "li", groups=frozenset({"all-staff"})), []) is None


def test_a_job_does_not_tell_which_files_a_hidden_dataset_has(roles):
    zhang = roles["zhangxf"]
    pid = zhang.create()["pid"]
    file = {"path": "there.h5", "size": 1, "time": "2026-05-01T10:00:00Z"}
    made = zhang.post(zhang.ds(pid, "/origdatablocks"), json={"size": 1, "dataFileList": [file]})
    assert made.status_code == 201
    expected = {
        ("zhangxf", "#all"): (201, 400), ("runner", "#all"): (201, 400), ("stranger", "#all"): (400, 400),
        ("anonymous", "#all"): (400, 400), ("stranger", "#datasetAccess"): (403, 403),
    }  # fmt: skip
    for (name, rule), statuses in expected.items():
        answers = [
            roles[name].post(
                "/api/v4/jobs", json={"type": rule, "jobParams": {"datasetList": [{"pid": pid, "files": [path]}]}}
            )
            for path in ("there.h5", "gone.h5")
        ]
        assert tuple(answer.status_code for answer in answers) == statuses, (name, rule)
        if statuses[0] != 201:
            assert answers[0].text == answers[1].text.replace("gone", "there")


MAY_UPDATE = {
    "#all": EVERY,
    "#jobOwnerUser": {"zhangxf"},
    "#jobOwnerGroup": {"zhangxf"},
    "#jobAdmin": set(),
    "@AMO": {"wangxch"},
    "stranger": {"stranger"},
}


@pytest.fixture
def job(roles):
    def make(kind="update #jobOwnerUser", who="zhangxf", **more):
        answer = roles[who].post("/api/v4/jobs", json={"type": kind, "jobParams": {}, "ownerGroup": "GET", **more})
        assert answer.status_code == 201, answer.text
        return f"/api/v4/jobs/{answer.json()['id']}"

    return make


@pytest.mark.parametrize("rule", MAY_UPDATE)
def test_who_updates_a_job(roles, job, rule):
    url = job(f"update {rule}")
    state = {"statusCode": "running", "statusMessage": "on its way"}
    assert allowed(roles, lambda who: who.patch(url, json=state)) == MAY_UPDATE[rule] | {"admin", "archiver"}
    old = url.replace("v4", "v3")
    both = MAY_UPDATE[rule] | {"admin", "archiver"}
    assert allowed(roles, lambda who: who.patch(old, json={"jobStatusMessage": "x"})) == both


def test_who_reads_and_deletes_a_job(roles, job):
    url = job()
    id = url.rsplit("/", 1)[1]
    readers = {"zhangxf", "admin", "archiver"}
    for version in ("v3", "v4"):
        assert allowed(roles, lambda who, v=version: who.get(url.replace("v4", v))) == readers
        for name, who in roles.items():
            listed = who.get(f"/api/{version}/jobs", params={"filter": json.dumps({"limits": {"limit": 1000}})})
            assert listed.status_code == (403 if name == "anonymous" else 200)
            if name != "anonymous":
                assert (id in [item["id"] for item in listed.json()]) == (name in readers), name
                query = {"fields": json.dumps({"ownerUser": "zhangxf", "ownerGroup": "GET", "mode": {}}),
                         "limits": json.dumps({"limit": 1000})}  # fmt: skip
                full = who.get(f"/api/{version}/jobs/fullquery", params=query).json()
                assert (id in [item["id"] for item in full]) == (name in readers), name
                facets = who.get(f"/api/{version}/jobs/fullfacet", params={"facets": '["ownerUser"]'}).json()[0]
                names = {item["_id"] for item in facets["ownerUser"]}
                assert names <= {name} or name in readers | {"runner"}, name
    for name in set(roles) - {"archiver", "admin"}:
        assert roles[name].delete(url).status_code == 403
    assert roles["archiver"].delete(url).status_code == 200
    assert roles["admin"].get(url).status_code == 404


def test_datasets_of_a_job_are_those_that_the_reader_sees(roles, pids, job):
    listed = [{"pid": pid, "files": []} for pid in pids.values()]
    made = roles["wangxch"].post("/api/v4/jobs", json={"type": "#all", "jobParams": {"datasetList": listed}}).json()
    found = roles["wangxch"].get("/api/v3/jobs/datasetDetails", params={"jobId": made["id"]})
    assert {item["pid"] for item in found.json()} == {pids["shared"], pids["published"]}
    filter = {"filter": json.dumps({"where": {"id": made["id"]}})}
    for name, who in roles.items():
        answer = who.get("/api/v4/jobs/datasetDetails", params=filter)
        if name in ("wangxch", "archiver", "admin"):
            details = answer.json()[0]["datasetDetails"]
            unseen = {"own"} if name == "wangxch" else {"own", "shared"} if name == "archiver" else set()
            assert {item["pid"] for item in details} == {pid for which, pid in pids.items() if which not in unseen}
        else:
            assert answer.status_code == 403 if name == "anonymous" else answer.json() == [], name


# -- published data --


@pytest.fixture
def publication(roles, pids):
    def make(*which, who="zhangxf"):
        body = {"title": "t", "abstract": "a", "datasetPids": [pids[name] for name in which], "metadata": {}}
        answer = roles[who].post("/api/v4/publisheddata", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


def of(publication, rest="", version=4):
    return f"/api/v{version}/publisheddata/{quote(publication['doi'], safe='')}{rest}"


def test_a_private_publication_is_seen_by_its_maker_and_administrators(roles, publication):
    made = publication("own")
    readers = {"zhangxf", "admin"}
    widening = [{}, {"createdBy": "zhangxf"}, {"$or": [{"status": "private"}]}, {"status": {"$ne": "x"}}]
    for version in (3, 4):
        assert allowed(roles, lambda who, v=version: who.get(of(made, version=v))) == readers
        base = f"/api/v{version}/publisheddata"
        for name, who in roles.items():
            for where in widening:
                filter = json.dumps({"where": where, "limits": {"limit": 1000}})
                found = who.get(base, params={"filter": filter}).json()
                assert (made["doi"] in [item["doi"] for item in found]) == (name in readers), (name, where)
                count = who.get(f"{base}/count", params={"filter": filter}).json()["count"]
                assert count == len(found)
    for method, rest, body in (
        ("PATCH", "", {"title": "x"}), ("POST", "/publish", None), ("POST", "/register", None), ("DELETE", "", None),
    ):  # fmt: skip
        for name in set(roles) - readers:
            assert roles[name].request(method, of(made, rest), json=body).status_code in (403, 404), (
                name,
                method,
                rest,
            )


def test_nobody_publishes_datasets_of_others(roles, pids, publication):
    made = publication("shared", who="wangxch")
    assert roles["wangxch"].post(of(made, "/publish")).status_code == 403
    assert roles["wangxch"].post(of(made, "/register")).status_code == 403
    assert roles["anonymous"].get(roles["anonymous"].ds(pids["shared"])).status_code == 403
    body = {"title": "t", "abstract": "a", "datasetPids": [pids["own"]]}
    hidden, missing = (
        roles["wangxch"].post("/api/v4/publisheddata", json={**body, "datasetPids": [pid]})
        for pid in (pids["own"], "no/such")
    )
    assert hidden.status_code == missing.status_code == 400
    assert hidden.text.replace(pids["own"], "") == missing.text.replace("no/such", "")
    # Nor by exchanging the datasets of a publication of one's own.
    assert roles["wangxch"].patch(of(made), json={"datasetPids": [pids["own"]]}).status_code == 400
    assert roles["anonymous"].post("/api/v4/publisheddata", json=body).status_code == 403


def test_states_of_a_publication(roles):
    zhang, admin, anonymous = roles["zhangxf"], roles["admin"], roles["anonymous"]
    pid = zhang.create()["pid"]
    block = {"size": 1, "dataFileList": [{"path": "a.h5", "size": 1, "time": "2026-05-01T10:00:00Z"}]}
    assert zhang.post(zhang.ds(pid, "/origdatablocks"), json=block).status_code == 201
    body = {"title": "t", "abstract": "a", "datasetPids": [pid], "status": "registered", "doi": "10.1/mine"}
    assert zhang.post("/api/v4/publisheddata", json=body).status_code == 400
    del body["doi"]
    made = zhang.post("/api/v4/publisheddata", json=body).json()
    assert made["status"] == "private"
    assert zhang.post(of(made, "/register")).status_code == 400
    assert anonymous.get(anonymous.ds(pid)).status_code == 403
    assert zhang.post(of(made, "/publish")).json()["status"] == "public"
    assert anonymous.get(anonymous.ds(pid)).json()["isPublished"] is True
    assert len(anonymous.get(anonymous.ds(pid, "/origdatablocks")).json()) == 1
    assert zhang.post(of(made, "/publish")).status_code == 400
    assert zhang.patch(of(made), json={"title": "better"}).json()["title"] == "better"
    registered = zhang.post(of(made, "/register")).json()
    assert registered["status"] == "registered"
    assert registered["registeredTime"]
    assert anonymous.get(of(made)).status_code == 200
    assert zhang.patch(of(made), json={"title": "worse"}).status_code == 403
    assert zhang.delete(of(made)).status_code == 403
    assert zhang.post(of(made, "/resync")).status_code == 403
    assert zhang.post(of(made, "/amend")).status_code == 403
    assert admin.post(of(made, "/amend")).json()["status"] == "amended"
    assert admin.patch(of(made), json={"title": "amended"}).status_code == 200
    assert admin.post(of(made, "/register")).json()["status"] == "registered"
    assert admin.post(of(made, "/resync")).status_code == 201
    assert anonymous.get(of(made, version=3)).json()["title"] == "amended"


# -- datablocks, policies, history --

ARCHIVED = {
    "archiveId": "tape-1", "size": 10, "packedSize": 7, "version": "1",
    "dataFileList": [{"path": "a.h5", "size": 10, "time": "2026-05-01T10:00:00Z"}],
}  # fmt: skip


def test_who_reads_and_changes_datablocks(roles, pids):
    zhang = roles["zhangxf"]
    sees = {
        "own": {"zhangxf", "globe", "admin"}, "shared": {"zhangxf", "wangxch", "globe", "admin"},
        "published": EVERY | {"anonymous"},
    }  # fmt: skip
    for which, pid in pids.items():
        nested = zhang.ds(pid, "/datablocks")
        made = zhang.post(nested, json=ARCHIVED)
        assert made.status_code == 201, made.text
        one = f"/api/v3/datablocks/{made.json()['id']}"
        assert allowed(roles, lambda who, url=one: who.get(url)) == sees[which]
        assert allowed(roles, lambda who, url=nested: who.get(url)) == sees[which]
        for name, who in roles.items():
            found = who.get("/api/v3/datablocks", params={"filter": json.dumps({"where": {"datasetId": pid}})}).json()
            assert bool(found) == (name in sees[which])
            if name not in ("zhangxf", "admin"):
                assert who.post(nested, json=ARCHIVED).status_code == 403
                assert who.patch(one, json={"packedSize": 1}).status_code == 403
                assert name == "deleter" or who.delete(one).status_code == 403
        dataset = zhang.get(zhang.ds(pid)).json()
        assert (dataset["packedSize"], dataset["numberOfFilesArchived"]) == (7, 1)
        assert zhang.patch(one, json={"packedSize": 5}).json()["packedSize"] == 5
        assert zhang.get(zhang.ds(pid)).json()["packedSize"] == 5
        assert zhang.delete(nested).json()["deletedCount"] == 1
        assert zhang.get(zhang.ds(pid)).json()["numberOfFilesArchived"] == 0


def test_who_keeps_policies(roles):
    keeper = roles["keeper"]
    made = keeper.post("/api/v3/policies", json={"ownerGroup": "GET", "manager": ["a@x.org"]})
    assert made.status_code == 201, made.text
    one = f"/api/v3/policies/{made.json()['_id']}"
    assert allowed(roles, lambda who: who.get(one)) == {"zhangxf", "keeper", "admin"}
    assert allowed(roles, lambda who: who.patch(one, json={"autoArchive": False})) == {"keeper", "admin"}
    body = {"ownerGroup": "AMO"}
    assert allowed(roles, lambda who: who.post("/api/v3/policies", json=body)) == {"keeper", "admin"}
    where = {"ownerGroupList": "GET", "data": {"embargoPeriod": 9}}
    changers = allowed(roles, lambda who: who.post("/api/v3/policies/updateWhere", json=where))
    assert changers == {"keeper", "admin"}
    assert roles["zhangxf"].get(one).json()["embargoPeriod"] == 9
    assert roles["stranger"].get("/api/v3/policies").json() == []
    assert len(roles["wangxch"].get("/api/v3/policies").json()) == 2
    assert {p["ownerGroup"] for p in roles["wangxch"].get("/api/v3/policies").json()} == {"AMO"}


def test_history_is_for_those_who_may_read_it(roles):
    zhang = roles["zhangxf"]
    pid = zhang.create()["pid"]
    assert zhang.patch(zhang.ds(pid), json={"description": "changed"}).status_code == 200
    assert roles["keeper"].post("/api/v3/policies", json={"ownerGroup": "GET"}).status_code == 201

    def asked(who, **where):
        return who.get("/api/v3/history", params={"filter": json.dumps(where)})

    assert allowed(roles, lambda who: asked(who, documentId=pid)) == {"admin", "historian"}
    assert allowed(roles, lambda who: asked(who, subsystem="Policy")) == {"admin"}
    page = asked(roles["historian"], documentId=pid).json()
    assert page["totalCount"] == page["count"] == 1
    item = page["items"][0]
    assert (item["operation"], item["user"], item["subsystem"]) == ("update", "zhangxf", "Dataset")
    assert "description" not in item["before"]
    assert item["after"]["description"] == "changed"
    assert {i["subsystem"] for i in asked(roles["historian"]).json()["items"]} == {"Dataset"}
    collection = "/api/v3/history/collection/Dataset"
    assert allowed(roles, lambda who: who.get(collection)) == {"admin", "historian"}
    assert roles["admin"].delete(zhang.ds(pid)).status_code == 200
    assert asked(roles["admin"], documentId=pid).json()["items"][0]["operation"] == "delete"


def test_metadata_keys_tell_only_of_what_is_seen(roles):
    roles["zhangxf"].create(scientificMetadata={"hidden key": {"value": 1, "unit": "mm"}})
    roles["zhangxf"].create(scientificMetadata={"hidden key": 1}, accessGroups=["AMO"])
    where = {"where": {"key": "hidden key"}}
    counts = {}
    for name, who in roles.items():
        answer = who.get("/api/v4/metadatakeys", params={"filter": json.dumps(where)})
        if name == "anonymous":
            assert answer.status_code == 403
        else:
            counts[name] = [item["usageCount"] for item in answer.json()]
    seen = {"zhangxf": [2], "admin": [2], "globe": [2], "wangxch": [1]}
    assert counts == {name: seen.get(name, []) for name in ROLES}


def test_configuration_is_read_by_all_and_written_by_administrators(roles):
    url = "/api/v3/runtime-config/frontendConfig"
    assert allowed(roles, lambda who: who.put(url, json={"data": {"a": 1}})) == {"admin"}
    assert allowed(roles, lambda who: who.get(url)) == EVERY | {"anonymous"}
    assert roles["anonymous"].get("/api/v3/admin/config").json() == {"a": 1}
    assert roles["admin"].put("/api/v3/runtime-config/other", json={"data": {}}).status_code == 404


@pytest.mark.parametrize("path", ["/api/v3/logbooks", "/api/v3/opensearch/get-index"])
def test_what_needs_other_products_says_so(roles, path):
    answer = roles["zhangxf"].get(path)
    assert answer.status_code == 501
    assert "This catalog has no" in answer.json()["message"]


def test_lists_grow_by_those_who_may_change_the_dataset(roles, pids):
    url = roles["zhangxf"].ds(pids["shared"], "/appendToArrayField")
    query = {"fieldName": "keywords", "data": '["added"]'}
    assert allowed(roles, lambda who: who.post(url, params=query)) == {"zhangxf", "admin"}
    keywords = roles["zhangxf"].get(roles["zhangxf"].ds(pids["shared"])).json()["keywords"]
    assert keywords.count("added") == 1
    assert roles["zhangxf"].post(url, params={**query, "fieldName": "accessGroups"}).status_code == 400


def test_raw_bodies_of_the_other_tests_are_valid(roles):
    assert roles["zhangxf"].post("/api/v3/datasets/isValid", json=raw()).json() == {"valid": True}
