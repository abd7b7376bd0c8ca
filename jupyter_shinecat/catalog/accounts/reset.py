"""One-time codes with which a person sets a new password."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

from jupyter_shinecat.catalog.store import records
from jupyter_shinecat.catalog.store.documents import Transaction

_KIND = "password-code"


def make_code(tx: Transaction, account_id: str, lifetime_s: int) -> tuple[str, int]:
    """A new code and when it expires (unix seconds); an older one of the account is void. Only a digest is kept."""
    code, expires = secrets.token_urlsafe(18), int(time.time()) + lifetime_s
    records.put(tx, _KIND, account_id, {"digest": _digest(code), "expires": expires})
    return code, expires


def use_code(tx: Transaction, account_id: str, code: str) -> bool:
    """Whether the code is right and in time; a right one is used up."""
    record = records.get(tx, _KIND, account_id)
    if record is None or not hmac.compare_digest(record["digest"], _digest(code)):
        return False
    records.put(tx, _KIND, account_id, None)
    return bool(record["expires"] > time.time())


def forget_code(tx: Transaction, account_id: str) -> None:
    """Void what is open."""
    records.put(tx, _KIND, account_id, None)


def _digest(code: str) -> str:
    # 144 random bits: a fast digest is enough.
    return hashlib.sha256(code.strip().encode("utf-8", "surrogatepass")).hexdigest()
