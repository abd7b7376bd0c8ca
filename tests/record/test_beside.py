"""Reads beside the cell's own code: tasks, threads, cells that end badly, modules that change, restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from record.notebooks import ON, Notebook, files, inputs

from jupyter_shinecat.testing.kernels import running_kernel, spool_lines

GET = """
import asyncio, threading
async def get(name):
    await asyncio.sleep(0)
    with open(name) as file:
        return file.read()
"""


@pytest.fixture
def book(notebook: Notebook) -> Notebook:
    for name in "abc":
        (notebook.folder / name).write_text(name)
    notebook.ok(GET)
    return notebook


def save(book: Notebook, value: str) -> dict[str, bool]:
    book.ok(f"open('results/r', 'w').write(str({value}))")
    return files(book.end())


def test_tasks_that_the_cell_waits_for(book: Notebook) -> None:
    book.ok("x = await asyncio.gather(get('a'), get('b'))\ny = await asyncio.create_task(get('c'))")
    assert save(book, "x") == {"a": True, "b": True}
    assert save(book, "y") == {"c": True}


def test_task_that_goes_on_after_its_cell(book: Notebook) -> None:
    book.ok("begin = asyncio.Event()\nasync def later():\n    await begin.wait()\n    return await get('a')")
    book.ok("task = asyncio.create_task(later())")
    book.ok("open('results/own', 'w').write('1')")
    book.ok("begin.set(); y = await get('b'); x = await task")
    assert save(book, "x")["a"] is False
    assert save(book, "y")["b"] is True


def test_task_that_reads_between_cells(book: Notebook) -> None:
    book.ok(
        "done = threading.Event()\nasync def slow():\n    await asyncio.sleep(0.05)\n    x = await get('a')\n"
        "    done.set()\n    return x\ntask = asyncio.create_task(slow())\nopen('results/first', 'w').write('1')"
    )
    book.ok("await asyncio.sleep(0.2)\nassert done.is_set()")
    assert save(book, "task.result()") == {"a": False}


def test_thread_that_goes_on_after_its_cell(book: Notebook) -> None:
    book.ok(
        "found, begin = [], threading.Event()\n"
        "def work():\n    begin.wait(60)\n    found.append(open('a').read())\n"
        "thread = threading.Thread(target=work); thread.start()\nopen('results/first', 'w').write('1')"
    )
    book.ok("begin.set()")
    book.ok("thread.join()")
    assert "a" in save(book, "found")


def test_work_in_threads_that_is_awaited(book: Notebook) -> None:
    book.ok("x = await asyncio.to_thread(lambda: open('a').read())")
    assert save(book, "x") == {"a": True}


def test_silent_requests_between_cells_are_no_analysis(book: Notebook) -> None:
    book.ok("x = await get('a')\nopen('results/first', 'w').write(x)")
    book.run("open('b').read()", silent=True)
    assert save(book, "1") == {}


def test_nested_cells(book: Notebook) -> None:
    book.ok("x = open('a').read()\nget_ipython().run_cell(\"y = open('b').read()\", store_history=True)")
    assert "b" in save(book, "y")
    assert "a" in save(book, "x")


def test_a_name_bound_before_the_failure_keeps_its_input(book: Notebook) -> None:
    assert book.run("x = open('a').read()\ny = open('nowhere').read()").error[0] == "FileNotFoundError"
    assert save(book, "x") == {"a": True}


def test_autoreload(book: Notebook) -> None:
    module = book.folder / "shinecat_test_mine.py"
    module.write_text("def load():\n    return open('a').read()\n")
    book.ok(
        "%load_ext autoreload\n%autoreload 2\nimport sys; sys.path.insert(0, '')\nimport shinecat_test_mine as mine"
    )
    book.ok("x = mine.load()")
    assert save(book, "x") == {"a": True}
    module.write_text("def load():\n    return open('b').read() + ' another length'\n")
    book.ok("x = mine.load()\nassert x.startswith('b')")
    assert save(book, "x") == {"a": False, "b": True}  # a module of the user's may keep what it read


class Subshell:
    """A second shell of the kernel, which runs cells while the main one does."""

    def __init__(self, book: Notebook) -> None:
        self.kernel = book.kernel
        client = self.kernel.client
        client.control_channel.send(client.session.msg("create_subshell_request"))
        while (reply := client.get_control_msg(timeout=60))["msg_type"] != "create_subshell_reply":
            pass
        self._id = reply["content"]["subshell_id"]

    def both(self, main: str, beside: str) -> None:
        """Run a cell in each shell, at the same time."""
        client = self.kernel.client
        running = {self.kernel.send(main), self._send(beside)}
        while running:
            try:
                message = client.get_iopub_msg(timeout=60)
            except ValueError as twice:  # ipykernel's subshells now and then send one message two times
                if "Duplicate Signature" not in str(twice):
                    raise
                continue
            asked = message["parent_header"].get("msg_id")
            if asked in running:
                assert message["msg_type"] != "error", message["content"]
                if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    running.remove(asked)

    def _send(self, code: str) -> str:
        client = self.kernel.client
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = client.session.msg("execute_request", content)
        message["header"]["subshell_id"] = self._id
        client.shell_channel.send(message)
        return str(message["header"]["msg_id"])


def led_to(book: Notebook) -> dict[str, dict[str, bool]]:
    """Inputs of each cell that wrote a result, by the result's name in its code."""
    cells = {line["run"]: line["code"] for line in book.lines("cell")}
    ends = [line for line in book.lines("end") if "inputs" in line]
    return {cells[line["run"]].partition("results/")[2].partition("'")[0]: files(line) for line in ends}


def test_subshells_run_beside_the_main_shell(book: Notebook) -> None:
    subshell = Subshell(book)
    book.ok("go, there = threading.Event(), threading.Event()")
    subshell.both(
        "x = open('a').read(); there.set(); go.wait(60)\nopen('results/main', 'w').write(x)",
        "there.wait(60); y = open('b').read(); go.set()\nopen('results/beside', 'w').write(y)",
    )
    assert led_to(book) == {"main": {"a": True}, "beside": {"b": True}}
    assert save(book, "x") == {"a": True}


def test_cells_of_two_shells_that_end_at_the_same_moment(book: Notebook) -> None:
    subshell = Subshell(book)
    book.ok("meet = threading.Barrier(2)")
    rounds = range(10)
    for n in rounds:
        subshell.both(
            f"x = open('a').read(); out = open('results/a{n}', 'w'); out.write(x); out.close(); _ = meet.wait(60)",
            f"y = open('b').read(); to = open('results/b{n}', 'w'); to.write(y); to.close(); _ = meet.wait(60)",
        )
    assert led_to(book) == {f"{name}{n}": {name: True} for n in rounds for name in "ab"}


def test_restart_begins_a_session_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    for value in "12":
        with running_kernel(tmp_path) as kernel:
            kernel.run(ON + f"\na = recorder.read('P/{value}', how='h5')\nopen('results/r', 'w').write(str(a))")
    lines = spool_lines(tmp_path)
    assert len({line["session"] for line in lines if line["k"] == "session"}) == 2
    ends = [line for line in lines if line["k"] == "end"]
    assert [(line["run"], inputs(line)) for line in ends] == [(1, {"P/1": True}), (1, {"P/2": True})]


def test_cell_under_our_own_magic(book: Notebook) -> None:
    book.ok("from jupyter_shinecat.kernel.starting import _register; _register(get_ipython())")
    book.ok("x = open('a').read(); y = open('b').read()")
    book.ok("%%shinecat derived name='mine'\nz = x + open('c').read()\nopen('results/r', 'w').write(z)")
    assert {name: sure for name, sure in files(book.end()).items() if sure} == {"a": True, "c": True}
    assert "b" not in files(book.end())


def test_a_hidden_file_that_is_written_again_has_its_new_sources(book: Notebook) -> None:
    book.ok("import os\nopen('results/.r.tmp', 'w').write(open('a').read())")  # nothing comes of it
    book.ok("open('results/.r.tmp', 'w').write(open('b').read())\nos.replace('results/.r.tmp', 'results/r')")
    assert files(book.end()) == {"b": True}
    for name in "ac":
        book.ok(f"with open('results/.s.tmp', 'w') as out:\n    out.write(open('{name}').read())")
    book.ok("os.replace('results/.s.tmp', 'results/s')")
    assert files(book.end()) == {"c": True}


def test_a_file_that_is_hidden_twice(book: Notebook) -> None:
    book.ok("import os\nopen('results/.r.tmp', 'w').write(open('a').read())")
    book.ok("os.replace('results/.r.tmp', 'results/.r2.tmp')")
    book.ok("os.replace('results/.r2.tmp', 'results/r')")
    assert files(book.end()) == {"a": True}
    assert {Path(line["path"]).name for line in book.lines("write")} == {"r"}
    assert not book.lines("rename")


def test_what_is_written_over_a_datasets_file_is_no_longer_the_dataset(book: Notebook) -> None:
    book.ok(
        "import os\nfrom jupyter_shinecat import record\nrecord.current().belongs(os.path.abspath('results/copy'), 'P')"
    )
    (book.folder / "results" / "copy").write_text("copy")
    book.ok("x = open('results/copy').read()\nopen('results/first', 'w').write(x)")
    assert inputs(book.end()) == {"P": True}
    book.ok("open('results/copy', 'w').write(open('a').read())")
    book.ok("y = open('results/copy').read()\nopen('results/second', 'w').write(y)")
    assert inputs(book.end()) == {}
    assert list(files(book.end())) == ["copy"]
    book.ok("record.current().belongs(os.path.abspath('results/copy'), 'P')")
    book.ok("open('t', 'w').write('new')\nos.replace('t', 'results/copy')")
    book.ok("z = open('results/copy').read()\nopen('results/third', 'w').write(z)")
    assert inputs(book.end()) == {}
