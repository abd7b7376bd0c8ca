"""The record in a real kernel: what it sees, and that nobody notices it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from record.notebooks import ON, Notebook, files, inputs

from jupyter_shinecat.testing.kernels import running_kernel, spool_lines


def test_a_result_with_its_inputs_code_and_software(notebook: Notebook) -> None:
    notebook.ok("import numpy as np")
    notebook.ok("a = data('P/1')", cell_id="cell-one")
    notebook.ok("unrelated = 1")
    notebook.ok("import h5py\nwith h5py.File('results/r.h5', 'w') as f:\n    f['x'] = np.array(a)", cell_id="cell-two")
    end = notebook.end()
    assert inputs(end) == {"P/1": True}
    assert end["runs"] == [1, 2, 4]
    assert end["capture"] == "complete"
    assert {"python", "numpy", "h5py"} <= set(end["modules"])
    [write] = notebook.lines("write")
    assert (write["path"], write["how"], write["run"]) == (str(notebook.folder / "results/r.h5"), "h5py", 4)
    cells = {line["run"]: line for line in notebook.lines("cell")}
    assert (cells[2]["cell"], cells[2]["n"]) == ("cell-one", 2)
    assert cells[4]["code"].startswith("import h5py")
    [session] = notebook.lines("session")
    assert session["v"] == 1
    assert session["pid"] == notebook.kernel.pid
    assert session["kernel_id"]
    assert session["boot"]
    assert session["cwd"] == str(notebook.folder)
    assert notebook.lines("session")[-1]["kernel"].startswith("ipykernel ")


def test_cells_that_touch_no_file_leave_nothing(own: Notebook) -> None:
    notebook = own
    for number in range(5):
        notebook.ok(f"x{number} = {number} ** 2\nprint(x{number})")
    notebook.ok("import json, decimal, xml.dom.minidom  # library files are nobody's data")
    assert spool_lines(notebook.folder) == []


def test_spool_is_for_its_owner_only(notebook: Notebook) -> None:
    notebook.ok("open('results/a.txt', 'w').close()")
    [path] = (notebook.folder / "state/spool").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("open('d', 'w').write('1')", "open('d').read()"),
        ("__import__('pathlib').Path('d').write_text('1')", "__import__('pathlib').Path('d').read_bytes()"),
        ("__import__('numpy').save('d.npy', [1])", "__import__('numpy').load('d.npy')"),
        ("__import__('pandas').DataFrame({'a': [1]}).to_csv('d')", "__import__('pandas').read_csv('d')"),
        ("__import__('h5py').File('d', 'w').close()", "__import__('h5py').File('d').close()"),
        (
            "__import__('h5py').File(b'd', 'x').close()",
            "__import__('h5py').File(__import__('pathlib').Path('d')).close()",
        ),
        ("__import__('pickle').dump(1, open('d', 'wb'))", "__import__('os').open('d', __import__('os').O_RDONLY)"),
    ],
)
def test_reads_and_writes_are_seen(notebook: Notebook, write: str, read: str) -> None:
    notebook.ok(write)
    notebook.ok(f"value = {read}")
    name = "d.npy" if "d.npy" in write else "d"
    assert [line["path"] for line in notebook.lines("write")] == [str(notebook.folder / name)]
    assert {line["path"] for line in notebook.lines("read")} == {str(notebook.folder / name)}
    notebook.ok("open('results/out', 'w').write(str(value))")
    assert files(notebook.end()) == {name: True}


def test_h5py_modes_as_requested(notebook: Notebook) -> None:
    notebook.ok(
        "import h5py\nfor mode in ('w', 'r', 'r+', 'a'):\n"
        "    with h5py.File('m.h5', mode) as f: f.attrs, f.file.filename"
    )
    assert [line["how"] for line in notebook.lines("write")] == ["h5py"]
    assert [line["how"] for line in notebook.lines("read")] == ["h5py"]
    notebook.ok("with h5py.File('memory', 'w', driver='core', backing_store=False) as f: f['x'] = 1")
    assert not any(line["path"].endswith("memory") for line in notebook.lines("write"))


def test_h5py_wrapping_waits_for_h5py_and_leaves_with_the_record(own: Notebook) -> None:
    notebook = own
    said = notebook.ok("import sys; print('h5py' in sys.modules, sys.meta_path[0].__class__.__name__)")
    assert said.strip() == "False Imports"
    notebook.ok("import h5py; wrapped = id(h5py.h5f.open); h5py.File('results/a', 'w').close()")
    assert [Path(line["path"]).name for line in notebook.lines("write")] == ["a"]
    notebook.ok("assert not any('h5py.h5f' in getattr(f, 'waiting', ()) for f in sys.meta_path)")
    notebook.ok("record.off(); plain = id(h5py.h5f.open); assert plain != wrapped")
    notebook.ok("record.off(); record.on(); record.on(); assert id(h5py.h5f.open) != plain; record.off()")
    notebook.ok("assert id(h5py.h5f.open) == plain; record.on()")


def test_files_are_opened_once_and_by_the_user_only(own: Notebook) -> None:
    """The record opens, hashes and lists nothing of the user's, and the original constructor runs exactly once."""
    notebook = own  # its audit hook can't be taken out of the kernel again
    notebook.ok(
        "import h5py, sys, os\n"
        "counted, opened = [], []\n"
        "sys.addaudithook(lambda event, args: opened.append(args[0]) if event in ('open', 'os.listdir') else None)\n"
        "record.off()\n"
        "plain = h5py.File.__init__\n"
        "def counting(self, *a, **k):\n    counted.append(a)\n    plain(self, *a, **k)\n"
        "h5py.File.__init__ = counting\n"
        "recorder._libraries.start(); record.on()"
    )
    notebook.ok("opened.clear(); f = h5py.File('results/r.h5', 'w'); t = open('results/t', 'w'); told = list(opened)")
    assert len(notebook.lines("write")) == 2
    notebook.ok("ended = list(opened); record.off(); h5py.File.__init__ = plain; record.on()")
    told = notebook.ok("print([str(path) for path in told if 'results' in str(path)], counted)")
    assert told.strip() == "['results/t'] [('results/r.h5', 'w')]"
    # At the end of the cell only the process's own list of open files is read.
    seen = notebook.ok("print(sorted({str(path) for path in ended if 'results' in str(path) or 'h5' in str(path)}))")
    assert seen.strip() == "['results/t']"


def test_off_means_nothing_is_noted(notebook: Notebook) -> None:
    notebook.ok("record.off()")
    notebook.ok("open('results/a', 'w').write('1')")
    assert notebook.lines("write") == []
    notebook.ok("record.on()")
    notebook.ok("open('results/b', 'w').write('1')")
    assert [Path(line["path"]).name for line in notebook.lines("write")] == ["b"]


FAULTY = [
    "open('/nowhere/at all')",
    "open('x' * 5000)",
    "import h5py; h5py.File('/nowhere/at all', 'r')",
    "import h5py; h5py.File('plain.txt')",
    "import h5py; h5py.File(3.5)",
    "import h5py; h5py.File()",
    "import os; os.rename('/nowhere', '/also nowhere')",
    "open('a\\0b')",
]


def test_errors_of_the_user_stay_as_they_are(notebook: Notebook) -> None:
    """Name, text and frames of the traceback with the record are those without it."""
    (notebook.folder / "plain.txt").write_text("not hdf5" * 100)
    notebook.ok(
        "import traceback\n"
        "def show(code):\n"
        "    try:\n        exec(code)\n"
        "    except BaseException as error:\n"
        "        frames = [(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)]\n"
        "        print(type(error).__name__, error, frames)"
    )
    for code in FAULTY:
        recorded = notebook.ok(f"show({code!r})")
        notebook.ok("record.off()")
        plain = notebook.ok(f"show({code!r})")
        notebook.ok("record.on()")
        assert plain
        assert recorded == plain


def test_result_of_an_earlier_cell_is_named_itself(notebook: Notebook) -> None:
    notebook.ok("a = data('P/1')")
    notebook.ok("open('results/first.txt', 'w').write(str(a))")
    assert inputs(notebook.end()) == {"P/1": True}
    notebook.ok("b = open('results/first.txt').read()")
    notebook.ok("open('results/second.txt', 'w').write(b)")
    assert (inputs(notebook.end()), files(notebook.end())) == ({}, {"first.txt": True})


def test_temporary_file_and_rename(notebook: Notebook) -> None:
    notebook.ok("a = data('P/1')")
    notebook.ok(
        "import os, tempfile\nfd, tmp = tempfile.mkstemp(dir='results')\n"
        "os.write(fd, str(a).encode()); os.close(fd)\n"
        "os.replace(tmp, 'results/final.txt')"
    )
    [rename] = notebook.lines("rename")
    assert rename["dst"] == str(notebook.folder / "results/final.txt")
    assert inputs(notebook.end()) == {"P/1": True}


def test_temporary_file_with_a_hidden_name(notebook: Notebook) -> None:
    notebook.ok("import os; a = data('P/1'); b = data('P/2')")
    notebook.ok("with open('results/.final.txt.tmp', 'w') as f:\n    f.write(str(a))")
    notebook.ok("with open('.cache', 'w') as f:\n    f.write(str(b))")
    assert notebook.lines("write") == []
    notebook.ok("os.replace('results/.final.txt.tmp', 'results/final.txt')")
    [write] = notebook.lines("write")
    assert (write["path"], notebook.lines("rename")) == (str(notebook.folder / "results/final.txt"), [])
    assert inputs(notebook.end()) == {"P/1": True}
    notebook.ok("with open('t~', 'w') as f:\n    f.write(str(b))\nos.rename('t~', 't'); open('.c', 'w').write(str(a))")
    assert inputs(notebook.end()) == {"P/2": True}


def test_file_that_stays_open_over_cells(notebook: Notebook) -> None:
    notebook.ok("import h5py; f = h5py.File('results/r.h5', 'w')")
    notebook.ok("a = data('P/1')")
    notebook.ok("f['x'] = a")
    end = notebook.end()
    assert (end["run"], inputs(end)) == (3, {"P/1": True})
    assert [line["run"] for line in notebook.lines("write") if line["path"].endswith("r.h5")] == [1, 3]
    notebook.ok("f.close()")
    notebook.ok("c = 1")
    assert notebook.lines("end")[-1]["run"] == 4


def test_threads_belong_to_the_statement_that_waits_for_them(notebook: Notebook) -> None:
    for name in "ab":
        (notebook.folder / name).write_text(name)
    notebook.ok("from concurrent.futures import ThreadPoolExecutor\nx = open('b').read()")
    notebook.ok("with ThreadPoolExecutor(2) as pool:\n    y = list(pool.map(lambda n: open(n).read(), ['a']))")
    notebook.ok("open('results/r', 'w').write(str(y))")
    assert files(notebook.end()) == {"a": True}


def test_forked_workers_write_their_own_spool(notebook: Notebook) -> None:
    notebook.ok("a = data('P/1')")
    notebook.ok(
        "import multiprocessing, os\n"
        "def work(n):\n    open(f'results/part{n}', 'w').write(str(a))\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n    pool.map(work, range(2))"
    )
    writes = notebook.lines("write")
    assert {Path(line["path"]).name for line in writes} == {"part0", "part1"}
    assert {line["run"] for line in writes} == {2}
    sessions = notebook.lines("session")
    assert len({session["session"] for session in sessions}) == 1
    assert {session.get("parent") for session in sessions} == {None, notebook.kernel.pid}
    assert inputs(notebook.end()) == {"P/1": True}


def test_other_programs_are_marked_as_not_seen(notebook: Notebook) -> None:
    notebook.ok("import subprocess; subprocess.run(['cp', '/etc/hostname', 'results/copy']); open('results/own', 'w')")
    end = notebook.end()
    assert (end["capture"], end["unseen"]) == ("partial", ["process: cp"])
    notebook.ok("!true\nopen('results/other', 'w').write('1')")
    assert notebook.end()["capture"] == "partial"


def test_async_cells_and_magics_and_failing_cells(notebook: Notebook) -> None:
    (notebook.folder / "a").write_text("a")
    notebook.ok(
        "import asyncio\nasync def get():\n    await asyncio.sleep(0)\n    return open('a').read()\nx = await get()"
    )
    notebook.ok("%%time\nopen('results/r', 'w').write(x)")
    assert files(notebook.end()) == {"a": True}
    reply = notebook.run("open('results/s', 'w').write(x)\n1 / 0\ny = 1")
    assert reply.error[0] == "ZeroDivisionError"
    assert (notebook.end()["status"], files(notebook.end())) == ("error", {"a": True})
    assert "refused" not in notebook.end()
    notebook.run(
        "open('results/u', 'w').write(x)\n"
        "try:\n    raise OSError(28, 'full')\nexcept OSError as e:\n    raise ValueError('of a library') from e"
    )
    assert notebook.end()["refused"] == "No space left on device"
    assert notebook.run("this is no python").error[0] == "SyntaxError"
    notebook.ok("open('results/t', 'w').write(x)")
    assert files(notebook.end()) == {"a": True}


def test_silent_runs_and_widgets_are_no_analysis(notebook: Notebook) -> None:
    notebook.run("open('results/silent', 'w').write('1')", silent=True)
    notebook.run("open('results/probe', 'w').write('1')", store_history=False)
    assert notebook.lines("write") == []


def test_record_that_begins_inside_a_cell_knows_that_cell_and_the_code_before_it(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    with running_kernel(tmp_path) as kernel:
        kernel.run("import json")
        kernel.run("value = json.loads(open('/etc/hostname').read() and '1')")
        kernel.run(ON + "\nrecorder.read('P/1', how='h5')\nopen('results/r', 'w').write('1')", cell_id="third")
        kernel.run("open('results/s', 'w').write(str(value))")
    lines = spool_lines(tmp_path)
    cells = [(line["run"], line["n"], line["cell"]) for line in lines if line["k"] == "cell"]
    assert cells == [(1, 1, None), (2, 2, None), (3, 3, "third"), (4, 4, None)]
    ends = [line for line in lines if line["k"] == "end"]
    assert (ends[0]["run"], ends[0]["capture"], ends[0]["runs"]) == (3, "complete", [3])
    assert (ends[1]["capture"], ends[1]["unseen"]) == ("partial", ["cells before the record began"])
    assert lines[-1]["k"] == "close"


def test_killed_kernel_leaves_a_readable_spool(own: Notebook) -> None:
    notebook = own
    notebook.ok("a = data('P/1')")
    request = notebook.kernel.send(
        "import time\nf = open('results/r', 'w'); f.write('1'); f.flush()\n"
        "print('written', flush=True)\ntime.sleep(600)"
    )
    notebook.kernel.wait(request, until="written")
    notebook.kernel.kill()
    assert notebook.kernel.wait(request).status == "dead"
    lines = spool_lines(notebook.folder)
    assert [line["k"] for line in lines] == ["session", "cell", "read", "end", "cell", "write"]
    assert lines[-1]["path"] == str(notebook.folder / "results/r")


def test_full_disk_is_no_error_of_the_user_and_is_said_once(notebook: Notebook) -> None:
    """The spool's descriptor is swapped for one that takes nothing, as a full disk does, and back."""
    notebook.ok("open('results/a', 'w').write('1')")
    notebook.ok("import os\nspool = recorder.spool\ngood = spool._fd\nspool._fd = os.open('/dev/full', os.O_WRONLY)")
    notebook.ok("for n in range(3000):\n    open(f'results/n{n}', 'w').close()")
    assert notebook.run("print('still here')").stdout.strip() == "still here"
    said = _answer(notebook, "1")["shinecat_waiting"]
    assert (said["cause"], said["folder"]) == ("No space left on device", str(notebook.folder / "state/spool"))
    assert said["lines"] > 2000
    notebook.ok("spool._fd = good")
    assert "shinecat_waiting" not in _answer(notebook, "1")  # another try has written it all
    notebook.ok("open('results/b', 'w').write('1')")
    end = notebook.end()
    assert end["capture"] == "partial"
    assert "lines of the record" in end["unseen"][0]
    notebook.ok("open('results/c', 'w').write('1')")
    assert notebook.end()["capture"] == "complete"
    # What did fit into memory came out in the end.
    assert {"n2999", "b", "c"} <= {Path(line["path"]).name for line in notebook.lines("write")}


def _answer(notebook: Notebook, code: str) -> dict[str, Any]:
    """What stands beside the kernel's answer to a cell."""
    client = notebook.kernel.client
    request = client.execute(code)
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == request:
            metadata: dict[str, Any] = reply["metadata"]
            return metadata


def test_unwritable_state_folder_is_no_error_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "spool").write_text("a file where the folder should be")
    with running_kernel(tmp_path) as kernel:
        reply = kernel.run(ON + "\nprint(open('results/r', 'w').write('12'))")
    assert (reply.status, reply.stdout.strip(), reply.stderr) == ("ok", "2", "")


def test_interrupted_cell(notebook: Notebook) -> None:
    notebook.ok("a = data('P/1')")
    request = notebook.kernel.send(
        # said by another thread: the interrupt meets the cell's own code, not the kernel's sending of that word
        "import threading, time\nopen('results/r', 'w').write(str(a))\n"
        "threading.Timer(0.2, print, ['now'], {'flush': True}).start()\ntime.sleep(600)"
    )
    notebook.kernel.wait(request, until="now")
    notebook.kernel.interrupt()
    assert notebook.kernel.wait(request).error[0] == "KeyboardInterrupt"
    notebook.ok("1")
    assert (notebook.end()["status"], inputs(notebook.end())) == ("error", {"P/1": True})


def test_names_of_any_kind_are_kept(notebook: Notebook) -> None:
    names = ["a b.txt", "100%.txt", 'it\'s "x" [1]+#?.txt', "溶菌酶.txt", "ä%2F.txt"]
    notebook.ok(f"for name in {names!r}:\n    open('results/' + name, 'w').write('1')")
    assert [Path(line["path"]).name for line in notebook.lines("write")] == names
    notebook.ok("open(b'results/\\xff\\xfe.bin', 'w').write('1')")
    raw = [line["path"] for line in notebook.lines("write")][-1]
    assert os.fsencode(raw).endswith(b"\xff\xfe.bin") or "\\udcff" in raw


def test_loops_over_files_are_short_in_the_spool(notebook: Notebook) -> None:
    notebook.ok("for n in range(1000):\n    open('results/log', 'a').close()")
    assert len(notebook.lines("write")) == 1


def test_jpy_session_name_is_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    with running_kernel(tmp_path, JPY_SESSION_NAME="/home/x/分析 1.ipynb", SHINECAT_WRITE_BACK="ask") as kernel:
        kernel.run(ON + "\nopen('results/r', 'w').close()")
    session = spool_lines(tmp_path)[0]
    assert (session["notebook"], session["write_back"]) == ("/home/x/分析 1.ipynb", "ask")
    assert json.dumps(session)
