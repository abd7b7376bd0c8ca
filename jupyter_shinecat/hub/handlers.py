"""``GET /hub/api/shinecat/token``: the catalog token of a user, for the user's own server."""

from __future__ import annotations

import json
from typing import Any

from jupyterhub.apihandlers.base import APIHandler
from jupyterhub.user import User
from tornado import web

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.scicat import CatalogUnavailable

from .renewal import LoginRequired
from .scope import SCOPE


class TokenHandler(APIHandler):  # type: ignore[misc]
    """Answers ``{access_token, expires_at}`` (unix seconds) to a token of the user that holds our scope.

    Cookies are refused: a page in the browser must never get the token.
    """

    _accept_cookie_auth = False

    async def get(self) -> None:
        """200 with the token; 403 without scope; 409 to sign in again; 503 while the catalog is away."""
        self.set_header("Cache-Control", "no-store")
        user = self.current_user
        # The second condition says the same as _accept_cookie_auth, but by what did happen.
        if not isinstance(user, User) or not getattr(self, "_token_authenticated", False):
            raise web.HTTPError(403, "Only the token of a user's own server gets a catalog token.")
        if not self.has_scope(f"{SCOPE}!user={user.name}"):
            raise web.HTTPError(403, f"This token lacks the scope {SCOPE}!user.")
        try:
            state = await self.authenticator.current_state(user)
        except LoginRequired as error:
            self._refuse(409, "login_required", error)
        except CatalogUnavailable as error:
            self._refuse(503, "catalog_unavailable", error)
        else:
            self.finish(json.dumps({"access_token": state.token.reveal(), "expires_at": state.expires_at}))

    def _refuse(self, status: int, error: str, reason: ShineCatError) -> None:
        self.set_status(status)
        answer: dict[str, Any] = {"error": error, "status": status, "message": reason.what, "do": reason.do}
        self.finish(json.dumps(answer, ensure_ascii=False))
