"""Accounts in the store: who may sign in, with which groups."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.store.documents import Transaction
from jupyter_shinecat.catalog.store.store import Store

from . import passwords


@dataclass(frozen=True, repr=False)
class Account:
    """One person or service; ``source`` says who keeps it (``file``: the accounts file)."""

    id: str
    username: str
    email: str
    password: str
    groups: tuple[str, ...]
    source: str
    disabled: bool
    identity: str
    created: str
    modified: str

    def __repr__(self) -> str:
        return f"Account({self.username!r})"

    @property
    def user(self) -> dict[str, Any]:
        """SciCat's user document, which is also what a token carries."""
        return {
            "_id": self.id, "username": self.username, "email": self.email, "authStrategy": "local", "__v": 0,
            "id": self.id, "userId": self.id,
        }  # fmt: skip

    @property
    def user_document(self) -> dict[str, Any]:
        """SciCat's user document as its routes show it."""
        return {key: value for key, value in self.user.items() if key != "userId"}

    @property
    def identity_document(self) -> dict[str, Any]:
        """SciCat's user identity: profile and groups."""
        profile = {
            "displayName": self.username, "email": self.email, "username": self.username,
            "thumbnailPhoto": "error: no photo found", "id": self.id, "emails": [{"value": self.email}],
            "accessGroups": list(self.groups), "_id": self.identity, "oidcClaims": {},
        }  # fmt: skip
        return {
            "_id": self.identity, "authStrategy": "local", "credentials": {}, "externalId": "", "profile": profile,
            "provider": "local", "userId": self.id, "created": self.created, "modified": self.modified, "__v": 0,
            "id": self.identity,
        }  # fmt: skip

    @property
    def caller(self) -> Identity:
        """The identity that access is decided by."""
        return Identity(self.id, self.username, self.email, frozenset(self.groups))


@dataclass(frozen=True, repr=False)
class NewAccount:
    """An account as an accounts file describes it."""

    username: str
    email: str
    password: str
    groups: tuple[str, ...]


class Accounts:
    """Reads and writes accounts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def by_id(self, id: str) -> Account | None:
        """The account, or None."""
        return self._one("id = ?", id)

    def by_username(self, username: str) -> Account | None:
        """The account, or None."""
        return self._one("username = ?", username)

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._store.snapshot() as snapshot:
            return [_account(row) for row in snapshot.accounts()]

    def _one(self, where: str, value: str) -> Account | None:
        with self._store.snapshot() as snapshot:
            rows = snapshot.accounts(where, (value,))
        return _account(rows[0]) if rows else None

    def sign_in(self, username: str, password: str) -> Account | None:
        """The account when the password is right and it is not disabled; takes about as long when it isn't."""
        account = self.by_username(username)
        valid = passwords.verify(account.password if account else None, password)
        return account if valid and account is not None and not account.disabled else None

    def load_file(self, wanted: Iterable[NewAccount]) -> None:
        """Make the accounts of the accounts file what the file says; those that left the file are disabled."""
        old = {account.username: account for account in self.all()}
        now = dates.now()
        changed: list[Account] = []
        names = set()
        for new in wanted:
            names.add(new.username)
            before = old.get(new.username)
            if before is None:
                changed.append(
                    Account(
                        secrets.token_hex(12), new.username, new.email, passwords.hash_password(new.password),
                        new.groups, "file", False, secrets.token_hex(12), now, now,
                    )
                )  # fmt: skip
                continue
            same_password = passwords.verify(before.password, new.password)
            after = replace(
                before, email=new.email, groups=new.groups, source="file", disabled=False,
                password=before.password if same_password else passwords.hash_password(new.password),
            )  # fmt: skip
            if after != before:
                changed.append(replace(after, modified=now))
        changed.extend(
            replace(account, disabled=True, modified=now)
            for name, account in old.items()
            if account.source == "file" and name not in names and not account.disabled
        )
        if changed:
            self._store.change(lambda tx: _put(tx, changed))

    def settings(self, id: str) -> dict[str, Any] | None:
        """A person's settings document."""
        with self._store.snapshot() as snapshot:
            return snapshot.account_settings(id)

    def put_settings(self, id: str, body: dict[str, Any] | None) -> None:
        """Store a person's settings document; None removes it."""
        self._store.change(lambda tx: tx.put_account_settings(id, body))


def _account(row: tuple[Any, ...]) -> Account:
    id, username, email, password, groups, source, disabled, identity, created, modified = row
    return Account(
        id,
        username,
        email,
        password,
        tuple(msgspec.json.decode(groups)),
        source,
        bool(disabled),
        identity,
        created,
        modified,
    )


def _put(tx: Transaction, accounts: list[Account]) -> None:
    for a in accounts:
        groups = msgspec.json.encode(list(a.groups)).decode()
        tx.put_account(
            (
                a.id,
                a.username,
                a.email,
                a.password,
                groups,
                a.source,
                int(a.disabled),
                a.identity,
                a.created,
                a.modified,
            )
        )
