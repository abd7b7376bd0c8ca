"""Signing in by the identity provider's page, as SciCat's front end does: there with a redirect, back with a code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.facility import Facility

from .oidc import Provider
from .person import Person

COOKIE = "shinecat-sign-in"
WAIT_S = 600
_TIMEOUT_S = 10.0
_MAX_PATH = 1000


class _Begun(msgspec.Struct, frozen=True):
    state: str
    client: str
    return_path: str
    verifier: str
    until: float


class BrowserSignIn:
    """Signing in by the provider's page. What was begun is in the browser's cookie, sealed: many cost us nothing.

    Parameters
    ----------
    facility
        ``OIDC_*``: issuer, client, secret, callback, and for each front end where its people are sent in the end.
    clock
        Seconds, for tests.
    """

    def __init__(self, facility: Facility, provider: Provider, clock: Callable[[], float] = time.monotonic) -> None:
        self._facility = facility
        self._provider = provider
        self._clock = clock
        self._seal: Any = None

    def begin(self, client: str, return_path: str) -> tuple[str, str]:
        """Where the browser is sent, and the value of its cookie.

        Raises
        ------
        Refused
            501 when browser sign-on is not configured, 401 for an unknown front end.
        """
        facility = self._facility
        if not (facility.oidc_issuer and facility.oidc_client_id and facility.oidc_callback_url):
            raise Refused(
                501, "No browser sign-on is configured: OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CALLBACK_URL are not all "
                "set. Programs send a token of the identity provider to auth/oidc/token.",
            )  # fmt: skip
        if client not in facility.oidc_frontends:
            raise Refused(401, "Unauthorized client")
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        # Only paths of the front end itself: nobody is sent on to a foreign page.
        safe = return_path if return_path.startswith("/") and not return_path.startswith(("//", "/\\")) else ""
        begun = _Begun(state, client, safe[:_MAX_PATH], verifier, self._clock() + WAIT_S)
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code", "client_id": facility.oidc_client_id, "redirect_uri": facility.oidc_callback_url,
            "scope": facility.oidc_scope, "state": state, "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        }  # fmt: skip
        cookie: bytes = self._sealer().encrypt(msgspec.json.encode(begun))
        return _with(self._provider.endpoint("authorization_endpoint"), query), cookie.decode()

    def finish(self, query: Mapping[str, list[str]], cookie: str) -> tuple[Person, Callable[[str, str], str]]:
        """Who came back, and a function that makes the final address from a token and the account's id.

        Raises
        ------
        Refused
            401 for a sign-in that this browser didn't begin, that took too long or that the provider refuses.
        """
        state, code = (query.get(name, [""])[0] for name in ("state", "code"))
        begun = self._opened(cookie)
        if (
            begun is None
            or begun.until <= self._clock()
            or not hmac.compare_digest(state.encode(), begun.state.encode())
        ):
            raise Refused(401, "This sign-in was not begun in this browser, or took too long. Begin again.")
        if not code:
            raise Refused(401, "The identity provider refused the sign-in.")
        person = self._provider.person(self._token(code, begun.verifier))
        success, fallback = self._facility.oidc_frontends[begun.client]

        def address(token: str, account_id: str) -> str:
            back = begun.return_path or fallback
            return _with(
                success, {"access-token": token, "user-id": account_id, **({"returnUrl": back} if back else {})}
            )

        return person, address

    def _opened(self, cookie: str) -> _Begun | None:
        from cryptography.fernet import InvalidToken

        try:
            return msgspec.json.decode(self._sealer().decrypt(cookie.encode("ascii", "replace")), type=_Begun)
        except InvalidToken:
            return None

    def _sealer(self) -> Any:
        """The key is this process's: what was begun before a restart is begun again."""
        if self._seal is None:
            from cryptography.fernet import Fernet

            self._seal = Fernet(Fernet.generate_key())
        return self._seal

    def _token(self, code: str, verifier: str) -> str:
        facility = self._facility
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": facility.oidc_callback_url,
            "client_id": facility.oidc_client_id, "code_verifier": verifier,
        }  # fmt: skip
        if facility.oidc_client_secret:
            form["client_secret"] = facility.oidc_client_secret
        try:
            answer = httpx.post(self._provider.endpoint("token_endpoint"), data=form, timeout=_TIMEOUT_S)
            given = answer.json() if answer.is_success else {}
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise Refused(
                503, f"The identity provider could not be asked ({type(error).__name__}). Try again."
            ) from None
        token = given.get("id_token") if isinstance(given, dict) else None
        if not isinstance(token, str):
            raise Refused(401, "The identity provider refused the sign-in.")
        return token


def _with(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(query)}"
