"""The whole circle as two people see it: sign in, find, open, work; the result appears below its input."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from uilab.demos import DemoProcess
from uilab.pages import LabPage

# Hub, single-user server and Lab start one after another.
_SIGN_IN_MS = 120_000

_LOOK = """\
import matplotlib.pyplot as plt
import numpy as np

frames = ds.h5()["entry/data/data"][:]
mean = frames.mean(axis=0)
plt.figure(figsize=(3.2, 3.2), layout="tight")
plt.imshow(mean, norm="log")
plt.axis("off");"""

_REDUCE = """\
import h5py

y, x = np.indices(mean.shape) - 255.5
radius = np.hypot(y, x).astype(int).ravel()
profile = np.bincount(radius, mean.ravel()) / np.bincount(radius)
with h5py.File(sc.results("radial_profile.h5"), "w") as out:
    out["profile"] = profile
    out["profile"].attrs["units"] = "counts"
plt.figure(figsize=(4.5, 2), layout="tight")
plt.plot(profile[:360])
plt.xlabel("radius [pixel]")
plt.savefig(sc.results("radial_profile.png"))"""


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    # A short path: it is in the pictures.
    with tempfile.TemporaryDirectory(prefix="facility-", ignore_cleanup_errors=True) as folder:
        process = DemoProcess(Path(folder))
        process.start()
        yield process
        process.stop()


def sign_in(lab: LabPage, demo: DemoProcess, name: str) -> None:
    # The proxy from PyPI drops the subprotocol of kernels' websockets; Lab then connects again without one.
    lab.expect_error("Sec-WebSocket-Protocol")
    lab.page.goto(demo.url)
    lab.page.get_by_label("Username").fill(name)
    lab.page.get_by_label("Password").fill(demo.password(name))
    lab.page.get_by_role("button", name="Sign in").click()
    lab.page.wait_for_url(re.compile(rf"/user/{name}/lab"), timeout=_SIGN_IN_MS)
    lab.ready()
    lab.open_panel()


def status_of(page: Page, path: str) -> int:
    """HTTP status of a request that the page itself makes to its user's server."""
    base = page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').text).baseUrl")
    cookies = [c["value"] for c in page.context.cookies() if c["name"] == "_xsrf" and c["path"] == base]
    script = "([url, token]) => fetch(url, {headers: {'X-XSRFToken': token}}).then(answer => answer.status)"
    return int(page.evaluate(script, [base + path, cookies[0]]))


_KEPT = """async () => {
  const kept = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage})];
  kept.push(document.documentElement.outerHTML);
  for (const {name} of await indexedDB.databases()) {
    const asked = indexedDB.open(name);
    const base = await new Promise(done => { asked.onsuccess = () => done(asked.result); });
    for (const store of base.objectStoreNames) {
      const rows = base.transaction(store).objectStore(store).getAll();
      kept.push(await new Promise(done => { rows.onsuccess = () => done(JSON.stringify(rows.result)); }));
    }
    base.close();
  }
  return kept.join('\\n');
}"""
_JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}")


def tokens_in(page: Page) -> list[str]:
    """Catalog tokens that the page or its browser keeps: in storages, databases, cookies or the page itself."""
    kept = str(page.evaluate(_KEPT))
    assert "jupyter-config-data" in kept  # the search did look at something
    return _JWT.findall(kept + " ".join(cookie["value"] for cookie in page.context.cookies()))


def test_a_result_comes_back_and_others_see_nothing(demo: DemoProcess, new_page: Any) -> None:
    mine: LabPage = new_page()
    sign_in(mine, demo, "zhangxf")
    found = mine.panel.get_by_role("status")
    expect(found).to_have_text(re.compile(r"[1-9]\d* datasets"))
    mine.panel.get_by_role("group", name="Type").get_by_role("button", name=re.compile("^raw")).click()
    groups = mine.panel.get_by_role("combobox", name="Owner group")
    groups.select_option(label=groups.get_by_role("option", name=re.compile("^GET ")).inner_text())
    mine.search_for("微晶")
    row = mine.rows.filter(has_text=re.compile(r"\.(h5|cxi|nxs)")).first
    expect(row).to_be_visible()
    mine.shot("circle-1-found")
    name = row.locator(".jp-Shinecat-name").inner_text()
    pid = row.get_attribute("data-pid")
    assert pid
    row.click()

    article = mine.panel.get_by_role("article", name=name)
    tree = article.get_by_role("tree", name="Metadata")
    expect(tree.get_by_role("treeitem").filter(has_text=re.compile("keV")).first).to_be_visible()
    expect(mine.section("Files").get_by_role("row")).not_to_have_count(0)
    expect(mine.section("Results").get_by_text("Nothing was derived from this dataset yet.")).to_be_visible()
    article.get_by_role("button", name="Open in notebook").click()
    expect(mine.output(0)).to_contain_text(name, timeout=90_000)
    mine.kernel_idle()
    mine.shot("circle-2-opened")

    mine.run_cell(_LOOK)
    cell = mine.run_cell(_REDUCE)
    expect(mine.output(cell).get_by_role("img")).to_be_visible()
    told = mine.notification(re.compile(r"Result radial_profile\.h5 is in the catalog"))
    expect(told).to_be_visible(timeout=90_000)
    expect(mine.section("Results").get_by_role("button", name="radial_profile.h5")).to_be_visible(timeout=30_000)
    expect(told).to_be_in_viewport(ratio=1)
    mine.shot("circle-3-result")
    mine.picture("panel")

    told.get_by_role("button", name="Show").click()
    expect(mine.panel.get_by_role("heading", name="radial_profile.h5")).to_be_visible()
    expect(mine.section("Inputs").get_by_role("button", name=name)).to_be_visible()
    expect(mine.section("Figures").get_by_role("img")).to_be_visible()
    mine.shot("circle-4-derived")
    derived = mine.panel.locator(".jp-Shinecat-pid code").inner_text()
    assert tokens_in(mine.page) == []

    other: LabPage = new_page()
    sign_in(other, demo, "wangxch")
    expect(other.panel.get_by_role("status")).to_have_text(re.compile(r"\d+ datasets"))
    labels = other.panel.get_by_role("combobox", name="Owner group").get_by_role("option").all_inner_texts()
    assert not any(label.startswith("GET") for label in labels), labels
    other.search_for("radial_profile")
    expect(other.panel.get_by_text("No dataset matches.")).to_be_visible()
    other.expect_error(r"40[34]")
    for hidden in (pid, derived):
        path = f"shinecat/api/catalog/api/v3/datasets/{quote(hidden, safe='')}"
        assert status_of(mine.page, path) == 200
        assert status_of(other.page, path) in (403, 404)
        assert status_of(other.page, f"{path}/attachments") in (403, 404)
    other.shot("circle-5-other-person")


def test_an_ended_sign_in_leads_back_to_the_hub(demo: DemoProcess, new_page: Any) -> None:
    lab: LabPage = new_page()
    sign_in(lab, demo, "zhangxf")
    lab.expect_error("401")
    answer = {"statusCode": 401, "error": "login_required", "message": "Your sign-in has ended.", "what": "it ended"}
    lab.page.route("**/shinecat/api/catalog/**", lambda route: route.fulfill(status=401, json=answer))
    lab.panel.get_by_role("button", name="Refresh").click()
    alert = lab.panel.get_by_role("alert")
    expect(alert).to_contain_text("Your sign-in has ended.")
    expect(alert.get_by_role("link", name="Sign in to the hub again")).to_have_attribute("href", "/hub/logout")
    lab.page.unroute("**/shinecat/api/catalog/**")
    alert.get_by_role("button", name="Try again").click()
    expect(lab.panel.get_by_role("status")).to_have_text(re.compile(r"[1-9]\d* datasets"))


def test_a_wrong_password_is_told(demo: DemoProcess, new_page: Any) -> None:
    lab: LabPage = new_page()
    lab.expect_error("403|401")
    lab.page.goto(demo.url)
    lab.page.get_by_label("Username").fill("zhangxf")
    lab.page.get_by_label("Password").fill("wrong")
    lab.page.get_by_role("button", name="Sign in").click()
    expect(lab.page.get_by_text("The catalog doesn't know this user name with this password.")).to_be_visible()
