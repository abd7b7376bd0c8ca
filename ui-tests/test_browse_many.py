"""The browser of ``sc.browse()`` over many datasets: rows come as they are looked at, and no more of them.

Thousands in ``make test``; with ``SHINECAT_SOAK=1`` a hundred thousand, in Notebook 7 too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from uilab.pages import LabPage
from uilab.servers import LabServer
from uilab.widgets import browser_of, notebook_with

from jupyter_shinecat.testing.catalog import CatalogProcess
from jupyter_shinecat.testing.many import fill, name_of

SOAK = os.environ.get("SHINECAT_SOAK") == "1"
COUNT = 100_000 if SOAK else 3_000
# A jump reads its own rows only; a busy machine takes its time for them.
_FAR_MS = 20_000
# Counts what the page asks of the kernel: each question of the view is a message of its own.
CODE = """
import jupyter_shinecat as sc
b = sc.browse()
asked = []
b.on_msg(lambda widget, content, buffers: asked.append(content['ask']))
b
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    folder = tmp_path_factory.mktemp("many")
    catalog = CatalogProcess(folder / "catalog", timeout_s=600)
    fill(folder / "catalog", COUNT)
    catalog.start()
    lab = LabServer(folder / "lab", {"SHINECAT_CATALOG_URL": catalog.url, "SHINECAT_TOKEN": catalog.token("zhangxf")})
    notebook_with(lab.work / "many.ipynb", CODE)
    lab.start()
    yield lab
    lab.stop()
    catalog.stop()


def look_through(lab: LabPage) -> None:
    widget = browser_of(lab.page)
    expect(widget.get_by_role("status")).to_have_text(f"{COUNT:,} datasets".replace(",", " "), timeout=60_000)
    grid = widget.get_by_role("grid", name="Datasets")
    expect(grid).to_have_attribute("aria-rowcount", str(COUNT))
    # Every place of the list, by the wheel's own way, shows the rows that belong there, and only some exist.
    for part in (0.25, 0.5, 0.999, 0.1):
        grid.evaluate("(grid, part) => { grid.scrollTop = grid.scrollHeight * part; }", part)
        place = grid.evaluate("grid => Math.floor(grid.scrollTop / grid.scrollHeight * grid.ariaRowCount)") + 2
        expect(grid.locator(f'[aria-rowindex="{place + 1}"]')).to_contain_text(
            name_of(COUNT - 1 - place), timeout=_FAR_MS
        )
        assert grid.get_by_role("row").count() < 60
    # A flight over all rows asks for the pages where it rests, not for all.
    grid.evaluate(
        """async grid => {
          for (let step = 0; step <= 100; step += 1) {
            grid.scrollTop = (grid.scrollHeight * step) / 100;
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    expect(grid.locator(f'[aria-rowindex="{COUNT}"]')).to_contain_text(name_of(0), timeout=_FAR_MS)
    grid.locator(f'[aria-rowindex="{COUNT}"]').focus()
    lab.page.keyboard.press("Home")
    expect(grid.locator('[aria-rowindex="1"]')).to_be_focused()
    lab.page.keyboard.press("End")
    expect(grid.locator(f'[aria-rowindex="{COUNT}"]')).to_be_focused()
    assert grid.get_by_role("row").count() < 60


@pytest.mark.parametrize("place", ["lab/tree", "notebooks"] if SOAK else ["lab/tree"])
def test_many_rows(server: LabServer, new_page: Any, place: str) -> None:
    server.plain()
    lab: LabPage = new_page()
    lab.expect_error(r"reading 'schema'|filebrowser:open-path")  # Notebook 7's own at start
    lab.page.goto(f"{server.url}/{place}/many.ipynb?reset&token={server.token}")
    look_through(lab)
    if place == "lab/tree":
        index = lab.run_cell("print(asked.count('search'), asked.count('page'))")
        expect(lab.output(index)).to_have_text(re.compile(r"^1 \d{1,2}\s*$"))
