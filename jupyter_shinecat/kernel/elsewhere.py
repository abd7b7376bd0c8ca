"""The catalog for other libraries: an address with a right to use it, or a ready client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import httpx

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Secret, channel
from jupyter_shinecat.scicat.client import server_root

from .errors import plainly

if TYPE_CHECKING:
    from scitacean import Client
    from scitacean.transfer.abc import FileTransfer  # type: ignore[import-not-found, unused-ignore]

__all__ = ["Endpoint", "endpoint", "scitacean_client"]

_TIMEOUT_S = 10.0


class _Headers(dict[str, str]):
    """A notebook shows and keeps what a cell's last line gives: not this."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, "**********"))


class Endpoint:
    """An address of the catalog, and the right to use it, which is never shown.

    Attributes
    ----------
    url
        The catalog's root; clients append ``/api/v3`` or ``/api/v4``.
    """

    def __init__(self, url: str, token: Secret | None, *, revocable: bool = False) -> None:
        self.url = url
        self._token = token
        self._revocable = revocable

    def __repr__(self) -> str:
        return f"Endpoint({self.url!r})"

    @property
    def token(self) -> Secret | None:
        """The right; ``token.reveal()`` is its text, for a library that wants a token. Neither prints nor pickles."""
        return self._token

    def headers(self) -> dict[str, str]:
        """Headers for a request; shown without the right in them."""
        return _Headers(Authorization=f"Bearer {self._token.reveal()}") if self._token else _Headers()

    def close(self) -> None:
        """Take the right back; every address that this kernel was given ends."""
        if self._revocable:
            _ask("DELETE")


@plainly
def endpoint() -> Endpoint:
    """An address of the catalog for other libraries, good for this kernel only and only while it runs.

    It is the user server's, on this machine: it passes on what the catalog panel may do, and adds your sign-in there.
    Outside a user server it is the catalog itself, with ``SHINECAT_TOKEN``.

    Raises
    ------
    ShineCatError
        No catalog is known here, or the server gives no address.

    Examples
    --------
    >>> place = sc.endpoint()                                                            # doctest: +SKIP
    >>> requests.get(place.url + "/api/v3/datasets/count", headers=place.headers())      # doctest: +SKIP
    """
    place = os.environ.get("SHINECAT_SOCKET", "")
    if place.endswith(".json"):  # this kernel has an address of its own already
        url, token = channel.address(place)
        return Endpoint(f"{url}/shinecat/api/catalog", token)
    if place:
        told = _ask("POST")
        return Endpoint(str(told["catalog"]), Secret(str(told["token"])), revocable=True)
    root = os.environ.get("SHINECAT_CATALOG_URL")
    if not root:
        raise ShineCatError(
            tr("No catalog is known here."),
            do=tr("Start this from JupyterLab, or set SHINECAT_CATALOG_URL (and SHINECAT_TOKEN)."),
        )
    given = os.environ.get("SHINECAT_TOKEN")
    return Endpoint(server_root(root), Secret(given) if given else None)


@plainly
def scitacean_client(*, file_transfer: FileTransfer | None = None) -> Client:
    """A ready ``scitacean.Client``, signed in as you.

    Parameters
    ----------
    file_transfer
        scitacean's handler for down- and uploads.

    Raises
    ------
    ShineCatError
        scitacean is not installed, or as for `endpoint`.

    Examples
    --------
    >>> client = sc.scitacean_client()                # doctest: +SKIP
    >>> client.get_dataset("20.500.12269/4f1c")       # doctest: +SKIP
    """
    try:
        from scitacean import Client
        from scitacean.util.credentials import SecretStr
    except ModuleNotFoundError as missing:
        raise ShineCatError(
            tr("{package} is not installed here.", package="scitacean"), do="pip install scitacean"
        ) from missing
    place = endpoint()
    url = f"{place.url}/api/v4"
    if place.token is None:
        return Client.without_login(url=url, file_transfer=file_transfer, allow_http=True)
    token = SecretStr(place.token.reveal())
    return Client.from_token(url=url, token=token, file_transfer=file_transfer, allow_http=True)


def _ask(method: str) -> dict[str, Any]:
    transport = channel.transport(os.environ["SHINECAT_SOCKET"])
    try:
        with record.quiet(), httpx.Client(transport=transport, timeout=_TIMEOUT_S, trust_env=False) as http:
            answer = http.request(method, "http://shinecat/shinecat/api/endpoint")
            told = answer.json()
    except (httpx.HTTPError, ValueError) as cause:
        raise ShineCatError(
            tr("Your Jupyter server does not answer ({cause}).", cause=type(cause).__name__),
            do=tr("Check that it runs, then repeat this."),
        ) from None
    if not answer.is_success:
        raise ShineCatError(str(told.get("what") or told.get("message") or answer.status_code), do=told.get("do") or "")
    return dict(told)
