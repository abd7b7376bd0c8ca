"""Signing in, tokens, users and their settings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.access import Identity
from jupyter_shinecat.catalog.accounts.accounts import Account, Accounts, NewAccount
from jupyter_shinecat.catalog.accounts.browser import BrowserSignIn
from jupyter_shinecat.catalog.accounts.ldap import Directory
from jupyter_shinecat.catalog.accounts.oidc import Pace, Provider
from jupyter_shinecat.catalog.accounts.passwords import random_password
from jupyter_shinecat.catalog.accounts.person import Person
from jupyter_shinecat.catalog.accounts.sessions import Sessions
from jupyter_shinecat.catalog.accounts.throttle import Throttle
from jupyter_shinecat.catalog.accounts.tokens import TokenMint
from jupyter_shinecat.catalog.errors import CatalogError, Refused, bad_request, forbidden, not_found, unauthenticated
from jupyter_shinecat.catalog.search.where import WhereParser
from jupyter_shinecat.catalog.settings import parse_lifetime

from .common import Manager, Parts, new_object_id
from .validate import require_object

_WRONG = {"message": "Unauthorized", "statusCode": 401}
_EXTERNAL: dict[str, Any] = {
    "fe_dataset_table_columns": [],
    "fe_dataset_table_filters": [],
    "fe_dataset_table_conditions": [],
}


class People(Manager):
    """Accounts as SciCat's routes show them."""

    def __init__(self, parts: Parts, accounts: Accounts, mint: TokenMint) -> None:
        super().__init__(parts)
        self._accounts = accounts
        self._mint = mint
        self.sessions = Sessions(self.store, accounts, mint)
        self._provider = Provider(self.settings.facility)
        self._directory = Directory(self.settings.facility.ldap)
        self._browser = BrowserSignIn(self.settings.facility, self._provider)
        self._pace = Pace()
        self._throttle = Throttle(self.settings.login_attempts, self.settings.login_window_s)

    # -- tokens --

    def sign_in(self, body: Any, address: str) -> dict[str, Any]:
        """Tokens for a right password; 401 for a wrong one, 429 after too many."""
        username, password = _credentials(body)
        self._throttle.check(username, address)
        account = self._accounts.sign_in(username, password)
        if account is None:
            self._throttle.failed(username, address)
            raise Refused(401, "Unauthorized", body=_WRONG)
        self._throttle.succeeded(username, address)
        return self._answer(account, self.settings.jwt_expires_in_s)

    def sign_in_at_directory(self, body: Any, address: str) -> dict[str, Any]:
        """Tokens for a password that the LDAP directory knows; the account is made at the first sign-in."""
        self._directory.check_there()
        username, password = _credentials(body)
        self._throttle.check(username, address)
        person = self._directory.person(username, password)
        if person is None:
            self._throttle.failed(username, address)
            raise Refused(401, "Unauthorized", body=_WRONG)
        self._throttle.succeeded(username, address)
        return self._answer(self._account_of(person), self.settings.jwt_expires_in_s)

    def _answer(self, account: Account, lifetime_s: int, signed_in_at: int | None = None) -> dict[str, Any]:
        token = self.sessions.sign(account, lifetime_s, signed_in_at)
        return {
            "access_token": token, "id": token, "expires_in": lifetime_s, "ttl": lifetime_s,
            "created": dates.iso(datetime.now(UTC)), "userId": account.id, "user": account.user_document,
        }  # fmt: skip

    def exchange(self, body: Any, address: str) -> dict[str, Any]:
        """Tokens for a token of the identity provider; the account is made at the first one."""
        self._pace.check(address)
        person = self._provider.person(body.get("idToken") if isinstance(body, dict) else None)
        return self._answer(self._account_of(person), self.settings.jwt_expires_in_s)

    def begin_in_browser(self, client: str, return_path: str) -> tuple[str, str]:
        """Where a browser goes to sign in, and its cookie."""
        return self._browser.begin(client, return_path)

    def finish_in_browser(self, query: Mapping[str, list[str]], cookie: str) -> str:
        """Where a browser that came back from the identity provider goes, with a token."""
        person, address = self._browser.finish(query, cookie)
        account = self._account_of(person)
        return address(self.sessions.sign(account, self.settings.jwt_expires_in_s), account.id)

    def _account_of(self, person: Person) -> Account:
        """The account of somebody whom an outside service knows, brought up to date."""
        account = next((a for a in self._accounts.all() if a.source == person.key), None)
        if account is None:
            new = NewAccount(person.username, person.email, random_password(), person.groups or ())
            added = self._accounts.add(new, person.key, lambda tx, made: None)
            if added is None:
                # The real server links accounts by name or e-mail: whoever chooses a name there is that person here.
                keeper = "the LDAP directory" if person.key.startswith("ldap:") else "the identity provider"
                text = f"An account {person.username} exists that is not {keeper}'s"
                raise Refused(401, text, body={"message": text, "error": "Unauthorized", "statusCode": 401})
            # Read again: beside its own groups it has those of everyone.
            return self._accounts.by_id(added[0].id) or added[0]
        if account.disabled:
            raise Refused(401, "Unauthorized", body=_WRONG)
        if account.email != person.email or person.groups not in (None, account.groups):
            groups = account.groups if person.groups is None else person.groups
            account = (
                self._accounts.change(account.id, lambda tx, old: replace(old, email=person.email, groups=groups))
                or account
            )
        return account

    def valid_email(self, who: Identity, text: Any) -> bool:
        """Whether an account has this e-mail address; ``text`` is the address, or a filter with it."""
        if not who.signed_in:
            raise unauthenticated()
        if isinstance(text, dict):
            text = text.get("where", text)
            text = text.get("profile.email", text.get("email")) if isinstance(text, dict) else None
        return isinstance(text, str) and any(account.email.lower() == text.lower() for account in self._accounts.all())

    def identify(self, token: str | None) -> Identity:
        """The caller of a token; a forged or ended one is nobody, an expired one a 401."""
        return self.sessions.identity(token)

    def renew(self, token: str | None) -> dict[str, Any]:
        """A fresh token for a valid one, up to 30 days after the password was given."""
        found = self.sessions.account(token)
        if found is None:
            raise unauthenticated()
        account, claims = found
        if "service" in claims:
            raise forbidden("A service token is not renewed")
        signed_in_at = int(claims.get("auth_time") or claims.get("iat") or 0)
        left = signed_in_at + self.settings.renew_for_s - int(time.time())
        if left <= 0:
            raise Refused(401, "This session can't be renewed any longer. Sign in again.")
        return self._answer(account, min(self.settings.jwt_expires_in_s, left), signed_in_at)

    def mint(self, who: Identity, id: str, body: Any) -> dict[str, str]:
        """A token for another account, made by an administrator."""
        self.access.check_admin(who)
        account = self._existing(id)
        if account.disabled:
            raise bad_request(f"The account {account.username} is disabled")
        wanted = body.get("expiresIn") if isinstance(body, dict) else None
        if wanted is None:
            lifetime = self.settings.jwt_expires_in_s
        elif wanted == "never":
            lifetime = self.settings.jwt_never_s
        else:
            try:
                lifetime = min(parse_lifetime(wanted), self.settings.jwt_never_s)
            except CatalogError as error:
                raise bad_request(str(error)) from None
        self.audit.note("token.mint", account.username, lifetime_s=lifetime)
        return {"jwt": self.sessions.sign(account, lifetime)}

    def service_token(self, who: Identity) -> dict[str, str]:
        """A token for third-party services: groups only, no login here (``users/jwt``)."""
        claims = {"username": who.id or "anonymous", "groups": sorted(who.groups) if who.signed_in else ["public"]}
        return {"jwt": self._mint.sign(claims, self.settings.jwt_expires_in_s)}

    # -- users --

    def _existing(self, id: str) -> Account:
        account = self._accounts.by_id(id)
        if account is None:
            raise not_found(f"User: {id} not found")
        return account

    def _me(self, who: Identity) -> Account:
        account = self._accounts.by_id(who.id) if who.id else None
        if account is None:
            raise unauthenticated()
        return account

    def whoami(self, who: Identity) -> dict[str, Any]:
        """The caller and their present groups."""
        me = self._me(who)
        return {
            "_id": me.id, "username": me.username, "email": me.email,
            "currentGroups": list(me.present_groups), "authStrategy": me.strategy,
        }  # fmt: skip

    def me(self, who: Identity) -> dict[str, Any]:
        """The caller's user document."""
        return self._me(who).user_document

    def _identity(self, account: Account) -> dict[str, Any]:
        """An identity; the real server has neither credentials nor claims of local accounts, some clients need them."""
        document = account.identity_document
        if not self.complete:
            document.pop("credentials")
            document["profile"].pop("oidcClaims")
        return document

    def my_identity(self, who: Identity) -> dict[str, Any]:
        """The caller's identity."""
        return self._identity(self._me(who))

    def users(self, who: Identity) -> list[dict[str, Any]]:
        """Everyone for administrators, oneself for others, nobody for anonymous callers."""
        if self.access.is_admin(who):
            return [account.user_document for account in self._accounts.all()]
        return [self._me(who).user_document] if who.signed_in else []

    def _self_or_admin(self, who: Identity, id: str) -> Account:
        if not who.signed_in:
            raise unauthenticated()
        if who.id != id and not self.access.is_admin(who):
            raise forbidden("Access Forbidden or Unauthorized")
        return self._existing(id)

    def user(self, who: Identity, id: str) -> dict[str, Any]:
        """One user document, for oneself and administrators."""
        return self._self_or_admin(who, id).user_document

    def user_identity(self, who: Identity, id: str) -> dict[str, Any]:
        """One identity, for oneself and administrators."""
        return self._identity(self._self_or_admin(who, id))

    def find_identity(self, who: Identity, raw: Any) -> dict[str, Any] | None:
        """The first identity of a filter: of everyone for administrators, else oneself only."""
        if not who.signed_in:
            raise unauthenticated()
        where = self._identity_parser(raw)
        people = self._accounts.all() if self.access.is_admin(who) else [self._me(who)]
        found = next((self._identity(a) for a in people if where.matches(a.identity_document)), None)
        if found is not None:
            # Here scicat-sdk-py wants a list of claims or none; scicat_widget reads an object, of one's own identity.
            found["profile"].pop("oidcClaims", None)
        return found

    @staticmethod
    def _identity_parser(raw: Any) -> Any:
        return WhereParser("identity").parse(raw.get("where") if isinstance(raw, dict) else None)

    def may_create(self, who: Identity, id: str) -> dict[str, bool]:
        """Whether a user may create datasets."""
        account = self._self_or_admin(who, id)
        return {"authorization": self.access.may_create_datasets(account.caller)}

    # -- settings --

    def settings_of(self, who: Identity, id: str | None = None) -> dict[str, Any]:
        """A person's settings, made with defaults when there are none."""
        account = self._self_or_admin(who, id) if id else self._me(who)
        stored = self._accounts.settings(account.id)
        if stored is None:
            stored = _new_settings(account.id)
            self._accounts.put_settings(account.id, stored)
        return stored

    def put_settings(
        self, who: Identity, id: str, body: Any, *, partial: bool, external_only: bool = False
    ) -> dict[str, Any]:
        """Replace or change a person's settings."""
        account = self._self_or_admin(who, id)
        sent = require_object(body)
        old = self._accounts.settings(account.id) or _new_settings(account.id)
        if external_only:
            new = {**old, "externalSettings": {**old.get("externalSettings", {}), **sent}}
        else:
            known: dict[str, Any] = {
                name: sent[name] for name in ("datasetCount", "jobCount", "externalSettings") if name in sent
            }
            base = old if partial else {**_new_settings(account.id), "_id": old["_id"]}
            new = {**base, **known}
        self._accounts.put_settings(account.id, new)
        return new

    def delete_settings(self, who: Identity, id: str) -> dict[str, Any]:
        """Remove a person's settings."""
        account = self._self_or_admin(who, id)
        old = self._accounts.settings(account.id)
        self._accounts.put_settings(account.id, None)
        return old or {}


def _credentials(body: Any) -> tuple[str, str]:
    """Name and password of a sign-in, or a 401."""
    username = body.get("username") if isinstance(body, dict) else None
    password = body.get("password") if isinstance(body, dict) else None
    if not isinstance(username, str) or not isinstance(password, str) or not username or not password:
        raise Refused(401, "Unauthorized", body=_WRONG)
    if len(password) > 1024 or len(username) > 256:
        raise Refused(401, "Unauthorized", body=_WRONG)
    return username, password


def _new_settings(id: str) -> dict[str, Any]:
    return {
        "_id": new_object_id(), "datasetCount": 25, "jobCount": 25, "userId": id, "__v": 0,
        "externalSettings": dict(_EXTERNAL),
    }  # fmt: skip
