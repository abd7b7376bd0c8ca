"""Where an import takes documents from: a file of ours, or a SciCat by its REST."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.catalog.managers import attachment_fields
from jupyter_shinecat.catalog.store.documents import Doc
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat.secret import Secret

from .export import FORMAT

PAGE = 100
_TRIES = 3
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True)
class Item:
    """One document on its way; ``doc`` None when it could not be read, then ``reason`` says why."""

    kind: str
    id: str
    doc: Any
    reason: str = ""


@dataclass(frozen=True)
class Batch:
    """Documents that are stored together, and the place to go on from after them."""

    items: list[Item]
    place: str


class Source(Protocol):
    """What an import reads."""

    @property
    def name(self) -> str:
        """Names the source, the same in every run."""
        ...

    def batches(self, after: str | None) -> Iterator[Batch]:
        """Everything behind the place ``after``."""
        ...


class LinesSource:
    """A file of :func:`.export.export_lines`.

    Raises
    ------
    CatalogError
        The file can't be read, or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                header = _decode(file.readline())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            header = None
        if not isinstance(header, dict) or header.get("shinecat-export") != FORMAT:
            raise CatalogError(
                tr("{path} is no export of a catalog that this version reads.", path=path),
                do=tr("Give a file that shinecat catalog export made."),
            )
        self.name = f"file {header.get('uuid')} {header.get('change')} {header.get('made')}"

    def batches(self, after: str | None) -> Iterator[Batch]:
        """Batches of lines; the place is the byte where the next line begins."""
        with self._path.open("rb") as file:
            if after is None:
                file.readline()
            else:
                file.seek(int(after))
            items: list[Item] = []
            number = 0
            while line := file.readline():
                number += 1
                items.append(_item(line))
                if len(items) == PAGE:
                    yield Batch(items, str(file.tell()))
                    items = []
            yield Batch(items, str(file.tell()))


def _item(line: bytes) -> Item:
    try:
        entry = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Item("?", line[:80].decode("utf-8", "replace"), None, f"the line is not JSON: {error}")
    if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("kind", "id")):
        return Item("?", line[:80].decode("utf-8", "replace"), None, "the line has no kind or no id")
    return Item(entry["kind"], entry["id"], entry.get("doc"))


# Kind, path of its list, its id; those that others name come first.
_LISTS = (
    ("proposal", "/api/v3/proposals", "proposalId"),
    ("sample", "/api/v3/samples", "sampleId"),
    ("instrument", "/api/v3/instruments", "pid"),
    ("dataset", "/api/v4/datasets", "pid"),
    ("attachment", "/api/v4/attachments", "aid"),
)
_PARTS = {"origdatablocks": "origdatablock", "datablocks": "datablock"}


class SciCatSource:
    """A SciCat 4 or 5 server, read page by page in the order of its ids.

    Parameters
    ----------
    url
        The server's root.
    token
        Of somebody who sees everything (an administrator); without one only what is public comes.
    """

    def __init__(self, url: str, token: Secret | None) -> None:
        self.name = f"scicat {url.rstrip('/')}"
        self._url = url.rstrip("/")
        self._token = token

    def batches(self, after: str | None) -> Iterator[Batch]:
        """One batch a page: datasets come with their blocks; the place is the list's kind and the last id."""
        start, last = after.split(" ", 1) if after else (_LISTS[0][0], "")
        names = [kind for kind, _path, _id in _LISTS]
        headers = {"Authorization": f"Bearer {self._token.reveal()}"} if self._token else {}
        with httpx.Client(base_url=self._url, headers=headers, timeout=120) as http:
            if self._token:
                self._get(http, "/api/v3/users/my/self", {})
            for kind, path, id_field in _LISTS[names.index(start) :]:
                while page := self._page(http, kind, path, id_field, last):
                    last = str(page[-1].get(id_field))
                    yield Batch([item for doc in page for item in _items(kind, id_field, doc)], f"{kind} {last}")
                    if len(page) < PAGE:
                        break
                last = ""

    def _page(self, http: httpx.Client, kind: str, path: str, id_field: str, last: str) -> list[Doc]:
        # Both spellings of an order: each version of the API reads its own.
        limits: Doc = {"limit": PAGE, "skip": 0, "order": f"{id_field}:asc"}
        if path.startswith("/api/v4"):
            limits = {"limit": PAGE, "skip": 0, "sort": {id_field: "asc"}}
        filter: Doc = {"limits": limits}
        if last:
            filter["where"] = {id_field: {"$gt": last}}
        if kind == "dataset":
            filter["include"] = list(_PARTS)
        if not self._token and path.startswith("/api/v4"):
            path += "/public"
        page = self._get(http, path, {"filter": json.dumps(filter)})
        if not isinstance(page, list) or not all(isinstance(doc, dict) for doc in page):
            raise self._failed(path, "it answered no list")
        return page

    def _get(self, http: httpx.Client, path: str, params: dict[str, str]) -> Any:
        for attempt in range(1, _TRIES + 1):
            try:
                answer = http.get(path, params=params)
            except httpx.HTTPError as error:
                reason = type(error).__name__
            else:
                if answer.status_code == 200:
                    try:
                        return _decode(answer.content)
                    except (msgspec.DecodeError, UnicodeDecodeError) as error:
                        raise self._failed(path, str(error)) from None
                if answer.status_code in (401, 403) and self._token is None:
                    return []  # nothing of this kind is public
                reason = f"{answer.status_code} {answer.text[:200]}"
                if answer.status_code < 500 and answer.status_code != 429:
                    raise self._failed(path, reason)
            if attempt < _TRIES:
                time.sleep(attempt)
        raise self._failed(path, reason)

    def _failed(self, path: str, reason: str) -> CatalogError:
        return CatalogError(
            tr("{url} can't be imported from: {reason}.", url=self._url + path, reason=reason),
            left=tr("What was imported before stays."),
            do=tr("Check the address and the token, then run the same command again: it goes on from there."),
        )


def _items(kind: str, id_field: str, doc: Doc) -> Iterator[Item]:
    """A document and what came with it, without what the server adds to its answers."""
    doc = {key: value for key, value in doc.items() if key not in ("_id", "__v", "history")}
    parts = {name: doc.pop(name, None) or [] for name in _PARTS} if kind == "dataset" else {}
    doc.pop("id", None)
    if kind == "attachment" and "relationships" not in doc:
        doc = attachment_fields.from_v3({"id": doc.get("aid"), **doc})
    yield Item(kind, str(doc.get(id_field)), doc)
    for name, blocks in parts.items():
        for block in blocks:
            id = str(block.get("_id") or block.get("id") or "")
            yield Item(_PARTS[name], id, {k: v for k, v in block.items() if k not in ("_id", "id", "__v")})
