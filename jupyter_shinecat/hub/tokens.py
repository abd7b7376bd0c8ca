"""The part of an authenticator that keeps a catalog token per user fresh and hands it to the user's own server."""

from __future__ import annotations

import asyncio
import os
import weakref
from typing import Any

from traitlets import Float, Integer, Unicode, default
from traitlets.config import LoggingConfigurable

from jupyter_shinecat.scicat import CatalogUnavailable

from .handlers import TokenHandler
from .renewal import LoginRequired, Renewer
from .state import TokenState


class ShineCatTokenMixin(LoggingConfigurable):
    """Put before a `jupyterhub.auth.Authenticator` whose ``auth_state`` holds the keys of `TokenState`.

    The class gives the token handler ``GET /hub/api/shinecat/token`` and a ``refresh_user`` that renews the catalog
    token. For other ways of signing in (OIDC) override `renew_state`.
    """

    catalog_url = Unicode(help="Root address of the catalog, such as https://scicat.example.org").tag(config=True)
    admin_token_file = Unicode(
        "",
        help="File (0600) with a token of a catalog administrator. Where the catalog has no renewal of its own, tokens "
        "are minted with it (POST /users/{id}/jwt), so that nobody has to sign in again. Empty: not used.",
    ).tag(config=True)
    mint_life_s = Integer(3600, help="Life of a minted token in seconds.").tag(config=True)
    catalog_timeout_s = Float(10.0, help="Time limit of each call to the catalog in seconds.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    @default("catalog_url")
    def _default_catalog_url(self) -> str:
        return os.environ.get("SHINECAT_CATALOG_URL", "")

    def lock_of(self, name: str) -> asyncio.Lock:
        """The lock of one user: renewals of a token never run side by side."""
        lock = self._locks.get(name)
        if lock is None:
            lock = self._locks[name] = asyncio.Lock()
        return lock

    def get_handlers(self, app: Any) -> list[tuple[str, Any]]:
        """The authenticator's routes and our token handler."""
        return [*super().get_handlers(app), (r"/api/shinecat/token", TokenHandler)]  # type: ignore[misc]

    async def renew_state(self, state: TokenState) -> TokenState:
        """A fresh token for the person of ``state``.

        Raises
        ------
        LoginRequired
            Only signing in again helps.
        CatalogUnavailable
            The catalog doesn't answer now.
        """
        renewer = Renewer(
            self.catalog_url,
            admin_token_file=self.admin_token_file,
            mint_life_s=self.mint_life_s,
            timeout_s=self.catalog_timeout_s,
        )
        return await renewer.renew(state)

    async def current_state(self, user: Any) -> TokenState:
        """A token of ``user`` (the hub's ``User``) that is good for a while, renewed when it is due.

        Raises
        ------
        LoginRequired, CatalogUnavailable
            As `renew_state`; not raised while the old token is still good.
        """
        async with self.lock_of(user.name):
            state = TokenState.from_auth_state(await user.get_auth_state())
            if state is None:
                raise LoginRequired
            if not state.due():
                return state
            try:
                fresh = await self.renew_state(state)
            except (LoginRequired, CatalogUnavailable):
                if state.expired():
                    raise
                return state
            kept = await user.get_auth_state()
            # Saved while the lock is held: a slower request can't put an older token over a newer one.
            await user.save_auth_state({**(kept or {}), **fresh.to_auth_state()})
            return fresh

    async def refresh_user(self, user: Any, handler: Any = None, **_kwargs: Any) -> bool | dict[str, Any]:
        """Renew what is due. Only a token that is over and can't be renewed asks for a new sign-in.

        A catalog that is down, or a fault of ours, never locks people out of the hub.
        """
        try:
            state = await self.current_state(user)
        except LoginRequired:
            return False
        except CatalogUnavailable as error:
            self.log.warning("Sign-in of %s not renewed: %s", user.name, error)
            return True
        except Exception:
            self.log.exception("Sign-in of %s not renewed", user.name)
            return True
        if getattr(self, "manage_groups", False):
            return {"name": user.name, "groups": list(state.groups)}
        return True
