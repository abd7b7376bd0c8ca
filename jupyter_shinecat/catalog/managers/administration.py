"""Users, groups, passwords and service tokens, as administrators and people themselves change them.

A real SciCat has none of this in its REST: the routes are ours, and profile ``scicat-5`` leaves them out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.accounts import generations, passwords, reset
from jupyter_shinecat.catalog.accounts.accounts import Account, Accounts, NewAccount
from jupyter_shinecat.catalog.accounts.sessions import SCOPES, Sessions
from jupyter_shinecat.catalog.accounts.throttle import Throttle
from jupyter_shinecat.catalog.accounts.tokens import NEVER_S
from jupyter_shinecat.catalog.errors import CatalogError, Refused, bad_request, not_found, unauthenticated
from jupyter_shinecat.catalog.settings import parse_lifetime
from jupyter_shinecat.catalog.store.documents import Transaction

from .common import Manager, Parts
from .validate import require_object

_NAME = re.compile(r"[\w.@+-]{1,128}")
_GROUP = re.compile(r"[^\s,\x00-\x1f\x7f](?:[^,\x00-\x1f\x7f]{0,126}[^\s,\x00-\x1f\x7f])?")
_EMAIL = re.compile(r"[^\s\x00-\x1f\x7f]{0,254}")
_CODE_S = 24 * 3600
_TOKEN_S = 30 * 86400
MINIMUM = 8


class Administration(Manager):
    """What administrators do with accounts; every change is in the audit file."""

    def __init__(self, parts: Parts, accounts: Accounts, sessions: Sessions) -> None:
        super().__init__(parts)
        self._accounts = accounts
        self._sessions = sessions
        self._throttle = Throttle(self.settings.login_attempts, self.settings.login_window_s)

    # -- accounts --

    def accounts(self, who: Identity) -> list[dict[str, Any]]:
        """Every account with its groups."""
        self.access.check_admin(who)
        return [_view(account) for account in self._accounts.all()]

    def create(self, who: Identity, body: Any) -> dict[str, Any]:
        """A new account; without a ``password`` in the body the answer has a one-time code to set one."""
        self.access.check_admin(who)
        sent = require_object(body)
        _only(sent, "username", "email", "groups", "password")
        username, password = sent.get("username"), sent.get("password")
        if not isinstance(username, str) or not _NAME.fullmatch(username):
            raise bad_request("username must have 1 to 128 letters, digits or . _ - + @")
        # A person without a password gets one that nobody knows until the code is used.
        secret = passwords.random_password() if password is None else _good(password)
        new = NewAccount(username, _email(sent.get("email", "")), secret, _groups(sent.get("groups", [])))

        def also(tx: Transaction, account: Account) -> dict[str, Any]:
            return {} if password is not None else _code(tx, account.id)

        added = self._accounts.add(new, "admin", also)
        if added is None:
            raise Refused(409, f"An account {username} already exists!")
        account, code = added
        self.audit.note("user.create", username, groups=list(new.groups), code=bool(code) or None)
        return {**_view(account), **code}

    def change(self, who: Identity, id: str, body: Any) -> dict[str, Any]:
        """Change ``email``, ``disabled``, and groups by ``addGroups`` and ``removeGroups``."""
        self.access.check_admin(who)
        sent = require_object(body)
        _only(sent, "email", "disabled", "addGroups", "removeGroups")
        more, less = _groups(sent.get("addGroups", [])), _groups(sent.get("removeGroups", []))
        disabled = sent.get("disabled")
        if disabled is not None and not isinstance(disabled, bool):
            raise bad_request("disabled must be a boolean value")
        email = None if "email" not in sent else _email(sent["email"])

        def work(tx: Transaction, account: Account) -> Account:
            groups = tuple(dict.fromkeys((*account.groups, *more)))
            groups = tuple(group for group in groups if group not in less)
            if account.id == who.id and (disabled or not set(groups) & self.settings.admin_groups):
                raise bad_request("You can't take your own administration away")
            if disabled and not account.disabled:
                generations.end(tx, account.id)
                reset.forget_code(tx, account.id)
            return replace(
                account, groups=groups, email=account.email if email is None else email,
                disabled=account.disabled if disabled is None else disabled,
            )  # fmt: skip

        account = self._accounts.change(id, work) or _missing(id)
        self.audit.note(
            "user.change", account.username, disabled=disabled, email=email, added=list(more) or None,
            removed=list(less) or None,
        )  # fmt: skip
        return _view(account)

    def delete(self, who: Identity, id: str) -> dict[str, Any]:
        """Remove an account; what it owns stays with its groups."""
        self.access.check_admin(who)
        gone: list[Account] = []

        def work(tx: Transaction, account: Account) -> None:
            if account.id == who.id:
                raise bad_request("You can't delete your own account")
            generations.end(tx, account.id)
            reset.forget_code(tx, account.id)
            gone.append(account)

        self._accounts.change(id, work)
        account = gone[0] if gone else _missing(id)
        self.audit.note("user.delete", account.username)
        return _view(account)

    # -- passwords --

    def set_password(self, who: Identity, id: str, body: Any) -> dict[str, Any]:
        """As administrator: a new password, or without one a one-time code; either ends the account's sessions."""
        self.access.check_admin(who)
        sent = require_object(body)
        _only(sent, "password")
        password = sent.get("password")
        hashed = passwords.hash_password(passwords.random_password() if password is None else _good(password))
        code: dict[str, Any] = {}

        def work(tx: Transaction, account: Account) -> Account:
            generations.end(tx, account.id)
            reset.forget_code(tx, account.id)
            if password is None:
                code.update(_code(tx, account.id))
            return replace(account, password=hashed)

        account = self._accounts.change(id, work) or _missing(id)
        self.audit.note("password.reset" if password is None else "password.set", account.username)
        return {**_view(account), **code}

    def own_password(self, who: Identity, body: Any, address: str) -> dict[str, Any]:
        """A person's own new password, with the old one; ends all sessions, this one too."""
        if who.id is None:
            raise unauthenticated()
        sent = require_object(body)
        _only(sent, "old", "new")
        old, new = sent.get("old"), _good(sent.get("new"))
        self._throttle.check(who.username, address)
        if not isinstance(old, str) or len(old) > 1024 or self._accounts.sign_in(who.username, old) is None:
            self._throttle.failed(who.username, address)
            raise Refused(403, "The old password is wrong")
        return self._renewed(who.id, passwords.hash_password(new), None, address)

    def use_code(self, body: Any, address: str) -> dict[str, Any]:
        """A new password with a one-time code, without being signed in."""
        sent = require_object(body)
        _only(sent, "username", "code", "new")
        username, code, new = sent.get("username"), sent.get("code"), _good(sent.get("new"))
        if not isinstance(username, str) or not isinstance(code, str) or len(code) > 256:
            raise bad_request("username and code must be texts")
        self._throttle.check(username, address)
        account = self._accounts.by_username(username)
        # The hash is made for nobody too: an answer takes as long whether the account exists or not.
        return self._renewed(account.id if account else "", passwords.hash_password(new), code, address, username)

    def _renewed(self, id: str, hashed: str, code: str | None, address: str, name: str = "") -> dict[str, Any]:
        wrong = Refused(403, "This code is wrong, used or too old")

        def work(tx: Transaction, account: Account) -> Account:
            if account.disabled:
                raise wrong
            if code is not None and not reset.use_code(tx, account.id, code):
                raise wrong
            reset.forget_code(tx, account.id)
            generations.end(tx, account.id)
            return replace(account, password=hashed)

        try:
            account = self._accounts.change(id, work)
            if account is None:
                raise wrong
        except Refused:
            self._throttle.failed(name, address)
            raise
        self._throttle.succeeded(account.username, address)
        self.audit.note("password.change", account.username, by_code=True if code is not None else None)
        return {"username": account.username, "userId": account.id}

    # -- service tokens --

    def issue_token(self, who: Identity, body: Any) -> dict[str, Any]:
        """A service token for an account: ``username``, ``name``, ``scope`` (read, all), ``expiresIn``."""
        self.access.check_admin(who)
        sent = require_object(body)
        _only(sent, "username", "name", "scope", "expiresIn")
        scope, name = sent.get("scope", "read"), sent.get("name", "")
        if scope not in SCOPES:
            raise bad_request("scope must be read or all")
        if not isinstance(name, str) or not 1 <= len(name) <= 128 or not name.isprintable():
            raise bad_request("name must have 1 to 128 characters")
        try:
            lifetime = parse_lifetime(sent.get("expiresIn", _TOKEN_S))
        except CatalogError as error:
            raise bad_request(str(error)) from None
        if not 0 < lifetime <= NEVER_S:
            raise bad_request("expiresIn must be between a second and 100 years")
        account = self._accounts.by_username(str(sent.get("username", ""))) or _missing(str(sent.get("username", "")))
        _not_disabled(account)
        token, record = self._sessions.issue(account, name, scope, lifetime, who.username)
        self.audit.note(
            "token.issue", account.username, token=record["id"], name=name, scope=scope, lifetime_s=lifetime
        )
        return {**record, "token": token}

    def tokens(self, who: Identity) -> list[dict[str, Any]]:
        """Service tokens that hold, without the tokens themselves."""
        self.access.check_admin(who)
        return self._sessions.issued()

    def revoke_token(self, who: Identity, id: str) -> dict[str, Any]:
        """End a service token."""
        self.access.check_admin(who)
        record = self._sessions.revoke(id)
        if record is None:
            raise not_found(f"Token: {id} not found")
        self.audit.note("token.revoke", record["username"], token=id, name=record["name"])
        return {"id": id, **record}

    # -- audit --

    def audited(self, who: Identity, limit: Any, only: list[str]) -> list[dict[str, Any]]:
        """The last entries of the audit file; ``only`` of actions that begin so (``user.``, ``dataset.access``)."""
        self.access.check_admin(who)
        return self.audit.read(limit if isinstance(limit, int) and 0 < limit <= 10_000 else 100, only)


def _view(account: Account) -> dict[str, Any]:
    return {
        "id": account.id, "username": account.username, "email": account.email, "groups": list(account.groups),
        "disabled": account.disabled, "source": account.source, "created": account.created,
        "modified": account.modified,
    }  # fmt: skip


def _not_disabled(account: Account) -> None:
    """A token made now would begin to hold on the day when the account is enabled."""
    if account.disabled:
        raise bad_request(f"The account {account.username} is disabled")


def _missing(id: str) -> Account:
    raise not_found(f"User: {id} not found")


def _only(sent: dict[str, Any], *names: str) -> None:
    unknown = sorted(set(sent) - set(names))
    if unknown:
        raise bad_request([f"property {name} should not exist" for name in unknown])


def _good(password: Any) -> str:
    if not isinstance(password, str) or not MINIMUM <= len(password) <= 1024:
        raise bad_request(f"A password must have {MINIMUM} to 1024 characters")
    return password


def _email(value: Any) -> str:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value):
        raise bad_request("email must be an email")
    return value


def _groups(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 1000:
        raise bad_request("groups must be an array")
    for group in value:
        if not isinstance(group, str) or not _GROUP.fullmatch(group):
            raise bad_request("each group must be a name of 1 to 128 characters without commas")
    return tuple(dict.fromkeys(value))


def _code(tx: Transaction, account_id: str) -> dict[str, Any]:
    code, expires = reset.make_code(tx, account_id, _CODE_S)
    return {"code": code, "codeExpires": expires}
