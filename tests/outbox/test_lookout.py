"""A request that is stored long after it was sent again is found all the same."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_shinecat.outbox.service import Outbox
from jupyter_shinecat.outbox.settings import Settings
from jupyter_shinecat.scicat import AccessDenied

from .test_doubles import Catalog, result

FOUND = {"v": 1, "kind": "result", "name": "a.bin", "t": 1.0, "ended": 1.0, "inputs": [], "session": "s", "run": 1}
DAY_S = 86400.0


class Late(Catalog):
    """Stores the lost request when the test says so; counts how often it was searched."""

    def __init__(self) -> None:
        super().__init__([result("p")], [])
        self.searches = 0

    def find(self, where: dict[str, Any], limit: int) -> Any:
        self.searches += "jobParameters.shinecat.key" in where
        return super().find(where, limit)

    def store_late(self) -> None:
        self.datasets.append(Catalog([result("late")], []).datasets[0])

    def send(self, operation: Any) -> None:
        super().send(operation)
        self.datasets = [one for one in self.datasets if not operation.path.endswith("/" + one.pid)]


class Refusing(Late):
    """An owner may describe datasets here, and delete none."""

    def send(self, operation: Any) -> None:
        if operation.method == "DELETE":
            raise AccessDenied("delete")
        self.said = operation.body["comment"]


class Home:
    """An outbox with one entry of which a request was sent twice, and a clock that tests move."""

    def __init__(self, folder: Path, catalog: Any, state: str = "sent") -> None:
        self.folder, self.catalog, self.told = folder, catalog, []
        entry = self.run().entries.create("e", {**FOUND, "paths": [], "figures": []}, {"state": state})
        entry.write_step("2-taken", {"files": [], "figures": [], "key": "k"})
        entry.write_step("3-plan", {"mode": "create", "doc": {"jobParameters": {"shinecat": {"key": "k"}}}})
        if state == "sent":
            entry.write_step("4-dataset", {"pid": "p"})
        entry.write_step("7-resent", {"t": time.time(), "unanswered": 1})

    def run(self) -> Outbox:
        """A new run of the outbox, as a new server starts one."""
        settings = Settings(state=self.folder, results=self.folder / "results")
        self.outbox = Outbox(settings, self.told.append, None, lambda: self.catalog)  # type: ignore[arg-type]
        self.outbox.load()
        return self.outbox

    def later(self, seconds: float) -> Any:
        """So much time passes; what the entry on disk then is."""
        entry = self.outbox.entries.get("e")
        note = entry.step("7-resent")
        looked = note["looked"] - seconds if note.get("looked") else 0.0
        entry.write_step("7-resent", {**note, "t": note["t"] - seconds, "looked": looked})
        entry._status["updated"] -= seconds
        (entry.folder / "status.json").write_text(json.dumps(entry._status))
        self.outbox._dispatch._lookout._next = 0.0
        return entry


@pytest.mark.parametrize("after_s", [120.0, 1.5 * DAY_S, 60 * DAY_S])
def test_a_copy_that_came_late_is_taken_away_while_the_outbox_runs(tmp_path: Path, after_s: float) -> None:
    home = Home(tmp_path, Late())
    for seconds in (30.0, 40.0):
        home.later(seconds)
        home.outbox.tick()
    assert home.catalog.searches == 1  # after a minute, and not before
    home.later(after_s)
    home.catalog.store_late()
    for _ in range(3):
        home.outbox.tick()
        home.later(3 * after_s)
    assert home.catalog.deleted == ["/api/v3/datasets/late"]
    searches = home.catalog.searches
    home.later(DAY_S)
    home.run().tick()
    assert home.catalog.searches == searches  # the lost request has turned up: nothing more can come


@pytest.mark.parametrize("after_s", [1.1 * DAY_S, 40 * DAY_S, 400 * DAY_S])
def test_a_copy_that_came_while_no_outbox_ran_is_taken_away_by_the_next(tmp_path: Path, after_s: float) -> None:
    home = Home(tmp_path, Late())
    home.later(DAY_S)
    home.outbox.tick()
    home.catalog.store_late()
    home.later(after_s)
    home.run().tick()
    assert home.catalog.deleted == ["/api/v3/datasets/late"]


def test_the_look_out_ends_and_costs_a_few_searches(tmp_path: Path) -> None:
    home = Home(tmp_path, Late())
    for _ in range(120 * 4):
        home.later(DAY_S / 4)
        home.outbox.tick()
    assert home.catalog.searches == 6
    home.run()
    assert home.outbox.entries.get("e") is None  # and then the entry is forgotten, not before


def test_a_new_run_looks_once(tmp_path: Path) -> None:
    home = Home(tmp_path, Late())
    for _ in range(10):  # somebody who starts a server ten times in an hour
        home.later(330.0)
        home.run().tick()
    assert home.catalog.searches == 2


def test_a_copy_that_may_not_be_deleted_is_named_there_and_here(tmp_path: Path) -> None:
    home = Home(tmp_path, Refusing())
    home.catalog.store_late()
    for _ in range(2):
        home.later(3 * DAY_S)
        home.run().tick()
    assert "p counts" in home.catalog.said
    assert home.told[-1]["state"] == "sent"
    assert "/api/v3/datasets/late" in home.told[-1]["reason"]
    assert home.catalog.searches == 1


def test_what_was_refused_the_second_time_and_stored_late_goes_on(tmp_path: Path) -> None:
    home = Home(tmp_path, Late(), "failed")
    home.catalog.datasets.clear()
    home.catalog.store_late()
    home.later(120.0)
    home.outbox.tick()
    assert home.outbox.entries.get("e").state == "waiting"


def test_what_was_withdrawn_and_stored_late_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path, Late(), "withdrawn")
    home.catalog.datasets.clear()
    home.catalog.store_late()
    home.later(120.0)
    home.outbox.tick()
    assert "late all the same, as late" in home.told[-1]["reason"]
    assert home.catalog.deleted == []
