"""Datasets over HTTP: forms of v3 and v4, queries, changes, with PIDs that break careless programs."""

import json
from urllib.parse import quote, quote_plus

import pytest
from catalog.people import HARD, Person, derived, raw

PIDS = [HARD, "plain/1", "with space/+plus", "引号'\"/样品", "..%2f../x", "p?q#r&s=t", "a;b:c@d$e,f"]


@pytest.fixture(scope="module")
def hard(people):
    zhang = people["zhangxf"]
    for number, pid in enumerate(PIDS):
        zhang.create(pid=pid, datasetName=f"hard {number}")
    return zhang


@pytest.mark.parametrize("pid", PIDS)
@pytest.mark.parametrize("encode", [lambda pid: quote(pid, safe=""), quote_plus], ids=["quote", "quote_plus"])
def test_every_pid_is_one_path_part_on_every_route(hard, pid, encode):
    base = f"/api/v3/datasets/{encode(pid)}"
    for version in (3, 4):
        answer = hard.get(f"/api/v{version}/datasets/{encode(pid)}")
        assert (answer.status_code, answer.json()["pid"]) == (200, pid)
    assert hard.get(f"/api/V3/DataSets/{encode(pid)}/").json()["pid"] == pid
    assert hard.get(f"{base}/datasetlifecycle").json()["archivable"] is True
    block = {"size": 3, "dataFileList": [{"path": "ä b.h5", "size": 3, "time": "2026-05-01T10:00:00Z"}]}
    before = hard.get(base).json()
    made = hard.post(f"{base}/origdatablocks", json=block)
    assert (made.status_code, made.json()["datasetId"]) == (201, pid)
    assert made.json()["id"] in [b["id"] for b in hard.get(f"{base}/origdatablocks").json()]
    after = hard.get(base).json()
    assert (after["size"], after["numberOfFiles"]) == (before["size"] + 3, before["numberOfFiles"] + 1)
    changed = {"size": 5, "dataFileList": block["dataFileList"] * 2}
    assert hard.patch(f"{base}/origdatablocks/{made.json()['id']}", json=changed).status_code == 200
    after = hard.get(base).json()
    assert (after["size"], after["numberOfFiles"]) == (before["size"] + 5, before["numberOfFiles"] + 2)
    assert hard.delete(f"{base}/origdatablocks/{made.json()['id']}").status_code == 200
    after = hard.get(base).json()
    assert (after["size"], after["numberOfFiles"]) == (before["size"], before["numberOfFiles"])
    picture = {"thumbnail": "data:image/png;base64,iVBORw0KGgo=", "caption": "x", "ownerGroup": "GET"}
    attached = hard.post(f"{base}/attachments", json=picture)
    assert (attached.status_code, attached.json()["datasetId"]) == (201, pid)
    assert hard.get(f"{base}/thumbnail").json()["thumbnail"] == picture["thumbnail"]
    assert [a["id"] for a in hard.get(f"{base}/attachments").json()] == [attached.json()["id"]]
    assert hard.delete(f"{base}/attachments/{attached.json()['id']}").status_code == 200
    assert hard.patch(base, json={"description": f"of {pid}"}).json()["description"] == f"of {pid}"
    assert [d["pid"] for d in hard.listed({"where": {"pid": pid}})] == [pid]
    found = hard.get("/api/v3/datasets/findOne", params={"filter": json.dumps({"where": {"pid": pid}})})
    assert found.json()["pid"] == pid


def test_an_unencoded_slash_is_another_path(hard):
    answer = hard.get("/api/v3/datasets/plain/1")
    assert answer.status_code == 404
    assert answer.json()["message"] == "Cannot GET /api/v3/datasets/plain/1"


def test_create_fills_what_the_server_fills(zhang):
    made = zhang.create(proposalId="P-1", sampleId="S-1", instrumentId="I-1")
    assert made["pid"].startswith("shinecat/")
    assert made["_id"] == made["pid"]
    assert made["proposalIds"] == ["P-1"]
    assert made["proposalId"] == "P-1"
    assert made["principalInvestigators"] == ["a@x.org"]
    assert made["version"] == "3"
    assert made["classification"] == "IN=medium,AV=low,CO=low"
    assert (made["size"], made["packedSize"], made["numberOfFiles"], made["numberOfFilesArchived"]) == (0, 0, 0, 0)
    assert made["createdBy"] == made["updatedBy"] == "zhangxf"
    assert made["scientificMetadata"]["energy"]["unit"] == "keV"
    assert made["scientificMetadata"]["energy"]["valueSI"] == pytest.approx(1.9866989406e-15)
    assert "description" not in made


def test_a_time_without_zone_is_utc(zhang):
    assert zhang.create(creationTime="2025-01-01T00:00:00")["creationTime"] == "2025-01-01T00:00:00.000Z"
    assert zhang.create(creationTime="2025-01-01T08:00:00+08:00")["creationTime"] == "2025-01-01T00:00:00.000Z"


def test_errors_have_the_texts_of_the_real_server(zhang, people, anonymous):
    missing = zhang.post("/api/v3/datasets", json={"type": "raw", "ownerGroup": "GET"})
    assert missing.status_code == 400
    properties = [item["property"] for item in json.loads(missing.json()["message"])]
    expected = ["owner", "contactEmail", "sourceFolder", "creationTime", "principalInvestigator", "creationLocation"]
    assert sorted(properties) == sorted(expected)
    extra = zhang.post("/api/v3/datasets", json=raw(foo=1)).json()
    assert extra == {
        "status": 400,
        "message": '[{"property":"foo","constraints":{"whitelistValidation":"property foo should not exist"}}]',
    }
    weird = zhang.post("/api/v3/datasets", json=raw(type="weird"))
    assert (weird.status_code, weird.json()) == (400, {"status": 400, "message": "Invalid dataset type!"})
    anon = anonymous.post("/api/v3/datasets", json=raw())
    assert (anon.status_code, anon.json()["message"]) == (403, "Forbidden resource")
    wrong = people["wangxch"].post("/api/v3/datasets", json=raw())
    assert (wrong.status_code, wrong.json()["message"]) == (403, "Unauthorized to create this dataset")
    again = zhang.create(pid="twice/1")
    twice = zhang.post("/api/v3/datasets", json=raw(pid="twice/1"))
    assert (twice.status_code, twice.json()["message"]) == (409, f"A dataset with pid {again['pid']} already exists!")
    broken = zhang.post("/api/v3/datasets", content=b"{bad", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["error"]) == (400, "Bad Request")
    absent = zhang.get("/api/v3/datasets/no%2Fone")
    assert (absent.status_code, absent.json()["message"]) == (404, "dataset: no/one not found")
    assert zhang.get("/api/v3/nope").json() == {
        "message": "Cannot GET /api/v3/nope",
        "error": "Not Found",
        "statusCode": 404,
    }
    include = zhang.get("/api/v3/datasets", params={"filter": '{"include":["nothing"]}'})
    assert include.json()["message"] == 'Provided include field "nothing" is not part of the dataset relations'
    v4 = zhang.post("/api/v4/datasets", json=raw())
    assert v4.status_code == 400
    assert "property principalInvestigator should not exist" in v4.json()["message"]
    where = zhang.get("/api/v4/datasets", params={"filter": '{"where":{"foo":1}}'})
    assert where.json()["message"] == "Property where.foo should not exist in the filter object"
    for odd, text in (({"pid": {"inq": ["x"]}}, "pid.inq"), ({"pid": {"$expr": 1}}, "pid.$expr")):
        answer = zhang.get("/api/v4/datasets", params={"filter": json.dumps({"where": odd})})
        assert answer.json()["message"] == f"Property where.{text} should not exist in the filter object"
    below = {"where": {"scientificMetadata.energy": {"inq": 1}}}
    assert zhang.get("/api/v4/datasets", params={"filter": json.dumps(below)}).json() == []


def test_is_valid_says_what_is_wrong(zhang):
    good = zhang.post("/api/v3/datasets/isValid", json=raw())
    assert (good.status_code, good.json()) == (200, {"valid": True})
    bad = zhang.post("/api/v4/datasets/isValid", json={"type": "raw", "ownerGroup": "GET", "contactEmail": "nobody"})
    assert bad.status_code == 200
    assert bad.json()["valid"] is False
    assert "Expected an email" in " ".join(bad.json()["reason"])


def test_both_apis_show_one_store(zhang):
    pid = zhang.create(proposalId="P-7")["pid"]
    v4 = zhang.get(zhang.ds(pid, version=4)).json()
    assert v4["proposalIds"] == ["P-7"]
    assert "proposalId" not in v4
    made = zhang.post(
        "/api/v4/datasets",
        json={
            "ownerGroup": "GET", "contactEmail": "a@x.org", "sourceFolder": "/d",
            "creationTime": "2026-01-01T00:00:00Z", "datasetName": "four", "type": "derived",
            "inputDatasets": [pid], "proposalIds": ["P-7"],
        },
    )  # fmt: skip
    assert made.status_code == 201
    assert made.json()["version"] == "4"
    results = zhang.listed({"where": {"inputDatasets": pid}})
    assert [d["pid"] for d in results] == [made.json()["pid"]]
    assert results[0]["proposalId"] == "P-7"


def test_patch_replaces_fields_and_merge_patch_merges(zhang):
    pid = zhang.create(scientificMetadata={"a": {"value": 1, "unit": "mm"}, "b": 2})["pid"]
    replaced = zhang.patch(zhang.ds(pid), json={"scientificMetadata": {"c": {"value": 2, "unit": "cm"}}}).json()
    assert list(replaced["scientificMetadata"]) == ["c"]
    assert replaced["scientificMetadata"]["c"]["valueSI"] == 0.02
    merged = zhang.patch(
        zhang.ds(pid, version=4),
        content=json.dumps({"scientificMetadata": {"d": 5, "c": None}, "description": "x"}),
        headers={"Content-Type": "application/merge-patch+json"},
    ).json()
    assert merged["scientificMetadata"] == {"d": 5}
    assert merged["description"] == "x"
    assert merged["createdAt"] == replaced["createdAt"]
    assert merged["updatedAt"] >= replaced["updatedAt"]


def test_if_unmodified_since(zhang):
    pid = zhang.create()["pid"]
    for text in ("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00", "2015-10-21T07:28:00.000Z"):
        old = {"If-Unmodified-Since": text}
        assert zhang.patch(zhang.ds(pid), json={"description": "x"}, headers=old).status_code == 412
    new = {"If-Unmodified-Since": "Wed, 21 Oct 2099 07:28:00 GMT"}
    assert zhang.patch(zhang.ds(pid), json={"description": "x"}, headers=new).status_code == 200


def test_the_whole_object_may_come_back_as_a_patch(zhang):
    made = zhang.create()
    body = {
        name: made[name] for name in ("type", "ownerGroup", "owner", "sourceFolder", "creationTime", "contactEmail")
    }
    assert zhang.patch(zhang.ds(made["pid"]), json={**body, "description": "again"}).json()["description"] == "again"
    assert zhang.patch(zhang.ds(made["pid"]), json={"type": "derived"}).status_code == 400


def test_queries_that_other_rooms_rely_on(zhang):
    key = "sha256:0123"
    first = zhang.create(sourceFolder="/data/ä b", sourceFolderHost="daq1", scientificMetadata={"job": {"value": 7}})
    result = zhang.post(
        "/api/v3/datasets",
        json=derived(inputDatasets=[first["pid"]], jobParameters={"shinecat": {"key": key, "uncertain_inputs": []}}),
    ).json()
    assert [d["pid"] for d in zhang.listed({"where": {"jobParameters.shinecat.key": key}})] == [result["pid"]]
    assert [d["pid"] for d in zhang.listed({"where": {"inputDatasets": first["pid"]}})] == [result["pid"]]
    where = {"sourceFolder": "/data/ä b", "sourceFolderHost": "daq1"}
    assert [d["pid"] for d in zhang.listed({"where": where})] == [first["pid"]]
    assert [d["pid"] for d in zhang.listed({"where": {"scientificMetadata.job.value": 7}})] == [first["pid"]]
    changed = zhang.patch(zhang.ds(result["pid"]), json={"jobParameters": {"shinecat": {"key": "new"}}})
    assert changed.status_code == 200
    assert zhang.listed({"where": {"jobParameters.shinecat.key": key}}) == []


@pytest.fixture(scope="module")
def library(people):
    zhang = people["zhangxf"]
    made = []
    for number, (name, energy) in enumerate(
        [
            ("溶菌酶晶体 run_0017", 7.0),
            ("Lysozyme powder", 9.5),
            ("飞秒激光 pump-probe 12.4", 12.4),
            ("ZnO nanowire", 3.1),
        ]
    ):
        made.append(
            zhang.create(
                pid=f"library/{number}", datasetName=name, keywords=["shelf", f"k{number % 2}"],
                proposalId=f"LP-{number}",
                creationTime=f"2026-0{number + 1}-15T08:00:00.000Z", creationLocation="SHELF",
                scientificMetadata={
                    "energy": {"value": energy, "unit": "keV"}, "nested": {"gap": {"value": number, "unit": "mm"}},
                    "note": {"value": f"note {number}"},
                },
            )["pid"]
        )  # fmt: skip
    return made


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": "溶菌酶"}, [0]),
        ({"text": "菌酶"}, [0]),
        ({"text": "酶"}, [0]),
        ({"text": "激光 飞秒"}, [2]),
        ({"text": "lysozyme"}, [1]),
        ({"text": "LYSO"}, [1]),
        ({"text": "ozym"}, [1]),
        ({"text": "0017"}, [0]),
        ({"text": "12.4"}, [2]),
        ({"text": '"pump-probe 12"'}, [2]),
        ({"text": "lysozyme nanowire"}, []),
        ({"keywords": "k0"}, [0, 2]),
        ({"keywords": ["k0", "k1"]}, [0, 1, 2, 3]),
        ({"proposalId": "LP-3"}, [3]),
        ({"proposalId": ["LP-3", "LP-1"]}, [1, 3]),
        ({"creationTime": {"begin": "2026-02-01T00:00:00Z", "end": "2026-03-31T00:00:00Z"}}, [1, 2]),
        ({"type": "raw", "ownerGroup": ["GET"]}, [0, 1, 2, 3]),
        ({"type": ["derived"]}, []),
        ({"scientific": [{"lhs": "energy", "relation": "GREATER_THAN", "rhs": 9000, "unit": "eV"}]}, [1, 2]),
        ({"scientific": [{"lhs": "energy", "relation": "EQUAL_TO", "rhs": 12400, "unit": "eV"}]}, [2]),
        ({"scientific": [{"lhs": "energy", "relation": "LESS_THAN_OR_EQUAL", "rhs": 7, "unit": ""}]}, [0, 3]),
        ({"scientific": [{"lhs": "energy", "relation": "RANGE", "rhs": [7, 10], "unit": "keV"}]}, [1]),
        ({"scientific": [{"lhs": "nested.gap", "relation": "GREATER_THAN", "rhs": 0.15, "unit": "cm"}]}, [2, 3]),
        ({"scientific": [{"lhs": "note", "relation": "EQUAL_TO_STRING", "rhs": "note 1"}]}, [1]),
        ({"scientific": [{"lhs": "note", "relation": "CONTAINS_STRING", "rhs": "TE 2"}]}, [2]),
        ({"mode": {"datasetName": {"$regex": "^zno", "$options": "i"}}}, [3]),
    ],
)
def test_fullquery_and_fullfacet_agree(zhang, library, fields, expected):
    fields = {**fields, "creationLocation": "SHELF"}
    found = [d["pid"] for d in zhang.full(fields, {"order": "creationTime:asc"})]
    assert found == [library[number] for number in expected]
    counted = zhang.facets(fields, "keywords", "type")
    assert counted["all"] == [{"totalSets": len(expected)}]


def test_order_skip_and_limit(zhang, library):
    fields = {"creationLocation": "SHELF"}
    pids = [d["pid"] for d in zhang.full(fields, {"order": "creationTime:desc", "skip": 1, "limit": 2})]
    assert pids == [library[2], library[1]]
    names = [d["datasetName"] for d in zhang.full(fields, {"order": "datasetName:asc"})]
    assert names == sorted(names)


def test_facets_leave_their_own_filter_out(zhang, library):
    counted = zhang.facets({"creationLocation": "SHELF", "keywords": ["k1"]}, "keywords", "creationTime", "ownerGroup")
    keywords = {item["_id"]: item["count"] for item in counted["keywords"]}
    assert keywords == {"shelf": 4, "k0": 2, "k1": 2}
    assert {json.dumps(item["_id"]) for item in counted["creationTime"]} == {
        '{"year": 2026, "month": 2, "day": 15}',
        '{"year": 2026, "month": 4, "day": 15}',
    }
    assert counted["ownerGroup"] == [{"_id": "GET", "count": 2}]


def test_metadata_keys(zhang, library):
    answer = zhang.get(
        "/api/v3/datasets/metadataKeys",
        params={"fields": json.dumps({"creationLocation": "SHELF", "metadataKey": "N"})},
    )
    assert answer.json() == ["energy", "nested", "note"]


def test_unknown_relations_fields_and_units_are_refused_with_what_is_possible(zhang):
    for fields, part in [
        ({"scientific": [{"lhs": "a", "relation": "LIKE", "rhs": 1}]}, "GREATER_THAN"),
        ({"scientific": [{"lhs": "a", "relation": "GREATER_THAN", "rhs": "much"}]}, "not a number"),
        ({"nosuchfield": 1}, "is not a field"),
        ({"creationTime": {"begin": "yesterday"}}, "is not a date"),
        ({"mode": {"$where": "sleep(1)"}}, "unknown top level operator"),
        ({"mode": {"datasetName": {"$regex": "(?=x)"}}}, "Regular expression is invalid"),
    ]:
        answer = zhang.get("/api/v3/datasets/fullquery", params={"fields": json.dumps(fields)})
        assert answer.status_code == 400, fields
        assert part in answer.json()["message"]


def test_both_filter_languages(zhang, library):
    for where in (
        {"creationLocation": "SHELF", "datasetName": {"like": "powder"}},
        {"creationLocation": "SHELF", "datasetName": {"ilike": "POWDER"}},
        {"and": [{"creationLocation": "SHELF"}, {"keywords": {"inq": ["k1"]}}, {"proposalId": "LP-1"}]},
        {"creationLocation": "SHELF", "scientificMetadata.energy.value": {"$gt": 9, "$lt": 10}},
        {"creationLocation": "SHELF", "creationTime": {"between": ["2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"]}},
        {"creationLocation": "SHELF", "$nor": [{"pid": {"$in": [library[0], library[2], library[3]]}}]},
    ):
        assert [d["pid"] for d in zhang.listed({"where": where})] == [library[1]], where
        count = zhang.get("/api/v3/datasets/count", params={"filter": json.dumps({"where": where})})
        assert count.json() == {"count": 1}
    fields = zhang.listed({"where": {"pid": library[1]}, "fields": ["datasetName", "scientificMetadata.energy.value"]})
    assert fields == [
        {"_id": library[1], "datasetName": "Lysozyme powder", "scientificMetadata": {"energy": {"value": 9.5}}}
    ]


def test_strict_profile_behaves_as_the_real_server(strict):
    with Person(strict, "zhangxf") as zhang, Person(strict, "deleter") as deleter:
        refused = zhang.post("/api/v3/datasets", json=raw(pid="own/1"))
        assert (refused.status_code, refused.json()["message"]) == (403, "Unauthorized to create this dataset")
        pid = zhang.create(scientificMetadata={"nested": {"gap": {"value": 5, "unit": "mm"}}})["pid"]
        nested = [{"lhs": "nested.gap", "relation": "GREATER_THAN", "rhs": 0.4, "unit": "cm"}]
        assert zhang.full({"scientific": nested}) == []
        assert zhang.delete(zhang.ds(pid)).status_code == 403
        assert zhang.post("/api/v3/auth/renew").status_code == 404
        assert "shinecat" not in zhang.get("/api/v3/health").json()
        # Its search on metadata: values come in the unit asked for with three digits, an unknown relation is no
        # condition, and no text is found by a part of it.
        metadata = {"heat": {"value": 25, "unit": "degC"}, "length": {"v": 5, "u": "mm"}, "note": "a text"}
        zhang.create(scientificMetadata=metadata, keywords=["odd"])

        def asked(relation, lhs="heat", rhs=1, unit="K"):
            condition = {"lhs": lhs, "relation": relation, "rhs": rhs, "unit": unit}
            return [doc["scientificMetadata"] for doc in zhang.full({"scientific": [condition], "keywords": ["odd"]})]

        assert asked("GREATER_THAN")[0]["heat"] == {"value": 298, "unit": "K", "valueSI": 298.15, "unitSI": "K"}
        assert asked("EQUAL_TO", unit="s")[0]["heat"]["value"] == 25
        assert asked("GREATER_THAN", "length", 1, "um")[0]["length"]["v"] == 5
        assert asked("CONTAINS_STRING", "note", "tex", "") == []
        assert len(asked("EQUAL_TO_STRING", "note", "a text", "")) == 1
        v4 = zhang.get(zhang.ds(pid, version=4)).json()
        assert set(v4["datasetlifecycle"]["_id"]) == {"buffer"}
        listed = zhang.get("/api/v4/datasets", params={"filter": json.dumps({"where": {"foo": 1}})})
        assert (listed.status_code, listed.json()["message"]) == (
            400, "Property where.foo should not exist in the filter object",
        )  # fmt: skip
        exchanges = (zhang.post("/api/v3/auth/oidc/token", json={"idToken": "x"}) for _ in range(30))
        assert any(answer.status_code == 429 for answer in exchanges), "one exchange a second from each address"
        key = {"where": {"jobParameters.shinecat.key": "k"}}
        zhang.post("/api/v3/datasets", json=derived(jobParameters={"shinecat": {"key": "k"}}))
        assert len(zhang.listed(key)) == 1
        assert deleter.delete(zhang.ds(pid)).status_code == 200
        again = deleter.delete(zhang.ds(pid))
        assert (again.status_code, again.json()) == (404, {"message": "Not Found", "statusCode": 404})


def test_the_profile_of_a_real_scicat_has_neither(strict):
    with Person(strict, "zhangxf") as zhang:
        zhang.post("/api/v3/datasets", json=raw())
        answer = zhang.get(
            "/api/v3/datasets", params={"filter": '{"limits": {"cursor": "", "limit": 1}}', "explain": "true"}
        )
        assert answer.status_code == 200
        assert not {"x-next-cursor", "x-explain"} & set(answer.headers)
        facets = zhang.get("/api/v3/datasets/fullfacet", params={"facets": '[{"field": "size", "bins": 3}]'})
        assert facets.status_code == 400


def test_a_real_scicat_does_not_know_the_switch(strict):
    with Person(strict, "zhangxf") as zhang:
        answer = zhang.get("/api/v3/datasets/fullquery", params={"fields": '{"text": "a", "similar": true}'})
        assert answer.status_code == 400
        assert zhang.full({"text": "proposal:P1"}) == []


def test_large_answers_are_compressed_for_those_who_take_it(zhang):
    for number in range(30):
        zhang.create(pid=f"packed/{number}", description="long " * 50)
    query = {"filter": json.dumps({"where": {"pid": {"$regex": "^packed/"}}, "limits": {"limit": 30}})}
    packed = zhang.get("/api/v3/datasets", params=query, headers={"Accept-Encoding": "gzip"})
    plain = zhang.get("/api/v3/datasets", params=query, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in plain.headers
    assert len(plain.json()) == 30
    assert packed.json() == plain.json()
    again = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert zhang.get("/api/v3/datasets", params=query, headers=again).status_code == 304
    assert "Content-Encoding" not in zhang.get("/api/v3/datasets/count", headers={"Accept-Encoding": "gzip"}).headers
