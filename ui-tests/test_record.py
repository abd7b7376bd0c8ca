"""What each cell read and wrote is in the notebook's metadata: in JupyterLab and in Notebook 7."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from uilab.pages import LabPage
from uilab.servers import LabServer

PLUGIN = "jupyter-shinecat:plugin"
OLD = {"at": "2020-01-01T00:00:00Z", "read": [{"file": "/of/an/earlier/run", "by": "open"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    lab = LabServer(tmp_path_factory.mktemp("record"))
    (lab.work / "raw.txt").write_text("1")
    lab.start()
    yield lab
    lab.stop()


def notebook(server: LabServer, name: str, *sources: str) -> Path:
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": code, "metadata": {}, "outputs": [], "execution_count": None}
        for n, code in enumerate(sources)
    ]
    cells[-1]["metadata"] = {"shinecat": OLD}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = server.work / name
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


def run_all(lab: LabPage, path: Path) -> None:
    """Run every cell, one after another, from the first."""
    prompts = lab.page.locator(".jp-CodeCell .jp-InputPrompt")
    lab.page.locator(".jp-CodeCell .cm-content").first.click()
    for number in range(prompts.count()):
        for _ in range(20):  # a notebook whose kernel is not connected yet swallows the keys
            lab.page.keyboard.press("Shift+Enter")
            try:
                expect(prompts.nth(number)).to_have_text(f"[{number + 1}]:", timeout=5_000)
            except AssertionError:
                lab.page.locator(".jp-CodeCell .cm-content").nth(number).click()
                continue
            break


def saved(lab: LabPage, path: Path) -> list[dict[str, Any]]:
    """Save, and the cells as they are on disk then."""
    before = path.stat().st_mtime_ns
    lab.page.keyboard.press("Control+s")
    for _ in range(100):
        if path.stat().st_mtime_ns != before:
            break
        lab.page.wait_for_timeout(100)
    cells: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return cells


SOURCES = ("%load_ext jupyter_shinecat", "a = open('raw.txt').read()", "open('out.txt', 'w').write(a)", "x = 1")


def check(cells: list[dict[str, Any]], folder: Path) -> None:
    notes = [cell["metadata"].get("shinecat", {}) for cell in cells[:4]]
    assert notes[0] == {}
    assert notes[1]["read"] == [{"file": str(folder / "raw.txt"), "by": "open"}]
    assert notes[2]["wrote"] == [{"file": str(folder / "out.txt"), "by": "open"}]
    assert notes[3] == {}, "what stood there was of an earlier run"


def test_in_jupyterlab(server: LabServer, new_page: Any) -> None:
    server.plain()
    path = notebook(server, "lab.ipynb", *SOURCES)
    lab: LabPage = new_page()
    lab.page.goto(f"{server.url}/lab/tree/lab.ipynb?reset&token={server.token}")
    lab.kernel_idle()
    run_all(lab, path)
    cells = saved(lab, path)
    check(cells, server.work)
    assert server.token not in path.read_text()
    # Undoing what was typed does not take the note away, and a saved notebook stays saved.
    dirty = lab.page.locator(".lm-TabBar-tab.jp-mod-dirty, .jp-mod-dirty[data-id]")
    expect(dirty).to_have_count(0)
    editor = lab.page.locator(".jp-CodeCell .cm-content").nth(1)
    editor.click()
    lab.page.keyboard.type("  # typed")
    lab.page.keyboard.press("Control+z")
    lab.page.keyboard.press("Control+z")
    expect(editor).to_have_text(SOURCES[1])
    check(saved(lab, path), server.work)


def test_switched_off(server: LabServer, new_page: Any) -> None:
    server.plain()
    server.setting(PLUGIN, {"record": False})
    path = notebook(server, "off.ipynb", *SOURCES)
    lab: LabPage = new_page()
    lab.page.goto(f"{server.url}/lab/tree/off.ipynb?reset&token={server.token}")
    lab.kernel_idle()
    run_all(lab, path)
    cells = saved(lab, path)
    server.setting(PLUGIN, {})
    assert cells[2]["execution_count"] == 3
    assert [cell["metadata"] for cell in cells[:3]] == [{}, {}, {}]


def test_in_notebook_7(server: LabServer, new_page: Any) -> None:
    server.plain()
    path = notebook(server, "classic.ipynb", *SOURCES)
    lab: LabPage = new_page()
    lab.expect_error(r"reading 'schema'")  # Notebook 7's own at start, without our extension too
    lab.expect_error(r"filebrowser:open-path")  # its own too, where JupyterLab was open before
    lab.page.goto(f"{server.url}/notebooks/classic.ipynb?token={server.token}")
    expect(lab.page.locator(".jp-CodeCell").first).to_be_visible(timeout=60_000)
    run_all(lab, path)
    check(saved(lab, path), server.work)
