"""What a scientist sees in a notebook, and what the record makes of it: a real kernel, a real catalog."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_shinecat.testing.kernels import running_kernel, spool_lines

HEAVY = ["h5py", "pandas", "ipywidgets", "jupyterhub", "tornado", "numpy", "pint"]


@pytest.fixture
def scientist(facility, tmp_path: Path):
    """A fresh kernel that knows its catalog."""
    variables = {"SHINECAT_CATALOG_URL": facility.catalog.url, "SHINECAT_TOKEN": facility.token}
    with running_kernel(tmp_path, **variables) as kernel:
        yield kernel


def lines(folder: Path, kind: str) -> list[dict]:
    return [line for line in spool_lines(folder) if line["k"] == kind]


def last_inputs(folder: Path) -> dict[str, bool]:
    end = [line for line in lines(folder, "end") if "inputs" in line][-1]
    return {flow["pid"]: flow["certain"] for flow in end["inputs"]}


def test_from_open_to_result(scientist, facility, tmp_path: Path) -> None:
    good, mixed = facility.pids["good"], facility.pids["mixed"]
    first = scientist.run(f"import jupyter_shinecat as sc\nds = sc.open({good!r})")
    assert first.status == "ok", first.error[2]
    assert first.stdout.count("\n") == 1, "one sentence, once"
    assert "%shinecat record off" in first.stdout
    again = scientist.run(f"other = sc.open({mixed!r})\nother")
    assert again.stdout == ""
    assert "<section" in again.data["text/html"]
    assert mixed in again.data["text/plain"]
    scientist.run("import numpy as np, h5py")
    scientist.run("with ds.h5() as f:\n    image = f['/entry/data/data'][:].sum(axis=0)")
    scientist.run("energy = other.metadata")
    reply = scientist.run(
        "target = sc.results('sum.h5')\nwith h5py.File(target, 'w') as out:\n    out['sum'] = image\n"
        "sc.derived(target, name='Sum', keywords=['sum'], parameters={'axis': np.int64(0)})"
    )
    assert reply.status == "ok", reply.error[2]
    assert last_inputs(tmp_path) == {good: True}
    [derived] = lines(tmp_path, "derived")
    assert (derived["name"], derived["keywords"], derived["parameters"]) == ("Sum", ["sum"], {"axis": 0})
    assert derived["paths"] == [str(tmp_path / "results/sum.h5")]
    end = lines(tmp_path, "end")[-1]
    assert end["runs"] == [1, 3, 4, 6]
    assert end["capture"] == "complete"
    hows = {(line["pid"], line["how"]) for line in lines(tmp_path, "read")}
    assert hows == {(good, "open"), (good, "h5"), (mixed, "open")}
    # Nobody's token, and no address with one, is in the record.
    assert facility.token not in "".join(path.read_text() for path in (tmp_path / "state").rglob("*.jsonl"))


def test_every_way_of_reading_names_the_dataset(scientist, facility, tmp_path: Path) -> None:
    pid = facility.pids["good"]
    scientist.run(f"import jupyter_shinecat as sc, h5py\nds = sc.open({pid!r})")
    ways = {
        "metadata": "ds.metadata.photon_energy.value",
        "h5": "ds.h5()['/entry/matrix'][:]",
        "table": "ds.table()",
        "path": "h5py.File(ds.path())['/entry/matrix'][:]",
        "files": "h5py.File(ds.files['local'][0])['/entry/matrix'][:]",
        "hit": "sc.search('Lysozyme')[0].metadata.run",
        "raw": "ds.raw['size']",
        "item": "ds['/entry/matrix'][:]",
    }
    for name, code in ways.items():
        reply = scientist.run(f"x = {code}")
        assert reply.status == "ok", (name, reply.error[2])
        reply = scientist.run(f"open(sc.results({name!r} + '.txt'), 'w').write(str(x))")
        assert reply.status == "ok", (name, reply.error[2])
        assert last_inputs(tmp_path) == {pid: True}, name


def test_dataset_that_only_was_opened_is_at_most_an_uncertain_input(scientist, facility, tmp_path: Path) -> None:
    scientist.run(f"import jupyter_shinecat as sc\nds = sc.open({facility.pids['good']!r})")
    scientist.run("open(sc.results('r.txt'), 'w').write(ds.name)")
    assert last_inputs(tmp_path) == {facility.pids["good"]: False}


def test_derived_in_a_later_cell_has_the_inputs_of_the_file(scientist, facility, tmp_path: Path) -> None:
    scientist.run(f"import jupyter_shinecat as sc\nx = sc.open({facility.pids['good']!r}).metadata.run")
    scientist.run("open(sc.results('r.txt'), 'w').write(str(x))")
    scientist.run("unrelated = 1")
    scientist.run("sc.derived(sc.results() / 'r.txt', name='R')")
    end = lines(tmp_path, "end")[-1]
    assert (end["run"], last_inputs(tmp_path)) == (4, {facility.pids["good"]: True})


def test_errors_are_their_sentence(scientist, facility) -> None:
    scientist.run("import jupyter_shinecat as sc")
    reply = scientist.run("sc.open('no/such')")
    assert reply.error[0] == "NotFound"
    assert reply.error[2].splitlines() == [f"NotFound: {reply.error[1]}"]
    # For code it is an ordinary exception with its frames.
    reply = scientist.run(
        "import traceback\ntry:\n    sc.open('no/such')\nexcept Exception as error:\n"
        "    print(len(traceback.extract_tb(error.__traceback__)))"
    )
    assert int(reply.stdout) > 2
    reply = scientist.run(f"sc.open({facility.pids['gone']!r}).h5()")
    assert "is no longer in" in reply.error[2]
    assert "Traceback" not in reply.error[2]


def test_magic_switches_the_record(scientist, facility, tmp_path: Path) -> None:
    scientist.run("%load_ext jupyter_shinecat")
    assert "record is on" in scientist.run("%shinecat record").stdout
    assert "record is off" in scientist.run("%shinecat record off").stdout
    scientist.run("import jupyter_shinecat as sc\nopen(sc.results('a'), 'w').write('1')")
    assert lines(tmp_path, "write") == []
    assert "record is on" in scientist.run("%shinecat record on").stdout
    scientist.run("open(sc.results('b'), 'w').write('1')")
    assert [Path(line["path"]).name for line in lines(tmp_path, "write")] == ["b"]
    assert "Usage" in scientist.run("%shinecat nonsense").stdout


def test_write_back_off_records_and_says_nothing(facility, tmp_path: Path) -> None:
    variables = {"SHINECAT_CATALOG_URL": facility.catalog.url, "SHINECAT_TOKEN": facility.token}
    with running_kernel(tmp_path, SHINECAT_WRITE_BACK="off", **variables) as kernel:
        reply = kernel.run(f"import jupyter_shinecat as sc\nds = sc.open({facility.pids['good']!r})")
        assert (reply.status, reply.stdout) == ("ok", "")
        kernel.run("open(sc.results('a'), 'w').write('1')")
        assert facility.pids["good"] in kernel.run("%shinecat show ds").data["text/plain"]
        assert "The record is off" in kernel.run("%shinecat record").stdout
    assert spool_lines(tmp_path) == []


def test_chinese(facility, tmp_path: Path) -> None:
    variables = {"SHINECAT_CATALOG_URL": facility.catalog.url, "SHINECAT_TOKEN": facility.token}
    with running_kernel(tmp_path, **variables) as kernel:
        kernel.run("import os; os.environ['SHINECAT_LANG'] = 'zh_CN'\nimport jupyter_shinecat as sc")
        reply = kernel.run("sc.open('no/such')")
    assert "no/such" in reply.error[1]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reply.error[1])


def test_opening_and_searching_load_no_readers() -> None:
    code = (
        "import sys, jupyter_shinecat as sc\n"
        "from jupyter_shinecat import kernel\n"
        "import jupyter_shinecat.kernel.dataset, jupyter_shinecat.kernel.hits, jupyter_shinecat.record\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
