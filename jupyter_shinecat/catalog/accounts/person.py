"""Who an outside service says somebody is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody as an identity provider or a directory knows them.

    ``key`` (``oidc:...``, ``ldap:...``) stays the same when the name changes; ``groups`` is None where the service says
    nothing about groups.
    """

    key: str
    username: str
    email: str
    groups: tuple[str, ...] | None
