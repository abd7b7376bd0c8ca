"""One request as a route sees it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.catalog import Catalog
from jupyter_shinecat.catalog.errors import Refused, bad_request, unauthenticated
from jupyter_shinecat.catalog.managers.limits import check_depth

_decode = msgspec.json.Decoder().decode
_SHORT = 10_000
_MANY_DIGITS = re.compile(rb"\d{309}")  # no smaller number is beyond range


@dataclass
class Call:
    """A request: who calls, what the path and query say, the body.

    ``params`` are the path's parts, decoded once; ``raw_params`` as they came.
    """

    catalog: Catalog
    who: Identity
    token: str | None
    address: str
    params: dict[str, str]
    raw_params: dict[str, str]
    query: dict[str, list[str]]
    bare_query: str
    headers: dict[str, str]
    raw_body: bytes
    request_id: str = ""
    status: int = 200
    response_headers: dict[str, str] = field(default_factory=dict)

    @cached_property
    def body(self) -> Any:
        """The JSON body; a 400 when it is broken, too deep or too large."""
        value = decode_json(self.raw_body, "") if self.raw_body.strip() else {}
        settings = self.catalog.settings
        check_depth(value, settings.max_depth, settings.max_keys, "The body")
        return value

    def json(self, name: str) -> Any:
        """A query parameter that holds JSON; None when it is absent."""
        values = self.query.get(name)
        if not values or not values[0]:
            return None
        return self._shallow(values[0].encode("utf-8", "surrogatepass"), name)

    @staticmethod
    def _shallow(data: bytes, name: str) -> Any:
        value = decode_json(data, f"Invalid JSON in {name}: ")
        check_depth(value, 30, 20_000, name)
        return value

    @property
    def filter(self) -> Any:
        """``?filter=``, ``?filters=`` or, as pyscicat sends it, JSON as the whole query."""
        for name in ("filter", "filters"):
            if self.query.get(name):
                return self.json(name)
        bare = self.bare_query
        if bare.startswith(("{", "%7B", "%7b")):
            return self._shallow(unquote_to_bytes(bare.replace("+", " ").split("&", 1)[0]), "filter")
        return None

    @property
    def explain(self) -> bool:
        """``?explain=true``, where the server does more than SciCat."""
        return self.query.get("explain") == ["true"] and bool(self.catalog.settings.features)

    @property
    def include(self) -> list[str] | None:
        """``?include=a&include=b`` of v4; JSON lists are understood too."""
        values = self.query.get("include")
        if not values:
            return None
        if len(values) == 1 and values[0].startswith("["):
            parsed = self.json("include")
            return parsed if isinstance(parsed, list) else None
        return [part for value in values for part in value.split(",") if part]

    def signed_in(self) -> Identity:
        """The caller, or a 401."""
        if not self.who.signed_in:
            raise unauthenticated()
        return self.who

    @property
    def merge(self) -> bool:
        """Whether the body is a merge patch."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower() == "application/merge-patch+json"

    @property
    def unchanged_since(self) -> datetime | None:
        """``If-Unmodified-Since`` as HTTP or ISO 8601 has it, without a zone UTC; None when it is absent or no date."""
        value = self.headers.get("if-unmodified-since")
        if not value:
            return None
        try:
            moment = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return dates.parse(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def by_id(self, name: str, work: Callable[[str], Any]) -> Any:
        """Run ``work`` with the id of path part ``name``.

        ``quote_plus`` clients write a space as ``+``, others mean a plus: the id as it stands goes first, and where
        that is unknown and the raw part has a ``+``, the one with spaces.
        """
        id = self.params[name]
        if "+" not in self.raw_params[name]:
            return work(id)
        try:
            return work(id)
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return work(decode_part(self.raw_params[name].replace("+", "%20")))


def decode_json(data: bytes, prefix: str) -> Any:
    """JSON, or a 400 that says what is wrong (no NaN, no numbers beyond range, no lone surrogates)."""
    try:
        value = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise bad_request(f"{prefix}{_told(data) or str(error)[:200]}") from None
    if _MANY_DIGITS.search(data) and _beyond_range(value):
        raise bad_request(f"{prefix}Number out of range")
    return value


def _beyond_range(value: Any) -> bool:
    """Whether a whole number in ``value`` has no place among floating-point numbers: nothing could compare it."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, (dict, list)):
            stack.extend(item.values() if isinstance(item, dict) else item)
        elif isinstance(item, int) and not -sys.float_info.max <= item <= sys.float_info.max:
            return True
    return False


def _told(data: bytes) -> str:
    """What the real server's parser says of broken JSON; nothing where that doesn't fit, or would take long."""
    if len(data) > _SHORT:
        return ""
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        place = f" in JSON at position {error.pos}"
        after = error.doc[: error.pos].rstrip()
        if error.pos >= len(error.doc.rstrip()):
            return "Unexpected end of JSON input"
        if error.msg.startswith("Expecting property name"):
            return (
                "Expected property name or '}'" if after.endswith("{") else "Expected double-quoted property name"
            ) + place
        if error.msg.startswith("Expecting ':'"):
            return f"Expected ':' after property name{place}"
    except (ValueError, RecursionError):
        pass
    return ""


def decode_part(raw: str) -> str:
    """A path part without its percent signs; a 400 when it isn't UTF-8."""
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise bad_request("The path is not UTF-8") from None


@dataclass(frozen=True)
class Stream:
    """An answer without an end: what ``begin`` gives is sent as it comes."""

    begin: Callable[[], AsyncIterator[bytes]]
    content_type: str


@dataclass(frozen=True)
class Route:
    """One operation: method, path with ``{name}`` parts, and the function that answers.

    ``slow`` is for password hashes; ``outside`` names another service that may be waited for; ``event`` names what is
    told to listeners when it succeeded.
    """

    method: str
    path: str
    answer: Callable[[Call], Any]
    slow: bool = False
    event: str = ""
    outside: str = ""
