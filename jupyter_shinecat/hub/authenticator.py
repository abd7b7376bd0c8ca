"""Sign-on at the hub with the catalog's own user names and passwords."""

from __future__ import annotations

from typing import Any

from jupyterhub.auth import Authenticator
from tornado import web
from traitlets import Bool, Set, Unicode

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import (
    AccessDenied,
    AsyncCatalogClient,
    BadRequest,
    CatalogError,
    CatalogUnavailable,
    Secret,
    SignInRequired,
    TooManyRequests,
    operations,
)

from .language import lang_of
from .state import TokenState
from .tokens import ShineCatTokenMixin

_MAX_INPUT = 1024


class SciCatAuthenticator(ShineCatTokenMixin, Authenticator):  # type: ignore[misc]
    """Asks the catalog (``POST /api/v3/auth/login``); the password is never kept.

    The hub's user name is the catalog's own spelling of it, so two accounts of the catalog are never one user of the
    hub, and it must match `username_pattern`: it becomes part of addresses and of a folder's name.
    """

    enable_auth_state = Bool(True, help="Keep the catalog token, encrypted. Needs JUPYTERHUB_CRYPT_KEY.").tag(
        config=True
    )
    username_pattern = Unicode(
        r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", help="What a user name of the catalog must look like to be let in."
    ).tag(config=True)
    admin_groups = Set(
        Unicode(), help="Groups of the catalog whose members administrate the hub. Empty: nobody by group."
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Traitlets calls the observer that compiles the pattern only for changes, not for our default.
        self._username_pattern_changed({"new": self.username_pattern})

    def normalize_username(self, username: str) -> str:
        """The catalog's spelling as it is, through ``username_map``.

        Lower-casing, as the hub does by default, would make one hub user of the accounts ``Anna`` and ``anna``.
        """
        mapped: str = self.username_map.get(username, username)
        return mapped

    async def authenticate(self, handler: Any, data: dict[str, str]) -> dict[str, Any] | None:
        """Sign in at the catalog with the login form's data.

        Raises
        ------
        tornado.web.HTTPError
            403 wrong name or password, 503 no catalog: each with a sentence that the login page shows.
        """
        lang = lang_of(handler)
        username, password = data.get("username", "").strip(), data.get("password", "")
        wrong = tr("The catalog doesn't know this user name with this password. Check both and try again.", lang=lang)
        if not username or not password or len(username) > _MAX_INPUT or len(password) > _MAX_INPUT:
            raise _refusal(403, wrong)
        try:
            login, groups = await self._sign_in(username, Secret(password))
        except (SignInRequired, AccessDenied, BadRequest):
            raise _refusal(403, wrong) from None
        except TooManyRequests:
            raise _refusal(
                429, tr("Too many sign-ins at once. Wait a few seconds, then try again.", lang=lang)
            ) from None
        except CatalogUnavailable as error:
            self.log.error("Sign-in impossible: %s", error)
            raise _refusal(
                503,
                tr(
                    "The catalog is not running or can't be reached, so nobody can sign in now. Your password was not "
                    "checked. Try again in a few minutes; if it stays so, tell the operator.",
                    lang=lang,
                ),
            ) from None
        except ShineCatError as error:
            self.log.error("Sign-in failed: %s", error)
            raise _refusal(502, tr("The catalog gave an answer the hub doesn't understand.", lang=lang)) from None
        if not self.validate_username(self.normalize_username(login.username)):
            self.log.warning("The catalog's user name %r doesn't match %s", login.username, self.username_pattern)
            raise _refusal(403, tr("This user name can't be used at this hub. Tell the operator.", lang=lang))
        model: dict[str, Any] = {
            "name": login.username,
            "auth_state": TokenState.fresh(login.token, login.expires_at, login.user_id, groups).to_auth_state(),
        }
        if self.admin_groups:
            # None leaves the hub's own list of administrators in force.
            model["admin"] = True if self.admin_groups.intersection(groups) else None
        if self.manage_groups:
            model["groups"] = list(groups)
        return model

    async def _sign_in(self, username: str, password: Secret) -> tuple[Any, tuple[str, ...]]:
        async with AsyncCatalogClient(self.catalog_url, timeout_s=self.catalog_timeout_s) as client:
            login = await client.send(operations.login(username, password))
            if not login.token or not login.username:
                raise CatalogError(tr("The catalog's answer to a sign-in has no token or no user name."))
            client.token = login.token
            return login, (await client.send(operations.whoami())).groups


def _refusal(status: int, sentence: str) -> web.HTTPError:
    error = web.HTTPError(status)
    error.jupyterhub_message = sentence  # type: ignore[attr-defined]  # what JupyterHub's login page shows
    return error
