"""Passwords: argon2 hashes, and bcrypt only to verify what was imported."""

from __future__ import annotations

import functools
import secrets

import argon2

_hasher = argon2.PasswordHasher()


@functools.cache
def _nobody() -> str:
    """Verified for unknown names, so that an answer takes as long whether the account exists or not."""
    return _hasher.hash("no account has this password")


def hash_password(password: str) -> str:
    """The stored form of a password."""
    return _hasher.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether ``password`` belongs to the stored form; None stands for an account that does not exist."""
    try:
        return _hasher.verify(stored or _nobody(), password) and stored is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def random_password() -> str:
    """A password that nobody knows, for accounts that wait for their person to set one."""
    return secrets.token_urlsafe(32)
