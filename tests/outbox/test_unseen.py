"""What the record could not see or does not know: windows to other files, copies, other programs, children."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from jupyter_shinecat.formats import Sandbox
from jupyter_shinecat.outbox.candidates import candidates
from jupyter_shinecat.outbox.lineage import inputs_of
from jupyter_shinecat.outbox.session import Session
from jupyter_shinecat.outbox.spool import SpoolFile
from jupyter_shinecat.outbox.windows import Windows


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as running:
        yield running


def raw(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(10)
    return path


def virtual(path: Path, *sources: str) -> Path:
    layout = h5py.VirtualLayout(shape=(len(sources), 10), dtype="i8")
    for number, source in enumerate(sources):
        layout[number] = h5py.VirtualSource(source, "data", shape=(10,))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("all", layout)
    return path


def linked(path: Path, *sources: str) -> Path:
    with h5py.File(path, "w") as file:
        for number, source in enumerate(sources):
            file[f"part{number}"] = h5py.ExternalLink(source, "/data")
    return path


def test_windows_are_looked_through_to_the_files_behind(sandbox: Sandbox, tmp_path: Path) -> None:
    a, b = raw(tmp_path / "raw/a b.h5"), raw(tmp_path / "raw/溶菌酶.h5")
    inner = virtual(tmp_path / "inner.h5", str(a), "raw/溶菌酶.h5")
    outer = linked(tmp_path / "outer.nxs", "inner.h5", "gone.h5", "outer.nxs")
    windows = Windows(sandbox)
    assert windows(str(inner)) == [str(a), str(b)]
    assert windows(str(outer)) == [str(inner), str(tmp_path / "gone.h5"), str(a), str(b)]
    assert windows(str(a)) == []
    assert windows(str(tmp_path / "gone.h5")) == []
    (tmp_path / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\xff" * 600)
    assert windows(str(tmp_path / "broken.h5")) == []


class Entry:
    """As much of an entry as the lineage needs."""

    state, pid, gone, paths = "waiting", None, False, ()

    def __init__(self, key: str, ended: float, **found: Any) -> None:
        self.key, self.found = key, {"kind": "result", "ended": ended, "t": ended, **found}


def path_in(path: str, certain: bool = True, **more: Any) -> dict[str, Any]:
    return {"path": path, "certain": certain, **more}


BEHIND = {"/w/window.h5": ["/raw/a.h5", "/raw/b.h5"], "/raw/master.h5": ["/raw/a.h5"], "/results/w.h5": ["/raw/b.h5"]}
CATALOG = {"/raw/a.h5": ["A"], "/raw/b.h5": ["B"], "/raw/master.h5": ["M"], "/raw/cube.zarr": ["Z"]}


def inputs(entry: Entry, *others: Entry) -> dict[str, bool]:
    found: Any = inputs_of(
        entry,  # type: ignore[arg-type]
        [entry, *others],  # type: ignore[list-item]
        lambda path: CATALOG.get(path, []),
        lambda path: BEHIND.get(path, []),
    )
    return dict(found)


def test_file_in_no_dataset_stands_for_the_files_behind_it() -> None:
    assert inputs(Entry("k", 1, paths_in=[path_in("/w/window.h5")])) == {"A": True, "B": True}
    assert inputs(Entry("k", 1, paths_in=[path_in("/w/window.h5", False)])) == {"A": False, "B": False}


def test_dataset_stands_for_itself_and_perhaps_for_the_files_behind_it() -> None:
    assert inputs(Entry("k", 1, paths_in=[path_in("/raw/master.h5")])) == {"M": True, "A": False}
    named = Entry("k", 1, inputs=[{"pid": "M", "certain": True}], opened=["/raw/master.h5"])
    assert inputs(named) == {"M": True, "A": False}


def test_result_that_is_a_window_has_what_it_shows_as_input() -> None:
    assert inputs(Entry("k", 1, paths=["/results/w.h5"])) == {"B": True}


def test_copy_stands_for_what_it_was_copied_from() -> None:
    entry = Entry("k", 1, paths_in=[path_in("/w/near.h5", was=["/w/step.h5", "/raw/a.h5"])])
    assert inputs(entry) == {"A": True}


def test_store_that_is_a_folder_is_found_by_its_parts() -> None:
    maker = Entry("m", 1, paths=["/w/cube.zarr/c/0", "/w/cube.zarr/zarr.json"])
    maker.state, maker.pid = "sent", "D"  # type: ignore[assignment]
    assert inputs(Entry("k", 2, paths_in=[path_in("/w/cube.zarr")]), maker) == {"D": True}


# -- candidates ------------------------------------------------------------------------------------------------------


def session_of(tmp_path: Path, *told: dict[str, object], child: tuple[dict[str, object], ...] = ()) -> Session:
    session = Session("s", {"session": "s", "cwd": str(tmp_path)})
    parent, forked = SpoolFile(Path("1-1-a.jsonl")), SpoolFile(Path("1-2-b.jsonl"), head={"parent": 1})
    for number, line in enumerate(told):
        session.add(parent, {"t": float(number), **line}, replay=False)
    for number, line in enumerate(child):
        session.add(forked, {"t": number + 0.5, **line}, replay=False)
    return session


def found(session: Session, run: int, results: Path, *sessions: Session) -> list[dict[str, Any]]:
    return [one for _, one in candidates(session, session.runs[run], results, lambda path: False, sessions)]


def test_reads_of_children_are_uncertain_inputs_of_what_they_led_to(tmp_path: Path) -> None:
    session = session_of(
        tmp_path,
        {"k": "cell", "run": 1, "code": "parts = pool.map(load, names)"},
        {"k": "end", "run": 1},
        {"k": "cell", "run": 2, "code": "save(parts)"},
        {"k": "write", "run": 2, "path": str(tmp_path / "r.h5")},
        {"k": "end", "run": 2, "inputs": [{"pid": "P", "certain": True}], "paths_in": [], "runs": [1, 2]},
        child=(
            {"k": "cell", "run": 1, "code": "parts = pool.map(load, names)"},
            {"k": "read", "run": 1, "pid": None, "path": "/raw/a.h5"},
            {"k": "read", "run": 1, "pid": "Q", "path": "/raw/q.h5"},
        ),
    )
    (result,) = found(session, 2, tmp_path / "results")
    assert result["inputs"] == [{"pid": "P", "certain": True}, {"pid": "Q", "certain": False}]
    assert [(flow["path"], flow["certain"]) for flow in result["paths_in"]] == [("/raw/a.h5", False)]
    assert result["opened"] == ["/raw/q.h5"]


def test_what_a_child_writes_after_its_cell_may_hold_all_that_was_read(tmp_path: Path) -> None:
    session = session_of(
        tmp_path,
        {"k": "cell", "run": 1, "code": "pool = Pool()"},
        {"k": "end", "run": 1, "inputs": [], "runs": [1], "capture": "complete"},
        {"k": "cell", "run": 2, "code": "pool.map(work, names)"},
        {"k": "read", "run": 2, "pid": "P", "path": None},
        child=({}, {}, {}, {}, {"k": "write", "run": 1, "path": str(tmp_path / "late.h5")})[-1:],
    )
    session.events[-1].t = 4.0
    (result,) = found(session, 1, tmp_path / "results")
    assert result["inputs"] == [{"pid": "P", "certain": False}]
    assert result["capture"] == "partial"


def test_a_child_that_has_ended_does_not_end_its_cell(tmp_path: Path) -> None:
    session = session_of(
        tmp_path,
        {"k": "cell", "run": 1, "code": "pool.map(work)"},
        child=({"k": "cell", "run": 1, "code": "pool.map(work)"}, {"k": "write", "run": 1, "path": "/w/a.h5"}),
    )
    writer = session.runs[1].writer
    assert writer is not None
    assert "parent" not in writer.head


def test_outputs_of_other_programs_are_found_in_the_results_folder(tmp_path: Path) -> None:
    results = tmp_path / "results"
    now = time.time()
    for name, age_s in {"before.h5": 100, "made.h5": 5, "sub/made too.h5": 5, "seen.h5": 5, "after.h5": -50}.items():
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text("x")
        os.utime(results / name, (now - age_s, now - age_s))
    other = session_of(tmp_path, {"k": "write", "run": 1, "path": str(results / "seen.h5")})
    end = {"k": "end", "run": 1, "inputs": [{"pid": "P", "certain": True}], "runs": [1], "t": now}
    told = {"k": "cell", "run": 1, "code": "!tool", "t": now - 10}
    session = session_of(tmp_path, told, {**end, "unseen": ["process: tool"], "capture": "partial"})
    (result,) = found(session, 1, results, session, other)
    assert result["paths"] == [str(results / "made.h5"), str(results / "sub/made too.h5")]
    assert (result["capture"], result["unseen"]) == ("partial", ["process: tool"])
    quiet = session_of(tmp_path, told, {**end, "unseen": []})
    assert found(quiet, 1, results, quiet, other) == []


def test_copies_are_no_results_and_lead_back(tmp_path: Path) -> None:
    first = session_of(
        tmp_path,
        {"k": "cell", "run": 1, "code": "shutil.copy(...)"},
        {"k": "link", "run": 1, "src": "/raw/a.h5", "dst": str(tmp_path / "near.h5")},
        {"k": "rename", "run": 1, "src": str(tmp_path / "near.h5"), "dst": str(tmp_path / "in.h5")},
        {"k": "end", "run": 1, "inputs": [{"pid": "P", "certain": True}], "runs": [1]},
    )
    second = session_of(
        tmp_path,
        {"k": "cell", "run": 1, "code": "..."},
        {"k": "write", "run": 1, "path": str(tmp_path / "r.h5")},
        {"k": "end", "run": 1, "inputs": [], "paths_in": [path_in(str(tmp_path / "in.h5"))], "runs": [1]},
    )
    assert found(first, 1, tmp_path / "results", first, second) == []
    (result,) = found(second, 1, tmp_path / "results", first, second)
    assert result["paths_in"] == [path_in(str(tmp_path / "in.h5"), was=[str(tmp_path / "near.h5"), "/raw/a.h5"])]


def test_parameters_of_the_session_so_far(tmp_path: Path) -> None:
    session = session_of(
        tmp_path,
        {"k": "param", "run": 1, "name": "threshold", "value": 3},
        {"k": "param", "run": 2, "name": "threshold", "value": 5},
        {"k": "write", "run": 2, "path": str(tmp_path / "r.h5")},
        {"k": "end", "run": 2, "inputs": [{"pid": "P", "certain": True}], "runs": [2]},
        {"k": "param", "run": 3, "name": "later", "value": 1},
    )
    (result,) = found(session, 2, tmp_path / "results")
    assert result["parameters"] == {"threshold": 5}


# -- all of it, at a catalog -----------------------------------------------------------------------------------------


def test_virtual_file_beside_the_catalog_leads_to_its_datasets(bench: Any, tmp_path: Path) -> None:
    folder = tmp_path / "beamtime"
    pids = []
    for name in ("run1", "run2"):
        path = raw(folder / name / f"{name}.h5")
        pids.append(bench.counter.raw(name, sourceFolder=str(folder / name)))
        block = {"size": 1, "dataFileList": [{"path": path.name, "size": 1, "time": "2026-11-01T10:00:00.000Z"}]}
        bench.counter.post("/api/v3/origdatablocks", {**block, "datasetId": pids[-1], "ownerGroup": "GET"})
    window = virtual(bench.work / "all.h5", *(str(folder / name / f"{name}.h5") for name in ("run1", "run2")))
    kernel = bench.kernel()
    kernel.cell("mean = h5py.File('all.h5')['all'][:].mean()\nsave(mean)")
    kernel.line("read", run=1, pid=None, path=str(window), how="h5py")
    kernel.hdf5(bench.results / "mean.h5")
    kernel.end(paths_in=[window])
    outbox = bench.start()
    outbox.wait_state("sent")
    (dataset,) = bench.counter.derived(pids[0])
    assert sorted(dataset["inputDatasets"]) == sorted(pids)
    assert dataset["jobParameters"]["shinecat"]["uncertain_inputs"] == []
