"""A person sets a password with a one-time link, by keyboard, in two languages, without a trace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from jupyter_shinecat.scicat import CatalogClient
from jupyter_shinecat.scicat import admin_operations as ops
from jupyter_shinecat.testing.catalog import CatalogProcess, running_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogProcess]:
    folder = tmp_path_factory.mktemp("catalog")
    with running_catalog(folder, settings={"SHINECAT_LOG_FORMAT": "json"}) as process:
        yield process


def a_link(catalog: CatalogProcess, name: str) -> tuple[str, str]:
    with CatalogClient(catalog.url, catalog.token("admin")) as client:
        _user, code = client.send(ops.create_account(name))
    assert code is not None
    return ops.password_link(client.url, code), code.code.reveal()


def test_a_link_sets_a_password_by_keyboard_and_leaves_no_trace(catalog: CatalogProcess, browser: Browser) -> None:
    link, code = a_link(catalog, "新 人".replace(" ", "."))
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    asked: list[str] = []
    troubles: list[Any] = []
    page.on("request", lambda request: asked.append(request.url + str(request.headers)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(link)
    expect(page).to_have_title("Set your password")
    expect(page.get_by_label("Account")).to_have_value("新.人")
    expect(page.get_by_label("New password")).to_be_focused()
    assert code not in page.evaluate("location.href + document.documentElement.outerHTML")
    page.keyboard.type("short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("A password needs at least 8 characters.")
    expect(page.get_by_label("New password")).to_be_focused()
    expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Control+A")
    page.keyboard.type("my own words 我")
    page.keyboard.press("Tab")
    page.keyboard.type("other")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("The two passwords differ.")
    page.keyboard.press("Control+A")
    page.keyboard.type("my own words 我")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Your password is set. You can close this page and sign in.")
    expect(page.get_by_role("status")).to_be_focused()
    body = {"username": "新.人", "password": "my own words 我"}
    assert httpx.post(f"{catalog.url}/api/v3/auth/login", json=body).status_code == 201
    assert not troubles
    assert code not in "".join(asked)
    assert all(url.startswith(catalog.url) for url in asked)
    assert page.evaluate("history.length") <= 2
    page.goto(link.replace("#", "?again#"))  # the same code once more
    page.get_by_label("New password").fill("yet other words")
    page.get_by_label("The same password again").fill("yet other words")
    page.get_by_role("button", name="Set your password").click()
    expect(page.get_by_role("alert")).to_contain_text("used, too old or wrong")
    context.close()
    kept = "".join(path.read_text() for path in Path(catalog.folder).glob("*.log"))
    assert code not in kept + (catalog.folder / "audit.jsonl").read_text()
    assert "/shinecat/password" in kept


def test_the_page_speaks_chinese_and_says_when_a_link_is_broken(catalog: CatalogProcess, browser: Browser) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(f"{catalog.url}/shinecat/password#user=zhangxf")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading")).to_have_text("设置密码")
    expect(page.get_by_role("alert")).to_contain_text("链接不完整")
    expect(page.get_by_role("button")).to_be_disabled()
    context.close()


def test_nothing_from_elsewhere_may_run_in_the_page(catalog: CatalogProcess) -> None:
    for name in ("password", "password.js", "password.css"):
        answer = httpx.get(f"{catalog.url}/shinecat/{name}")
        assert answer.status_code == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "no-store" in answer.headers["Cache-Control"]
    html = httpx.get(f"{catalog.url}/shinecat/password").text
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", html)
