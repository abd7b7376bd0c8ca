"""Texts of job actions with values put in: the part of Handlebars that SciCat's examples use."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

# The three-brace form only where three open: what follows two closing ones may be JSON's own.
_PLACE = re.compile(r"\{\{\{([^{}]{1,300})\}\}\}|\{\{([^{}]{1,300})\}\}")


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_HELPERS: dict[str, Callable[[Any], str]] = {
    "jsonify": lambda value: msgspec.json.encode(value).decode(),
    "urlencode": lambda value: quote(_text(value), safe=""),
    "encodeURIComponent": lambda value: quote(_text(value), safe=""),
}


def filled(template: str, context: dict[str, Any]) -> str:
    """``template`` with each ``{{path}}`` or ``{{helper path}}`` replaced; an unknown path gives nothing.

    Helpers are ``jsonify``, ``urlencode`` and ``encodeURIComponent``; blocks (``{{#each}}``) stay as they are.
    """

    def value(match: re.Match[str]) -> str:
        words = (match[1] or match[2]).split()
        if not words or words[0].startswith(("#", "/", "else", "!")):
            return match[0]
        helper = _HELPERS.get(words[0]) if len(words) == 2 else None
        return (helper or _text)(at(context, words[-1]))

    return _PLACE.sub(value, template)


def at(context: Any, path: str) -> Any:
    """The value at a dotted path (``job.jobParams.datasetList.[0].pid`` too), or None."""
    found = context
    for part in path.removeprefix("this.").split("."):
        part = part.strip("[]")
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found
