"""SciCat's functional accounts file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.locale import tr

from .accounts import NewAccount


def read_accounts(path: Path) -> list[NewAccount]:
    """Accounts of a file: ``[{account | username, email, password, role | groups, global}]``.

    ``role`` and ``groups`` are a name or a list of names; ``global: true`` adds the group ``globalaccess``.

    Raises
    ------
    CatalogError
        The file can't be read, or an entry lacks something.
    """
    try:
        entries = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise CatalogError(
            tr("The accounts file {path} can't be read: {reason}.", path=path, reason=error),
            do=tr("Check the path given with --accounts and that the file is JSON."),
        ) from None
    if not isinstance(entries, list):
        raise _wrong(path, 1)
    return [_entry(entry, path, number) for number, entry in enumerate(entries, 1)]


def _entry(entry: Any, path: Path, number: int) -> NewAccount:
    if not isinstance(entry, dict):
        raise _wrong(path, number)
    username = entry.get("account") or entry.get("username")
    password = entry.get("password")
    if not isinstance(username, str) or not isinstance(password, str) or not password:
        raise _wrong(path, number)
    groups: list[str] = []
    for key in ("role", "groups"):
        value = entry.get(key) or []
        groups.extend([value] if isinstance(value, str) else [item for item in value if isinstance(item, str)])
    if entry.get("global") is True:
        groups.append("globalaccess")
    email = entry.get("email")
    return NewAccount(username, email if isinstance(email, str) else "", password, tuple(dict.fromkeys(groups)))


def _wrong(path: Path, number: int) -> CatalogError:
    return CatalogError(
        tr("Entry {number} of the accounts file {path} has no account name or no password.", number=number, path=path),
        do=tr("Each entry needs account, email, password and role or groups."),
    )


def make_admin(folder: Path) -> Path:
    """Write ``folder/accounts.json`` (0600) with an ``admin`` and a random password; returns its path."""
    path = folder / "accounts.json"
    account = {
        "account": "admin",
        "email": "admin@localhost.localdomain",
        "password": secrets.token_urlsafe(18),
        "role": "admin",
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode([account]), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return path
