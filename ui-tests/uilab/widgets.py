"""Notebooks with one cell, and the widget that it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

_CLICK_MS = 5_000


def notebook_with(path: Path, code: str) -> None:
    """Write a notebook of one cell."""
    cell = {"cell_type": "code", "id": "a", "source": code, "metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def run_cell(page: Page) -> None:
    """Run the first cell: before the kernel is connected, the notebook swallows the keys without a word."""
    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").first
    for _ in range(20):
        # Where the keys come before the session, the notebook asks for a kernel, with the right one chosen.
        asked = page.locator(".jp-Dialog").filter(has_text=re.compile("Select Kernel|选择内核"))
        try:
            if asked.count():
                asked.locator(".jp-mod-accept").click(timeout=_CLICK_MS)
            else:
                page.locator(".jp-CodeCell .cm-content").first.click(timeout=_CLICK_MS)
                page.keyboard.press("Control+Enter")
            expect(prompt).not_to_have_text("[ ]:", timeout=3_000)
        except (AssertionError, PlaywrightTimeout):
            continue
        return
    raise AssertionError(f"the cell did not start; dialogs: {page.locator('.jp-Dialog').all_inner_texts()}")


def browser_of(page: Page) -> Locator:
    """Run the cell and wait for the widget with its first rows."""
    expect(page.locator(".jp-CodeCell").first).to_be_visible(timeout=60_000)
    run_cell(page)
    widget = page.locator(".shinecat-browser")
    expect(widget).to_have_attribute("aria-busy", "false", timeout=90_000)
    return widget
