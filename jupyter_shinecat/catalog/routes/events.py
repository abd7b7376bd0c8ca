"""Routes of events: a stream, tickets for it, and who is connected."""

from __future__ import annotations

from .call import Call, Route, Stream


def _stream(call: Call) -> Stream:
    events = call.catalog.events
    account = events.admitted(call.who, (call.query.get("ticket") or [None])[0])  # type: ignore[list-item]
    return Stream(lambda: events.stream(account), "text/event-stream; charset=utf-8")


def routes() -> list[Route]:
    """The table."""
    base = "/api/v3/events"
    return [
        Route("POST", f"{base}/ticket", lambda c: c.catalog.events.ticket(c.who)),
        Route("GET", f"{base}/stream", _stream),
        Route("GET", f"{base}/connections", lambda c: c.catalog.events.connections(c.who)),
    ]
