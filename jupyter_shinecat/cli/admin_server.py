"""What a server lets administrators do over REST."""

from __future__ import annotations

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogClient, NotFound
from jupyter_shinecat.scicat import admin_operations as ops


def require(client: CatalogClient, what: str, instead: str) -> None:
    """Refuse what a real SciCat has no REST for, and say what to change there.

    Raises
    ------
    ShineCatError
        The server is not an embedded catalog with administration.
    """
    if ops.FEATURE not in client.health().features:
        raise ShineCatError(
            tr("This catalog's REST can't {what}: it is a SciCat without our administration.", what=what), do=instead
        )


def accounts_elsewhere() -> str:
    """Where a real SciCat keeps its accounts."""
    return tr(
        "There, accounts and groups come from functionalAccounts.json (change it and restart the backend), from LDAP "
        "or from the identity provider: change them at their source."
    )


def user_named(client: CatalogClient, username: str) -> ops.User:
    """The account of that name.

    Raises
    ------
    NotFound
        There is none.
    """
    for user in ops.users(client):
        if user.username == username:
            return user
    raise NotFound(tr("There is no user {name}.", name=username), do=tr("See shinecat admin users."))
