"""What a cell read and wrote travels with the kernel's answer, for the notebook's own metadata."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from record.notebooks import Notebook, files

from jupyter_shinecat.record import note_cell
from jupyter_shinecat.record.notebook import Notes, Seen
from jupyter_shinecat.testing.kernels import spool_lines


def note(notebook: Notebook, code: str, **options: Any) -> Any:
    """Run a cell and wait for the kernel's answer; the note in its metadata."""
    client = notebook.kernel.client
    request = notebook.kernel.send(code, **options)
    notebook.kernel.wait(request)
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == request:
            return reply["metadata"].get("shinecat")


def names(entries: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(one.get("dataset", ""), Path(one.get("file", "")).name, one["by"]) for one in entries]


def test_what_a_cell_read_and_wrote_is_in_its_answer(notebook: Notebook) -> None:
    (notebook.folder / "raw.npy").touch()
    assert note(notebook, "import numpy as np; x = 1") is None
    said = note(notebook, "a = data('P/1')\nopen('raw.npy').close()", cell_id="one")
    assert names(said["read"]) == [("P/1", "", "h5"), ("", "raw.npy", "open")]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", said["at"])
    assert set(said) == {"at", "read"}
    code = (
        "import os\nopen('results/.t', 'w').close(); os.replace('results/.t', 'results/r')\n"
        "open('results/gone', 'w').close(); os.remove('results/gone')"
    )
    assert names(note(notebook, code)["wrote"]) == [("", "r", "rename")]
    assert note(notebook, "import subprocess; _ = subprocess.run(['true'])")["unseen"] == ["process: true"]
    # A cell that fails, one that runs others, and what a handle writes later.
    assert names(note(notebook, "open('results/half', 'w').write('1'); 1 / 0")["wrote"]) == [("", "half", "open")]
    inner = "get_ipython().run_cell(\"open('results/inner', 'w').close()\", store_history=True); data('P/2')"
    said = note(notebook, inner)
    assert names(said["read"]) + names(said["wrote"]) == [("P/2", "", "h5"), ("", "inner", "open")]
    note(notebook, "f = open('results/slow', 'w')")
    assert names(note(notebook, "_ = f.write('1')")["wrote"]) == [("", "slow", "handle")]


def test_silent_requests_and_a_record_that_is_off_say_nothing(notebook: Notebook) -> None:
    assert note(notebook, "open('results/a', 'w').close()", silent=True) is None
    assert note(notebook, "record.off()\nopen('results/b', 'w').close()") is None
    assert note(notebook, "assert 'finish_metadata' not in vars(get_ipython().kernel)\nrecord.on()") is None
    assert note(notebook, "open('results/c', 'w').close()")


def test_names_that_are_no_characters(notebook: Notebook) -> None:
    [wrote] = note(notebook, r"open(b'results/\xff\n.h5', 'w').close()")["wrote"]
    assert wrote["file"].endswith("results/\\udcff\n.h5")


def test_what_goes_wrong_with_a_note_is_not_the_users_trouble(notebook: Notebook) -> None:
    notebook.ok("from jupyter_shinecat.record.notebook import Seen; whole = Seen.note; Seen.note = None")
    assert note(notebook, "open('results/a', 'w').close()") is None
    assert note(notebook, "Seen.note = whole; open('results/b', 'w').close()")


def test_ten_thousand_files_make_a_short_note(notebook: Notebook) -> None:
    said = note(notebook, "for n in range(300):\n    open(f'results/{n}', 'w').close()")
    assert (len(said["wrote"]), said["more"]) == (200, 100)


def cells_of(folder: Path) -> Any:
    sources = ["%load_ext jupyter_shinecat", "a = open('raw').read()", "open('results/a', 'w').write(a)", "1 / 0"]
    cells = [nbformat.v4.new_code_cell(code) for code in sources]
    cells[0].metadata["shinecat"] = {
        "at": "2020-01-01T00:00:00Z",
        "read": [{"file": "/of/an/earlier/run", "by": "open"}],
    }
    (folder / "raw").write_text("1")
    (folder / "results").mkdir()
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {"SHINECAT_STATE": "state", "SHINECAT_RESULTS": "results", "IPYTHONDIR": "ipython"}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    return tmp_path


def check(notebook: Any) -> None:
    first, reading, writing, failing = (cell.metadata.get("shinecat") for cell in notebook.cells[-4:])
    assert (first, failing) == (None, None)
    assert names(reading["read"]) == [("", "raw", "open")]
    assert names(writing["wrote"]) == [("", "a", "open")]


def test_nbclient(at_home: Path) -> None:
    notebook = cells_of(at_home)
    resources = {"metadata": {"path": str(at_home)}}
    client = NotebookClient(notebook, timeout=120, resources=resources, allow_errors=True, on_cell_executed=note_cell)
    asyncio.run(client.async_execute())
    check(notebook)
    nbformat.validate(notebook)


def test_papermill(at_home: Path) -> None:
    notebook = cells_of(at_home)
    notebook.cells[-1].source = "y = factor"
    notebook.cells.insert(0, nbformat.v4.new_code_cell("factor = 1", metadata={"tags": ["parameters"]}))
    nbformat.write(notebook, at_home / "in.ipynb")
    done = papermill.execute_notebook(
        at_home / "in.ipynb",
        at_home / "out.ipynb",
        {"factor": 3},
        cwd=str(at_home),
        progress_bar=False,
        on_cell_executed=note_cell,
    )
    check(done)
    check(nbformat.read(at_home / "out.ipynb", 4))
    lines = spool_lines(at_home)
    [end] = [line for line in lines if line["k"] == "end" and "inputs" in line]
    assert files(end) == {"raw": True}
    assert end["capture"] == "complete"


def test_notes_of_nested_cells_leave_the_cells_as_they_are() -> None:
    kernel = SimpleNamespace(finish_metadata=lambda parent, metadata, reply: metadata)
    notes = Notes(SimpleNamespace(kernel=kernel))
    notes.start()
    inner, outer = (
        SimpleNamespace(seen=Seen({("P", None): "h5"}), unseen={}),
        SimpleNamespace(seen=Seen(), unseen={"process: true": None}),
    )
    for run in (inner, outer):
        notes.ended(run)  # type: ignore[arg-type]
    assert kernel.finish_metadata(None, {}, None)["shinecat"]["unseen"] == ["process: true"]
    assert inner.unseen == {}  # else its results would be called incompletely captured
    notes.stop()


def test_what_was_seen_is_not_kept_for_the_life_of_the_session(notebook: Notebook) -> None:
    note(notebook, "for i in range(500):\n    open(f'f{i}', 'w').close()")
    notebook.ok("assert not any(run.seen.reads or run.seen.writes for run in recorder._cells.runs[:-1])")
