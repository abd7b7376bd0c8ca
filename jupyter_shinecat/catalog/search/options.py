"""The rest of a filter: limits, order, projection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.catalog.errors import bad_request

from .paths import split, values_at
from .where import FIELD_ALIASES

MAX_LIMIT = 100_000
_DIRECTED = re.compile(r"(?P<field>.+?)(?:\s*[:\s]\s*(?P<way>asc|desc|ascending|descending)|:[^:.\s]*)?", re.I | re.S)
_MAX_SKIP = 2**53


@dataclass(frozen=True)
class Limits:
    """Which part of the answer: ``limit`` rows after ``skip``, by ``order`` of (field, descending).

    With a ``cursor`` the rows behind that place, and where the next page begins is noted; an empty one begins.
    """

    limit: int
    skip: int = 0
    order: tuple[tuple[str, bool], ...] = ()
    cursor: str | None = None


def parse_limits(raw: Any, default: int, kind: str, *, cursors: bool = False) -> Limits:
    """Limits of a request: ``{limit, skip, order}`` of v3, ``{limit, skip, sort}`` of v4, and ``cursor`` if allowed."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise bad_request("limits must be an object")
    limit, skip = _whole(raw, "limit", default), _whole(raw, "skip", 0)
    if limit > MAX_LIMIT:
        raise bad_request(f"limit must be at most {MAX_LIMIT}")
    if skip > _MAX_SKIP:
        raise bad_request(f"skip must be at most {_MAX_SKIP}")
    order: list[tuple[str, bool]] = []
    given = raw.get("order") or []
    for part in given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []:
        # A field may hold blanks and colons itself: keys of metadata do.
        found = _DIRECTED.fullmatch(str(part).strip())
        if found:
            order.append((_alias(found["field"], kind), (found["way"] or "").lower().startswith("desc")))
    sort = raw.get("sort") or {}
    if isinstance(sort, dict):
        order.extend(
            (_alias(str(name), kind), str(way).lower() in ("desc", "-1", "descending")) for name, way in sort.items()
        )
    cursor = raw.get("cursor") if cursors else None
    if cursor is not None and (not isinstance(cursor, str) or skip):
        raise bad_request("cursor must be the text that came with the page before, or empty, and leaves no skip")
    return Limits(limit or MAX_LIMIT, skip, tuple(order[:5]), cursor)


def _alias(name: str, kind: str) -> str:
    return FIELD_ALIASES.get(name, name) if kind == "dataset" else name


def _whole(raw: dict[str, Any], name: str, default: int) -> int:
    value = raw.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.strip().isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise bad_request(f"{name} must be a whole number, zero or more")
    return value


def sort_value(doc: Any, path: str) -> tuple[int, Any]:
    """A value by which documents of mixed kinds can be ordered as MongoDB does: nothing, numbers, texts, others.

    A list stands where its least value does.
    """
    for value in values_at(doc, split(path)):
        if isinstance(value, list):
            return min((sort_rank(item) for item in value if isinstance(item, (str, int, float))), default=(0, 0))
        return sort_rank(value)
    return 0, 0


def sort_rank(value: Any) -> tuple[int, Any]:
    """The place of one value among those of all kinds."""
    if value is None:
        return 0, 0
    if isinstance(value, bool):
        return 4, value
    if isinstance(value, (int, float)):
        return 1, value
    return (2, value) if isinstance(value, str) else (3, "")


class Projection:
    """Which fields of a document to give: a list of names, or ``{name: true}`` or ``{name: false}``; ``_id`` always."""

    def __init__(self, fields: Any, aliases: dict[str, str] | None = None) -> None:
        self._keep: list[tuple[str, ...]] = []
        self._drop: list[tuple[str, ...]] = []
        self._aliases = aliases or {}
        if isinstance(fields, str):
            fields = [fields]
        if isinstance(fields, dict):
            self._keep = [split(name) for name, wanted in fields.items() if wanted not in (False, 0)]
            self._drop = [] if self._keep else [split(name) for name, wanted in fields.items() if wanted in (False, 0)]
        elif isinstance(fields, list):
            self._keep = [split(name) for name in fields if isinstance(name, str)]
        elif fields is not None:
            raise bad_request("fields must be an array or an object")

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self._keep and not self._drop

    def apply(self, doc: dict[str, Any]) -> dict[str, Any]:
        """The projected document; the original is not changed."""
        if self._keep:
            result: dict[str, Any] = {}
            for path in self._keep:
                _copy(doc, result, path)
            if "_id" in doc:
                result["_id"] = doc["_id"]
            return result
        result = dict(doc)
        for path in self._drop:
            _remove(result, path)
        return result


def _copy(source: Any, target: dict[str, Any], path: tuple[str, ...]) -> None:
    if not isinstance(source, dict):
        return
    whole = ".".join(path)
    if whole in source:
        target[whole] = source[whole]
    elif path[0] in source and len(path) > 1 and isinstance(source[path[0]], dict):
        inner = target.setdefault(path[0], {})
        if isinstance(inner, dict):
            inner = target[path[0]] = dict(inner)
            _copy(source[path[0]], inner, path[1:])


def _remove(target: dict[str, Any], path: tuple[str, ...]) -> None:
    whole = ".".join(path)
    if whole in target:
        del target[whole]
    elif len(path) > 1 and isinstance(target.get(path[0]), dict):
        target[path[0]] = dict(target[path[0]])
        _remove(target[path[0]], path[1:])
