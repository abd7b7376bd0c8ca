"""Paging by a cursor: the next page begins behind the last row, whatever others have written meanwhile.

A cursor is sealed: a caller can neither make one nor read from it how many documents there are.
"""

from __future__ import annotations

import base64
import hashlib
import heapq
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import bad_request
from jupyter_shinecat.catalog.store import records
from jupyter_shinecat.catalog.store.documents import Row, Transaction
from jupyter_shinecat.catalog.store.store import Store

from .condition import Compare, Condition, both
from .notes import current
from .options import Limits
from .ordering import BY_TIME, Order, Rank, rank, rank_of, time_sign, values_of
from .patience import kept

_KIND = "cursor-key"
_MAX_SIZE = 2000
_MORE = 16
_EPOCH_MS = -2_208_988_800_000  # where order keys begin: 1900
_LAST_MS = 2**43 - 1
Fetch = Callable[[Condition, Limits], list[Row]]
Behind = Callable[[Order, Rank | None, int], list[Row]]


class Cursors:
    """Cursors of one catalog; they outlive restarts.

    Parameters
    ----------
    store
        Keeps the key that seals them.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seal: Any = None

    def page(self, kind: str, where: Condition, limits: Limits, fetch: Fetch, behind: Behind) -> list[Row]:
        """The page behind ``limits.cursor`` (the first one when that is empty); notes where the next one begins.

        Parameters
        ----------
        kind, where
            What is asked for; a cursor is good for the same question and order only.
        fetch
            Rows of a condition within limits, by creation time.
        behind
            So many rows behind a place in another order; None for the place before all.
        """
        order = limits.order or (((BY_TIME, False),) if kind == "dataset" else ())
        question = hashlib.blake2b(repr((kind, where, order)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        after = self._open(limits.cursor, question) if limits.cursor else None
        if time_sign(kind, order):
            rows = _by_time(where, order, after, limits.limit, fetch)
        else:
            rows = behind(order, None if after is None else rank(after, kind, order), limits.limit + 1)
        if len(rows) > limits.limit:
            rows = rows[: limits.limit]
            current().next_page(self._close(values_of(rows[-1], kind, order), question))
        return rows

    def _close(self, values: list[Any], question: bytes) -> str:
        text = msgspec.json.encode(values)
        if len(text) > _MAX_SIZE:
            raise bad_request("These values are too long to be paged by a cursor; choose another order")
        token: bytes = self._sealer().encrypt(question + text)
        return token.decode().rstrip("=")

    def _open(self, cursor: str, question: bytes) -> list[Any]:
        wrong = bad_request("This cursor is not one of this catalog's; begin anew with an empty one")
        if len(cursor) > 4 * _MAX_SIZE or not cursor.isascii():
            raise wrong
        from cryptography.fernet import InvalidToken

        try:
            opened: bytes = self._sealer().decrypt((cursor + "=" * (-len(cursor) % 4)).encode())
        except InvalidToken:
            raise wrong from None
        if opened[:16] != question:
            raise bad_request("This cursor belongs to another question; where, fields and order must stay the same")
        values: list[Any] = msgspec.json.decode(opened[16:])
        return values

    def _sealer(self) -> Any:
        if self._seal is None:
            from cryptography.fernet import Fernet  # loaded when somebody pages

            def keep(tx: Transaction) -> str:
                known = records.get(tx, _KIND, "1")
                key = known["key"] if known else base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
                if known is None:
                    records.put(tx, _KIND, "1", {"key": key})
                return str(key)

            records.prepare(self._store)
            self._seal = Fernet(self._store.change(keep))
        return self._seal


def _by_time(where: Condition, order: Order, after: list[Any] | None, limit: int, fetch: Fetch) -> list[Row]:
    """One row more than a page, in order of time: the index begins at that moment."""
    if after is None:
        return fetch(where, Limits(limit + 1, 0, order))
    begin, sign = rank(after, "dataset", order), time_sign("dataset", order)
    milliseconds = after[0] >> 20
    if 0 < milliseconds < _LAST_MS:  # beyond, times are not told apart in order keys
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds + _EPOCH_MS)
        where = both(where, Compare((BY_TIME,), "$gte" if sign > 0 else "$lte", dates.iso(moment)))
    key, size = rank_of("dataset", order), limit + 1 + _MORE
    while True:
        found = fetch(where, Limits(size, 0, order))
        rows = [row for row in found if key(row) > begin]
        if len(rows) > limit or len(found) < size:
            return rows[: limit + 1]
        size *= 4  # many of the same moment


def behind(rows: Iterable[Row], kind: str, order: Order, after: Rank | None, number: int) -> list[Row]:
    """The first of all rows behind a place."""
    key = rank_of(kind, order)
    later = rows if after is None else (row for row in rows if key(row) > after)
    if not order:  # rows come as they were created
        return list(kept(islice(later, number)))
    return list(kept(heapq.nsmallest(number, later, key)))
