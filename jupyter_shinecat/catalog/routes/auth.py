"""Routes of signing in."""

from __future__ import annotations

import contextlib
from http.cookies import CookieError, SimpleCookie
from typing import Any

from jupyter_shinecat.catalog.accounts.browser import COOKIE, WAIT_S

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


def begin_in_browser(call: Call) -> None:
    """Send a browser to the identity provider's page."""
    client, back = ((call.query.get(name) or [""])[0] for name in ("client", "returnUrl"))
    address, begun = call.catalog.people.begin_in_browser(client or "scicat", back)
    _send_to(call, address, f"{COOKIE}={begun}; Path=/api; Max-Age={WAIT_S}; HttpOnly; SameSite=Lax")


def finish_in_browser(call: Call) -> None:
    """Take a browser back from there, with a token for its front end."""
    cookies = SimpleCookie()
    with contextlib.suppress(CookieError):
        cookies.load(call.headers.get("cookie", ""))
    begun = cookies[COOKIE].value if COOKIE in cookies else ""
    address = call.catalog.people.finish_in_browser(call.query, begun)
    _send_to(call, address, f"{COOKIE}=; Path=/api; Max-Age=0; HttpOnly; SameSite=Lax")


def _send_to(call: Call, address: str, cookie: str) -> None:
    call.status = 302
    secure = "; Secure" if call.catalog.settings.facility.oidc_callback_url.startswith("https:") else ""
    call.response_headers.update({"Location": address, "Set-Cookie": cookie + secure})


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
            Route("POST", path, directory_login, outside="directory")
            for path in ("/api/v3/auth/ldap", "/api/v3/auth/msad", "/auth/msad")
        ),
        Route("POST", "/api/v3/auth/oidc/token", exchange, outside="provider"),
        Route("GET", "/api/v3/auth/oidc", begin_in_browser, outside="provider"),
        Route("GET", "/api/v3/auth/oidc/callback", finish_in_browser, outside="provider"),
        Route("GET", "/api/v3/auth/whoami", whoami),
        Route("POST", "/api/v3/auth/logout", logout),
        Route("POST", "/api/v3/users/logout", logout),
    ]
    if "renew" in features:
        table.append(Route("POST", "/api/v3/auth/renew", renew))
    return table
