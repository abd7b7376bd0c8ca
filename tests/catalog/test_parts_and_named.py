"""Blocks, attachments, samples, proposals and instruments over HTTP."""

import json

import pytest
from catalog.people import HARD, Person, raw

FILE = {"path": "sub folder/ä.h5", "size": 5, "time": "2026-05-01T10:00:00"}
PICTURE = {"thumbnail": "data:image/png;base64,iVBORw0KGgo=", "caption": "figure", "ownerGroup": "GET"}


def test_blocks_add_to_the_dataset_and_follow_changes(zhang):
    pid = zhang.create(size=1000, numberOfFiles=1)["pid"]
    made = zhang.post(
        "/api/v4/origdatablocks", json={"datasetId": pid, "size": 5, "chkAlg": "blake2b", "dataFileList": [FILE]}
    )
    assert made.status_code == 201
    block = made.json()
    assert block["ownerGroup"] == "GET"
    assert block["dataFileList"][0]["time"] == "2026-05-01T10:00:00.000Z"
    assert block["dataFileList"][0]["_id"]
    assert (block["_id"], block["datasetId"]) == (block["id"], pid)
    dataset = zhang.get(zhang.ds(pid)).json()
    assert (dataset["size"], dataset["numberOfFiles"]) == (1005, 2)
    changed = zhang.patch(
        f"/api/v3/origdatablocks/{block['id']}", json={"size": 12, "dataFileList": [FILE, FILE, FILE]}
    )
    assert changed.status_code == 200
    dataset = zhang.get(zhang.ds(pid)).json()
    assert (dataset["size"], dataset["numberOfFiles"]) == (1012, 4)
    assert [b["id"] for b in zhang.listed({"where": {"datasetId": pid}}, "/api/v3/origdatablocks")] == [block["id"]]
    files = zhang.full({"datasetId": pid}, {}, "/api/v3/origdatablocks/fullquery/files")
    assert [file["dataFileList"]["path"] for file in files] == [FILE["path"]] * 3
    assert all(file["datasetExist"] for file in files)
    assert zhang.get(zhang.ds(pid, "/origdatablocks/count")).json() == {"count": 1}


def test_facets_of_files_count_files(zhang, anonymous):
    pids = [zhang.create(isPublished=False)["pid"] for _ in range(2)]
    for pid, number in ((pids[0], 2), (pids[0], 1), (pids[1], 3)):
        files = [{**FILE, "path": f"f{n}.h5", "type": "even" if n % 2 == 0 else "odd"} for n in range(number)]
        assert zhang.post(zhang.ds(pid, "/origdatablocks"), json={"size": 1, "dataFileList": files}).status_code == 201
    fields, facets = {"datasetId": pids}, ["datasetId", "dataFileList.type"]
    for path, query in (
        ("v3/origdatablocks/fullfacet/files", {"fields": json.dumps(fields), "facets": json.dumps(facets)}),
        ("v4/origdatablocks/fullfacet/files", {"filters": json.dumps({"fields": fields, "facets": facets})}),
    ):
        found = zhang.get(f"/api/{path}", params=query).json()[0]
        assert found["all"] == [{"totalSets": 6}]
        assert {item["_id"]: item["count"] for item in found["datasetId"] if item["_id"] in pids} == dict.fromkeys(
            pids, 3
        )
        assert {item["_id"]: item["count"] for item in found["dataFileList.type"]} == {"even": 4, "odd": 2}
        # A facet's own condition is left out of its own count.
        narrowed = {**query, "fields": json.dumps({"datasetId": pids[0]})}
        if "v3" in path:
            found = zhang.get(f"/api/{path}", params=narrowed).json()[0]
            assert found["all"] == [{"totalSets": 3}]
            assert {item["_id"] for item in found["datasetId"]} >= set(pids)
        hidden = anonymous.get(f"/api/{path.replace('v4/origdatablocks', 'v4/origdatablocks/public')}", params=query)
        assert hidden.json()[0]["all"] == [{"totalSets": 0}]


def test_a_block_stays_with_its_dataset(zhang):
    first, second = zhang.create()["pid"], zhang.create()["pid"]
    block = zhang.post(zhang.ds(first, "/origdatablocks"), json={"size": 5, "dataFileList": [FILE]}).json()["id"]
    assert zhang.patch(zhang.ds(second, f"/origdatablocks/{block}"), json={"size": 1}).status_code == 404
    assert zhang.delete(zhang.ds(second, f"/origdatablocks/{block}")).status_code == 404
    moved = zhang.patch(f"/api/v3/origdatablocks/{block}", json={"datasetId": second})
    assert moved.json()["datasetId"] == first
    assert zhang.get(zhang.ds(second)).json()["size"] == 0


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"size": 1000}, "dataFileList should not be empty"),
        ({"size": 1, "dataFileList": []}, "dataFileList should not be empty"),
        ({"size": -1, "dataFileList": [FILE]}, "size must not be less than 0"),
        ({"size": 1, "dataFileList": [{"path": "a"}]}, "dataFileList.0.size must be an integer number"),
        ({"size": 1, "dataFileList": [FILE], "x": 1}, "property x should not exist"),
        ({"size": 1, "dataFileList": ["a"]}, "dataFileList.0.must be an object"),
    ],
)
def test_broken_blocks_are_400(zhang, body, part):
    pid = zhang.create()["pid"]
    answer = zhang.post(zhang.ds(pid, "/origdatablocks"), json=body)
    assert answer.status_code == 400
    assert part in answer.json()["message"]
    assert zhang.get(zhang.ds(pid)).json()["numberOfFiles"] == 0


def test_a_block_is_never_wider_than_its_dataset(zhang, wang):
    pid = zhang.create()["pid"]
    wide = {"datasetId": pid, "size": 5, "dataFileList": [FILE], "accessGroups": ["AMO"], "isPublished": True}
    block = zhang.post("/api/v3/origdatablocks", json=wide).json()["id"]
    assert wang.get(f"/api/v3/origdatablocks/{block}").status_code == 403
    assert wang.get(f"/api/v4/origdatablocks/public/{block}").status_code == 404
    for path in ("/api/v3/origdatablocks", "/api/v4/origdatablocks", "/api/v4/origdatablocks/public"):
        assert wang.listed({"where": {"datasetId": pid}}, path) == []


def test_an_attachment_is_never_wider_than_what_it_belongs_to(zhang, wang):
    pid = zhang.create()["pid"]
    wide = {**PICTURE, "accessGroups": ["AMO"], "isPublished": True}
    relation = {"targetId": pid, "targetType": "dataset", "relationType": "is attached to"}
    aid = zhang.post("/api/v4/attachments", json={**wide, "relationships": [relation]}).json()["aid"]
    assert wang.get(f"/api/v4/attachments/{aid}").status_code == 403
    assert aid not in [a["aid"] for a in wang.listed({"limits": {"limit": 1000}}, "/api/v4/attachments")]
    assert aid not in [a["aid"] for a in wang.listed({"limits": {"limit": 1000}}, "/api/v4/attachments/public")]


def test_nobody_attaches_to_what_is_not_theirs(zhang, wang):
    pid = zhang.create(accessGroups=["AMO"])["pid"]
    relation = {"targetId": pid, "targetType": "dataset", "relationType": "is attached to"}
    body = {**PICTURE, "ownerGroup": "AMO", "isPublished": False, "relationships": [relation]}
    assert wang.post("/api/v4/attachments", json=body).status_code == 403
    own = wang.post("/api/v4/attachments", json={**body, "relationships": []})
    assert own.status_code == 201
    moved = wang.patch(f"/api/v4/attachments/{own.json()['aid']}", json={"relationships": [relation]})
    assert moved.status_code == 403
    # Nor does anybody take away what is attached there, whoever's picture it is.
    attached = {**body, "ownerGroup": "SHINE", "relationships": [relation]}
    aid = zhang.post("/api/v4/attachments", json=attached).json()["aid"]
    assert wang.patch(f"/api/v4/attachments/{aid}", json={"relationships": []}).status_code == 403
    assert wang.delete(f"/api/v4/attachments/{aid}").status_code == 403
    assert zhang.patch(f"/api/v4/attachments/{aid}", json={"relationships": []}).status_code == 200
    absent = {**relation, "targetId": "no/such"}
    assert (
        zhang.post("/api/v4/attachments", json={**PICTURE, "isPublished": False, "relationships": [absent]}).status_code
        == 404
    )


def test_attachments_in_both_forms(zhang):
    pid = zhang.create(accessGroups=["AMO"])["pid"]
    v3 = zhang.post(zhang.ds(pid, "/attachments"), json=PICTURE).json()
    assert v3["datasetId"] == pid
    assert v3["accessGroups"] == ["AMO"]
    v4 = zhang.get(f"/api/v4/attachments/{v3['id']}").json()
    assert v4["aid"] == v3["id"]
    assert v4["relationships"] == [{"targetId": pid, "targetType": "dataset", "relationType": "is attached to"}]
    shown = zhang.get(zhang.ds(pid, "?include=attachments", version=4)).json()["attachments"]
    assert [a["aid"] for a in shown] == [v3["id"]]
    assert zhang.post("/api/v4/attachments", json={"caption": "x"}).status_code == 400


@pytest.mark.parametrize("id", ["S-1", HARD, "样品 1/2"])
def test_samples(zhang, wang, id):
    body = {
        "sampleId": id, "sampleName": "Ni", "ownerGroup": "GET", "owner": "Alice",
        "sampleCharacteristics": {"mass": {"value": 2, "unit": "mg"}, "formula": "Ni"},
    }  # fmt: skip
    made = zhang.post("/api/v3/samples", json=body)
    assert made.status_code == 201
    assert made.json()["sampleCharacteristics"]["mass"]["valueSI"] == pytest.approx(2e-6)
    path = zhang.ds(id).replace("/datasets/", "/samples/")
    assert zhang.get(path).json()["sampleId"] == id
    assert zhang.post("/api/v3/samples", json=body).status_code == 409
    forbidden = wang.get(path)
    assert (forbidden.status_code, forbidden.json()["message"]) == (403, "Unauthorized to this sample")
    assert zhang.patch(path, json={"description": "changed"}).json()["description"] == "changed"
    condition = [{"lhs": "mass", "relation": "GREATER_THAN", "rhs": 1000, "unit": "ug"}]
    found = zhang.full({"characteristics": condition}, {"limit": 100}, "/api/v3/samples/fullquery")
    assert id in [sample["sampleId"] for sample in found]
    dataset = zhang.create(sampleId=id)["pid"]
    assert [d["pid"] for d in zhang.get(f"{path}/datasets").json()] == [dataset]
    attached = zhang.post(f"{path}/attachments", json=PICTURE)
    assert (attached.status_code, attached.json()["sampleId"]) == (201, id)
    assert [a["id"] for a in zhang.get(f"{path}/attachments").json()] == [attached.json()["id"]]
    assert wang.get(f"{path}/attachments").status_code == 403


def test_proposals(people, zhang, wang):
    keeper = people["proposer"]
    body = {
        "proposalId": "P-100", "title": "Alpha proposal 阿尔法", "email": "pi@x.org", "ownerGroup": "GET",
        "startTime": "2026-01-01T00:00:00",
    }  # fmt: skip
    made = keeper.post("/api/v3/proposals", json=body)
    assert made.status_code == 201
    for name, value in {"parentProposalId": None, "type": "Default Proposal", "isPublished": False}.items():
        assert made.json()[name] == value
    assert made.json()["startTime"] == "2026-01-01T00:00:00.000Z"
    again = keeper.post("/api/v3/proposals", json=body)
    assert (again.status_code, again.json()["message"]) == (409, "Proposal with P-100 already exists")
    assert zhang.post("/api/v3/proposals", json={**body, "proposalId": "P-101"}).status_code == 403
    invalid = keeper.post("/api/v3/proposals", json={"title": "x"}).json()
    assert invalid["message"] == [
        "proposalId must be a string",
        "ownerGroup should not be empty",
        "ownerGroup must be a string",
        "email must be an email",
    ]
    assert zhang.get("/api/v3/proposals/P-100").json()["title"] == "Alpha proposal 阿尔法"
    absent = zhang.get("/api/v3/proposals/NOPE")
    assert (absent.status_code, absent.json()["message"]) == (404, "Proposal: NOPE not found")
    assert wang.get("/api/v3/proposals/P-100").json()["message"] == "Unauthorized to this proposal"
    for text, expected in (("alpha", 1), ("阿尔", 1), ("beta", 0)):
        found = zhang.full({"text": text}, {}, "/api/v3/proposals/fullquery")
        assert len(found) == expected
    counted = zhang.get("/api/v3/proposals/fullfacet", params={"fields": "{}", "facets": '["type"]'}).json()
    assert counted[0]["all"] == [{"totalSets": 1}]


def test_instruments(admin, zhang, anonymous):
    body = {"name": "Beamline 7", "uniqueName": "BL-7", "customMetadata": {"detector": "Eiger"}}
    made = admin.post("/api/v3/instruments", json=body)
    assert made.status_code == 201
    twice = admin.post("/api/v3/instruments", json=body)
    assert (twice.status_code, twice.json()["message"]) == (
        409,
        "Instrument with the same unique name or PID already exists",
    )
    pid = made.json()["pid"]
    other = admin.post("/api/v3/instruments", json={"name": "other", "uniqueName": "BL-other"}).json()["pid"]
    assert admin.patch(f"/api/v3/instruments/{other}", json={"uniqueName": "BL-7"}).status_code == 409
    assert admin.patch(f"/api/v3/instruments/{pid}", json=body).status_code == 200
    assert zhang.get(f"/api/v3/instruments/{pid}").json()["name"] == "Beamline 7"
    bare = zhang.get('/api/v3/Instruments/findOne?{"where":{"name":{"like":"Beam"}}}')
    assert bare.json()["pid"] == pid
    assert anonymous.get("/api/v3/instruments").status_code == 403
    assert zhang.patch(f"/api/v3/instruments/{pid}", json={"name": "x"}).status_code == 403
    dataset = zhang.create(instrumentId=pid)["pid"]
    filter = json.dumps(
        {"where": {"pid": dataset}, "include": [{"relation": "instruments", "scope": {"fields": ["name"]}}]}
    )
    found = zhang.get("/api/v3/datasets", params={"filter": filter}).json()
    assert found[0]["instruments"] == [{"name": "Beamline 7", "_id": pid}]


def test_half_a_pair_is_refused_by_v4_patch_of_the_strict_profile(strict, zhang):
    with Person(strict, "zhangxf") as person:
        for who, expected in ((person, 400), (zhang, 200)):
            pid = who.post("/api/v3/datasets", json=raw()).json()["pid"]
            answer = who.patch(who.ds(pid, version=4), json={"scientificMetadata": {"energy": {"value": 13}}})
            assert answer.status_code == expected
