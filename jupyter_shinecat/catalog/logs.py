"""Logs as JSON lines, each with the id of the request it belongs to."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import msgspec

from . import dates
from .audit import actor

REQUESTS = "jupyter_shinecat.catalog.requests"
_EXTRA = ("request", "user", "address", "method", "path", "route", "status", "ms")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message; in a request its id and user too."""

    def format(self, record: logging.LogRecord) -> str:
        who = actor.get()
        entry = {
            "time": dates.iso(datetime.fromtimestamp(record.created, UTC)), "level": record.levelname.lower(),
            "logger": record.name, "message": record.getMessage(),
        }  # fmt: skip
        if who.request_id:
            entry |= {"request": who.request_id, "user": who.username}
        entry.update({name: getattr(record, name) for name in _EXTRA if hasattr(record, name)})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry).decode()


def configure(*, as_json: bool, verbose: bool) -> None:
    """Set the process's logging up; requests are logged with ``as_json`` or ``verbose``."""
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    handler.setFormatter(JsonFormatter() if as_json else text)
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    logging.getLogger(REQUESTS).setLevel(logging.INFO if as_json or verbose else logging.WARNING)
