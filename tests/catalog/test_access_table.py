"""Who sees and changes what: role x operation x visibility, on every route, and no way around it."""

import itertools
import json

import pytest
from catalog.people import derived, raw

# One dataset of each visibility; all of group GET, marked so that they are told from others.
DATASETS = {
    "own": {},
    "shared": {"accessGroups": ["AMO"]},
    "published": {"isPublished": True},
    "hard": {"pid": "access/ä b%2F+#?"},
}
# What each role sees.
SEES = {
    "zhangxf": {"own", "shared", "published", "hard"},
    "wangxch": {"shared", "published"},
    "stranger": {"published"},
    "nogroup": {"published"},
    "globe": {"own", "shared", "published", "hard"},
    "admin": {"own", "shared", "published", "hard"},
    "deleter": {"published"},
    "proposer": {"published"},
    "anonymous": {"published"},
}
WRITES = {"zhangxf", "admin"}
TAG = "accesstable"


@pytest.fixture(scope="module")
def pids(people):
    zhang = people["zhangxf"]
    made = {}
    for name, changes in DATASETS.items():
        published = changes.get("isPublished", False)
        body = {k: v for k, v in changes.items() if k != "isPublished"}
        doc = zhang.create(
            **body, datasetName=f"{TAG} {name} secretword{name}", keywords=[TAG, f"kw-{name}"], proposalId=f"AP-{name}",
            sampleId=f"AS-{name}", scientificMetadata={f"key-{name}": {"value": 1, "unit": "mm"}},
            creationLocation=f"place-{name}",
        )  # fmt: skip
        made[name] = doc["pid"]
        url = zhang.ds(doc["pid"])
        file = {"path": f"{name}.h5", "size": 1, "time": "2026-05-01T10:00:00Z"}
        assert zhang.post(f"{url}/origdatablocks", json={"size": 1, "dataFileList": [file]}).status_code == 201
        picture = {"thumbnail": "data:image/png;base64,AA==", "caption": f"pic {name}", "ownerGroup": "GET"}
        assert zhang.post(f"{url}/attachments", json=picture).status_code == 201
        proposal = {
            "proposalId": f"AP-{name}", "title": f"{TAG} {name}", "email": "a@x.org", "ownerGroup": "GET",
            "accessGroups": changes.get("accessGroups", []), "isPublished": published,
        }  # fmt: skip
        assert people["proposer"].post("/api/v3/proposals", json=proposal).status_code == 201
        sample = {
            "sampleId": f"AS-{name}", "sampleName": f"{TAG} {name}", "ownerGroup": "GET",
            "accessGroups": changes.get("accessGroups", []), "isPublished": published,
        }  # fmt: skip
        assert zhang.post("/api/v3/samples", json=sample).status_code == 201
        if published:
            assert zhang.patch(url, json={"isPublished": True}).status_code == 200
    return made


def names(pids, documents, field="pid"):
    back = {pid: name for name, pid in pids.items()}
    return {back[doc[field]] for doc in documents if doc.get(field) in back}


@pytest.mark.parametrize("role", SEES)
def test_reading_datasets(people, pids, role):
    who, sees = people[role], SEES[role]
    for name, pid in pids.items():
        expected = 200 if name in sees else 403
        for rest in ("", "/datasetlifecycle", "/origdatablocks", "/attachments", "/thumbnail", "/datablocks"):
            assert who.get(who.ds(pid, rest)).status_code == expected, (name, rest)
        v4 = who.get(who.ds(pid, version=4)).status_code
        assert v4 == (403 if role == "anonymous" else expected)
        public = who.get(f"/api/v4/datasets/public/{who.ds(pid).rsplit('/', 1)[1]}")
        assert public.status_code == (200 if name == "published" else 404)
    assert names(pids, who.listed({"limits": {"limit": 1000}})) == sees
    assert names(pids, who.full({"text": TAG}, {"limit": 1000})) == sees
    assert names(pids, who.full({"text": TAG}, {"limit": 1000, "order": "creationTime:desc"})) == sees
    assert names(pids, who.listed({"limits": {"limit": 1000}}, "/api/v4/datasets/public")) == {"published"}
    if role != "anonymous":
        assert names(pids, who.listed({"limits": {"limit": 1000}}, "/api/v4/datasets")) == sees
    else:
        assert who.get("/api/v4/datasets").status_code == 403
    for name, pid in pids.items():
        found = who.get("/api/v3/datasets/findOne", params={"filter": json.dumps({"where": {"pid": pid}})})
        assert bool(found.content and found.json()) == (name in sees)


@pytest.mark.parametrize("role", SEES)
def test_counts_facets_and_keys_tell_nothing_more(people, pids, role):
    who, sees = people[role], SEES[role]
    counted = who.get("/api/v3/datasets/count", params={"filter": json.dumps({"where": {"keywords": TAG}})})
    assert counted.json() == {"count": len(sees)}
    facets = who.facets({"text": TAG}, "keywords", "creationLocation", "proposalIds", "ownerGroup", "datasetName")
    assert facets["all"] == [{"totalSets": len(sees)}]
    assert {item["_id"] for item in facets["keywords"]} == {f"kw-{name}" for name in sees} | ({TAG} if sees else set())
    assert {item["_id"] for item in facets["creationLocation"]} == {f"place-{name}" for name in sees}
    assert {item["_id"] for item in facets["proposalIds"]} == {f"AP-{name}" for name in sees}
    assert {item["_id"] for item in facets["datasetName"]} == {f"{TAG} {name} secretword{name}" for name in sees}
    assert sum(item["count"] for item in facets["ownerGroup"]) == len(sees)
    # A facet's own filter is left out of its count; the rights are not.
    own = who.facets({"keywords": [TAG], "ownerGroup": ["GET"]}, "keywords", "ownerGroup")
    assert {item["_id"] for item in own["keywords"]} & {f"kw-{n}" for n in pids} == {f"kw-{n}" for n in sees}
    for path in ("/api/v3/datasets/metadataKeys", "/api/v4/datasets/metadataKeys"):
        keys = who.get(path, params={"fields": json.dumps({"metadataKey": "key-"})}).json()
        assert set(keys) & {f"key-{name}" for name in pids} == {f"key-{name}" for name in sees}


@pytest.mark.parametrize("role", SEES)
def test_words_of_hidden_documents_find_nothing(people, pids, role):
    who = people[role]
    for name in pids:
        expected = {name} if name in SEES[role] else set()
        assert names(pids, who.full({"text": f"secretword{name}"})) == expected
        assert names(pids, who.listed({"where": {"datasetName": {"like": f"secretword{name}"}}})) == expected


WIDENING = [
    {"userGroups": ["GET"]},
    {"ownerGroup": ["GET"]},
    {"accessGroups": ["AMO"]},
    {"isPublished": False},
    {"mode": {"$or": [{"ownerGroup": "GET"}, {"isPublished": True}]}},
    {"mode": {"ownerGroup": {"$exists": True}}},
    {"mode": {"$nor": [{"ownerGroup": "nobody"}]}},
    {"sharedWith": ["a@x.org"]},
    {"_id": {"$exists": True}},
    {"mode": {"pid": {"$ne": None}}},
    {"mode": {"$and": [{"$or": [{"isPublished": False}, {"isPublished": True}]}]}},
]


@pytest.mark.parametrize("role", ["stranger", "nogroup", "anonymous", "wangxch"])
@pytest.mark.parametrize("fields", WIDENING, ids=json.dumps)
def test_no_key_of_a_request_widens_what_is_seen(people, pids, role, fields):
    who, sees = people[role], SEES[role]
    assert names(pids, who.full(fields, {"limit": 1000})) <= sees
    facets = who.facets(fields, "pid", "keywords")
    assert {item["_id"] for item in facets["pid"]} & {pids[name] for name in pids} <= {pids[name] for name in sees}
    where = fields.get("mode", {k: v for k, v in fields.items() if k not in ("userGroups", "mode")})
    assert names(pids, who.listed({"where": where, "limits": {"limit": 1000}})) <= sees


@pytest.mark.parametrize("role", SEES)
def test_includes_and_parts_by_their_own_routes(people, pids, role):
    who, sees = people[role], SEES[role]
    include = ["origdatablocks", "attachments", "proposals", "samples"]
    for doc in who.listed({"where": {"keywords": TAG}, "include": include, "limits": {"limit": 1000}}):
        name = next(iter(names(pids, [doc])))
        assert name in sees
        assert [b["dataFileList"][0]["path"] for b in doc["origdatablocks"]] == [f"{name}.h5"]
        assert [a["caption"] for a in doc["attachments"]] == [f"pic {name}"]
        assert [p["proposalId"] for p in doc["proposals"]] == [f"AP-{name}"]
        assert [s["sampleId"] for s in doc["samples"]] == [f"AS-{name}"]
    limits = {"limits": {"limit": 1000}}
    assert names(pids, who.listed(limits, "/api/v3/origdatablocks"), "datasetId") == sees
    assert names(pids, who.full({}, limits["limits"], "/api/v3/origdatablocks/fullquery"), "datasetId") == sees
    assert names(pids, who.full({}, limits["limits"], "/api/v3/origdatablocks/fullquery/files"), "datasetId") == sees
    assert names(pids, who.listed(limits, "/api/v4/origdatablocks/public"), "datasetId") == {"published"}
    if role != "anonymous":
        captions = {a["caption"] for a in who.listed(limits, "/api/v4/attachments")}
        assert captions & {f"pic {name}" for name in pids} == {f"pic {name}" for name in sees}
    public = {a["caption"] for a in who.listed(limits, "/api/v4/attachments/public")}
    assert public & {f"pic {name}" for name in pids} <= {"pic published"}
    for path, field, prefix in (("samples", "sampleId", "AS"), ("proposals", "proposalId", "AP")):
        listed = {doc[field] for doc in who.listed(limits, f"/api/v3/{path}")}
        assert listed & {f"{prefix}-{name}" for name in pids} == {f"{prefix}-{name}" for name in sees}
        for name in pids:
            one = who.get(f"/api/v3/{path}/{prefix}-{name}")
            assert one.status_code == (200 if name in sees else 403)
            can = who.get(f"/api/v3/{path}/{prefix}-{name}/authorization").json()
            assert can == {"canAccess": name in sees}


def asked(who, path, **query):
    """The answer's JSON; query values are sent as JSON."""
    answer = who.get(path, params={name: json.dumps(value) for name, value in query.items()})
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


@pytest.mark.parametrize("role", SEES)
@pytest.mark.parametrize(
    ("kind", "id", "prefix", "name"),
    [("samples", "sampleId", "AS", "sampleName"), ("proposals", "proposalId", "AP", "title")],
)
def test_samples_and_proposals_in_every_way(people, pids, role, kind, id, prefix, name):
    who, sees = people[role], {f"{prefix}-{which}" for which in SEES[role]}
    every, base = {f"{prefix}-{which}" for which in pids}, f"/api/v3/{kind}"
    where = {name: {"like": TAG}}
    assert asked(who, f"{base}/count", filter={"where": where})["count"] == len(sees)
    assert {doc[id] for doc in asked(who, f"{base}/fullquery", fields={}, limits={"limit": 1000})} & every == sees
    facets = asked(who, f"{base}/fullfacet", fields={}, facets=[id, "ownerGroup"])[0]
    assert {item["_id"] for item in facets[id]} & every == sees
    for one in every:
        expected = 200 if one in sees else 403
        for rest in ("", "/datasets", "/attachments"):
            assert who.get(f"{base}/{one}{rest}").status_code == expected, (one, rest)
        found = who.get(f"{base}/findOne", params={"filter": json.dumps({"where": {id: one}})})
        assert bool(found.content and found.json()) == (one in sees)
    for fields in WIDENING:
        found = who.get(
            f"{base}/fullquery", params={"fields": json.dumps(fields), "limits": json.dumps({"limit": 1000})}
        )
        assert found.status_code == 400 or {doc[id] for doc in found.json()} & every <= sees, fields
        listed = who.get(base, params={"filter": json.dumps({"where": fields.get("mode", fields)})})
        assert listed.status_code == 400 or {doc[id] for doc in listed.json()} & every <= sees, fields


@pytest.mark.parametrize("role", SEES)
def test_blocks_and_attachments_in_every_way(people, pids, role):
    who, zhang, sees = people[role], people["zhangxf"], SEES[role]
    fields, own = {"datasetId": list(pids.values())}, {"where": {"datasetId": {"$in": list(pids.values())}}}
    for end in ("fullfacet", "fullfacet/files"):
        facets = asked(who, f"/api/v3/origdatablocks/{end}", fields=fields, facets=["datasetId", "dataFileList.path"])[
            0
        ]
        assert facets["all"] == [{"totalSets": len(sees)}]
        assert {item["_id"] for item in facets["dataFileList.path"]} == {f"{name}.h5" for name in sees}
        both = {"fields": fields, "facets": ["dataFileList.path"]}
        public = asked(who, f"/api/v4/origdatablocks/public/{end}", filters=both)[0]
        assert {item["_id"] for item in public["dataFileList.path"]} == {"published.h5"}
    assert asked(who, "/api/v4/origdatablocks/public/files/count", filter=own) == {"count": 1}
    counted = who.get("/api/v4/origdatablocks/files/count", params={"filter": json.dumps(own)})
    if role == "anonymous":
        assert counted.status_code == 403
    else:
        assert counted.json() == {"count": len(sees)}
    for name, pid in pids.items():
        expected = 200 if name in sees else 403
        block = zhang.get(zhang.ds(pid, "/origdatablocks")).json()[0]["id"]
        attachment = zhang.get(zhang.ds(pid, "/attachments")).json()[0]["id"]
        for version in (3, 4):
            assert who.get(f"/api/v{version}/origdatablocks/{block}").status_code == expected
        assert who.get(f"/api/v4/origdatablocks/public/{block}").status_code == (200 if name == "published" else 404)
        assert who.get(f"/api/v4/attachments/{attachment}").status_code == expected
        for rest in ("/origdatablocks/count", "/attachments/count", "/datablocks/count"):
            assert who.get(who.ds(pid, rest)).status_code == expected


@pytest.mark.parametrize("role", SEES)
def test_instruments_are_for_those_signed_in_and_kept_by_administrators(people, role):
    who, admin = people[role], people["admin"]
    made = admin.post("/api/v3/instruments", json={"name": "BL7", "uniqueName": f"BL7-{role}"}).json()["pid"]
    signed_in = role != "anonymous"
    for path in ("", "/count", "/findOne", "/fullquery", f"/{made}"):
        assert who.get(f"/api/v3/instruments{path}").status_code == (200 if signed_in else 403)
    changed = who.patch(f"/api/v3/instruments/{made}", json={"name": "BL8"})
    assert changed.status_code == (200 if role == "admin" else 403)
    gone = who.delete(f"/api/v3/instruments/{made}")
    assert gone.status_code == (200 if role in ("admin", "deleter") else 403)


@pytest.mark.parametrize("role", SEES)
def test_people_see_themselves_and_administrators_everybody(people, role):
    who = people[role]
    users = {user["username"]: user["id"] for user in people["admin"].get("/api/v3/users").json()}
    listed = {user["username"] for user in who.get("/api/v3/users").json()}
    assert listed == (set(users) if role == "admin" else {role} & set(users))
    reading = ("", "/userIdentity", "/settings", "/authorization/dataset/create")
    for name in ("zhangxf", "wangxch"):
        url = f"/api/v3/users/{users[name]}"
        mine = role in (name, "admin")
        refused = 401 if role == "anonymous" else 403
        for rest in reading:
            assert who.get(url + rest).status_code == (200 if mine else refused), rest
        changes = [("PATCH", "/settings", {}), ("PUT", "/settings", {}), ("PATCH", "/settings/external", {})]
        for method, rest, body in [*changes, ("DELETE", "/settings", None)]:
            assert who.request(method, url + rest, json=body).status_code == (200 if mine else refused), rest
        assert who.post(f"{url}/settings", json={}).status_code == (201 if mine else refused)
        if role != "admin":
            assert who.post(f"{url}/jwt", json={"expiresIn": "never"}).status_code in (401, 403)
            password = {"newPassword": "x" * 12, "confirmPassword": "x" * 12}
            assert who.patch(f"{url}/password", json=password).status_code in (401, 403)
        for where in ({"profile.username": name}, {"$or": [{"profile.username": name}]}, {"userId": users[name]}):
            found = who.get("/api/v3/useridentities/findOne", params={"filter": json.dumps({"where": where})})
            if role == "anonymous":
                assert found.status_code == 401
            else:
                assert bool(found.content and found.json()) == mine


@pytest.mark.parametrize("role", SEES)
def test_a_relation_is_hidden_where_only_the_dataset_is_shown(people, pids, role):
    """A proposal of another group is not shown by including it."""
    if role == "zhangxf":
        hidden = people["proposer"].post(
            "/api/v3/proposals",
            json={"proposalId": "AP-hidden", "title": "t", "email": "a@x.org", "ownerGroup": "NOBODY"},
        )
        assert hidden.status_code == 201
        people["zhangxf"].patch(
            people["zhangxf"].ds(pids["published"]), json={"proposalIds": ["AP-hidden", "AP-published"]}
        )
    found = people[role].listed({"where": {"pid": pids["published"]}, "include": ["proposals"]})
    shown = {proposal["proposalId"] for proposal in found[0]["proposals"]}
    assert shown == ({"AP-published", "AP-hidden"} if role in ("admin", "globe") else {"AP-published"})


@pytest.mark.parametrize(("role", "name"), list(itertools.product([r for r in SEES if r not in WRITES], DATASETS)))
def test_changing_what_is_not_yours(people, pids, role, name):
    who, zhang = people[role], people["zhangxf"]
    pid = pids[name]
    before = zhang.get(zhang.ds(pid)).json()
    block = zhang.get(zhang.ds(pid, "/origdatablocks")).json()[0]
    attachment = zhang.get(zhang.ds(pid, "/attachments")).json()[0]
    file = {"path": "evil.h5", "size": 1, "time": "2026-05-01T10:00:00Z"}
    picture = {"thumbnail": "data:image/png;base64,AA==", "caption": "evil", "ownerGroup": "OTHER"}
    relation = {"targetId": pid, "targetType": "dataset", "relationType": "is attached to"}
    attempts = [
        ("PATCH", who.ds(pid), {"description": "evil"}),
        ("PATCH", who.ds(pid, version=4), {"ownerGroup": "OTHER"}),
        ("PUT", who.ds(pid), {"description": "evil"}),
        ("PATCH", who.ds(pid, "/datasetlifecycle"), {"archivable": False}),
        ("POST", who.ds(pid, "/origdatablocks"), {"size": 1, "dataFileList": [file]}),
        (
            "POST",
            "/api/v4/origdatablocks",
            {"datasetId": pid, "size": 1, "dataFileList": [file], "ownerGroup": "OTHER"},
        ),
        ("PATCH", f"/api/v3/origdatablocks/{block['id']}", {"size": 9}),
        ("PATCH", who.ds(pid, f"/origdatablocks/{block['id']}"), {"size": 9}),
        ("POST", who.ds(pid, "/attachments"), picture),
        ("POST", "/api/v4/attachments", {**picture, "isPublished": False, "relationships": [relation]}),
        ("PATCH", f"/api/v4/attachments/{attachment['id']}", {"caption": "evil"}),
        ("PUT", who.ds(pid, f"/attachments/{attachment['id']}"), {"caption": "evil"}),
        ("DELETE", f"/api/v4/attachments/{attachment['id']}", None),
        ("PATCH", f"/api/v3/samples/AS-{name}", {"description": "evil"}),
    ]
    if role != "deleter":
        attempts += [
            ("DELETE", who.ds(pid), None),
            ("DELETE", f"/api/v3/origdatablocks/{block['id']}", None),
            ("DELETE", f"/api/v3/samples/AS-{name}", None),
            ("DELETE", f"/api/v3/proposals/AP-{name}", None),
        ]
    if role != "proposer":
        attempts.append(("PATCH", f"/api/v3/proposals/AP-{name}", {"title": "evil"}))
    for method, path, body in attempts:
        answer = who.request(method, path, json=body) if body is not None else who.request(method, path)
        assert answer.status_code == 403, (method, path, answer.text)
    assert zhang.get(zhang.ds(pid)).json() == before


@pytest.mark.parametrize("role", [role for role in SEES if role not in WRITES])
def test_creating_for_a_group_that_is_not_yours(people, role):
    who = people[role]
    assert who.post("/api/v3/datasets", json=raw()).status_code == 403
    assert who.post("/api/v3/datasets", json=raw(pid="theirs/1")).status_code == 403
    assert who.post("/api/v3/datasets", json=derived()).status_code == 403
    assert who.post("/api/v3/samples", json={"sampleName": "s", "ownerGroup": "GET"}).status_code == 403
    assert who.post("/api/v3/instruments", json={"name": "i", "uniqueName": "i"}).status_code == 403


def test_a_dataset_can_not_be_given_away(zhang, people):
    pid = zhang.create()["pid"]
    assert zhang.patch(zhang.ds(pid), json={"ownerGroup": "AMO"}).status_code == 403
    assert zhang.patch(zhang.ds(pid), json={"ownerGroup": "SHINE"}).status_code == 200
    assert people["wangxch"].patch(zhang.ds(pid), json={"ownerGroup": "AMO"}).status_code == 200
    assert zhang.get(zhang.ds(pid)).status_code == 403


def test_the_group_that_reads_all_changes_nothing(people, admin):
    pid = admin.create(ownerGroup="globalaccess")["pid"]
    globe = people["globe"]
    assert globe.get(globe.ds(pid)).status_code == 200
    assert globe.patch(globe.ds(pid), json={"description": "x"}).status_code == 403
    assert globe.post("/api/v3/datasets", json=raw(ownerGroup="globalaccess")).status_code == 403


def test_narrowing_access_holds_at_once_for_everything(zhang, wang):
    pid = zhang.create(accessGroups=["AMO"], datasetName="narrowme", scientificMetadata={"narrowkey": 1})["pid"]
    file = {"path": "n.h5", "size": 1, "time": "2026-05-01T10:00:00Z"}
    block = zhang.post(zhang.ds(pid, "/origdatablocks"), json={"size": 1, "dataFileList": [file]}).json()["id"]
    picture = {"thumbnail": "data:image/png;base64,AA==", "caption": "n", "ownerGroup": "GET"}
    aid = zhang.post(zhang.ds(pid, "/attachments"), json=picture).json()["id"]
    assert len(wang.full({"text": "narrowme"})) == 1
    assert wang.get(f"/api/v4/attachments/{aid}").status_code == 200
    assert wang.get(f"/api/v4/origdatablocks/{block}").status_code == 200
    assert zhang.patch(zhang.ds(pid), json={"accessGroups": []}).status_code == 200
    assert wang.full({"text": "narrowme"}) == []
    assert wang.facets({"text": "narrowme"}, "type")["all"] == [{"totalSets": 0}]
    keys = wang.get("/api/v3/datasets/metadataKeys", params={"fields": '{"metadataKey":"narrowkey"}'})
    assert keys.json() == []
    assert wang.get(wang.ds(pid)).status_code == 403
    assert wang.get(f"/api/v4/attachments/{aid}").status_code == 403
    assert wang.get(f"/api/v4/origdatablocks/{block}").status_code == 403
    assert zhang.patch(zhang.ds(pid), json={"accessGroups": ["AMO"]}).status_code == 200
    assert wang.get(f"/api/v4/origdatablocks/{block}").status_code == 200


def test_what_is_deleted_takes_its_parts_along(zhang, wang):
    pid = zhang.create(pid="phoenix/1")["pid"]
    file = {"path": "secret.h5", "size": 1, "time": "2026-05-01T10:00:00Z"}
    block = zhang.post(zhang.ds(pid, "/origdatablocks"), json={"size": 1, "dataFileList": [file]}).json()["id"]
    picture = {"thumbnail": "data:image/png;base64,AA==", "caption": "secret", "ownerGroup": "GET"}
    aid = zhang.post(zhang.ds(pid, "/attachments"), json=picture).json()["id"]
    assert zhang.delete(zhang.ds(pid)).status_code == 200
    assert zhang.get(zhang.ds(pid)).status_code == 404
    # Whoever takes the PID next does not get the files of the one before.
    wang.create(pid=pid, ownerGroup="AMO")
    assert wang.get(wang.ds(pid, "/origdatablocks")).json() == []
    assert wang.get(wang.ds(pid, "/attachments")).json() == []
    assert zhang.get(f"/api/v3/origdatablocks/{block}").status_code == 404
    assert zhang.get(f"/api/v4/attachments/{aid}").status_code == 404


def test_owners_keep_what_is_published_or_used(zhang):
    published = zhang.create()["pid"]
    zhang.patch(zhang.ds(published), json={"isPublished": True})
    assert zhang.delete(zhang.ds(published)).status_code == 403
    used = zhang.create()["pid"]
    assert zhang.post("/api/v3/datasets", json=derived(inputDatasets=[used])).status_code == 201
    assert zhang.delete(zhang.ds(used)).status_code == 403
