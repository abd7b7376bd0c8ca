"""Tokens: JWT signed with HS256, as SciCat makes them."""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import jwt

from jupyter_shinecat.catalog.errors import CatalogError, session_expired
from jupyter_shinecat.locale import tr

NEVER_S = 100 * 365 * 86400
_VERIFIED = 1000


class TokenMint:
    """Signs and verifies tokens; its secret shows up nowhere."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._verified: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._guard = threading.Lock()

    def __repr__(self) -> str:
        return "TokenMint(...)"

    @classmethod
    def from_folder(cls, folder: Path, configured: str | None) -> TokenMint:
        """With the configured secret, else the folder's own, made at first start (0600)."""
        if configured:
            return cls(configured)
        path = folder / "jwt-secret"
        try:
            if not path.exists():
                temporary = path.with_suffix(".new")
                descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "w", encoding="ascii") as file:
                    file.write(secrets.token_urlsafe(48))
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(temporary, path)
            secret = path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise CatalogError(
                tr("The token secret {path} can't be used: {reason}.", path=path, reason=error.strerror),
                do=tr("Check the disk and the rights of the data folder."),
            ) from None
        if len(secret) < 32:
            raise CatalogError(
                tr("The token secret {path} is damaged.", path=path),
                do=tr("Remove it and start again; everyone then has to sign in anew."),
            )
        return cls(secret)

    def sign(self, user: dict[str, Any], lifetime_s: int, signed_in_at: int | None = None) -> str:
        """A token for ``user`` that lives ``lifetime_s`` seconds."""
        now = int(time.time())
        claims = {
            **user,
            "iat": now,
            "exp": now + lifetime_s,
            "auth_time": signed_in_at or now,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def claims(self, token: str) -> dict[str, Any] | None:
        """What a valid token says; None for a forged or broken one.

        Raises
        ------
        Refused
            401 ``SESSION_EXPIRED`` when its time is over.
        """
        with self._guard:
            claims = self._verified.get(token)
        if claims is None:
            try:
                claims = jwt.decode(token, self._secret, algorithms=["HS256"], options={"require": ["exp"]})
            except jwt.ExpiredSignatureError:
                raise session_expired() from None
            except jwt.InvalidTokenError:
                return None
            with self._guard:
                # A signature that was right stays right; only its time is looked at again.
                self._verified[token] = claims
                while len(self._verified) > _VERIFIED:
                    self._verified.popitem(last=False)
        elif claims["exp"] <= time.time():
            raise session_expired()
        return dict(claims)
