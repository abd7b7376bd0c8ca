"""The hub's custom scope that guards the token handler."""

from __future__ import annotations

SCOPE = "custom:shinecat:token"
DESCRIPTION = "Get one's own short-lived catalog token (for a user's own server)"
