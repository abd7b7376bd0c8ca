"""What the hub keeps of a sign-in (encrypted, in ``auth_state``), and how old a token may grow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_shinecat.scicat import Secret

# The user server asks for a new token this long before the old one ends: min(60 s, a quarter of its life). The hub
# renews a little earlier, so that what it hands out then is always fresh.
_MARGIN_S = 90.0
_MARGIN_PART = 3 / 8


@dataclass(frozen=True)
class TokenState:
    """A catalog token with its times.

    Attributes
    ----------
    token
        Bearer token of the catalog.
    issued_at, expires_at
        Unix seconds by the hub's clock.
    user_id
        The person's identifier in the catalog.
    groups
        The person's groups when they signed in or were last renewed.
    """

    token: Secret
    issued_at: float
    expires_at: float
    user_id: str = ""
    groups: tuple[str, ...] = ()

    @classmethod
    def fresh(cls, token: Secret, expires_at: float, user_id: str, groups: Sequence[str]) -> TokenState:
        """State of a token that was issued just now."""
        return cls(token, time.time(), expires_at, user_id, tuple(groups))

    @classmethod
    def from_auth_state(cls, state: Any) -> TokenState | None:
        """State out of the hub's ``auth_state``; None when there is no usable token in it."""
        if not isinstance(state, dict) or not state.get("access_token"):
            return None
        expires_at = float(state.get("expires_at") or 0.0)
        return cls(
            token=Secret(str(state["access_token"])),
            issued_at=float(state.get("issued_at") or expires_at - 3600.0),
            expires_at=expires_at,
            user_id=str(state.get("user_id") or ""),
            groups=tuple(str(group) for group in state.get("groups") or ()),
        )

    def to_auth_state(self) -> dict[str, Any]:
        """The form the hub encrypts and stores."""
        return {
            "access_token": self.token.reveal(),
            "issued_at": self.issued_at,
            "expires_at": self.expires_at,
            "user_id": self.user_id,
            "groups": list(self.groups),
        }

    def expired(self, now: float | None = None) -> bool:
        """Whether the token is past its end."""
        return (time.time() if now is None else now) >= self.expires_at

    def due(self, now: float | None = None) -> bool:
        """Whether the token should be renewed now."""
        life = max(self.expires_at - self.issued_at, 0.0)
        return self.expires_at - (time.time() if now is None else now) <= min(_MARGIN_S, life * _MARGIN_PART)
