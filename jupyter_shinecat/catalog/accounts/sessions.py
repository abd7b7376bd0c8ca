"""Which tokens still hold: a new password ends older ones, service tokens can be revoked."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import ANONYMOUS, Identity
from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.store import records
from jupyter_shinecat.catalog.store.documents import Transaction
from jupyter_shinecat.catalog.store.store import Store

from .accounts import Account, Accounts
from .generations import SERVICE_TOKEN, generation
from .tokens import TokenMint

SCOPES = ("read", "all")
Claims = dict[str, Any]


class Sessions:
    """Signs tokens for accounts and tells who a token belongs to now.

    A token carries its account's generation once that is above 0, and a service token the id of its record: both are
    looked up at each request, so that what was ended is ended at once.
    """

    def __init__(self, store: Store, accounts: Accounts, mint: TokenMint) -> None:
        self._store = store
        self._accounts = accounts
        self._mint = mint

    def sign(self, account: Account, lifetime_s: int, signed_in_at: int | None = None) -> str:
        """A token that lasts ``lifetime_s`` seconds, or until the account's sessions are ended."""
        with self._store.snapshot() as snapshot:
            number = generation(snapshot, account.id)
        marked = {**account.user, "gen": number} if number else account.user
        return self._mint.sign(marked, lifetime_s, signed_in_at)

    def account(self, token: str | None) -> tuple[Account, Claims] | None:
        """The account whose valid token this is, and what the token says; None for nobody's."""
        claims = self._mint.claims(token) if token else None
        if claims is None:
            return None
        with self._store.snapshot() as snapshot:
            account = self._accounts.by_id(str(claims.get("_id")))
            if account is None or account.disabled or claims.get("gen", 0) != generation(snapshot, account.id):
                return None
            if "service" in claims and records.get(snapshot, SERVICE_TOKEN, str(claims["service"])) is None:
                return None
        return account, claims

    def signed(self, token: str) -> bool:
        """Whether we signed this token and its time is not over; who it belongs to now is not looked up."""
        try:
            return self._mint.claims(token) is not None
        except Refused:
            return False

    def identity(self, token: str | None) -> Identity:
        """The caller of a token; nobody's is anonymous."""
        found = self.account(token)
        if found is None:
            return ANONYMOUS
        account, claims = found
        return replace(account.caller, read_only=claims.get("scope") == "read")

    # -- service tokens --

    def issue(self, account: Account, name: str, scope: str, lifetime_s: int, by: str) -> tuple[str, dict[str, Any]]:
        """A service token and its record; only the record is kept."""
        id = secrets.token_hex(8)
        record = {
            "name": name, "account": account.id, "username": account.username, "scope": scope,
            "created": dates.now(), "createdBy": by, "expires": int(time.time()) + lifetime_s,
        }  # fmt: skip
        with self._store.snapshot() as snapshot:
            number = generation(snapshot, account.id)
        marks = {"service": id, "scope": scope, **({"gen": number} if number else {})}
        token = self._mint.sign({**account.user, **marks}, lifetime_s)

        def keep(tx: Transaction) -> None:
            for old, other in records.all_of(tx, SERVICE_TOKEN).items():
                if other["expires"] <= time.time():
                    records.put(tx, SERVICE_TOKEN, old, None)
            records.put(tx, SERVICE_TOKEN, id, record)

        self._store.change(keep)
        return token, {"id": id, **record}

    def issued(self) -> list[dict[str, Any]]:
        """Records of the service tokens that hold."""
        with self._store.snapshot() as snapshot:
            found = records.all_of(snapshot, SERVICE_TOKEN)
        return [{"id": id, **record} for id, record in found.items() if record["expires"] > time.time()]

    def revoke(self, id: str) -> dict[str, Any] | None:
        """End a service token; its record, or None when there is none."""

        def change(tx: Transaction) -> dict[str, Any] | None:
            record = records.get(tx, SERVICE_TOKEN, id)
            records.put(tx, SERVICE_TOKEN, id, None)
            return record

        return self._store.change(change)
