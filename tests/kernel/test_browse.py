"""The browser's model: what the view asks and what it gets, without a page."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import pytest
from matplotlib import pyplot

import jupyter_shinecat as sc


class Asked:
    """A browser whose answers are caught on their way to the page."""

    def __init__(self, text: str = "", **more: Any) -> None:
        self.browser = sc.browse(text, **more)
        self.sent: list[dict[str, Any]] = []
        self.browser.send = self.sent.append  # type: ignore[method-assign]

    def __call__(self, ask: str, **content: Any) -> dict[str, Any]:
        self.browser._asked(self.browser, {"id": "1", "ask": ask, **content}, [])
        answer = self.sent.pop()
        assert answer.pop("id") == "1"
        json.dumps(answer, allow_nan=False)
        return answer


def test_search_gives_rows_counts_and_keys(here) -> None:
    found = Asked()("search", text="Lysozyme photon_energy > 1 keV")["ok"]
    assert (found["total"], found["rows"]) == (0, [])
    found = Asked()("search", text="Lysozyme 'photon energy' > 9000 eV")["ok"]
    assert [row["name"] for row in found["rows"]] == ["Lysozyme 溶菌酶 run 17"]
    assert found["conditions"] == ["`photon energy` > 9000 eV"]
    assert found["facets"] == {"type": [("raw", 1)], "group": [("GET", 1)]}
    assert {"photon energy", "detector.distance", "run"} <= set(found["keys"])
    derived = Asked()("search", type="derived")["ok"]
    assert derived["total"] == len(here.client.find({"type": "derived"}))
    assert {row["type"] for row in derived["rows"]} <= {"derived"}
    everything = Asked()("search", order="datasetName:asc")["ok"]
    names = [row["name"] for row in everything["rows"]]
    assert names == sorted(names)
    assert all(row["group"] == "GET" for row in everything["rows"])


def test_within_hits_nothing_else_is_shown(here) -> None:
    asked = Asked(within=sc.search("Lysozyme", where="run = 17"))
    assert asked("search")["ok"]["total"] == 1
    assert asked("search", text="run < 17")["ok"]["total"] == 0
    assert asked("search", text="broken")["ok"]["total"] == 0


def test_errors_come_with_their_place(here) -> None:
    error = Asked()("search", text="x > much")["error"]
    assert error["position"] == 4
    error = Asked()("search", text="lysozyme photon_energy > 9 keVV")["error"]
    assert error["position"] == len("lysozyme photon_energy > 9 ")
    assert "\n" not in error["what"] + error["do"], "the place is marked in the box"
    assert Asked()("details", pid="no/such")["error"]["position"] is None
    assert "error" in Asked()("format the disk")


@pytest.mark.parametrize("content", [None, [], {}, {"id": 7}, "x"])
def test_other_messages_are_passed_over(here, content: Any) -> None:
    asked = Asked()
    asked.browser._asked(asked.browser, content, [])
    assert asked.sent == []


def test_details_hold_text_and_pictures_only(here) -> None:
    pixel = "data:image/png;base64,iVBORw0KGgo="
    pid = here.pids["hostile"]
    for caption, source in (("good", pixel), ("bad", "data:text/html;base64,PGI+"), ("bad", "https://x.org/a.png")):
        here.client.create_attachment(pid, caption=caption, thumbnail=source, owner_group="GET")
    details = Asked()("details", pid=pid)["ok"]
    assert [figure["caption"] for figure in details["figures"]] == ["good"]
    assert details["metadata"][0][2].startswith("<script>")
    details = Asked()("details", pid=here.pids["good"])["ok"]
    assert [0, "photon energy", "9.3 keV"] in details["metadata"]
    assert [1, "distance", "100 mm"] in details["metadata"]


def test_quick_look_is_a_picture_or_a_sentence(here, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, shown = Asked(), pyplot.get_fignums()
    look = asked("look", pid=here.pids["good"])["ok"]
    head, _, encoded = look["source"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(encoded).startswith(b"\x89PNG")
    assert look["caption"] == "Lysozyme 溶菌酶 run 17"
    assert pyplot.get_fignums() == shown
    assert "error" in asked("look", pid=here.pids["foreign"])
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "matplotlib", None)
        without.setitem(sys.modules, "matplotlib.figure", None)
        assert "matplotlib" in asked("look", pid=here.pids["good"])["error"]["do"]
    monkeypatch.setattr("jupyter_shinecat.kernel.browser.look._picture", lambda _: 1 / 0)
    assert "division" in asked("look", pid=here.pids["good"])["error"]["what"]


def test_what_is_selected_are_handles_in_that_order(here) -> None:
    asked = Asked()
    assert list(asked.browser.selected) == []
    asked("search", text="Lysozyme")
    asked.browser.selected_pids = [here.pids["text"], here.pids["good"]]
    selected = asked.browser.selected
    assert [ds.pid for ds in selected] == [here.pids["text"], here.pids["good"]]
    assert selected[1].metadata.run == 17


def test_foreign_datasets_are_neither_shown_nor_opened(here) -> None:
    asked = Asked()
    assert here.pids["foreign"] not in {row["pid"] for row in asked("search")["ok"]["rows"]}
    assert "error" in asked("details", pid=here.pids["foreign"])
