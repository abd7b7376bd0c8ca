"""News of the outbox as Jupyter events, to which the panel listens."""

from __future__ import annotations

import logging
from typing import Any

SCHEMA_ID = "https://jupyter-shinecat.readthedocs.io/events/outbox/v1"
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "A result on its way to the catalog",
    "personal-data": True,
    "type": "object",
    "properties": {
        "key": {**_TEXT, "description": "Names the entry of the outbox."},
        "name": {**_TEXT, "description": "The result's name."},
        "state": {"enum": ["waiting", "sending", "sent", "failed", "withdrawn"]},
        "pid": {**_TEXT_OR_NULL, "description": "PID of the Derived dataset, once it is stored."},
        "inputs": {"type": "array", "items": _TEXT, "description": "PIDs of its inputs."},
        "reason": {**_TEXT_OR_NULL, "description": "Why it waits or failed."},
        "do": {**_TEXT_OR_NULL, "description": "What the reader can do."},
        "asks": {"type": "boolean", "description": "It waits for a yes."},
        "choices": {"type": "array", "items": _TEXT, "description": "Groups of which one must be chosen as owner."},
        "notebook": {**_TEXT_OR_NULL, "description": "Path of the notebook it comes from."},
    },
    "required": ["key", "state"],
}


class OutboxEvents:
    """Passes news on to a server's event logger (`jupyter_events.EventLogger`)."""

    def __init__(self, logger: Any, log: logging.Logger) -> None:
        self._logger = logger
        self._log = log
        if SCHEMA_ID not in getattr(logger.schemas, "schema_ids", ()):
            logger.register_event_schema(SCHEMA)

    def tell(self, news: dict[str, Any]) -> None:
        """Emit one change of an entry; what the schema doesn't know stays behind."""
        data = {name: news[name] for name in SCHEMA["properties"] if name in news}
        try:
            self._logger.emit(schema_id=SCHEMA_ID, data=data)
        except Exception:
            # The panel misses one message; the entry itself is on disk and in the list.
            self._log.exception("A message of the outbox could not be passed on")
