"""The way to the user's server that ``SHINECAT_SOCKET`` names: its Unix socket, or a file with an address and a right.

The second is for where a Unix socket can't be opened. The file (``*.json``, readable by its owner only) holds ``url``,
an address on this machine, and ``token``, a capability of this kernel alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .secret import Secret


def transport(place: str) -> httpx.BaseTransport:
    """What carries requests to the user's server, whatever host they name.

    Parameters
    ----------
    place
        Value of ``SHINECAT_SOCKET``.

    Raises
    ------
    ShineCatError
        The file can't be read.
    """
    if place.endswith(".json"):
        return _Tcp(*address(place))
    return httpx.HTTPTransport(uds=place)


def address(place: str) -> tuple[str, Secret]:
    """Address and capability that the file at ``place`` holds.

    Raises
    ------
    ShineCatError
        It can't be read.
    """
    try:
        told = json.loads(Path(place).read_bytes())
        return str(told["url"]), Secret(str(told["token"]))
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise ShineCatError(
            tr("The address of your Jupyter server can't be read ({cause}).", cause=type(cause).__name__),
            do=tr("Restart the kernel; if it stays so, restart the server."),
        ) from None


class _Tcp(httpx.BaseTransport):
    def __init__(self, url: str, token: Secret) -> None:
        self._url = httpx.URL(url)
        self._token = token
        self._under = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to the server."""
        request.url = request.url.copy_with(scheme=self._url.scheme, host=self._url.host, port=self._url.port)
        request.headers["Host"] = self._url.netloc.decode("ascii")
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return self._under.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._under.close()
