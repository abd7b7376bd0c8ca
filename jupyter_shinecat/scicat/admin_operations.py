"""Administration over REST: accounts, passwords, service tokens, audit.

What lies below ``/api/v3/shinecat`` only the embedded catalog has (`Health.features` then holds ``administration``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jupyter_shinecat.locale import tr

from . import operations as ops
from .client import CatalogClient
from .operations import Operation
from .pid import quote_pid
from .secret import Secret

BASE = "/api/v3/shinecat"
FEATURE = "administration"


@dataclass(frozen=True)
class User:
    """One account; ``disabled`` and ``source`` are known of the embedded catalog only."""

    id: str
    username: str
    email: str
    groups: tuple[str, ...]
    disabled: bool = False
    source: str = ""


@dataclass(frozen=True)
class Code:
    """A one-time code with which its person sets a password; ``expires_at`` in unix seconds."""

    username: str
    code: Secret
    expires_at: float


@dataclass(frozen=True)
class ServiceToken:
    """What is known of a service token; ``token`` is there once, when it is made."""

    id: str
    name: str
    username: str
    scope: str
    expires_at: float
    created_by: str
    token: Secret | None = None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _user(value: Any) -> User:
    doc = _object(value)
    return User(
        str(doc.get("id") or doc.get("_id") or ""), str(doc.get("username", "")), str(doc.get("email") or ""),
        tuple(str(group) for group in doc.get("groups") or ()), doc.get("disabled") is True, str(doc.get("source", "")),
    )  # fmt: skip


def _code(value: Any) -> Code | None:
    doc = _object(value)
    if not doc.get("code"):
        return None
    return Code(str(doc.get("username", "")), Secret(str(doc["code"])), float(doc.get("codeExpires") or 0))


def _token(value: Any) -> ServiceToken:
    doc = _object(value)
    token = doc.get("token")
    return ServiceToken(
        str(doc.get("id", "")), str(doc.get("name", "")), str(doc.get("username", "")), str(doc.get("scope", "")),
        float(doc.get("expires") or 0), str(doc.get("createdBy", "")), Secret(token) if token else None,
    )  # fmt: skip


# -- accounts ----------------------------------------------------------------------------------------------------------


def accounts() -> Operation[list[User]]:
    """Every account."""
    return Operation(tr("list the users"), "GET", f"{BASE}/accounts", lambda v: [_user(doc) for doc in _objects(v)])


def create_account(
    username: str, *, email: str = "", groups: Sequence[str] = (), password: Secret | None = None
) -> Operation[tuple[User, Code | None]]:
    """A new account; without a password its answer has a one-time code."""
    body: dict[str, Any] = {"username": username, "email": email, "groups": list(groups)}
    if password is not None:
        body["password"] = password.reveal()
    words = tr("create the user")
    return Operation(words, "POST", f"{BASE}/accounts", lambda v: (_user(v), _code(v)), body=body, subject=username)


def change_account(user: User, changes: Mapping[str, Any]) -> Operation[User]:
    """Change ``email``, ``disabled``, ``addGroups``, ``removeGroups``."""
    path = f"{BASE}/accounts/{quote_pid(user.id)}"
    return Operation(tr("change the user"), "PATCH", path, _user, body=dict(changes), subject=user.username)


def delete_account(user: User) -> Operation[User]:
    """Remove an account."""
    path = f"{BASE}/accounts/{quote_pid(user.id)}"
    return Operation(tr("delete the user"), "DELETE", path, _user, subject=user.username)


def set_password(user: User, password: Secret | None) -> Operation[Code | None]:
    """Another person's new password, or without one a one-time code; ends that person's sessions."""
    body = {} if password is None else {"password": password.reveal()}
    path = f"{BASE}/accounts/{quote_pid(user.id)}/password"
    return Operation(tr("set the password of"), "POST", path, _code, body=body, subject=user.username)


def own_password(old: Secret, new: Secret) -> Operation[str]:
    """One's own new password; ends all sessions. Gives the account's name."""
    body = {"old": old.reveal(), "new": new.reveal()}
    return Operation(tr("change your password"), "POST", f"{BASE}/password", _username, body=body)


def use_code(username: str, code: Secret, new: Secret) -> Operation[str]:
    """A new password with a one-time code."""
    body = {"username": username, "code": code.reveal(), "new": new.reveal()}
    return Operation(tr("set the password of"), "POST", f"{BASE}/password/code", _username, body=body, subject=username)


def password_link(url: str, code: Code) -> str:
    """The page on which a code's person sets a password; what stands behind the ``#`` browsers send to nobody."""
    return f"{url.rstrip('/')}/shinecat/password#{urlencode({'user': code.username, 'code': code.code.reveal()})}"


def _username(value: Any) -> str:
    return str(_object(value).get("username", ""))


# -- service tokens, audit ---------------------------------------------------------------------------------------------


def issue_token(username: str, name: str, scope: str, lifetime: str) -> Operation[ServiceToken]:
    """A token for a service that acts as ``username``; ``scope`` is read or all, ``lifetime`` such as 30d."""
    body = {"username": username, "name": name, "scope": scope, "expiresIn": lifetime}
    return Operation(tr("mint a token for"), "POST", f"{BASE}/tokens", _token, body=body, subject=username)


def service_tokens() -> Operation[list[ServiceToken]]:
    """Service tokens that hold."""
    return Operation(tr("list the tokens"), "GET", f"{BASE}/tokens", lambda v: [_token(doc) for doc in _objects(v)])


def revoke_token(id: str) -> Operation[ServiceToken]:
    """End a service token."""
    return Operation(tr("revoke the token"), "DELETE", f"{BASE}/tokens/{quote_pid(id)}", _token, subject=id)


def audit(limit: int, only: Sequence[str] = ()) -> Operation[list[dict[str, Any]]]:
    """The last entries of the audit file, oldest first; ``only`` of actions that begin so."""
    query = urlencode([("limit", str(limit)), *(("only", prefix) for prefix in only)])
    return Operation(tr("read the audit file"), "GET", f"{BASE}/audit?{query}", _objects)


# -- what a real SciCat has too ----------------------------------------------------------------------------------------


def users(client: CatalogClient) -> list[User]:
    """Every user with groups, by name, from the embedded catalog or a real one (there a call for each user).

    Raises
    ------
    CatalogError
        The caller is no administrator, or the catalog doesn't answer.
    """
    if FEATURE in client.health().features:
        return client.send(accounts())
    found = []
    for doc in client.send(Operation(tr("list the users"), "GET", "/api/v3/users", _objects)):
        user = _user(doc)
        path = f"/api/v3/users/{quote_pid(user.id)}/userIdentity"
        identity = client.send(Operation(tr("read the groups of"), "GET", path, _object, subject=user.username))
        groups = _object(identity.get("profile")).get("accessGroups") or ()
        found.append(User(user.id, user.username, user.email, tuple(str(g) for g in groups)))
    return sorted(found, key=lambda user: user.username)


def set_plain_password(user: User, password: Secret) -> Operation[str]:
    """Another person's new password; on a real SciCat tokens of theirs live on."""
    path = f"/api/v3/users/{quote_pid(user.id)}/password"
    return Operation(tr("set the password of"), "PATCH", path, _message, body=_twice(password), subject=user.username)


def own_plain_password(old: Secret, new: Secret) -> Operation[str]:
    """One's own new password, with the old one."""
    body = {"currentPassword": old.reveal(), **_twice(new)}
    return Operation(tr("change your password"), "POST", "/api/v3/users/password", _message, body=body)


def _twice(password: Secret) -> dict[str, str]:
    return {"newPassword": password.reveal(), "confirmPassword": password.reveal()}


def _message(value: Any) -> str:
    return str(_object(value).get("message", ""))


def mint(user: User, lifetime_s: int) -> Operation[Secret]:
    """A plain token of another user, as a real SciCat makes it: all rights, can't be revoked alone."""
    return ops.mint(user.id, lifetime_s)
