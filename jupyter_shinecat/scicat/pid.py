"""Persistent identifiers in addresses."""

from __future__ import annotations

from urllib.parse import quote


def quote_pid(pid: str) -> str:
    """``pid`` as one path segment: every reserved character is escaped, ``/`` too.

    SciCat's PIDs are ``prefix/uuid``; unescaped they would be two segments and the server answers 404.

    >>> quote_pid("20.500.1/ä b%2F+#?")
    '20.500.1%2F%C3%A4%20b%252F%2B%23%3F'
    """
    return quote(pid, safe="")
