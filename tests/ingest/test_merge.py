"""Metadata sent again: people's edits win, everything else follows the file."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_shinecat.ingest.merge import merge


def test_what_the_file_changed_is_taken_and_what_people_changed_stays() -> None:
    last = {"energy": {"value": 8, "unit": "keV"}, "sample": "?", "old": 1, "tree": {"a": 1, "b": 1}}
    current = {
        "energy": {"value": 8, "unit": "keV", "valueSI": 1.28e-15, "unitSI": "(kg m^2) / s^2"},
        "sample": "lysozyme", "old": 1, "note": "good", "tree": {"a": 1, "b": 2},
    }  # fmt: skip
    new = {"energy": {"value": 9, "unit": "keV"}, "sample": "??", "fresh": 1, "tree": {"a": 3, "b": 3}}
    assert merge(last, current, new) == {
        "energy": {"value": 9, "unit": "keV"},
        "sample": "lysozyme",
        "fresh": 1,
        "note": "good",
        "tree": {"a": 3, "b": 2},
    }


def test_what_people_took_out_stays_out() -> None:
    assert merge({"a": 1, "b": 1}, {"a": 1}, {"a": 2, "b": 2}) == {"a": 2}


_trees = st.recursive(
    st.integers() | st.text(max_size=3), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
).filter(lambda tree: isinstance(tree, dict))


@given(_trees, _trees)
def test_without_edits_the_file_wins_and_without_news_the_catalog_stays(old: dict, new: dict) -> None:
    assert merge(old, old, new) == new
    assert merge(old, new, old) == new
