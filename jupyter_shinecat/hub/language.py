"""The language of a reader at the hub."""

from __future__ import annotations

from typing import Any


def lang_of(handler: Any) -> str | None:
    """The language that the browser asks for first (``Accept-Language``); None leaves it to the process."""
    accepted = handler.request.headers.get("Accept-Language", "") if handler is not None else ""
    if not accepted:
        return None
    return "zh_CN" if accepted.strip().lower().startswith("zh") else "en"
