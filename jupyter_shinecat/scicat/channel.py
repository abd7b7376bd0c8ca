"""The way to the user's server that ``SHINECAT_SOCKET`` names: its Unix socket, or a file with an address and a right.

The second is for where a Unix socket can't be opened. The file (``*.json``, readable by its owner only) holds ``url``,
an address on this machine, and ``token``, a capability of this kernel alone.
"""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import httpx

from jupyter_shinecat.locale import tr

from .errors import CatalogUnavailable
from .secret import Secret


def transport(place: str) -> httpx.BaseTransport:
    """What carries requests to the user's server, whatever host they name.

    Parameters
    ----------
    place
        Value of ``SHINECAT_SOCKET``.

    Raises
    ------
    CatalogUnavailable
        It is not on this machine, or can't be read.
    """
    if place.endswith(".json"):
        return _Tcp(*address(place))
    if not os.path.exists(place):
        raise _not_here(place)
    return httpx.HTTPTransport(uds=place)


def address(place: str) -> tuple[str, Secret]:
    """Address and capability that the file at ``place`` holds.

    Raises
    ------
    CatalogUnavailable
        It is of a server on another machine, or can't be read.
    """
    try:
        told = json.loads(Path(place).read_bytes())
        url, token, host = str(told["url"]), Secret(str(told["token"])), str(told.get("host") or "")
    except FileNotFoundError:
        raise _not_here(place) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as cause:
        raise CatalogUnavailable(
            tr("The address of your Jupyter server can't be read ({cause}).", cause=type(cause).__name__),
            do=tr("Restart the kernel; if it stays so, restart the server."),
        ) from None
    if host and host != socket.gethostname():  # its port here may be anybody's, who would be given the capability
        raise _not_here(host)
    return url, token


def _not_here(place: str) -> CatalogUnavailable:
    return CatalogUnavailable(
        tr("Your Jupyter server can't be reached from here ({place}).", place=place),
        do=tr(
            "If it was restarted, restart the kernel. On another machine than the server's, unset SHINECAT_SOCKET and "
            "set SHINECAT_CATALOG_URL and SHINECAT_TOKEN."
        ),
    )


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
