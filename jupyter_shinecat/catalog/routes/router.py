"""Finding a route: on the raw path, whatever its case, a trailing slash allowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .call import Route

_PART = "{}"


class Router:
    """Routes as a tree of path parts; a fixed part wins over a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._tree: dict[str, Any] = {}
        for route in routes:
            node = self._tree
            for part in route.path.strip("/").split("/"):
                node = node.setdefault(_PART if part.startswith("{") else part.lower(), {})
            methods = node.setdefault("\0methods", {})
            if route.method in methods:
                raise ValueError(f"two routes for {route.method} {route.path}")
            methods[route.method] = route

    def find(self, method: str, raw_path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its raw (still encoded) path parts, or None."""
        parts = raw_path.split("/")[1:]
        if parts and parts[-1] == "":
            parts.pop()
        found = self._walk(self._tree, method, parts, [])
        if found is None:
            return None
        route, values = found
        names = [part[1:-1] for part in route.path.strip("/").split("/") if part.startswith("{")]
        return route, dict(zip(names, values, strict=True))

    def _walk(
        self, node: dict[str, Any], method: str, parts: list[str], values: list[str]
    ) -> tuple[Route, list[str]] | None:
        if not parts:
            route = node.get("\0methods", {}).get(method)
            return (route, values) if route else None
        part, rest = parts[0], parts[1:]
        fixed = node.get(part.lower()) if part.isascii() and not part.startswith(("\0", "{")) else None
        if fixed is not None:
            found = self._walk(fixed, method, rest, values)
            if found is not None:
                return found
        if part and _PART in node:
            return self._walk(node[_PART], method, rest, [*values, part])
        return None
