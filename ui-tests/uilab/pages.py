"""A page of JupyterLab as a person uses it: everything is found by its role and label."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

SHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
# Where `make screenshots` keeps the pictures of the README and the manual.
PICTURES = os.environ.get("SHINECAT_SCREENSHOTS")


class LabPage:
    """JupyterLab in a browser, with our panel.

    Parameters
    ----------
    page
        Of Playwright; its errors are collected in :attr:`errors`.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self._expected: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._error(f"exception: {error}"))
        # No text of a dataset may ever run: alert() is how it would show.
        page.on("dialog", lambda dialog: (self.errors.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _console(self, message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error":
            self._error(text)

    def _error(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self._expected):
            self.errors.append(text)

    def expect_error(self, pattern: str) -> None:
        """From now on, console errors that match ``pattern`` belong to the test."""
        self._expected.append(pattern)

    # -- Lab -------------------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """Wait until Lab stands."""
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0, timeout=60_000)
        self.panel_tab.wait_for()
        expect(self.page.locator(".jp-Launcher, .jp-NotebookPanel").first).to_be_visible(timeout=30_000)

    def shot(self, name: str, *, panel_only: bool = False) -> None:
        """Keep a screenshot."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        target = self.panel if panel_only else self.page
        # Animations go on: the timer of a notification is one, and ends with it.
        target.screenshot(path=SHOTS / f"{name}.png", animations="allow")

    def picture(self, name: str) -> None:
        """Keep a picture for the README and the manual, when they are made anew."""
        if PICTURES:
            folder = SHOTS.parents[1] / PICTURES
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"{name}.png", animations="allow")

    def notification(self, text: str | re.Pattern[str]) -> Locator:
        """A notification with ``text``."""
        return self.page.locator(".Toastify__toast").filter(has_text=text)

    # -- the panel -------------------------------------------------------------------------------------------------

    @property
    def panel_tab(self) -> Locator:
        """The tab of our panel in the side bar."""
        return self.page.locator('.jp-SideBar [data-id="jupyter-shinecat-panel"]')

    @property
    def panel(self) -> Locator:
        """Our panel, whatever the language."""
        return self.page.locator("#jupyter-shinecat-panel")

    def open_panel(self) -> None:
        """Show the panel, if the workspace has not brought it back by itself."""
        if not self.panel.is_visible():
            self.panel_tab.click()
        expect(self.search).to_be_visible()

    @property
    def search(self) -> Locator:
        """The search box."""
        return self.panel.get_by_role("searchbox")

    def search_for(self, text: str) -> None:
        """Search, and wait until the list shows what was found."""
        self.search.fill(text)
        self.search.press("Enter")
        expect(self.panel.locator('[aria-busy="true"]')).to_have_count(0, timeout=30_000)

    @property
    def grid(self) -> Locator:
        """The list of datasets."""
        return self.panel.get_by_role("grid", name="Datasets")

    @property
    def rows(self) -> Locator:
        """The rows that are on the screen, or just beside it."""
        return self.panel.get_by_role("grid").get_by_role("row")

    def row(self, name: str) -> Locator:
        """The row of the dataset called ``name``."""
        return self.rows.filter(has=self.page.get_by_text(name, exact=True))

    def section(self, title: str) -> Locator:
        """A section of a dataset's page."""
        return self.panel.locator("details").filter(has=self.page.get_by_role("heading", name=title, exact=True))

    # -- notebooks -------------------------------------------------------------------------------------------------

    def kernel_idle(self) -> None:
        """Wait until the current notebook's kernel is ready; its own indicator says so too early."""
        status = self.page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| (Idle|空闲)$"))
        expect(status).to_be_visible(timeout=60_000)

    @property
    def cells(self) -> Locator:
        """The code cells of the current notebook."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell")

    def code(self, index: int) -> str:
        """The code in a cell."""
        return "\n".join(self.cells.nth(index).locator(".cm-line").all_inner_texts())

    def output(self, index: int) -> Locator:
        """What a cell has put out."""
        return self.cells.nth(index).locator(".jp-Cell-outputArea")

    def run_cell(self, code: str) -> int:
        """Write ``code`` into a new cell below the last one, run it, and give its index once it is done."""
        self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook").press("Escape")
        self.cells.last.locator(".jp-InputPrompt").click()
        index = self.cells.count()
        self.page.keyboard.press("b")
        expect(self.cells).to_have_count(index + 1)
        self.page.keyboard.press("Enter")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")
        expect(self.cells.nth(index).locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)
        return index
