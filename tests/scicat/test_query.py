"""The text that people type becomes the query that SciCat understands."""

import pytest

from jupyter_shinecat.scicat import Query, QueryError, operations, parse_query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("lysozyme", Query(text="lysozyme")),
        ("溶菌酶 晶体", Query(text="溶菌酶 晶体")),
        ('"room temperature" helium', Query(text='"room temperature" helium')),
        ("type:raw group:GET group:SHINE", Query(type="raw", groups=("GET", "SHINE"))),
        ('keyword:"serial crystallography"', Query(keywords=("serial crystallography",))),
        ("proposal:2345 since:2026-09-01 x", Query(text="x", proposals=("2345",), since="2026-09-01")),
        ("proposal:2345 run:17", Query(proposals=("2345",), runs=("17",))),
        ("课题:2345 运行：17 溶菌酶", Query(text="溶菌酶", proposals=("2345",), runs=("17",))),
        ('样品："batch 3" 类型:raw', Query(samples=("batch 3",), type="raw")),
        ("注意：溶菌酶", Query(text="注意：溶菌酶")),
        ("TYPE:derived", Query(type="derived")),
        ("https://doi.org/10.5/x", Query(text="https://doi.org/10.5/x")),
        ("pid:20.500.1/ab:c", Query(pids=("20.500.1/ab:c",))),
    ],
)
def test_parse(text, query):
    assert parse_query(text) == query


@pytest.mark.parametrize(
    ("text", "place"), [('helium "open', 7), ("colour:red", 0), ("a  colour:red", 3), ('"', 0), ("a" * 5001, 5000)]
)
def test_errors_point_at_the_place(text, place):
    with pytest.raises(QueryError) as caught:
        parse_query(text)
    assert caught.value.position == place
    assert str(place + 1) in str(caught.value)


def test_runs_are_asked_for_where_they_may_stand():
    mode = parse_query("run:17 instrument:AMO").fields()["mode"]
    run, instrument = mode["$and"]
    assert {"runNumber": {"$in": ["17", "0017"]}} in run["$or"]
    assert {"scientificMetadata.run_number.value": {"$in": ["17", "0017", 17]}} in run["$or"]
    assert {"instrumentIds": {"$in": ["AMO"]}} in instrument["$or"]
    assert parse_query("run:17").fields()["mode"] == run


def test_query_goes_to_fullquery_with_every_part():
    query = Query(text="x", type="raw", groups=("GET",), since="2026-01-01", limit=5, skip=10)
    assert query.fields() == {
        "text": "x",
        "type": ["raw"],
        "ownerGroup": ["GET"],
        "creationTime": {"begin": "2026-01-01", "end": "9999-12-31T23:59:59.999Z"},
    }
    assert query.limits() == {"order": "creationTime:desc", "limit": 5, "skip": 10}
    assert operations.search(query).path.startswith("/api/v3/datasets/fullquery?fields=%7B")
