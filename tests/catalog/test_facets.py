"""Counting by value: any field, metadata keys, dates by day, month and year, numbers in bins."""

import json
import random
from collections import Counter
from itertools import pairwise

import pytest
from catalog.brute import ABSENT, at, plain_numbers, searched, visible

from jupyter_shinecat.catalog.search import condition as c
from jupyter_shinecat.catalog.search import indexed
from jupyter_shinecat.catalog.search.asked_facets import parse_facets
from jupyter_shinecat.catalog.search.fields import DATASET

IN_EV = {"eV": 1.0, "keV": 1000.0, "MeV": 1e6}


def a_document(rng, number):
    energy = rng.choice([1, 2, 2.5, 12.4])
    metadata = {
        "energy": rng.choice(
            [
                {"value": energy, "unit": rng.choice(["eV", "keV", "MeV", "mm"])},
                {"v": energy, "u": "keV"},
                energy,
                True,
                "none",
                [energy, 7, "x"],
            ]
        ),
        "shots": {"deep": rng.choice([0, 1, 1.0, -5, 300, True, "many"])},
        "taken": f"20{rng.randint(10, 29)}-{rng.randint(1, 12):02d}-11",
        "温度": rng.choice(["冷", "热"]),
    }
    for key in rng.sample(sorted(metadata), rng.randint(0, 2)):
        del metadata[key]
    return {
        "pid": f"f/{number}",
        "ownerGroup": rng.choice(["GET", "AMO"]),
        "accessGroups": [],
        "isPublished": rng.random() < 0.2,
        "type": rng.choice(["raw", "derived"]),
        "keywords": rng.sample(["a", "b", "c"], rng.randint(0, 3)),
        "creationTime": f"20{rng.randint(10, 29)}-{rng.randint(1, 12):02d}-11T23:30:00.000Z",
        "size": rng.choice([0, 10, 2**40]),
        "scientificMetadata": metadata,
    }


def scalar(value):
    return isinstance(value, (str, int, float, bool)) or value is None


def shown(value):
    """A value as JSON tells it apart: true is not 1, but 1 is 1.0."""
    return json.dumps(float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value)


def values(doc, path):
    value = at(doc, path)
    if value == ABSENT:
        return {"null"}
    if isinstance(value, list):
        return {shown(item) for item in value}
    if isinstance(value, dict) and ("value" in value or "v" in value):
        return {shown({"value": value.get("value", value.get("v")), "unit": value.get("unit", value.get("u"))})}
    return {shown(value)} if scalar(value) else set()


def numbers(doc, path, factors=None):
    return {round(number, 6) for number in plain_numbers(at(doc, path), factors)}


def counted(answer):
    return Counter({shown(item["_id"]): item["count"] for item in answer})


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    rng = random.Random(11)
    docs = [a_document(rng, number) for number in range(400)]
    with searched(tmp_path_factory.mktemp("facets"), docs) as engine:
        yield engine, docs


def ask(engine, facets, groups=("admin",), parts=None):
    """The answer; all of it was counted by the index, no facet by reading everything."""
    taken = engine.take_notes(explain=True, everything=False)
    answer = engine.facets("dataset", parts or {}, parse_facets(facets, DATASET), visible(*groups))
    for step in json.loads(taken.headers()["X-Explain"]):
        assert step["way"] == "index"
        assert "read" not in step
    return answer


@pytest.mark.parametrize("groups", [("admin",), ("GET",)])
def test_counts_by_value_are_those_of_brute_force(engine, groups):
    engine, docs = engine
    seen = [d for d in docs if "admin" in groups or d["ownerGroup"] in groups or d["isPublished"]]
    paths = ["type", "keywords", "size", "isPublished", *(
        f"scientificMetadata.{key}" for key in ("energy", "shots.deep", "taken", "温度", "nothing")
    )]  # fmt: skip
    answer = ask(engine, [*paths, "metadataKeys"], groups)
    assert answer["all"] == [{"totalSets": len(seen)}]
    for path in paths:
        assert counted(answer[path]) == Counter(v for doc in seen for v in values(doc, path)), path
    keys = Counter(shown(key) for doc in seen for key in doc["scientificMetadata"])
    assert counted(answer["metadataKeys"]) == keys


def test_dates_by_day_month_and_year_are_those_of_brute_force(engine):
    engine, docs = engine
    facets = [
        {"field": field, "by": by, "name": f"{field} {by}"}
        for field in ("creationTime", "scientificMetadata.taken")
        for by in ("year", "month", "day")
    ]
    answer = ask(engine, [*facets, "creationTime"])
    for facet in facets:
        expected = Counter()
        for doc in docs:
            text = at(doc, facet["field"])
            date = [int(part) for part in text[:10].split("-")] if text != ABSENT else None
            depth = {"year": 1, "month": 2, "day": 3}[facet["by"]]
            told = dict(zip(("year", "month", "day"), date[:depth], strict=False)) if date else None
            expected[json.dumps(told)] += 1
        assert Counter({json.dumps(i["_id"]): i["count"] for i in answer[facet["name"]]}) == expected, facet
    assert answer["creationTime"] == answer["creationTime day"]


def bin_of(v, edges):
    if v < edges[0]:
        return None, edges[0]
    if v > edges[-1]:
        return edges[-1], None
    return next((a, b) for a, b in pairwise(edges) if a <= v < b or v == b == edges[-1])


def bins_of(answer):
    found = Counter()
    for item in answer:
        key = item["_id"]
        found[None if key is None else (key.get("min"), key.get("max"))] += item["count"]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_bins_are_those_of_brute_force(engine, seed):
    engine, docs = engine
    rng = random.Random(seed)
    edges = sorted(rng.sample([-10, -5, 0, 1, 2, 2.5, 1000, 2000, 2500, 12400, 1e6, 1e9], rng.randint(2, 6)))
    for field, unit in (("energy", ""), ("energy", "eV"), ("shots.deep", "")):
        path = f"scientificMetadata.{field}"
        found = [numbers(doc, path, IN_EV if unit else None) for doc in docs]
        expected = Counter(place for values in found for place in {bin_of(v, edges) for v in values})
        expected[None] = sum(not values for values in found)
        answer = bins_of(ask(engine, [{"field": path, "bins": edges, "unit": unit}])[path])
        assert +answer == +expected, (edges, field, unit)
        assert set(pairwise(edges)) <= set(answer)  # empty bins too
        number = rng.randint(1, 12)
        equal = ask(engine, [{"field": path, "bins": number, "unit": unit, "name": "n"}])["n"]
        between = [item["_id"] for item in equal if item["_id"]]
        every = [v for values in found for v in values]
        between_edges = [between[0]["min"], *(one["max"] for one in between)]
        assert len(between) == number
        assert (between[0]["min"], between[-1]["max"]) == (min(every), max(every))
        once = Counter(place for values in found for place in {bin_of(v, between_edges) for v in values})
        assert +bins_of(equal) == +(once + Counter({None: sum(not values for values in found)}))
        assert all(a["max"] == b["min"] for a, b in pairwise(between))


def test_numbers_count_in_a_unit(engine):
    engine, docs = engine
    path = "scientificMetadata.energy"
    expected = Counter(v for doc in docs for v in numbers(doc, path, IN_EV))
    answer = ask(engine, [{"field": path, "unit": "eV"}])[path]
    assert {item["_id"]: item["count"] for item in answer if item["_id"] is not None} == expected


def test_a_facet_leaves_its_own_condition_out(engine):
    engine, docs = engine
    parts = {"type": c.OneOf(("type",), ("raw",)), "keywords": c.OneOf(("keywords",), ("a",))}
    answer = ask(engine, [{"field": "type", "name": "kind"}, "keywords"], parts=parts)
    with_a = [doc for doc in docs if "a" in doc["keywords"]]
    assert counted(answer["kind"]) == Counter(shown(doc["type"]) for doc in with_a)
    assert answer["all"] == [{"totalSets": sum(doc["type"] == "raw" for doc in with_a)}]


def test_more_keys_than_are_counted_in_passing_are_counted_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(indexed, "MAX_COUNTED", 5)
    docs = [
        {"pid": f"k/{n}", "ownerGroup": "GET", "type": "raw", "scientificMetadata": {f"key {n}": n, f"键{n % 7}": n}}
        for n in range(40)
    ]
    expected = Counter(shown(key) for doc in docs for key in doc["scientificMetadata"])
    with searched(tmp_path, docs) as engine:
        assert counted(ask(engine, ["metadataKeys"])["metadataKeys"]) == expected
        keys = engine.metadata_keys("dataset", c.Always(), "scientificMetadata", visible("GET"))
        assert {shown(key) for key in keys} == set(expected)
        assert ask(engine, ["metadataKeys"], ("AMO",))["metadataKeys"] == []
