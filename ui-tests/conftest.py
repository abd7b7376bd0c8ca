"""Fixtures of the browser tests. They run in a process of their own: `pytest -c ui-tests/pytest.ini ui-tests`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from uilab.pages import LabPage

CHROMIUM = os.environ.get("SHINECAT_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium: nothing is downloaded."""
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": _FLAGS.split()}


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Any]:
    """Opens pages, each with cookies of its own; an error in the console of any of them fails the test."""
    pages: list[LabPage] = []

    def open_page() -> LabPage:
        context = browser.new_context(viewport={"width": 1400, "height": 860}, locale="en-GB", timezone_id="UTC")
        pages.append(LabPage(context.new_page()))
        return pages[-1]

    yield open_page
    for page in pages:
        page.page.context.close()
    errors = [error for page in pages for error in page.errors]
    if errors:
        pytest.fail("errors in the browser's console:\n" + "\n".join(errors), pytrace=False)
