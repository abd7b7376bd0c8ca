"""Passwords and secrets of SciCat's published example files: whoever reads them there can sign in here."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.locale import tr

from . import passwords
from .accounts import Account
from .loopback import is_loopback

_log = logging.getLogger(__name__)

# By account, as functionalAccounts.json of the backend and of scicatlive give them.
_PUBLISHED = {
    "admin": ("am2jf70TPNZsSan", "2jf70TPNZsS"),
    "ingestor": ("aman",),
    "archiveManager": ("aman",),
    "proposalIngestor": ("aman",),
    "rocrate": ("rocrate",),
    "user1": ("a609316768619f154ef58db4d847b75e",),
    "user2": ("f522d1d715970073a6413474ca0e0f63",),
    "user3": ("70dc489e8ee823ae815e18d664424df2",),
    "user4": ("0014890e7020f515b92b767227ef2dfa",),
    "user5.1": ("359a5fda99bfe5dbc42ee9b3ede77fb7",),
    "user5.2": ("f3ebd2e4def95db59ef95ee32ef45242",),
}


def published_passwords(accounts: Iterable[Account], known: Mapping[str, str] | None = None) -> list[str]:
    """Names of enabled accounts that still have the password of SciCat's example files.

    ``known`` are passwords by name, which spare the work of trying them.
    """
    known = known or {}

    def has(account: Account, word: str) -> bool:
        password = known.get(account.username)
        return passwords.verify(account.password, word) if password is None else password == word

    return [
        account.username
        for account in accounts
        if not account.disabled and any(has(account, word) for word in _PUBLISHED.get(account.username, ()))
    ]


def check(accounts: Iterable[Account], host: str, known: Mapping[str, str] | None = None) -> None:
    """Warn of published passwords, loudly; ``known`` as for `published_passwords`.

    Raises
    ------
    CatalogError
        There are some, and ``host`` can be reached from other machines.
    """
    found = published_passwords(accounts, known)
    if not found:
        return
    names = ", ".join(found)
    if not is_loopback(host):
        raise CatalogError(
            tr("These accounts have the passwords of SciCat's example files: {names}.", names=names),
            do=tr("Change them in the accounts file, or listen on 127.0.0.1 only."),
        )
    _log.warning("=" * 72)
    _log.warning("ACCOUNTS WITH PASSWORDS THAT EVERYBODY KNOWS (SciCat's example files): %s", names)
    _log.warning("Change them before this catalog listens on anything but this machine.")
    _log.warning("=" * 72)
