"""What paths tell about proposal, run, sample, and the fields of list-mode names."""

from __future__ import annotations

import pytest

from jupyter_shinecat.ingest.names import read_names


@pytest.mark.parametrize(
    ("path", "proposal", "run"),
    [
        ("GET/p2345/r0017/frames.nxs", "2345", "17"),
        ("proposal_2345/run17/x.h5", "2345", "17"),
        ("data/proposal-002345/raw/RAW-R0017-S00001.h5", "2345", "17"),
        ("数据/p2345/样品 3/run_0017.h5", "2345", "17"),
        ("p2345\\r0017\\a.h5", "2345", "17"),
        ("p2345/r0001/again r0002.h5", "2345", "2"),
        ("2345/17.h5", None, None),
        ("sharp12/prune3/our4.h5", None, None),
        ("p12/x.h5", None, None),
        ("", None, None),
    ],
)
def test_proposal_and_run(path: str, proposal: str | None, run: str | None) -> None:
    found = read_names(path)
    assert (found.proposal, found.run) == (proposal, run)


def test_sample() -> None:
    assert read_names("p2345/sample_lysozyme/a.h5").sample == "lysozyme"
    assert read_names("p2345/a [sample-PS-II+gly].h5").sample == "PS-II+gly"
    assert read_names("p2345/a.h5").sample is None


def test_list_mode_name_of_the_plan() -> None:
    name = "test_eledetector_20200828_100 1700 17501 1800 15 27_laser-trigger4.lmf"
    assert read_names(f"AMO/{name}").metadata == {
        "name_fields": {
            "purpose": "test",
            "detector": "eledetector",
            "date": "2020-08-28",
            "settings": [100, 1700, 17501, 1800, 15, 27],
            "trigger": "laser-trigger4",
        }
    }


@pytest.mark.parametrize("name", ["a.lmf", "x_20209999_1 2.lmf", "_20200828_.lmf", "20200828.lmf", "中文 [1].lmf"])
def test_other_list_mode_names_do_no_harm(name: str) -> None:
    fields = read_names(name).metadata.get("name_fields", {})
    assert fields.get("date") in (None, "2020-08-28")
