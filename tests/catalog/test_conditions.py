"""Conditions on metadata, nested and with units, give what brute force gives."""

import random

import pytest

from jupyter_shinecat.catalog.access import Access, Identity
from jupyter_shinecat.catalog.managers.si import si_pair, with_si
from jupyter_shinecat.catalog.search.condition import both
from jupyter_shinecat.catalog.search.engine import Engine
from jupyter_shinecat.catalog.search.fields import DATASET
from jupyter_shinecat.catalog.search.fullquery import FieldsParser
from jupyter_shinecat.catalog.search.options import Limits
from jupyter_shinecat.catalog.settings import Settings
from jupyter_shinecat.catalog.store.store import Store

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


def at(doc, key):
    value = doc["scientificMetadata"]
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def numbers(value, unit):
    """Numbers in ``unit`` (as written, when that is empty)."""
    pair = isinstance(value, dict)
    number, of = (value.get("value", value.get("v")), value.get("unit", value.get("u"))) if pair else (value, None)
    found = number if isinstance(number, list) else [number]
    found = [n for n in found if isinstance(n, (int, float)) and not isinstance(n, bool)]
    if not unit:
        return found
    kind = next(kind for kind in KINDS if unit in kind)
    return [n * kind[of] / kind[unit] for n in found] if of in kind else []


def texts(value):
    if isinstance(value, dict):
        value = value.get("value")
    return [value] if isinstance(value, str) else []


def close(a, b):
    return abs(a - b) <= 1e-9 * abs(b)


def expected(doc, item):
    value, relation, rhs, unit = at(doc, item["lhs"]), item["relation"], item["rhs"], item.get("unit", "")
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
    folder = tmp_path_factory.mktemp("conditions")
    store, rng = Store(folder), random.Random(21)
    engine = Engine(store, folder / "index")
    docs = [a_document(rng, number) for number in range(300)]

    def fill(tx):
        for doc in docs:
            tx.insert("dataset", doc["pid"], doc)
        return tx.last_change()

    assert engine.index.wait(store.change(fill), 60)
    yield engine, docs
    engine.close()
    store.close()


@pytest.mark.parametrize("seed", range(3))
def test_conditions_with_units_are_those_of_brute_force(library, seed):
    engine, docs = library
    rng = random.Random(seed)
    visible = Access(Settings()).visible(Identity("u", "u", "", frozenset({"GET"})), "dataset")
    hits = 0
    for _ in range(80):
        items = [a_condition(rng) for _ in range(rng.choice([1, 1, 2]))]
        where = both(*FieldsParser(DATASET, si_pair).parse({"scientific": items}).values())
        found = {pid for pid, _doc in engine.rows("dataset", where, visible, Limits(1000))}
        wanted = {doc["pid"] for doc in docs if all(expected(doc, item) for item in items)}
        assert found == wanted, items
        assert engine.count("dataset", where, visible) == len(wanted)
        hits += len(wanted)
    assert hits > 500
    assert engine.index.view is not None
