"""Who the user's server is at the catalog: known through the hub, or by a token from the environment."""

from __future__ import annotations

import abc
import logging
import time
from collections.abc import Mapping

import aiohttp

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogUnavailable, Secret, SignInRequired

from .http import HttpClient
from .tokens import Grant, TokenKeeper, expiry_of

_HUB_TIMEOUT_S = 15.0


class Session(abc.ABC):
    """Address of the catalog, and the right to use it."""

    mode = ""

    @abc.abstractmethod
    async def url(self) -> str:
        """The catalog's root.

        Raises
        ------
        ShineCatError
            There is none now.
        """

    @abc.abstractmethod
    async def bearer(self, *, rejected: Secret | None = None) -> Secret | None:
        """The token for a request; None asks for public data only. ``rejected`` as for `TokenKeeper.get`.

        Raises
        ------
        SignInRequired
            Only a new sign-in helps.
        CatalogUnavailable
            Whoever gives the token doesn't answer now.
        """

    async def recover(self) -> bool:
        """Called when the catalog refused the connection: whether a second try makes sense now."""
        return False

    async def start(self) -> None:
        """Begin to keep the token fresh; nothing to do where it can't be renewed."""
        return

    @abc.abstractmethod
    async def stop(self) -> None:
        """Forget the token."""


class HubSession(Session):
    """The hub hands out the token of the person who signed in there (see `jupyter_shinecat.hub`).

    Parameters
    ----------
    catalog_url
        The catalog's root.
    hub_api_url, hub_token
        ``JUPYTERHUB_API_URL`` and the server's own API token at the hub.
    http
        For calls to the hub.
    """

    mode = "hub"

    def __init__(
        self,
        catalog_url: str,
        hub_api_url: str,
        hub_token: Secret,
        http: HttpClient,
        log: logging.Logger,
    ) -> None:
        self._url = catalog_url
        self._token_url = hub_api_url.rstrip("/") + "/shinecat/token"
        self._hub_token = hub_token
        self._http = http
        self._keeper = TokenKeeper(self._fetch, log)

    async def url(self) -> str:
        """The configured catalog."""
        return self._url

    async def bearer(self, *, rejected: Secret | None = None) -> Secret | None:
        """The hub's token for this person."""
        return await self._keeper.get(rejected=rejected)

    async def start(self) -> None:
        """Fetch the token now and keep it fresh."""
        self._keeper.start()

    async def stop(self) -> None:
        """Forget the token."""
        await self._keeper.stop()

    async def _fetch(self) -> Grant:
        try:
            async with self._http.request(
                "GET",
                self._token_url,
                headers={"Authorization": f"token {self._hub_token.reveal()}"},
                timeout=aiohttp.ClientTimeout(total=_HUB_TIMEOUT_S),
                allow_redirects=False,
            ) as response:
                answer = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as cause:
            raise CatalogUnavailable(
                tr("JupyterHub, which knows your sign-in, does not answer ({cause}).", cause=type(cause).__name__),
                do=tr("Try again in a minute; if it stays so, tell the hub's operator."),
            ) from cause
        answer = answer if isinstance(answer, dict) else {}
        if status == 200 and answer.get("access_token"):
            return Grant(Secret(str(answer["access_token"])), float(answer.get("expires_at") or time.time() + 60))
        raise _hub_refusal(status, answer)


def _hub_refusal(status: int, answer: Mapping[str, object]) -> ShineCatError:
    said = str(answer.get("message") or "")
    if status == 409:
        return SignInRequired(
            said or tr("Your sign-in at the catalog has ended."),
            left=tr("Your files are as they were; results wait until you have signed in."),
            do=tr("Open the hub's page, log out and sign in again. You need not stop your server."),
        )
    if status in (401, 403):
        return SignInRequired(
            tr("The hub gives this server no catalog token ({status}).", status=status),
            do=tr(
                "Sign in at the hub again, then stop and start your server. If it stays so, tell the hub's operator."
            ),
        )
    if status == 404:
        return SignInRequired(
            tr("This hub hands out no catalog tokens."),
            do=tr("The hub's operator adds jupyter_shinecat.hub.configure(c) to the hub's configuration."),
        )
    return CatalogUnavailable(
        said or tr("The hub can't give a catalog token now ({status}).", status=status),
        do=tr("Try again in a minute; if it stays so, tell the hub's operator."),
    )


class TokenSession(Session):
    """A token that somebody put into ``SHINECAT_TOKEN``, or none: then only public data can be read."""

    mode = "token"

    def __init__(self, catalog_url: str, token: Secret | None) -> None:
        self._url = catalog_url
        self._token = token
        self._expires_at = expiry_of(token) if token else float("inf")

    async def url(self) -> str:
        """The configured catalog."""
        return self._url

    async def bearer(self, *, rejected: Secret | None = None) -> Secret | None:
        """The given token, until it ends or the catalog refuses it."""
        if self._token is None:
            return None
        if time.time() >= self._expires_at or (rejected is not None and rejected == self._token):
            raise self.ended()
        return self._token

    def ended(self) -> SignInRequired:
        """The error of a token that is not accepted any more."""
        return SignInRequired(
            tr("The token in SHINECAT_TOKEN has expired or is not accepted."),
            do=tr("Get a new token from the catalog, set SHINECAT_TOKEN to it and start the server again."),
        )

    async def stop(self) -> None:
        """Forget the token."""
        self._token = None
