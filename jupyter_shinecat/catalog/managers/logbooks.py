"""Logbooks of proposals, which a SciChat keeps: asked for on behalf of those who may read the proposal."""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.errors import Refused, bad_request
from jupyter_shinecat.catalog.store.documents import Doc

from .common import Manager, Parts

_log = logging.getLogger(__name__)
_TIMEOUT_S = 10.0
_MAX_BYTES = 64 << 20
# What SciChat itself filters by; the rest of ``filters`` is ours.
_FILTERS = ("textSearch", "showBotMessages", "showUserMessages", "showImages")


class Logbooks(Manager):
    """Reads from the service at ``LOGBOOK_BASE_URL``; with ``LOGBOOK_USERNAME`` it signs in there first."""

    kind = "proposal"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        facility = parts.settings.facility
        self._base = facility.logbook_url.rstrip("/")
        self._user, self._password = facility.logbook_username, facility.logbook_password
        self._token = ""
        self._guard = threading.Lock()

    def all(self, who: Identity) -> list[Doc]:
        """Logbooks of the proposals that ``who`` takes part in, those with the newest message first."""
        found = self._asked("/Logbooks")
        books = [book for book in found if isinstance(book, dict)] if isinstance(found, list) else []
        with self.store.snapshot() as snapshot:
            proposals = snapshot.get_many("proposal", [str(book.get("name")) for book in books])
        mine = [book for book in books if self.access.takes_part(who, proposals.get(str(book.get("name"))))]
        return sorted(mine, key=_newest, reverse=True)

    def of(self, who: Identity, name: str, filters: str | None) -> Doc | None:
        """The logbook of one proposal with the messages asked for; None when there is none, a 403 for others."""
        wanted = _filters(filters)
        self._configured()
        if name in (".", ".."):  # in an address they are no names but steps
            return None
        with self.store.snapshot() as snapshot:
            self.access.check_logbook(who, snapshot.get("proposal", name))
        passed = msgspec.json.encode({key: wanted[key] for key in _FILTERS if key in wanted}).decode()
        book = self._asked(f"/Logbooks/{quote(name, safe='')}", {"filter": passed})
        if not isinstance(book, dict):
            return None
        messages = book.get("messages")
        return {**book, "messages": _page(messages if isinstance(messages, list) else [], wanted)}

    def of_dataset(self, who: Identity, dataset: Doc, filters: str | None) -> Doc | None:
        """The logbook of a dataset's first proposal; None without one."""
        self._configured()
        names = dataset.get("proposalIds") or []
        return self.of(who, str(names[0]), filters) if names else None

    def _configured(self) -> None:
        if not self._base:
            raise Refused(501, "This catalog has no logbook service: LOGBOOK_ENABLED and LOGBOOK_BASE_URL are not set.")

    def _asked(self, path: str, query: dict[str, str] | None = None) -> Any:
        """What the service answers; None for its 404."""
        self._configured()
        try:
            status, body = self._get(path, query)
            if status == 401 and self._user:
                self._sign_in()
                status, body = self._get(path, query)
            if status == 404:
                return None
            if status != 200:
                raise _away(f"it answered {status}")
            return msgspec.json.decode(body)
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _away(type(error).__name__) from None

    def _get(self, path: str, query: dict[str, str] | None) -> tuple[int, bytes]:
        if self._user and not self._token:
            self._sign_in()
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        with httpx.stream(
            "GET", self._base + path, params=query, headers=headers, timeout=_TIMEOUT_S, follow_redirects=False
        ) as answer:
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > _MAX_BYTES:
                    raise _away(f"it answered more than {_MAX_BYTES >> 20} MB")
            return answer.status_code, body

    def _sign_in(self) -> None:
        with self._guard:
            credentials = {"username": self._user, "password": self._password}
            answer = httpx.post(f"{self._base}/Users/login", json=credentials, timeout=_TIMEOUT_S)
            given = answer.json() if answer.is_success else {}
            token = given.get("token") or given.get("id") if isinstance(given, dict) else None
            if not isinstance(token, str):
                raise _away("it refuses LOGBOOK_USERNAME")
            self._token = token


def _away(why: str) -> Refused:
    _log.warning("the logbook service can't be used: %s", why)
    return Refused(502, f"The logbook service could not be asked ({why}). Try again.", headers={"Retry-After": "10"})


def _filters(text: str | None) -> Doc:
    if not text:
        return {}
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        found = None
    if not isinstance(found, dict):
        raise bad_request("filters must be a JSON object")
    return found


def _newest(book: Doc) -> float:
    messages = book.get("messages")
    return _time(messages[-1]) if isinstance(messages, list) and messages else -1.0


def _time(message: Any) -> float:
    stamp = message.get("origin_server_ts") if isinstance(message, dict) else None
    return float(stamp) if isinstance(stamp, (int, float)) else 0.0


def _entry(message: Doc) -> str:
    content = message.get("content")
    return str(content.get("body", "")) if isinstance(content, dict) else ""


def _page(messages: list[Any], wanted: Doc) -> list[Any]:
    """Messages in the order and range asked for, as SciCat applies them after SciChat's own filter."""
    column, _, direction = str(wanted.get("sortField") or "").partition(":")
    keys: dict[str, Any] = {
        "timestamp": _time,
        "sender": lambda message: str(message.get("sender", "")).replace("@", ""),
        "entry": _entry,
    }
    known = [message for message in messages if isinstance(message, dict)]
    if direction and column in keys:
        known.sort(key=keys[column], reverse=direction == "desc")
    skip, limit = wanted.get("skip"), wanted.get("limit")
    if isinstance(skip, int) and isinstance(limit, int) and skip >= 0 and limit >= 0:
        return known[skip : skip + limit]
    return known
