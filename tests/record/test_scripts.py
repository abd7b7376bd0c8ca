"""Plain scripts, batch jobs and programs that run notebooks; and steering the record."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from record.notebooks import Notebook, files, inputs

from jupyter_shinecat.testing.kernels import spool_lines

SCRIPT = """\
import sys, os
import numpy as np

def load(name):
    return np.load(name)

raw = load(sys.argv[1])
other = load("other.npy")
if __name__ == "__main__":
    np.save("results/sum.npy", raw.sum())
    print("sum", raw.sum(), os.path.basename(__file__))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import numpy as np

    (tmp_path / "results").mkdir()
    for name in ("raw run 17.npy", "other.npy"):
        np.save(tmp_path / name, np.arange(4))
    return tmp_path


def python(folder: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SHINECAT_")}
    env |= {
        "SHINECAT_STATE": str(folder / "state"),
        "SHINECAT_RESULTS": str(folder / "results"),
        "SHINECAT_LANG": "en",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "MPLCONFIGDIR": str(folder / ".matplotlib"),
    }
    command = [sys.executable, *args]
    return subprocess.run(
        command, cwd=folder, env=env | variables, capture_output=True, text=True, timeout=120, check=False
    )


def lines(folder: Path, kind: str) -> list[dict[str, Any]]:
    # Files of one second come in any order: each session of a script has its own.
    return sorted((line for line in spool_lines(folder) if line["k"] == kind), key=lambda line: float(line["t"]))


def test_a_script_is_recorded_like_a_notebook_with_one_cell(folder: Path) -> None:
    (folder / "job.py").write_text(SCRIPT)
    done = python(folder, "-m", "jupyter_shinecat", "run", "job.py", "raw run 17.npy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "sum 6 job.py\n", "")
    [session], [cell], [end] = (lines(folder, kind) for kind in ("session", "cell", "end"))
    assert session["notebook"] == str(folder / "job.py")
    assert cell["code"] == SCRIPT
    assert files(end) == {"raw run 17.npy": True}
    assert (end["status"], end["runs"], end["capture"]) == ("ok", [1], "complete")
    assert "numpy" in end["modules"]
    assert [Path(line["path"]).name for line in lines(folder, "write")] == ["sum.npy"]
    assert spool_lines(folder)[-1]["k"] == "close"


def test_a_script_ends_as_without_us(folder: Path) -> None:
    ends = {
        "import sys; sys.exit(3)": 3,
        "import sys; sys.exit()": 0,
        "raise SystemExit('enough')": 1,
        "def f():\n    return 1 / 0\nopen('results/half', 'w').write('1')\nf()": 1,
        "x = (": 1,
        "import sys; print(sys.argv, __name__, sys.path[0], __builtins__, __annotations__, __spec__)": 0,
        "# coding: latin-1\nprint(ascii('ü'))": 0,
        "assert __import__('__main__').__dict__ is globals()": 0,
    }
    for code, status in ends.items():
        (folder / "job.py").write_text(code, "latin-1")
        plain = python(folder, "job.py", "--help", "-x")
        ours = python(folder, "-m", "jupyter_shinecat", "run", "job.py", "--help", "-x")
        assert plain.returncode == ours.returncode == status
        assert ours.stdout == plain.stdout
        assert ours.stderr.replace(str(folder) + "/", "") == plain.stderr.replace(str(folder) + "/", "")
    assert {line["status"] for line in lines(folder, "end")} == {"error"}


def test_a_script_that_is_not_there(folder: Path) -> None:
    done = python(folder, "-m", "jupyter_shinecat", "run", "none.py")
    assert done.returncode == python(folder, "none.py").returncode == 2
    assert done.stderr.startswith("Error: The script none.py can't be read")


def test_a_part_of_a_script(folder: Path) -> None:
    (folder / "job.py").write_text(
        "import jupyter_shinecat as sc\nimport numpy as np\n"
        "def main():\n"
        "    with sc.session():\n"
        "        level = sc.param('level', np.float64(2.5))\n"
        "        a = np.load('raw run 17.npy')\n"
        "        with sc.untracked():\n"
        "            b = np.load('other.npy')\n"
        "            np.save('results/secret.npy', b)\n"
        "        np.save('results/a.npy', a * level)\n"
        "main()\n"
        "np.save('results/outside.npy', 1)\n"
        "with sc.session():\n"
        "    np.save('results/again.npy', np.load('other.npy'))\n"
    )
    done = python(folder, "job.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [Path(line["path"]).name for line in lines(folder, "write")] == ["a.npy", "again.npy"]
    first, second = lines(folder, "end")
    assert (files(first), files(second)) == ({"raw run 17.npy": True}, {"other.npy": True})
    [param] = lines(folder, "param")
    assert (param["run"], param["name"], param["value"]) == (1, "level", 2.5)
    assert {line["session"] for line in lines(folder, "session")} == {lines(folder, "session")[0]["session"]}


def test_a_script_that_forks(folder: Path) -> None:
    (folder / "job.py").write_text(
        "import multiprocessing, numpy as np\n"
        "def work(name):\n    return float(np.load(name).sum())\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    sums = pool.map(work, ['raw run 17.npy', 'other.npy'])\n"
        "np.save('results/sums.npy', sums)\n"
    )
    done = python(folder, "-m", "jupyter_shinecat", "run", "job.py")
    assert (done.returncode, done.stderr) == (0, "")
    heads = lines(folder, "session")
    assert len({head["session"] for head in heads}) == 1
    assert {Path(line["path"]).name for line in lines(folder, "read")} == {"raw run 17.npy", "other.npy"}
    [end] = lines(folder, "end")
    assert end["status"] == "ok"


def test_write_back_off_records_no_script(folder: Path) -> None:
    (folder / "job.py").write_text(SCRIPT)
    done = python(folder, "-m", "jupyter_shinecat", "run", "job.py", "other.npy", SHINECAT_WRITE_BACK="off")
    assert (done.returncode, spool_lines(folder)) == (0, [])


def test_a_program_that_runs_notebooks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"STATE": "state", "RESULTS": "results"}.items():
        monkeypatch.setenv(f"SHINECAT_{name}", str(folder / value))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    cells = [
        "%load_ext jupyter_shinecat",
        "import numpy as np\na = np.load('raw run 17.npy')",
        "np.save('results/a', a)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    assert all(not cell.outputs for cell in notebook.cells[1:])
    [end] = [line for line in lines(folder, "end") if "inputs" in line]
    assert files(end) == {"raw run 17.npy": True}
    assert {line["cell"] for line in lines(folder, "cell")} <= {cell.id for cell in notebook.cells} | {None}


# -- steering in a notebook ------------------------------------------------------------------------------------------


def test_untracked_in_a_notebook(notebook: Notebook) -> None:
    (notebook.folder / "a").write_text("1")
    notebook.ok("import jupyter_shinecat as sc, subprocess, h5py")
    notebook.ok(
        "with sc.untracked():\n    v = open('a').read(); d = data('P/1'); h5py.File('results/x.h5', 'w').close()\n"
        "    subprocess.run(['true']); open('results/y', 'w').close()\n"
        "open('results/r', 'w').write(v + str(d))"
    )
    end = notebook.end()
    assert (inputs(end), files(end), end["unseen"]) == ({}, {}, [])
    assert [Path(line["path"]).name for line in notebook.lines("write")] == ["r"]
    notebook.run("with sc.untracked():\n    1 / 0")
    notebook.ok("open('results/after', 'w').write('1')")
    assert [Path(line["path"]).name for line in notebook.lines("write")] == ["r", "after"]


def test_parameters_in_a_notebook(notebook: Notebook) -> None:
    notebook.ok("import jupyter_shinecat as sc")
    assert notebook.ok("print(sc.param('threshold', 3), sc.param('names', ('a', 1j)), end='')") == "3 ('a', 1j)"
    told = [(line["name"], line["value"]) for line in notebook.lines("param")]
    assert told == [("threshold", 3), ("names", ["a", "1j"])]
    assert notebook.ok("print(sc.param(low=1, high=2), sc.param(width=7), end='')") == "{'low': 1, 'high': 2} 7"
    assert notebook.run("sc.param('', 3)").error[0] == "ParameterError"
    assert notebook.run("sc.param('threshold')").error[0] == "ParameterError"


def test_session_in_a_notebook_changes_nothing(notebook: Notebook) -> None:
    notebook.ok("import jupyter_shinecat as sc")
    notebook.ok("with sc.session():\n    open('results/a', 'w').write('1')")
    notebook.ok("open('results/b', 'w').write('1')")
    assert [(Path(line["path"]).name, line["run"]) for line in notebook.lines("write")] == [("a", 2), ("b", 3)]
