"""Routes of the catalog's own pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_shinecat.catalog.managers.administration import MINIMUM
from jupyter_shinecat.catalog.pages import password

from .call import Call, Route

BASE = "/shinecat/password"


def _send(call: Call, kind: str, body: bytes) -> bytes:
    call.response_headers |= {
        "Content-Type": f"{kind}; charset=utf-8", "Content-Security-Policy": password.POLICY,
        "Cross-Origin-Opener-Policy": "same-origin", "Vary": "Accept-Language",
    }  # fmt: skip
    return body


def _page(call: Call) -> bytes:
    """The page on which a person sets a password with a one-time link."""
    lang = (call.query.get("lang") or [call.headers.get("accept-language", "")])[0]
    return _send(call, "text/html", password.page(password.language(lang), MINIMUM))


def _asset(name: str, kind: str) -> Callable[[Call], Any]:
    return lambda call: _send(call, kind, password.asset(name))


def routes(features: list[str]) -> list[Route]:
    """The table; empty where the server shall be like a real one."""
    if "administration" not in features:
        return []
    return [
        Route("GET", BASE, _page),
        Route("GET", f"{BASE}.js", _asset("password.js", "text/javascript")),
        Route("GET", f"{BASE}.css", _asset("password.css", "text/css")),
    ]
