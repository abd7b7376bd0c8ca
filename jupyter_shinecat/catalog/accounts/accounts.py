"""Accounts in the store: who may sign in, with which groups."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.store import records
from jupyter_shinecat.catalog.store.documents import Transaction
from jupyter_shinecat.catalog.store.store import Store

from . import generations, passwords

T = TypeVar("T")
_FILE = "accounts-file"
_WHOLE = "accounts-file-whole"


@dataclass(frozen=True, repr=False)
class Account:
    """One person or service.

    ``source`` says who keeps it (``file``: the accounts file; ``admin``: administrators; ``oidc:...``, ``ldap:...``:
    the identity provider or directory); ``everyones`` are groups that all have (``ACCESS_GROUPS_STATIC_VALUES``).
    """

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
    everyones: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Account({self.username!r})"

    @property
    def strategy(self) -> str:
        """How this person signs in, in SciCat's words."""
        kind = self.source.partition(":")[0]
        return kind if kind in ("oidc", "ldap") else "local"

    @property
    def present_groups(self) -> tuple[str, ...]:
        """Own groups and those that all have."""
        return tuple(dict.fromkeys((*self.groups, *self.everyones)))

    @property
    def user(self) -> dict[str, Any]:
        """SciCat's user document, which is also what a token carries."""
        return {
            "_id": self.id, "username": self.username, "email": self.email, "authStrategy": self.strategy, "__v": 0,
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
            "accessGroups": list(self.present_groups), "_id": self.identity, "oidcClaims": {},
        }  # fmt: skip
        return {
            "_id": self.identity, "authStrategy": self.strategy, "credentials": {}, "externalId": "",
            "profile": profile, "provider": self.strategy, "userId": self.id, "created": self.created,
            "modified": self.modified, "__v": 0, "id": self.identity,
        }  # fmt: skip

    @property
    def caller(self) -> Identity:
        """The identity that access is decided by."""
        return Identity(self.id, self.username, self.email, frozenset(self.present_groups))


@dataclass(frozen=True, repr=False)
class NewAccount:
    """An account as an accounts file or an administrator describes it."""

    username: str
    email: str
    password: str
    groups: tuple[str, ...]


class Accounts:
    """Reads and writes accounts.

    Parameters
    ----------
    everyones
        Groups that every account has beside its own.
    """

    def __init__(self, store: Store, everyones: Iterable[str] = ()) -> None:
        self._store = store
        self._everyones = tuple(sorted(everyones))

    def by_id(self, id: str) -> Account | None:
        """The account, or None."""
        return self._one("id = ?", id)

    def by_username(self, username: str) -> Account | None:
        """The account, or None."""
        return self._one("username = ?", username)

    def all(self) -> list[Account]:
        """Every account, by name."""
        with self._store.snapshot() as snapshot:
            return [self._account(row) for row in snapshot.accounts()]

    def _one(self, where: str, value: str) -> Account | None:
        with self._store.snapshot() as snapshot:
            rows = snapshot.accounts(where, (value,))
        return self._account(rows[0]) if rows else None

    def sign_in(self, username: str, password: str) -> Account | None:
        """The account when the password is right and it is not disabled; takes about as long when it isn't."""
        account = self.by_username(username)
        valid = passwords.verify(account.password if account else None, password)
        return account if valid and account is not None and not account.disabled else None

    def change(self, id: str, work: Callable[[Transaction, Account], Account | None]) -> Account | None:
        """Change an account in one transaction: ``work`` gives its new state, or None to remove it.

        Returns what ``work`` gave; None too where there is no such account.
        """

        def run(tx: Transaction) -> Account | None:
            rows = tx.accounts("id = ?", (id,))
            if not rows:
                return None
            after = work(tx, self._account(rows[0]))
            if after is None:
                records.delete_account(tx, id)
                return None
            after = replace(after, modified=dates.now())
            _put(tx, [after])
            return after

        return self._store.change(run)

    def add(self, new: NewAccount, source: str, also: Callable[[Transaction, Account], T]) -> tuple[Account, T] | None:
        """Store a new account, and do ``also`` in the same transaction; None when the name is taken."""
        account = _new(new, source)

        def run(tx: Transaction) -> tuple[Account, T] | None:
            if tx.accounts("username = ?", (new.username,)):
                return None
            _put(tx, [account])
            return account, also(tx, account)

        return self._store.change(run)

    def load_file(self, wanted: Iterable[NewAccount]) -> None:
        """Bring in what changed in the accounts file since it was read last; those that left the file are disabled.

        Where the file still says what it said, what administrators changed meanwhile (passwords, groups, disabled and
        deleted accounts) stays.
        """
        wanted = list(wanted)
        # Each hash takes a tenth of a second on purpose: one of the whole spares a start with many accounts the others.
        content = msgspec.json.encode([(new.username, new.email, new.password, new.groups) for new in wanted]).decode()
        with self._store.snapshot() as snapshot:
            said = records.all_of(snapshot, _FILE)
            whole = records.get(snapshot, _WHOLE, "1")
        if whole is not None and passwords.verify(whole["hash"], content):
            return
        old = {account.username: account for account in self.all()}
        changed: list[Account] = []
        ended: list[str] = []
        says: dict[str, records.Record | None] = dict.fromkeys(said)
        for new in wanted:
            last, before = said.get(new.username), old.get(new.username)
            says[new.username] = last
            stored = last["password"] if last else before.password if before else None
            same_password = stored is not None and passwords.verify(stored, new.password)
            if last and same_password and last["email"] == new.email and last["groups"] == list(new.groups):
                continue
            if before is None:
                after = _new(new, "file")
            else:
                after = replace(before, source="file", disabled=before.disabled and last is not None)
                if not same_password:
                    after = replace(after, password=passwords.hash_password(new.password))
                    ended.append(after.id)
                if last is None or last["email"] != new.email:
                    after = replace(after, email=new.email)
                if last is None or last["groups"] != list(new.groups):
                    after = replace(after, groups=new.groups)
            says[new.username] = {
                "password": last["password"] if last and same_password else after.password,
                "email": new.email, "groups": list(new.groups),
            }  # fmt: skip
            if after != before:
                changed.append(replace(after, modified=dates.now()))
        changed.extend(
            replace(account, disabled=True, modified=dates.now())
            for name, account in old.items()
            if account.source == "file" and says.get(name) is None and not account.disabled
        )
        news = {name: record for name, record in says.items() if record != said.get(name)}
        whole = {"hash": passwords.hash_password(content)}
        self._store.change(lambda tx: _load(tx, changed, news, ended, whole))

    def file_passwords(self, wanted: Iterable[NewAccount]) -> dict[str, str]:
        """Passwords of the accounts file, by name, that are still those of their accounts; once it was loaded."""
        with self._store.snapshot() as snapshot:
            said = records.all_of(snapshot, _FILE)
        stored = {account.username: account.password for account in self.all()}
        return {
            new.username: new.password
            for new in wanted
            if (last := said.get(new.username)) is not None and last["password"] == stored.get(new.username)
        }

    def _account(self, row: tuple[Any, ...]) -> Account:
        id, username, email, password, groups, source, disabled, identity, created, modified = row
        return Account(
            id, username, email, password, tuple(msgspec.json.decode(groups)), source, bool(disabled), identity,
            created, modified, self._everyones,
        )  # fmt: skip

    def settings(self, id: str) -> dict[str, Any] | None:
        """A person's settings document."""
        with self._store.snapshot() as snapshot:
            return snapshot.account_settings(id)

    def put_settings(self, id: str, body: dict[str, Any] | None) -> None:
        """Store a person's settings document; None removes it."""
        self._store.change(lambda tx: tx.put_account_settings(id, body))


def _new(new: NewAccount, source: str) -> Account:
    now = dates.now()
    return Account(
        secrets.token_hex(12), new.username, new.email, passwords.hash_password(new.password), new.groups, source,
        False, secrets.token_hex(12), now, now,
    )  # fmt: skip


def _load(
    tx: Transaction,
    changed: list[Account],
    news: dict[str, records.Record | None],
    ended: list[str],
    whole: records.Record,
) -> None:
    _put(tx, changed)
    records.put(tx, _WHOLE, "1", whole)
    for name, record in news.items():
        records.put(tx, _FILE, name, record)
    for id in ended:
        generations.end(tx, id)


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
