"""Without a hub and without a catalog: plain JupyterLab starts a catalog for this one person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect
from uilab.pages import LabPage
from uilab.servers import LabServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    lab = LabServer(tmp_path_factory.mktemp("alone"))
    lab.start()
    yield lab
    lab.stop()


def test_an_empty_catalog_says_so(server: LabServer, new_page: Any) -> None:
    lab: LabPage = new_page()
    lab.page.goto(f"{server.url}/lab?reset&token={server.token}")
    lab.ready()
    lab.open_panel()
    expect(lab.panel.get_by_text("There is no dataset here that you may see.")).to_be_visible(timeout=30_000)
    expect(lab.panel.get_by_role("status")).to_have_text("0 datasets")
    lab.shot("alone-empty")
