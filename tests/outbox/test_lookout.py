"""A request that is stored long after it was sent again is found all the same."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from jupyter_shinecat.outbox.lookout import AFTER_S
from jupyter_shinecat.outbox.service import Outbox
from jupyter_shinecat.outbox.settings import Settings
from jupyter_shinecat.scicat import AccessDenied

from .test_doubles import Catalog, result

FOUND = {"v": 1, "kind": "result", "name": "a.bin", "t": 1.0, "ended": 1.0, "inputs": [], "session": "s", "run": 1}


class Refusing(Catalog):
    """An owner may describe datasets here, and delete none."""

    def send(self, operation: Any) -> None:
        super().send(operation)
        if operation.method == "DELETE":
            raise AccessDenied("delete")
        self.said = operation.body["comment"]


def outbox(folder: Path, catalog: Any, told: list[dict[str, Any]], age_s: float) -> tuple[Outbox, Any]:
    settings = Settings(state=folder, results=folder / "results")
    made = Outbox(settings, told.append, None, lambda: catalog)  # type: ignore[arg-type]
    made.load()
    entry = made.entries.create("e", {**FOUND, "paths": [], "figures": []}, {"state": "sent", "pid": "p"})
    entry.write_step("2-taken", {"files": [], "figures": []})
    entry.write_step("3-plan", {"mode": "create", "doc": {"jobParameters": {"shinecat": {"key": "k"}}}})
    entry.write_step("4-dataset", {"pid": "p"})
    entry.write_step("7-resent", {"t": time.time() - age_s})
    return made, entry


@pytest.mark.parametrize("minutes", [0.5, 2.0])
def test_a_copy_that_came_late_is_taken_away(tmp_path: Path, minutes: float) -> None:
    catalog = Catalog([result("p"), result("late")], [])
    made, entry = outbox(tmp_path, catalog, [], minutes * 60)
    made.tick()
    assert catalog.deleted == (["/api/v3/datasets/late"] if minutes > 1 else [])
    assert entry.step("7-resent").get("looks", 0) == (minutes > 1)
    made._lookout._looked = -AFTER_S[-1]  # the next time that it may look
    made.tick()
    assert len(catalog.deleted) == (minutes > 1)


def test_a_copy_that_may_not_be_deleted_is_named_there_and_here(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    catalog = Refusing([result("p"), result("late")], [])
    made, entry = outbox(tmp_path, catalog, told, 3 * 86400)
    made.tick()
    assert "p counts" in catalog.said
    assert told[-1]["state"] == "sent"
    assert "/api/v3/datasets/late" in told[-1]["reason"]
    assert entry.step("7-resent")["looks"] == len(AFTER_S)  # and never again
