"""Events: who is connected is told at once when a dataset is made, changed or deleted."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import msgspec

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.accounts.accounts import Accounts
from jupyter_shinecat.catalog.errors import Refused, forbidden, unauthenticated
from jupyter_shinecat.catalog.store.documents import Doc

from .common import Manager, Parts

TICKET_S = 60
PULSE_S = 20.0
_MAX_EACH = 5
_MAX_ALL = 500
_MAX_WAITING = 1000
_MAX_TICKETS = 10_000


@dataclass(eq=False)
class Subscription:
    """One connection: what waits to be sent to it; None ends it."""

    account: str
    token: str
    loop: asyncio.AbstractEventLoop
    waiting: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(_MAX_WAITING))

    def put(self, text: bytes | None) -> None:
        """Hand over from any thread; who doesn't read in time is let go."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the server stops
            self.loop.call_soon_threadsafe(self._put, text)

    def _put(self, text: bytes | None) -> None:
        if text is None or self.waiting.full():
            while not self.waiting.empty():
                self.waiting.get_nowait()
            text = None
        self.waiting.put_nowait(text)


class Events(Manager):
    """Connections of this server, and one-time tickets for browsers, whose event streams send no headers.

    Parameters
    ----------
    accounts
        For the names of those who are connected.
    identify
        The caller of a token, asked again at each event and each comment: groups that were taken away count at once,
        and a token that was revoked, or whose time is over, ends its connections within seconds.
    clock
        Seconds, for tests.
    """

    kind = "dataset"

    def __init__(
        self,
        parts: Parts,
        accounts: Accounts,
        identify: Callable[[str | None], Identity],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parts)
        self._accounts = accounts
        self._identify = identify
        self._clock = clock
        self._guard = threading.Lock()
        self._tickets: dict[str, tuple[str, str, float]] = {}
        self._open: list[Subscription] = []
        self._number = 0

    # -- tickets --

    def ticket(self, who: Identity, token: str | None) -> Doc:
        """A ticket for one connection within a minute; the connection holds as long as the caller's ``token``."""
        if who.id is None:
            raise unauthenticated()
        made, now = secrets.token_urlsafe(24), self._clock()
        with self._guard:
            self._tickets = {text: held for text, held in self._tickets.items() if held[-1] > now}
            if len(self._tickets) >= _MAX_TICKETS:
                raise Refused(429, "Too many tickets wait to be used. Try again.", headers={"Retry-After": "10"})
            self._tickets[made] = who.id, token or "", now + TICKET_S
        return {"ticket": made, "expiresIn": TICKET_S}

    def admitted(self, who: Identity, token: str | None, ticket: str | None) -> tuple[str, str]:
        """Account and token that connect: the ticket's, which is used up, or the signed-in caller's; else a 401."""
        if ticket:
            with self._guard:
                account, held, until = self._tickets.pop(ticket, ("", "", 0.0))
            if account and until > self._clock():
                return account, held
        if who.id is None or ticket:
            raise unauthenticated()
        return who.id, token or ""

    # -- connections --

    async def stream(self, account: str, token: str) -> AsyncIterator[bytes]:
        """Events for an account in the form of server-sent events, with a comment every 20 s; ends with the server.

        Raises
        ------
        Refused
            403 when the account, or everybody together, has too many connections.
        """
        subscription = Subscription(account, token, asyncio.get_running_loop())
        with self._guard:
            mine = sum(other.account == account for other in self._open)
            if mine >= _MAX_EACH or len(self._open) >= _MAX_ALL:
                raise forbidden("Maximum number of open connections reached")
            self._open.append(subscription)
        try:
            yield b": connected\n\n"
            while True:
                try:
                    text = await asyncio.wait_for(subscription.waiting.get(), PULSE_S)
                except TimeoutError:
                    if await asyncio.to_thread(self._caller, subscription) is None:
                        return
                    yield b": still here\n\n"
                    continue
                if text is None:
                    return
                yield text
        finally:
            with self._guard:
                self._open.remove(subscription)

    def emit(self, name: str, doc: Doc) -> None:
        """Tell those who may see the dataset; the document itself is not sent."""
        with self._guard:
            listeners = list(self._open)
            self._number += 1
            number = self._number
        if not listeners:
            return
        told = {key: doc[key] for key in ("pid", "datasetName", "type", "ownerGroup", "updatedAt") if key in doc}
        text = f"event: {name}\nid: {number}\ndata: {msgspec.json.encode(told).decode()}\n\n".encode()
        for listener in listeners:
            caller = self._caller(listener)
            if caller is None:
                listener.put(None)
            elif self.access.visible(caller, self.kind).condition.matches(doc):
                listener.put(text)

    def _caller(self, listener: Subscription) -> Identity | None:
        try:
            who = self._identify(listener.token)
        except Refused:  # its time is over
            return None
        return who if who.id == listener.account else None

    def connections(self, who: Identity) -> Doc:
        """How many connections there are, and whose; for administrators."""
        self.access.check_admin(who)
        with self._guard:
            ids = Counter(subscription.account for subscription in self._open)
        found = {id: self._accounts.by_id(id) for id in ids}
        users = {account.username: ids[id] for id, account in found.items() if account is not None}
        return {"connections": sum(ids.values()), "users": users}

    def close(self) -> None:
        """End every connection."""
        with self._guard:
            listeners = list(self._open)
        for listener in listeners:
            listener.put(None)
