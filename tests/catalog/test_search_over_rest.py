"""Searching over REST: counting, paging, explaining, conditions, and what a 400 says."""

import json

import pytest
from catalog.people import Person

NEXT = "X-Next-Cursor"


@pytest.mark.parametrize(
    ("facets", "says"),
    [
        ([1], "array of at most 30"),
        (["x"] * 31, "array of at most 30"),
        ([{"by": "month"}], "needs a field"),
        ([{"field": "type", "by": "month"}], "dates are: createdAt, creationTime"),
        ([{"field": "creationTime", "by": "week"}], "year, month, day"),
        ([{"field": "creationTime", "by": "year", "bins": 3}], "not both"),
        ([{"field": "size", "bins": 0}], "between 1 and 200"),
        ([{"field": "size", "bins": [1, 1]}], "ascending"),
        ([{"field": "size", "bins": [1, True]}], "ascending"),
        ([{"field": "size", "bins": [0, 10**400]}], "out of range"),
        ([{"field": "size", "unit": "furlongs per fortnight"}], "not a known unit"),
        ([{"field": "size", "colour": 1}], "field, by, bins, unit and name"),
        ([{"field": "size"}, {"field": "size", "bins": 3}], "give one of them a name"),
        ([{"field": "a..b"}], "not a field name"),
    ],
)
def test_what_can_not_be_counted_is_refused_with_what_can(zhang, facets, says):
    answer = zhang.get("/api/v3/datasets/fullfacet", params={"fields": "{}", "facets": json.dumps(facets)})
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["message"]


def test_bins_over_rest_in_both_versions(zhang):
    for number in range(5):
        zhang.create(keywords=["binned"], scientificMetadata={"energy": {"value": number, "unit": "keV"}})
    fields = {"keywords": ["binned"]}
    facet = {"field": "scientificMetadata.energy", "bins": [0, 2000, 4000], "unit": "eV", "name": "energy"}
    expected = [{"_id": {"min": 0, "max": 2000}, "count": 2}, {"_id": {"min": 2000, "max": 4000}, "count": 3}]
    assert zhang.facets(fields, facet)["energy"] == expected
    filters = json.dumps({"fields": fields, "facets": [facet]})
    answer = zhang.get("/api/v4/datasets/fullfacet", params={"filters": filters})
    assert answer.json()[0]["energy"] == expected


LISTS = [
    ("/api/v3/datasets", "filter", lambda limits: {"where": {"keywords": "paged"}, "limits": limits}),
    ("/api/v4/datasets", "filter", lambda limits: {"where": {"keywords": "paged"}, "limits": limits}),
    ("/api/v3/datasets/fullquery", None, None),
]


@pytest.mark.parametrize(("path", "name", "filter"), LISTS)
def test_pages_over_rest_keep_scicats_form(zhang, path, name, filter):
    made = {zhang.create(keywords=["paged"])["pid"] for _ in range(3)}
    cursor, met = "", []
    while cursor is not None:
        limits = {"limit": 2, "cursor": cursor}
        query = {name: filter(limits)} if filter else {"fields": {"keywords": ["paged"]}, "limits": limits}
        answer = zhang.get(path, params={key: json.dumps(value) for key, value in query.items()})
        assert answer.status_code == 200, answer.text
        met += [doc["pid"] for doc in answer.json()]
        cursor = answer.headers.get(NEXT)
    assert len(met) == len(set(met))
    assert made <= set(met)


def test_other_kinds_are_paged_too_and_nobody_pages_into_what_is_hidden(zhang, wang, admin):
    for number in range(3):
        made = admin.post(
            "/api/v3/proposals", json={"proposalId": f"PG-{number}", "email": "a@x.org", "ownerGroup": "GET"}
        )
        assert made.status_code == 201, made.text

    def page(person, cursor, **limits):
        limits = {"limit": 2, "cursor": cursor, **limits}
        return person.get(
            "/api/v3/proposals", params={"filter": json.dumps({"where": {"ownerGroup": "GET"}, "limits": limits})}
        )

    first = page(zhang, "")
    assert len(first.json()) == 2
    assert {p["proposalId"] for p in first.json() + page(zhang, first.headers[NEXT]).json()} >= {"PG-0", "PG-1", "PG-2"}
    assert page(wang, first.headers[NEXT]).json() == []
    assert NEXT not in page(wang, "").headers
    for bad in ({"cursor": 5}, {"skip": 2}):
        assert page(zhang, **{"cursor": first.headers[NEXT], **bad}).status_code == 400


def test_explain_tells_how_and_nothing_about_others(zhang, wang, admin):
    zhang.create(keywords=["explained"], ownerGroup="GET")
    params = {"fields": json.dumps({"keywords": ["explained"]}), "facets": '["type"]', "explain": "true"}
    told = {}
    for person in (zhang, wang, admin):
        for path in ("fullquery", "fullfacet"):
            answer = person.get(f"/api/v3/datasets/{path}", params=params)
            assert answer.json() == person.get(f"/api/v3/datasets/{path}", params={**params, "explain": "no"}).json()
            (step,) = json.loads(answer.headers["X-Explain"])
            assert step["ms"] >= 0
            told[person.who, path] = {**step, "ms": 0}
    assert told["zhangxf", "fullquery"]["found"] == 1
    assert told["wangxch", "fullquery"]["found"] == 0
    assert [told[name, "fullfacet"]["found"] for name in ("zhangxf", "wangxch", "admin")] == [1, 0, 1]
    known = {"kind", "way", "exact", "found", "ms"}
    assert set(told["zhangxf", "fullquery"]) - {"why"} <= known
    # Who may not see it learns the same as if it were not there.
    nothing = wang.get("/api/v3/datasets/fullquery", params={**params, "fields": '{"keywords": ["no such word"]}'})
    (step,) = json.loads(nothing.headers["X-Explain"])
    assert {**step, "ms": 0} == told["wangxch", "fullquery"]
    assert set(told["admin", "fullquery"]) > known
    by_id = zhang.get("/api/v3/proposals", params={"filter": '{"where": {"proposalId": "溶"}}', "explain": "true"})
    assert json.loads(by_id.headers["X-Explain"])[0]["way"] == "ids"


@pytest.fixture(scope="module")
def library(catalog):
    with Person(catalog, "zhangxf") as zhang, Person(catalog, "wangxch") as wang:
        for number, metadata in enumerate(
            [
                {"energy": {"value": 12.4, "unit": "keV"}, "detector": {"distance": {"value": 150, "unit": "mm"}}},
                {"energy": {"value": 9000, "unit": "eV"}, "detector": {"distance": {"value": 0.2, "unit": "m"}}},
                {"shots": 500, "sample": "lysozyme", "gain": {"value": 3, "unit": "a.u."}},
                {"transmission": {"value": 50, "unit": "%"}, "pulse": 2**53 + 1, "beam": True},
                {"transmission": {"value": 0.5, "unit": "dimensionless"}, "pulse": 2**53, "beam": False},
            ]
        ):
            zhang.create(keywords=["possible"], runNumber=str(number), scientificMetadata=metadata)
        wang.create(keywords=["possible"], ownerGroup="AMO", scientificMetadata={"secret": {"value": 1, "unit": "T"}})
        yield zhang


def conditions(*items):
    names = ("lhs", "relation", "rhs", "unit")
    return {"keywords": ["possible"], "scientific": [dict(zip(names, item, strict=False)) for item in items]}


@pytest.mark.parametrize(
    ("items", "runs"),
    [
        ([("energy", "GREATER_THAN", 10, "keV")], "0"),
        ([("energy", "LESS_THAN_OR_EQUAL", 9, "keV")], "1"),
        ([("energy", "EQUAL_TO_NUMERIC", 12400, "eV")], "0"),
        ([("energy", "RANGE", [8, 13], "keV")], "01"),
        ([("detector.distance", "LESS_THAN", 16, "cm")], "0"),
        ([("detector.distance", "EQUAL_TO", 200, "mm")], "1"),
        ([("sample", "CONTAINS_STRING", "SOZY")], "2"),
        ([("sample", "EQUAL_TO_STRING", "lysozyme"), ("shots", "GREATER_THAN_OR_EQUAL", 500)], "2"),
        ([("gain", "EQUAL_TO_NUMERIC", 3, "a.u.")], "2"),
        ([("transmission", "EQUAL_TO", 50, "percent")], "34"),
        ([("transmission", "LESS_THAN", 0.6, "dimensionless")], "34"),
        ([("transmission", "GREATER_THAN", 0.6, "1")], ""),
        ([("pulse", "EQUAL_TO_NUMERIC", 2**53 + 1)], "3"),
        ([("pulse", "GREATER_THAN", 2**53)], "3"),
        ([("beam", "EQUAL_TO", True)], "3"),
        ([("beam", "EQUAL_TO_STRING", "false")], "4"),
        ([("energy", "GREATER_THAN", 99, "keV")], ""),
        ([("nothing", "GREATER_THAN", 1, "keV")], ""),
        ([("secret", "GREATER_THAN", 0, "mm")], ""),  # what one may not see is not told by a 400 either
    ],
)
def test_conditions_find_what_fits_and_values_come_back_as_stored(library, items, runs):
    found = library.full(conditions(*items))
    assert "".join(sorted(doc["runNumber"] for doc in found)) == runs
    for doc in found:
        assert {"0": 12.4, "1": 9000}.get(doc["runNumber"]) == doc["scientificMetadata"].get("energy", {}).get("value")


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (("energy", "ABOUT", 1, "keV"), "there are: EQUAL_TO, EQUAL_TO_NUMERIC"),
        (("energy", "GREATER_THAN", "much", "keV"), "texts are compared with EQUAL_TO_STRING"),
        (("energy", "GREATER_THAN", 1, "mm"), "measures something else; energy is given in: eV, keV"),
        (("energy", "GREATER_THAN", 1, "wobbles"), "not a known unit; energy is given in: eV, keV"),
        (("nothing", "GREATER_THAN", 1, "wobbles"), "write it as keV"),
        (("shots", "GREATER_THAN", 1, "mm"), "stored without a unit"),
        (("sample", "GREATER_THAN", 1), "holds texts"),
        (("energy", "CONTAINS_STRING", "12"), "holds numbers"),
        (("energy", "CONTAINS_STRING", 12), "needs a text"),
        (("energy", "RANGE", [1]), "two numbers"),
    ],
)
def test_what_can_not_be_asked_is_refused_with_what_can(library, item, says):
    answer = library.get("/api/v3/datasets/fullquery", params={"fields": json.dumps(conditions(item))})
    assert answer.status_code == 400, answer.text
    assert says in answer.json()["message"]


def test_similar_and_named_parts_over_rest(library):
    fields = {"keywords": ["possible"], "text": "lysozime run:2"}
    assert library.full(fields) == []
    assert [doc["runNumber"] for doc in library.full({**fields, "similar": True})] == ["2"]
    counted = library.facets({**fields, "similar": True}, "type")
    assert counted["all"] == [{"totalSets": 1}]
    bad = library.get("/api/v3/datasets/fullquery", params={"fields": '{"text": "a", "similar": "yes"}'})
    assert bad.status_code == 400


def test_a_dataset_is_found_by_the_names_of_its_files(zhang, wang, admin):
    pid = zhang.create(ownerGroup="GET", accessGroups=["AMO"])["pid"]
    file = {"path": "raw/lattice_0042.h5", "size": 3, "time": "2026-01-01T00:00:00Z"}

    def found(person, text):
        return [doc["pid"] for doc in person.full({"text": text})]

    made = zhang.post(zhang.ds(pid, "/origdatablocks"), json={"size": 3, "dataFileList": [file]}).json()
    for text in ("lattice_0042.h5", "lattice", "0042", '"raw/lattice"', "LATT"):
        assert found(zhang, text) == [pid], text
        assert found(wang, text) == [pid], text
    assert found(zhang, "attice") == []  # parts of words count in names of datasets only
    (doc,) = zhang.full({"text": "lattice"})
    assert "files" not in "".join(doc)
    block = f"/api/v3/origdatablocks/{made['_id']}"
    # Another name, of the same size and number: the dataset itself does not change.
    renamed = {"dataFileList": [{**file, "path": "raw/powder_0042.h5"}]}
    assert zhang.patch(block, json=renamed).status_code == 200
    assert (found(zhang, "lattice"), found(zhang, "powder")) == ([], [pid])
    # Who may not see the block is not told of its files by a search either.
    assert admin.patch(block, json={"accessGroups": []}).status_code == 200
    assert found(wang, "powder") == []
    assert wang.facets({"text": "powder"}, "type")["all"] == [{"totalSets": 0}]
    assert zhang.delete(zhang.ds(pid, f"/origdatablocks/{made['_id']}")).status_code == 200
    assert found(zhang, "powder") == []
