"""Notebooks with one cell, and the widget that it shows."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Locator, Page, expect


def notebook_with(path: Path, code: str) -> None:
    """Write a notebook of one cell."""
    cell = {"cell_type": "code", "id": "a", "source": code, "metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": [cell], "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))


def run_cell(page: Page) -> None:
    """Run the first cell: before the kernel is connected, the notebook swallows the keys without a word."""
    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").first
    for _ in range(20):
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Control+Enter")
        try:
            expect(prompt).not_to_have_text("[ ]:", timeout=3_000)
        except AssertionError:
            continue
        return
    raise AssertionError("the cell did not start in a minute")


def browser_of(page: Page) -> Locator:
    """Run the cell and wait for the widget with its first rows."""
    expect(page.locator(".jp-CodeCell").first).to_be_visible(timeout=60_000)
    run_cell(page)
    widget = page.locator(".shinecat-browser")
    expect(widget).to_have_attribute("aria-busy", "false", timeout=90_000)
    return widget
