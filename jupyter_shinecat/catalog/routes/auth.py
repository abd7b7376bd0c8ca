"""Routes of signing in."""

from __future__ import annotations

from typing import Any

from .call import Call, Route


def login(call: Call) -> Any:
    """A token for a name and a password."""
    return call.catalog.people.sign_in(call.body, call.address)


def directory_login(call: Call) -> Any:
    """A token for a name and a password of the LDAP directory."""
    return call.catalog.people.sign_in_at_directory(call.body, call.address)


def exchange(call: Call) -> Any:
    """A token for one of the identity provider."""
    return call.catalog.people.exchange(call.body, call.address)


def renew(call: Call) -> Any:
    """A fresh token for a valid one; only the embedded catalog has this."""
    return call.catalog.people.renew(call.token)


def whoami(call: Call) -> Any:
    """The caller with present groups."""
    return call.catalog.people.whoami(call.signed_in())


def logout(call: Call) -> Any:
    """Says that all is well; as on the real server, the token lives until it expires."""
    call.status = 200
    return {"logout": "successful"}


def routes(features: list[str]) -> list[Route]:
    """The table."""
    table = [
        Route("POST", "/api/v3/auth/login", login, slow=True),
        # scitacean falls back to the last one, outside of /api.
        *(
            Route("POST", path, directory_login, slow=True)
            for path in ("/api/v3/auth/ldap", "/api/v3/auth/msad", "/auth/msad")
        ),
        Route("POST", "/api/v3/auth/oidc/token", exchange, slow=True),
        Route("GET", "/api/v3/auth/whoami", whoami),
        Route("POST", "/api/v3/auth/logout", logout),
        Route("POST", "/api/v3/users/logout", logout),
    ]
    if "renew" in features:
        table.append(Route("POST", "/api/v3/auth/renew", renew))
    return table
