"""Identity providers: whether a signed token is one for us, and whose."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.catalog.facility import Facility

from .person import Person

# Signed with the provider's private key only: a shared secret, or none, would let callers sign for themselves.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_KEEP_KEYS_S = 600.0
_ASK_AGAIN_S = 10.0
_TIMEOUT_S = 10.0


class Provider:
    """Verifies tokens of the configured issuer with the keys that it publishes.

    Parameters
    ----------
    facility
        ``OIDC_ISSUER``, ``OIDC_CLIENT_ID``, ``OIDC_ADDITIONAL_AUTHORIZED_PARTIES``, ``OIDC_ACCESS_GROUPS_PROPERTY``.
    clock
        Seconds, for tests.
    """

    def __init__(self, facility: Facility, clock: Callable[[], float] = time.monotonic) -> None:
        self._facility = facility
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._described_by: dict[str, Any] = {}
        self._asked: float | None = None
        self._guard = threading.Lock()

    def person(self, token: Any) -> Person:
        """Whose token this is.

        Raises
        ------
        Refused
            501 when no provider is configured, 503 when it can't be asked for its keys, 401 for a token not for us.
        """
        facility = self._facility
        if not facility.oidc_issuer or not facility.oidc_client_id:
            raise Refused(501, "No identity provider is configured: OIDC_ISSUER and OIDC_CLIENT_ID are not set.")
        if not isinstance(token, str) or not token or len(token) > 16_384:
            raise _refused("idToken is missing")
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid", "")))
            claims = jwt.decode(
                token, key, algorithms=_ALGORITHMS, issuer=facility.oidc_issuer,
                options={"require": ["exp", "iss", "aud", "sub"], "verify_aud": False},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise _refused("token expired") from None
        except jwt.InvalidTokenError as error:
            raise _refused(str(error)[:200]) from None
        self._audience(claims)
        return self._described(claims)

    def endpoint(self, name: str) -> str:
        """An address of the issuer's own description (``token_endpoint``, ...); a 503 when it can't be asked."""
        with self._guard:
            if not self._described_by:
                self._keys = self._published()
                self._asked = self._clock()
            found = self._described_by.get(name)
        if not isinstance(found, str):
            raise Refused(503, f"The identity provider names no {name}.")
        return found

    def _audience(self, claims: dict[str, Any]) -> None:
        client, parties = self._facility.oidc_client_id, self._facility.oidc_authorized_parties
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        party = claims.get("azp")
        if client not in audience:
            raise _refused("aud mismatch")
        if len(audience) > 1 and party is None:
            raise _refused("azp is required for several audiences")
        if party is not None and party != client and party not in parties:
            raise _refused("azp mismatch")
        if claims.get("nonce") is not None:
            # It was made for somebody's browser session, not for this exchange.
            raise _refused("nonce mismatch")

    def _described(self, claims: dict[str, Any]) -> Person:
        name = claims.get("preferred_username") or claims.get("email") or claims["sub"]
        if not isinstance(name, str) or not name or len(name) > 128 or any(ord(char) < 33 for char in name):
            raise _refused("the token names no user")
        email = claims.get("email")
        groups: tuple[str, ...] | None = None
        if self._facility.oidc_groups_claim:
            listed = claims.get(self._facility.oidc_groups_claim)
            listed = listed.split(",") if isinstance(listed, str) else listed if isinstance(listed, list) else []
            groups = tuple(dict.fromkeys(g.strip() for g in listed if isinstance(g, str) and g.strip()))
        key = f"oidc:{self._facility.oidc_issuer}#{claims['sub']}"
        return Person(key, name, email if isinstance(email, str) else "", groups)

    def _key(self, id: str) -> Any:
        with self._guard:
            now = self._clock()
            old = self._asked is None or now - self._asked > _KEEP_KEYS_S
            # An unknown key may be new; but tokens with made-up keys must not make us ask at each request.
            if old or (id not in self._keys and now - (self._asked or 0) > _ASK_AGAIN_S):
                self._keys = self._published()
                self._asked = now
            found = self._keys.get(id)
        if found is None:
            raise _refused("the token is signed with an unknown key")
        return found

    def _published(self) -> dict[str, Any]:
        issuer = self._facility.oidc_issuer
        try:
            with httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False) as http:
                described = http.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                described.raise_for_status()
                self._described_by = dict(described.json())
                keys = http.get(self._described_by["jwks_uri"])
                keys.raise_for_status()
                return {str(key.key_id or ""): key for key in jwt.PyJWKSet.from_dict(keys.json()).keys}
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
            raise Refused(
                503, f"The identity provider could not be asked for its keys ({type(error).__name__}). Try again.",
                headers={"Retry-After": "10"},
            ) from None  # fmt: skip


def _refused(text: str) -> Refused:
    return Refused(401, text, body={"message": text, "error": "Unauthorized", "statusCode": 401})


class Pace:
    """One exchange a second from each address."""

    def __init__(self, interval_s: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval_s
        self._clock = clock
        self._last: dict[str, float] = {}
        self._guard = threading.Lock()

    def check(self, address: str) -> None:
        """Raise a 429 when the last exchange was less than a second ago."""
        now = self._clock()
        with self._guard:
            if now - self._last.get(address, float("-inf")) < self._interval:
                text = "ThrottlerException: Too Many Requests"
                raise Refused(429, text, body={"statusCode": 429, "message": text}, headers={"Retry-After": "1"})
            if len(self._last) > 10_000:
                self._last = {name: then for name, then in self._last.items() if now - then < self._interval}
            self._last[address] = now
