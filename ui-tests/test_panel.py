"""The panel in JupyterLab, against a real catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from uilab.catalogs import ODD_NAME, ODD_PID, Writer, beam_time
from uilab.pages import LabPage
from uilab.servers import LabServer

from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog


@pytest.fixture(scope="module")
def catalog() -> Iterator[CatalogProcess]:
    with running_catalog() as running:
        yield running


@pytest.fixture(scope="module")
def pids(catalog: CatalogProcess) -> dict[str, str]:
    return beam_time(Writer(catalog, "zhangxf"))


@pytest.fixture(scope="module")
def server(
    catalog: CatalogProcess, pids: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabServer]:
    environment = {"SHINECAT_CATALOG_URL": catalog.url, "SHINECAT_TOKEN": catalog.token("zhangxf")}
    lab = LabServer(tmp_path_factory.mktemp("lab"), environment)
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture
def lab(server: LabServer, new_page: Any) -> LabPage:
    server.plain()
    page: LabPage = new_page()
    page.page.goto(f"{server.url}/lab?reset&token={server.token}")
    page.ready()
    page.open_panel()
    return page


def found(lab: LabPage, count: int) -> None:
    expect(lab.panel.get_by_role("status")).to_have_text("1 dataset" if count == 1 else f"{count} datasets")
    expect(lab.grid).to_have_attribute("aria-rowcount", str(count))


def test_lists_the_newest_first_with_what_tells_them_apart(lab: LabPage) -> None:
    found(lab, 130)
    expect(lab.rows.nth(0)).to_contain_text("radial average")
    expect(lab.rows.nth(0)).to_contain_text("derived")
    expect(lab.row("lysozyme_r0126")).to_contain_text(re.compile(r"raw\s*GET\s*157 MB\s*2026-10-01"))
    lab.shot("panel-list")


def test_finds_chinese_text_and_says_when_nothing_matches(lab: LabPage) -> None:
    lab.search_for("单晶")
    found(lab, 1)
    expect(lab.row("溶菌酶 单晶 run 12 (cold)")).to_be_visible()
    lab.search.fill("nothing of this kind")
    expect(lab.panel.get_by_text("No dataset matches.")).to_be_visible()
    lab.panel.get_by_role("button", name="Show all datasets").click()
    found(lab, 130)


def test_takes_conditions_and_shows_where_they_are_wrong(lab: LabPage) -> None:
    lab.search_for("单晶 type:raw 'photon energy (set)' > 9000 eV and run = 12")
    found(lab, 1)
    expect(lab.row("溶菌酶 单晶 run 12 (cold)")).to_be_visible()
    lab.expect_error(r"query/parse")
    lab.search_for("run > many")
    expect(lab.panel.get_by_role("alert")).to_contain_text("Here must be a number")
    expect(lab.panel.locator("mark")).to_have_text("m")
    lab.shot("panel-condition-wrong", panel_only=True)
    lab.search_for("")
    found(lab, 130)


def test_filters_by_type_and_group_with_counts(lab: LabPage) -> None:
    kinds = lab.panel.get_by_role("group", name="Type")
    expect(kinds.get_by_role("button", name="raw 129")).to_be_visible()
    kinds.get_by_role("button", name="derived 1").click()
    found(lab, 1)
    kinds.get_by_role("button", name="all 130").click()
    groups = lab.panel.get_by_role("combobox", name="Owner group")
    groups.select_option("SHINE (32)")
    found(lab, 32)
    # The other filter's counts are those within the group.
    expect(kinds.get_by_role("button", name="raw 32")).to_be_visible()


def test_scrolls_to_the_end_and_fetches_only_what_is_seen(lab: LabPage) -> None:
    asked: list[str] = []
    lab.page.on("request", lambda request: asked.append(request.url) if "fullquery" in request.url else None)
    lab.rows.first.focus()
    lab.page.keyboard.press("End")
    expect(lab.row("lysozyme_r0000")).to_be_visible()
    expect(lab.row("lysozyme_r0000")).to_be_focused()
    assert len(asked) == 1, asked
    lab.page.keyboard.press("Home")
    expect(lab.rows.first).to_be_focused()


def test_shows_a_dataset_with_its_metadata_files_figures_and_results(lab: LabPage, pids: dict[str, str]) -> None:
    lab.row("溶菌酶 单晶 run 12 (cold)").click()
    page = lab.panel.get_by_role("article", name="溶菌酶 单晶 run 12 (cold)")
    for text in (pids["crystals"], "2026-AMO-0042", "lysozyme-7", "SHINE", "2026-10-01 03:20", "晶体学"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    expect(page.get_by_text("Jet at 20 µm. <b>Not bold.</b>")).to_be_visible()

    tree = page.get_by_role("tree", name="Metadata")
    energy = tree.get_by_role("treeitem").filter(has_text="photon energy (set)")
    expect(energy).to_contain_text("9.5 keV")
    expect(energy.get_by_title(re.compile(r"1\.52.*e-16|1\.52.*e-15"))).to_be_visible()
    expect(tree.get_by_role("treeitem").filter(has_text="pulse-energy")).to_contain_text("1.25 mJ")
    expect(tree.get_by_role("treeitem").filter(has_text="distance")).to_have_attribute("aria-level", "2")
    # Somebody's text stays text.
    expect(tree.get_by_text(ODD_NAME)).to_be_visible()
    assert page.locator('img[src="x"], script, b').count() == 0

    file = lab.section("Files").get_by_role("row").nth(1)
    expect(file).to_contain_text(re.compile(r"frames 00001 \(冷\)\.h5\s*4\.20 MB\s*missing"))
    expect(lab.section("Figures").get_by_role("img", name="First frames")).to_be_visible()
    lab.shot("dataset")

    lab.section("Results").get_by_role("button", name="radial average").click()
    expect(lab.panel.get_by_role("heading", name="radial average")).to_be_visible()
    lab.section("Inputs").get_by_role("button", name="溶菌酶 单晶 run 12 (cold)").click()
    expect(page).to_be_visible()


def test_is_usable_with_the_keyboard_alone(lab: LabPage) -> None:
    lab.search.press("Tab")
    for _ in range(20):
        if lab.page.evaluate("document.activeElement.getAttribute('role')") == "row":
            break
        lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("ArrowDown")
    expect(lab.row("溶菌酶 单晶 run 12 (cold)")).to_be_focused()
    lab.page.keyboard.press("Enter")
    tree = lab.panel.get_by_role("tree", name="Metadata")
    detector = tree.get_by_role("treeitem").filter(has_text="detector")
    detector.focus()
    lab.page.keyboard.press("ArrowLeft")
    expect(detector).to_have_attribute("aria-expanded", "false")
    expect(tree.get_by_text("Jungfrau 4M")).to_have_count(0)
    lab.page.keyboard.press("ArrowRight")
    expect(tree.get_by_text("Jungfrau 4M")).to_be_visible()
    lab.page.keyboard.press("Escape")
    expect(lab.row("溶菌酶 单晶 run 12 (cold)")).to_be_focused()


def test_follows_dark_theme_and_chinese(server: LabServer, new_page: Any) -> None:
    server.plain(theme="JupyterLab Dark", locale="zh_CN")
    lab: LabPage = new_page()
    lab.page.goto(f"{server.url}/lab?reset&token={server.token}")
    lab.ready()
    lab.open_panel()
    expect(lab.panel.get_by_role("searchbox", name="搜索数据集")).to_be_visible()
    expect(lab.panel.get_by_role("status")).to_have_text("130 个数据集")
    lab.row("溶菌酶 单晶 run 12 (cold)").click()
    expect(lab.panel.get_by_role("button", name="在笔记本中打开")).to_be_visible()
    expect(lab.panel.get_by_role("img", name="First frames")).to_be_visible()
    lab.shot("dataset-dark-chinese")


def test_opens_a_dataset_under_a_free_name(lab: LabPage, pids: dict[str, str]) -> None:
    row = lab.row("溶菌酶 单晶 run 12 (cold)")
    row.hover()
    row.get_by_role("button", name="Open in notebook").click()
    expect(lab.output(0)).to_contain_text("溶菌酶 单晶 run 12 (cold)", timeout=60_000)
    assert lab.code(0) == f'import jupyter_shinecat as sc\nds = sc.open("{pids["crystals"]}")\nds'
    lab.shot("opened")
    # A name that only the kernel knows is taken too.
    lab.run_cell('exec("d" + "s_2 = 7")')
    row.focus()
    lab.page.keyboard.press("Control+Enter")
    expect(lab.cells).to_have_count(3)
    expect(lab.output(2)).to_contain_text("溶菌酶 单晶 run 12 (cold)")
    assert "ds_3 = sc.open(" in lab.code(2)


def test_takes_any_identifier(lab: LabPage) -> None:
    row = lab.row("AMO 飞行时间 N2 + Xe")
    row.click()
    article = lab.panel.get_by_role("article", name="AMO 飞行时间 N2 + Xe")
    expect(article.get_by_text(ODD_PID, exact=True)).to_be_visible()
    expect(lab.section("Files").get_by_text("No file is listed.")).to_be_visible()
    article.get_by_role("button", name="Open in notebook").click()
    expect(lab.output(0)).to_contain_text(ODD_PID, timeout=60_000)


def test_says_what_is_wrong_and_recovers(lab: LabPage, catalog: CatalogProcess) -> None:
    lab.expect_error(r"50[234]")
    catalog.stop()
    try:
        lab.panel.get_by_role("button", name="Refresh").click()
        alert = lab.panel.get_by_role("alert")
        expect(alert).to_contain_text("does not answer", timeout=30_000)
        lab.shot("catalog-away", panel_only=True)
    finally:
        catalog.start()
    alert.get_by_role("button", name="Try again").click()
    found(lab, 130)


def test_a_result_waits_while_the_catalog_is_away(lab: LabPage, catalog: CatalogProcess, server: LabServer) -> None:
    lab.expect_error(r"50[234]")
    lab.row("溶菌酶 单晶 run 12 (cold)").click()
    lab.panel.get_by_role("article").get_by_role("button", name="Open in notebook").click()
    expect(lab.output(0)).to_contain_text("溶菌酶 单晶 run 12 (cold)", timeout=60_000)
    lab.kernel_idle()
    catalog.stop()
    try:
        lab.run_cell('import h5py\nout = h5py.File(sc.results("waiting.h5"), "w")\nout["run"] = ds.pid\nout.close()')
        line = lab.panel.get_by_role("button", name=re.compile("Results: 1 (waiting|failed)"))
        expect(line).to_be_visible(timeout=30_000)
        line.click()
        entry = lab.panel.get_by_role("list", name="Results on their way").get_by_role("listitem")
        expect(entry).to_contain_text("waiting.h5")
        lab.shot("result-waits")
    finally:
        catalog.start()
    entry.get_by_role("button", name="Retry").click()
    expect(lab.notification("Result waiting.h5 is in the catalog.")).to_be_visible(timeout=60_000)
    expect(lab.section("Results").get_by_role("button", name="waiting.h5")).to_be_visible()
    expect(entry).to_have_count(0)
