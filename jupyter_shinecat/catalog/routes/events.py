"""Routes of events: a stream, tickets for it, and who is connected."""

from __future__ import annotations

from .call import Call, Route, Stream


def _stream(call: Call) -> Stream:
    events = call.catalog.events
    ticket = (call.query.get("ticket") or [""])[0]
    account, token = events.admitted(call.who, call.token, ticket)
    return Stream(lambda: events.stream(account, token), "text/event-stream; charset=utf-8")


def routes() -> list[Route]:
    """The table."""
    base = "/api/v3/events"
    return [
        Route("POST", f"{base}/ticket", lambda c: c.catalog.events.ticket(c.who, c.token)),
        Route("GET", f"{base}/stream", _stream),
        Route("GET", f"{base}/connections", lambda c: c.catalog.events.connections(c.who)),
    ]
