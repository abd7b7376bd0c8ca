"""Conditions as people write them become SciCat's; errors point at the place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_shinecat.scicat import (
    BadRequest,
    CatalogClient,
    Condition,
    Query,
    QueryError,
    parse_conditions,
    parse_query,
)
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog


def said(text: str) -> list[str]:
    return [str(condition) for condition in parse_conditions(text)]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("photon_energy > 9 keV and detector = 'AGIPD'", ["photon_energy > 9 keV", "detector = 'AGIPD'"]),
        ("a.b<=5mm", ["a.b <= 5 mm"]),
        ("(x>=1) and (y=2, z contains abc)", ["x >= 1", "y = 2", "z contains 'abc'"]),
        ("8<e<10 keV", ["8 keV < e < 10 keV"]),
        ("10 keV > e > 8 keV", ["8 keV < e < 10 keV"]),
        ("8 keV<=e<10000 eV", ["e >= 8 keV", "e < 10000 eV"]),
        ("e between 8 and 10 keV AND r=1", ["e >= 8 keV", "e <= 10 keV", "r = 1"]),
        ("e in [8, 10] keV", ["e >= 8 keV", "e <= 10 keV"]),
        ("`photon energy (set)`>9.5 keV", ["`photon energy (set)` > 9.5 keV"]),
        ("detector.'gap size' < 1 Å^-1", ["`detector.gap size` < 1 Å^-1"]),
        ("能量 ≥ 9 keV，run = 17", ["能量 >= 9 keV", "run = 17"]),
        ("5 < x, 9 = y", ["x > 5", "y = 9"]),
        ("T>-25 °C", ["T > -25 °C"]),
        ("android > 5 and order = 1e3 eV", ["android > 5", "order = 1000 eV"]),
        ("gas = 5 'arb unit'", ["gas = 5 'arb unit'"]),
        ("note ~ 12", ["note contains '12'"]),
        ("pulse = 9007199254740993, t=1.7000000000123e12", ["pulse = 9007199254740993", "t = 1700000000012.3"]),
        ("", []),
        ("  ", []),
    ],
)
def test_conditions_mean_what_they_say(text: str, meaning: list[str]) -> None:
    assert said(text) == meaning
    # What a condition says of itself means the same again.
    assert said(" and ".join(meaning)) == meaning


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("x > ", 3, "too early"),
        ("x", 1, "too early"),
        ("x > 5 and", 9, "too early"),
        ("x > much", 4, "number"),
        ("x > 5 or y = 3", 6, "'or'"),
        ("x != 5", 2, "'not'"),
        ("x = two words", 8, "quotes"),
        ("x > 5 keV y > 5", 10, "'and'"),
        ("> 5", 0, "> 5"),
        ("x = 'abc", 4, "never closed"),
        ("(x > 5", 6, "parenthesis"),
        ("5 < x > 3", 6, "direction"),
        ("a..b > 5", 2, ".b"),
        ("'' = 5", 0, "empty"),
        ("x > 1e999", 4, "too large"),
        ("day = 2026-01-01", 10, "quotes"),
        ("x = 1 and x; drop", 11, ";"),
        ("x" * 5000, 4000, "longer"),
    ],
)
def test_errors_point_at_the_place(text: str, place: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_conditions(text)
    assert (caught.value.position, words in str(caught.value)) == (place, True), str(caught.value)
    assert str(place + 1) in str(caught.value)


@given(st.text(alphabet="abk.<>=≤ \"'`()[],~!&|9.eV-+and or\n溶", max_size=40))
def test_any_text_is_understood_or_refused_within_itself(text: str) -> None:
    for parse in (parse_conditions, parse_query):
        place = 0
        try:
            parse(text)
        except QueryError as error:
            place = error.position
        assert 0 <= place <= len(text)


@pytest.mark.parametrize(
    ("text", "words", "conditions"),
    [
        ("溶菌酶 type:raw photon_energy > 9 keV and detector = 'AGIPD'", "溶菌酶", 2),
        ("lysozyme where note contains abc", "lysozyme", 1),
        ("run 17 8 keV < energy < 10 keV", "run 17", 1),
        ("run 17 photon_energy > 9 keV", "run 17", 1),
        ("https://x.org/?a=b lysozyme", "https://x.org/?a=b lysozyme", 0),
        ('"x=5" y', '"x=5" y', 0),
        ("a (x > 5 and y < 3)", "a", 2),
        ("'photon energy'>9", "", 1),
    ],
)
def test_conditions_stand_at_the_end_of_a_query(text: str, words: str, conditions: int) -> None:
    query = parse_query(text)
    assert (query.text, len(query.conditions)) == (words, conditions)


def test_an_error_in_a_query_points_at_the_whole_text() -> None:
    with pytest.raises(QueryError) as caught:
        parse_query("lysozyme where x > much")
    assert caught.value.position == 19


def test_a_real_scicat_gets_what_it_answers_rightly() -> None:
    Query(conditions=parse_conditions("a > 1 keV and 2 mm < b < 3 mm and c = 5 and d = 'x'")).check(())
    everything = parse_conditions("a.b > 1 and c contains x and c = 1 and c = 2")
    Query(conditions=everything).check({"nested-conditions"})
    for text, words, place in (
        ("x = 1 and a.b > 1", "nested keys such as a.b", 10),
        ("where a contains 'x'", "a part of", 6),
        ("a > 1 keV and a < 2 keV", "8 keV < a < 10 keV", 14),
        ("a > 1 and b < 2", "without a unit", 10),
    ):
        with pytest.raises(QueryError, match=words) as caught:
            parse_query(text).check(())
        assert caught.value.position == place


@pytest.fixture(scope="module")
def catalog() -> Iterator[CatalogProcess]:
    with running_catalog() as running:
        yield running


@pytest.fixture(scope="module")
def client(catalog: CatalogProcess) -> Iterator[CatalogClient]:
    with CatalogClient(catalog.url, catalog.token("zhangxf")) as made:
        for number in range(10):
            made.create_dataset(document(number))
        yield made


def document(number: int) -> dict[str, Any]:
    return {
        "ownerGroup": "GET",
        "contactEmail": "zhangxf@example.org",
        "sourceFolder": "/data",
        "creationTime": f"2026-03-01T10:{number:02d}:00Z",
        "datasetName": f"run {number}",
        "type": "raw",
        "proposalIds": ["P1" if number < 5 else "P2"],
        "instrumentIds": ["AMO" if number % 2 else "SPB"],
        "sampleIds": [f"s{number}"],
        "scientificMetadata": {
            "photon_energy": {"value": 5 + number, "unit": "keV"},
            "photon energy (set)": {"value": 5 + number, "unit": "keV"},
            "run": number,
            "detector": {"name": "AGIPD" if number > 3 else "Jungfrau", "distance": {"value": number, "unit": "mm"}},
            "T": {"v": number, "u": "degC"},
            "odd": {"value": number, "unit": "foobars"},
        },
    }


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("photon_energy > 9 keV", [5, 6, 7, 8, 9]),
        ("photon_energy > 9000 eV and run < 7", [5, 6]),
        ("photon_energy >= 9000 eV and photon_energy <= 11 keV", [4, 5, 6]),
        ("9 keV < photon_energy < 11 keV", [5]),
        ("where photon_energy between 9 and 11 keV", [4, 5, 6]),
        ("photon_energy = 9000 eV", [4]),
        ("'photon energy (set)' < 6000 eV", [0]),
        ("detector.name = 'AGIPD' and detector.distance < 0.6 cm", [4, 5]),
        ("where detector.name contains fra", [0, 1, 2, 3]),
        ("run = 3", [3]),
        ("T > 281.2 K", [9]),
        ("odd > 7 foobars", [8, 9]),
        ("proposal:P1 instrument:AMO", [1, 3]),
        ("sample:s7", [7]),
    ],
)
def test_the_catalog_finds_what_fits(client: CatalogClient, text: str, runs: list[int]) -> None:
    query = parse_query(text)
    found = client.search(query)
    assert sorted(dataset.metadata["run"] for dataset in found) == runs
    assert client.facets(query)[0] == len(runs)


def test_a_unit_of_another_kind_is_refused_with_those_that_are_possible(client: CatalogClient) -> None:
    with pytest.raises(BadRequest, match="photon_energy is given in: keV"):
        client.search(parse_query("photon_energy > 9 mm"))


def test_a_condition_made_by_hand_is_the_same() -> None:
    made = Condition(key="run", relation="GREATER_THAN", value=3)
    assert made.to_scicat() == parse_conditions("run > 3")[0].to_scicat()
