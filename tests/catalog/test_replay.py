"""Recorded calls of a real SciCat, replayed; and that the replay itself sees what differs."""

import os
from pathlib import Path

import pytest
from catalog import replay

TRANSCRIPTS = os.environ.get("SHINECAT_TRANSCRIPTS")
DIFFERENCES = Path(__file__).parents[2] / "docs/en/scicat-differences.md"


@pytest.mark.skipif(not TRANSCRIPTS, reason="SHINECAT_TRANSCRIPTS names no recorded calls of a real SciCat")
def test_every_recorded_call_is_answered_alike(tmp_path):
    results = replay.replay(Path(TRANSCRIPTS), tmp_path)
    assert results
    unexpected = {
        call["name"]: [text for text in found if replay.excused(call["name"], text) is None] for call, found in results
    }
    assert {name: found for name, found in unexpected.items() if found} == {}


def test_every_exception_has_its_reason_in_the_manual():
    text = DIFFERENCES.read_text(encoding="utf-8")
    assert [name for name in replay.DIFFERENT if f"`{name}`" not in text] == []


def differences(there, here):
    run = object.__new__(replay.Replay)
    run._ids = {}
    found = []
    run._compare(there, here, "", False, found)
    return found


ID, OTHER, THIRD = "11111111-1111-4111-8111-111111111111", "2" * 24, "33333333-3333-4333-8333-333333333333"


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": True}),
        ({"a": 1}, {}),
        ({}, {"a": None}),
        ([1, 2], [1]),
        ({"title": "x"}, {"title": "y"}),
        ({"creationTime": "2026-05-01T10:00:00.000Z"}, {"creationTime": "2026-05-01T11:00:00.000Z"}),
        ([ID, ID], [THIRD, ID]),
        (f"pid {ID}", "pid nothing"),
        ("<JWT>", "no token"),
    ],
)
def test_the_replay_sees_a_difference(there, here):
    assert differences(there, here)


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ([ID, f"x/{ID}"], [THIRD, f"x/{THIRD}"]),
        ({"_id": OTHER}, {"_id": "4" * 24}),
        ({"createdAt": "2026-05-01T10:00:00.000Z"}, {"createdAt": "2027-01-01T00:00:00.000Z"}),
        ("<JWT>", "a.b.c"),
        ({"value": 2e-6}, {"value": 2.0000000000001e-6}),
    ],
)
def test_ids_tokens_and_moments_may_differ(there, here):
    assert differences(there, here) == []
