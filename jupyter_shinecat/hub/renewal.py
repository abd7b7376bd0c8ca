"""Ways to get a fresh catalog token for somebody who has signed in before."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AsyncCatalogClient, CatalogUnavailable, Secret, operations

from .state import TokenState


class LoginRequired(ShineCatError):
    """No way is left to renew this person's token; only signing in again helps."""

    def __init__(self) -> None:
        super().__init__(
            tr("Your sign-in at the catalog has ended."),
            left=tr("Your server and your files are as they were; results wait until you have signed in."),
            do=tr("Open the hub's page, log out and sign in again."),
        )


def read_token_file(path: str) -> Secret:
    """Administrator's token from a file that only its owner may read.

    Raises
    ------
    ShineCatError
        The file is missing, empty, or others may read it.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
        text = file.read_text(encoding="utf-8").strip()
    except OSError as cause:
        raise ShineCatError(
            tr("The administrator's token file {path} can't be read ({reason}).", path=path, reason=cause.strerror),
            do=tr("Check SciCatAuthenticator.admin_token_file."),
        ) from cause
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ShineCatError(
            tr("Others may read the administrator's token file {path}.", path=path),
            do=tr("Allow it to its owner only: chmod 600."),
        )
    if not text:
        raise ShineCatError(tr("The administrator's token file {path} is empty.", path=path))
    return Secret(text)


class Renewer:
    """Renews tokens at one catalog.

    Parameters
    ----------
    catalog_url
        The catalog's root.
    admin_token_file
        File with an administrator's token, or empty: where the catalog has no renewal of its own, tokens are minted
        with it.
    mint_life_s
        Life of a minted token in seconds.
    timeout_s
        Time limit of each call in seconds.
    """

    def __init__(self, catalog_url: str, *, admin_token_file: str, mint_life_s: int, timeout_s: float) -> None:
        self._url = catalog_url
        self._admin_token_file = admin_token_file
        self._mint_life_s = mint_life_s
        self._timeout_s = timeout_s

    async def renew(self, state: TokenState) -> TokenState:
        """A fresh token for the same person.

        Raises
        ------
        LoginRequired
            The catalog offers no renewal, or refuses it.
        CatalogUnavailable
            The catalog doesn't answer.
        """
        async with AsyncCatalogClient(self._url, state.token, timeout_s=self._timeout_s) as client:
            # Asked even when nothing but a new sign-in can help: while the catalog is away nobody can sign in, so
            # nobody should be asked to.
            features = await self._features(client)
            if "renew" in features and not state.expired():
                try:
                    return await self._renew(client, state)
                except CatalogUnavailable:
                    raise
                except ShineCatError:
                    pass  # refused: perhaps the account is locked; minting asks the catalog again
            return await self._mint(client, state)

    async def _features(self, client: AsyncCatalogClient) -> frozenset[str]:
        try:
            return (await client.send(operations.health())).features
        except CatalogUnavailable:
            raise
        except ShineCatError:
            return frozenset()

    async def _renew(self, client: AsyncCatalogClient, state: TokenState) -> TokenState:
        login = await client.send(operations.renew())
        if not login.token:
            raise LoginRequired
        client.token = login.token
        groups = (await client.send(operations.whoami())).groups
        return TokenState.fresh(login.token, login.expires_at, login.user_id or state.user_id, groups)

    async def _mint(self, client: AsyncCatalogClient, state: TokenState) -> TokenState:
        if not (self._admin_token_file and state.user_id):
            raise LoginRequired
        client.token = read_token_file(self._admin_token_file)
        asked_at = time.time()
        try:
            token = await client.send(operations.mint(state.user_id, self._mint_life_s))
            if not token:
                raise LoginRequired
            client.token = token
            groups = (await client.send(operations.whoami())).groups
        except CatalogUnavailable:
            raise
        except ShineCatError as cause:
            raise LoginRequired from cause
        return TokenState(token, asked_at, asked_at + self._mint_life_s, state.user_id, groups)
