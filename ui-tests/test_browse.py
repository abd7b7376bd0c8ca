"""``sc.browse()`` in JupyterLab and in Notebook 7, against a real catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from uilab.catalogs import ODD_NAME, Writer, beam_time
from uilab.pages import LabPage
from uilab.servers import LabServer
from uilab.widgets import browser_of, notebook_with

from jupyter_shinecat.scicat import CatalogClient, operations
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog

CODE = "import jupyter_shinecat as sc\nb = sc.browse()\nb"


@pytest.fixture(scope="module")
def catalog() -> Iterator[CatalogProcess]:
    with running_catalog() as running:
        beam_time(Writer(running, "zhangxf"))
        yield running


def started(folder: Any, catalog: CatalogProcess, **more: str) -> LabServer:
    environment = {"SHINECAT_CATALOG_URL": catalog.url, "SHINECAT_TOKEN": catalog.token("zhangxf")}
    environment |= {"SHINECAT_WRITE_BACK": "ask", **more}
    server = LabServer(folder, environment)
    notebook_with(server.work / "browse.ipynb", CODE)
    return server.start()


@pytest.fixture(scope="module")
def server(catalog: CatalogProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    lab = started(tmp_path_factory.mktemp("lab"), catalog)
    yield lab
    lab.stop()


@pytest.fixture
def lab(server: LabServer, new_page: Any) -> LabPage:
    server.plain()
    page: LabPage = new_page()
    page.page.goto(f"{server.url}/lab/tree/browse.ipynb?reset&token={server.token}")
    page.kernel_idle()
    return page


def row(widget: Locator, name: str) -> Locator:
    return widget.get_by_role("row").filter(has=widget.page.get_by_text(name, exact=True))


def test_searches_selects_and_hands_over(lab: LabPage) -> None:
    widget = browser_of(lab.page)
    expect(widget.get_by_role("status")).to_have_text("130 datasets")
    grid = widget.get_by_role("grid", name="Datasets")
    expect(grid).to_have_attribute("aria-rowcount", "130")

    # Scrolled to the end by keyboard: rows come as they are looked at.
    row(widget, "radial average").focus()
    lab.page.keyboard.press("End")
    expect(row(widget, "lysozyme_r0000")).to_be_focused()
    assert grid.get_by_role("row").count() < 60
    lab.page.keyboard.press("Home")
    expect(row(widget, "radial average")).to_be_focused()

    # Details show text as text, and figures.
    row(widget, "溶菌酶 单晶 run 12 (cold)").click()
    details = widget.get_by_role("article", name="溶菌酶 单晶 run 12 (cold)")
    expect(details.get_by_role("row").filter(has_text="photon energy (set)")).to_contain_text("9.5 keV")
    expect(details.get_by_text(ODD_NAME)).to_be_visible()
    expect(details.get_by_role("img", name="First frames")).to_be_visible()
    assert widget.locator('img[src="x"], script, b').count() == 0

    # A look at the data: here its files are nowhere, which is said, and asking again is possible.
    details.get_by_role("button", name="Quick look").click()
    expect(details.get_by_role("alert")).not_to_be_empty(timeout=30_000)
    expect(details.get_by_role("button", name="Quick look")).to_be_enabled()
    row(widget, "溶菌酶 单晶 run 12 (cold)").focus()

    # Selected with keys, and used in a cell.
    lab.page.keyboard.press("Space")
    expect(row(widget, "溶菌酶 单晶 run 12 (cold)")).to_have_attribute("aria-selected", "true")
    lab.page.keyboard.press("Shift+ArrowDown")
    expect(widget.get_by_text("2 selected")).to_be_visible()
    lab.shot("browse")
    index = lab.run_cell("[ds.name for ds in b.selected]")
    expect(lab.output(index)).to_contain_text("['溶菌酶 单晶 run 12 (cold)', 'lysozyme_r0126']")


def test_conditions_are_added_and_errors_show_their_place(lab: LabPage) -> None:
    widget = browser_of(lab.page)
    widget.get_by_role("combobox", name="Metadata key").fill("photon energy (set)")
    widget.get_by_role("textbox", name="Value with unit").fill("9000 eV")
    widget.get_by_role("textbox", name="Value with unit").press("Enter")
    expect(widget.get_by_role("status")).to_have_text("1 dataset", timeout=30_000)
    box = widget.get_by_role("searchbox")
    expect(box).to_have_value("where `photon energy (set)` > 9000 eV")
    box.fill("lysozyme run > 3 or x = 1")
    trouble = widget.get_by_role("alert")
    expect(trouble).to_contain_text("only be joined with 'and'", timeout=30_000)
    expect(trouble.locator("mark")).to_have_text("o")
    lab.shot("browse-error")
    box.fill("")
    expect(trouble).to_be_hidden()
    widget.get_by_role("combobox", name="Owner group").select_option("SHINE")
    expect(widget.get_by_role("status")).to_have_text("32 datasets", timeout=30_000)


def test_a_result_waits_for_a_yes(lab: LabPage, catalog: CatalogProcess) -> None:
    """Write-back ``ask``: the result of a dataset found in the browser is sent when the person says so."""
    lab.open_panel()
    browser_of(lab.page)
    lab.run_cell('run = next(ds for ds in sc.search("lysozyme_r0126"))\nsize = run.raw["size"]')
    lab.run_cell('open(sc.results("asked.txt"), "w").write(str(size))')
    line = lab.panel.get_by_role("button", name="Results: 1 waiting")
    expect(line).to_be_visible(timeout=30_000)
    line.click()
    entry = lab.panel.get_by_role("list", name="Results on their way").get_by_role("listitem")
    expect(entry).to_contain_text("asked.txt")
    lab.shot("result-asks")
    entry.get_by_role("button", name="Send").click()
    expect(lab.notification("Result asked.txt is in the catalog.")).to_be_visible(timeout=60_000)
    expect(entry).to_have_count(0)
    lab.search_for("lysozyme_r0126")
    lab.row("lysozyme_r0126").click()
    expect(lab.section("Results").get_by_role("button", name="asked.txt")).to_be_visible(timeout=30_000)
    with CatalogClient(catalog.url, catalog.token("admin")) as admin:  # the others count datasets
        [sent] = admin.find({"datasetName": "asked.txt"})
        admin.send(operations.delete_dataset(sent.pid))


def test_the_person_says_which_group_owns_a_result(lab: LabPage, catalog: CatalogProcess) -> None:
    """A result of no dataset could belong to each of the person's groups."""
    lab.open_panel()
    lab.run_cell('import jupyter_shinecat as sc\nopen(sc.results("whose.txt"), "w").write("1")')
    lab.panel.get_by_role("button", name="Results: 1 waiting").click(timeout=60_000)
    entry = lab.panel.get_by_role("list", name="Results on their way").get_by_role("listitem")
    entry.get_by_role("button", name="Send").click()
    expect(entry).to_contain_text("could belong to each of your groups", timeout=60_000)
    expect(entry.get_by_role("button", name="Owned by GET")).to_be_visible()
    lab.shot("result-owner")
    entry.get_by_role("button", name="Owned by SHINE").click()
    expect(lab.notification("Result whose.txt is in the catalog.")).to_be_visible(timeout=60_000)
    with CatalogClient(catalog.url, catalog.token("admin")) as admin:  # the others count datasets
        [sent] = admin.find({"datasetName": "whose.txt"})
        assert sent.owner_group == "SHINE"
        admin.send(operations.delete_dataset(sent.pid))


@pytest.fixture(scope="module")
def chinese(catalog: CatalogProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    server = started(tmp_path_factory.mktemp("notebook"), catalog, SHINECAT_LANG="zh_CN")
    server.plain(theme="JupyterLab Dark", locale="zh_CN")
    yield server
    server.stop()


def test_in_notebook_7_dark_and_chinese(chinese: LabServer, new_page: Any) -> None:
    lab: LabPage = new_page()
    lab.expect_error(r"reading 'schema'")  # Notebook 7's own at start, without our extension too
    lab.page.goto(f"{chinese.url}/notebooks/browse.ipynb?token={chinese.token}")
    widget = browser_of(lab.page)
    expect(widget.get_by_role("searchbox", name="搜索数据集")).to_be_visible()
    expect(widget.get_by_role("status")).to_have_text("130 个数据集", timeout=30_000)
    row(widget, "溶菌酶 单晶 run 12 (cold)").click()
    expect(widget.get_by_role("article")).to_contain_text("9.5 keV", timeout=30_000)
    # The colours are the theme's.
    colour = widget.evaluate("node => getComputedStyle(node).backgroundColor")
    assert max(int(part) for part in re.findall(r"\d+", colour)[:3]) < 80, colour
    lab.shot("browse-notebook7-dark-chinese")
