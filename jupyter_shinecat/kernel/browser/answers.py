"""What the view asks of the kernel, answered with plain JSON: rows of a query, a dataset's page."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from jupyter_shinecat.kernel import session
from jupyter_shinecat.kernel.card import facts, size_text
from jupyter_shinecat.kernel.metadata import paths_of
from jupyter_shinecat.kernel.pages import PAGE_ROWS, Pages
from jupyter_shinecat.kernel.values import led, pair
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogError, Query, parse_query
from jupyter_shinecat.scicat import Dataset as Record

_QUERIES_KEPT = 8
_KEYS = 400
_METADATA_ROWS = 500
_TEXT = 2000
# Only what an <img> shows as a picture; no other type or address is let through.
_IMAGE = re.compile(r"data:image/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=\s]+", re.I)
_FACETS = {"type": "type", "group": "ownerGroup"}
ORDERS = ("creationTime:desc", "creationTime:asc", "datasetName:asc", "size:desc")


class Answers:
    """Answers for one browser; keeps the pages of the last few queries.

    Parameters
    ----------
    base
        What all of its queries are narrowed to.
    """

    def __init__(self, base: Query) -> None:
        self._base = base
        self._kept: OrderedDict[str, Pages] = OrderedDict()

    def search(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The first page of a query with its counts, and the metadata keys that occur in it.

        Raises
        ------
        QueryError
            The text can't be understood.
        CatalogError
            The catalog refuses or doesn't answer.
        """
        pages = self._pages(asked)
        first = pages.page(0)
        total, counted = pages.counts(tuple(_FACETS.values()))
        keys: dict[str, None] = {}
        for record in first[:25]:
            for path in paths_of(record.metadata):
                if len(keys) < _KEYS:
                    keys[path.replace("/", ".")] = None
        return {
            "total": total,
            "rows": [_row(record) for record in first],
            "page_rows": PAGE_ROWS,
            "facets": {name: sorted(counted[field].items()) for name, field in _FACETS.items()},
            "conditions": [str(condition) for condition in pages.query.conditions],
            "keys": sorted(keys),
        }

    def page(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One page of rows."""
        number = int(asked.get("page") or 0)
        return {"page": number, "rows": [_row(record) for record in self._pages(asked).page(max(0, number))]}

    def details(self, pid: str) -> dict[str, Any]:
        """A dataset's page: what it says of itself, its metadata, its figures."""
        record = self.record(pid)
        try:
            attached = session.ask(lambda catalog: catalog.attachments(pid))
        except CatalogError:
            attached = []  # the page is worth showing without its figures
        rows: list[list[Any]] = []
        _add_rows(record.metadata, 0, rows)
        figures = [(str(one.get("caption") or ""), one.get("thumbnail")) for one in attached]
        return {
            "pid": record.pid,
            "name": record.name,
            "description": _clip(record.description),
            "facts": [[label, _clip(text)] for label, text in facts(record) if text != record.description],
            "metadata": rows,
            "figures": [
                {"caption": _clip(caption), "source": source}
                for caption, source in figures
                if isinstance(source, str) and _IMAGE.fullmatch(source)
            ],
        }

    def record(self, pid: str) -> Record:
        """A dataset by its PID, from what was fetched already if it is there."""
        for pages in reversed(self._kept.values()):
            found = pages.known(pid)
            if found is not None:
                return found
        return session.ask(lambda catalog: catalog.dataset(pid))

    def _pages(self, asked: Mapping[str, Any]) -> Pages:
        text, kind, group = (str(asked.get(name) or "") for name in ("text", "type", "group"))
        order = str(asked.get("order") or "")
        again = bool(asked.get("again"))
        key = msgspec.json.encode([text, kind, group, order]).decode()
        if key not in self._kept or again:
            typed = parse_query(text)
            changes: dict[str, Any] = {"order": order if order in ORDERS else self._base.order}
            if kind:
                changes["type"] = kind
            if group:
                changes["groups"] = (group,)
            self._kept[key] = Pages(_both(self._base, msgspec.structs.replace(typed, **changes)), typed=text)
            while len(self._kept) > _QUERIES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _both(base: Query, typed: Query) -> Query:
    """What fulfils both; where both name alternatives, those that were typed count."""
    defaults = Query()
    kept = {
        name: getattr(base, name)
        for name in base.__struct_fields__
        if getattr(typed, name) == getattr(defaults, name) and name not in ("limit", "skip", "order")
    }
    kept["text"] = " ".join(part for part in (base.text, typed.text) if part)
    kept["conditions"] = (*base.conditions, *typed.conditions)
    return msgspec.structs.replace(typed, **kept)


def _row(record: Record) -> dict[str, Any]:
    taken = record.creation_time
    return {
        "pid": record.pid,
        "name": record.name[:300],
        "type": record.type,
        "group": record.owner_group,
        "time": taken.strftime("%Y-%m-%d %H:%M") if taken else "",
        "size": size_text(record.size_bytes) if record.size_bytes else "",
    }


def _add_rows(tree: Mapping[str, Any], depth: int, rows: list[list[Any]]) -> None:
    for key, entry in tree.items():
        if len(rows) >= _METADATA_ROWS or depth > 20:
            if rows and rows[-1][2] is not None:
                rows.append([depth, tr("... and more"), None])
            return
        value = pair(entry)
        if value is None and isinstance(entry, Mapping):
            head, members = led(entry)
            rows.append([depth, _clip(str(key)), "" if head is None else _clip(str(head))])
            _add_rows(members, depth + 1, rows)
        else:
            rows.append([depth, _clip(str(key)), _clip(str(value if value is not None else entry))])


def _clip(text: str) -> str:
    return text if len(text) <= _TEXT else text[:_TEXT] + " ..."
