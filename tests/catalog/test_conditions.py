"""Conditions on metadata, nested and with units, give what brute force gives."""

import json
import random

import pytest
from catalog.brute import ABSENT, at, plain_numbers, searched, visible

from jupyter_shinecat.catalog.managers.si import si_pair, with_si
from jupyter_shinecat.catalog.search.condition import both
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.fullquery import FieldsParser
from jupyter_shinecat.catalog.search.options import Limits

# What each unit is in the smallest of its kind.
KINDS = [{"eV": 1.0, "keV": 1e3, "MeV": 1e6}, {"um": 1.0, "mm": 1e3, "m": 1e6}]
NUMBERS = [1, 2, 2.5, 12.4, 300, 0.017, -4]
KEYS = ["energy", "detector.distance", "a.b.c"]
ORDER = {
    "GREATER_THAN": lambda a, b: a > b,
    "LESS_THAN": lambda a, b: a < b,
    "GREATER_THAN_OR_EQUAL": lambda a, b: a >= b,
    "LESS_THAN_OR_EQUAL": lambda a, b: a <= b,
}


def a_value(rng):
    number, unit = rng.choice(NUMBERS), rng.choice(list(rng.choice(KINDS)))
    pair = {"v": number, "u": unit} if rng.random() < 0.2 else {"value": number, "unit": unit}
    return rng.choice([pair, pair, pair, number, "lysozyme", {"value": "Lysozyme 2", "unit": ""}, True, [number, 7]])


def a_document(rng, number):
    metadata = {}
    for key in rng.sample(KEYS, rng.randint(0, 3)):
        *groups, last = key.split(".")
        place = metadata
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = a_value(rng)
    return {
        "pid": f"n/{number}",
        "ownerGroup": "GET",
        "type": "raw",
        "creationTime": "2026-01-01T00:00:00.000Z",
        "scientificMetadata": with_si(metadata),
    }


def numbers(value, unit):
    """Numbers in ``unit`` (as written, when that is empty)."""
    if not unit:
        return plain_numbers(value)
    kind = next(kind for kind in KINDS if unit in kind)
    return plain_numbers(value, {other: size / kind[unit] for other, size in kind.items()})


def texts(value):
    if isinstance(value, dict):
        value = value.get("value")
    return [value] if isinstance(value, str) else []


def close(a, b):
    return abs(a - b) <= 1e-9 * abs(b)


def expected(doc, item):
    value, relation = at(doc["scientificMetadata"], item["lhs"]), item["relation"]
    rhs, unit = item["rhs"], item.get("unit", "")
    if value == ABSENT:
        return False
    if relation == "CONTAINS_STRING":
        return any(rhs.lower() in text.lower() for text in texts(value))
    if relation == "EQUAL_TO_STRING" or isinstance(rhs, str):
        return rhs in texts(value)
    found = numbers(value, unit)
    if relation == "RANGE":
        # Each bound is a question of its own: of a list one number may answer the one, another the other.
        return any(n > rhs[0] for n in found) and any(n < rhs[1] for n in found)
    if relation in ORDER:
        return any(ORDER[relation](n, rhs) for n in found)
    return any(close(n, rhs) for n in found)


def a_condition(rng):
    item = {"lhs": rng.choice(KEYS)}
    if rng.random() < 0.25:
        relation, rhs = rng.choice(
            [("CONTAINS_STRING", "SOZ"), ("EQUAL_TO_STRING", "lysozyme"), ("EQUAL_TO", "Lysozyme 2")]
        )
        return {**item, "relation": relation, "rhs": rhs}
    unit = rng.choice(["", *KINDS[0], *KINDS[1]])
    # Bounds that no value equals, so that no rounding decides; equality has values of its own.
    bound = rng.choice([0.0031, 1.7, 2.2, 13.3, 290, 2600, 13_000, -5])
    relation = rng.choice([*ORDER, "RANGE", "EQUAL_TO", "EQUAL_TO_NUMERIC"])
    if relation == "RANGE":
        return {**item, "relation": relation, "rhs": sorted([bound, bound + rng.choice([0.9, 800, 3e6])]), "unit": unit}
    if relation.startswith("EQUAL"):
        bound = rng.choice(NUMBERS) * rng.choice([1, 1e3, 1e-3])
    return {**item, "relation": relation, "rhs": bound, "unit": unit}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    rng = random.Random(21)
    docs = [a_document(rng, number) for number in range(300)]
    with searched(tmp_path_factory.mktemp("conditions"), docs) as engine:
        yield engine, docs


@pytest.mark.parametrize("seed", range(3))
def test_conditions_with_units_are_those_of_brute_force(library, seed):
    engine, docs = library
    rng = random.Random(seed)
    mine, hits = visible("GET"), 0
    for _ in range(80):
        items = [a_condition(rng) for _ in range(rng.choice([1, 1, 2]))]
        where = both(*FieldsParser(DATASET, si_pair).parse({"scientific": items}).values())
        found = {pid for pid, _doc in engine.rows("dataset", where, mine, Limits(1000))}
        wanted = {doc["pid"] for doc in docs if all(expected(doc, item) for item in items)}
        assert found == wanted, items
        assert engine.count("dataset", where, mine) == len(wanted)
        hits += len(wanted)
    assert hits > 500


def test_a_condition_without_unit_is_answered_by_the_index_alone(library):
    engine, _docs = library
    taken = engine.take_notes(explain=True, everything=False)
    # No document has a number in a pair here: nothing has to be read to know that.
    where = both(*FieldsParser(DATASET, si_pair).parse({"scientific": [a_number("unknown")]}).values())
    assert engine.count("dataset", where, visible("GET")) == 0
    assert json.loads(taken.headers()["X-Explain"])[0]["exact"] is True


def test_parts_of_texts_are_found_by_the_index_alone(library):
    engine, docs = library
    taken = engine.take_notes(explain=True, everything=False)
    item = {"lhs": "energy", "relation": "CONTAINS_STRING", "rhs": "ZYME"}
    where = both(*FieldsParser(DATASET, si_pair).parse({"scientific": [item]}).values())
    assert engine.count("dataset", where, visible("GET")) == sum(expected(doc, item) for doc in docs) > 0
    assert json.loads(taken.headers()["X-Explain"])[0]["exact"] is True


def a_number(key):
    return {"lhs": key, "relation": "GREATER_THAN_OR_EQUAL", "rhs": 0}
