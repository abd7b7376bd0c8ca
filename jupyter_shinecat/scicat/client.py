"""The REST clients: one for plain code, one for event loops; both send the same operations."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import httpx

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from . import channel
from . import operations as ops
from .errors import error_for, no_answer
from .models import Dataset, Health, Identity, Login, files_of
from .query import Query
from .secret import Secret

T = TypeVar("T")

TIMEOUT_S = 30.0
SOCKET_BASE = "http://shinecat/shinecat/api/catalog"
_USER_AGENT = "jupyter-shinecat"


def server_root(url: str) -> str:
    """The server's root for any form in which people give its address (``.../api/v3/`` too)."""
    root = url.strip().rstrip("/")
    for suffix in ("/api/v3", "/api/v4", "/api"):
        if root.lower().endswith(suffix):
            return root[: -len(suffix)]
    return root


def _headers(token: Secret | None, content_type: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "User-Agent": _USER_AGENT}
    if token:
        headers["Authorization"] = f"Bearer {token.reveal()}"
    if content_type:
        headers["Content-Type"] = content_type
    return headers


def _content(operation: ops.Operation[Any]) -> bytes | None:
    if operation.body is None:
        return None
    return json.dumps(operation.body, ensure_ascii=False, allow_nan=False).encode("utf-8")


def _result(operation: ops.Operation[T], response: httpx.Response) -> T:
    body = response.content
    if response.is_success:
        try:
            return operation.parse(json.loads(body) if body else None)
        except ValueError:
            pass
        status, body = 502, tr("the answer is not JSON").encode()
    else:
        status = response.status_code
    headers = {k.lower(): v for k, v in response.headers.items()}
    raise error_for(status, body, operation=operation.words, subject=operation.subject, headers=headers)


class _Base:
    def __init__(self, url: str, token: Secret | str | None = None) -> None:
        self.url = server_root(url)
        self.token = Secret(token) if isinstance(token, str) else token

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _request(self, operation: ops.Operation[Any]) -> dict[str, Any]:
        content = _content(operation)
        return {
            "method": operation.method,
            "url": self.url + operation.path,
            "content": content,
            "headers": _headers(self.token, operation.content_type if content is not None else None),
        }


class CatalogClient(_Base):
    """A catalog, as one person.

    Parameters
    ----------
    url
        The server's root; ``/api/v3`` at its end is taken off.
    token
        Bearer token, or None for public data (and over a user server's socket, which adds it).
    socket
        The way to the user's server (see `channel`); ``url`` is then the route on it.
    timeout_s
        Time limit for each call in seconds.

    Examples
    --------
    >>> client = CatalogClient("http://localhost:3000/api/v3")
    >>> client.url
    'http://localhost:3000'
    """

    def __init__(
        self, url: str, token: Secret | str | None = None, *, socket: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        super().__init__(url, token)
        transport = channel.transport(socket) if socket else None
        self.socket = socket
        # A catalog is a machine of the facility: proxies of the environment are for the outside.
        self._http = httpx.Client(timeout=timeout_s, transport=transport, trust_env=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> CatalogClient:
        """The catalog of this session: the user server's socket, else address and token.

        Raises
        ------
        ShineCatError
            Neither ``SHINECAT_SOCKET`` nor ``SHINECAT_CATALOG_URL`` is set.
        """
        env = os.environ if environ is None else environ
        if env.get("SHINECAT_SOCKET"):
            return cls(SOCKET_BASE, socket=env["SHINECAT_SOCKET"])
        if env.get("SHINECAT_CATALOG_URL"):
            return cls(env["SHINECAT_CATALOG_URL"], env.get("SHINECAT_TOKEN") or None)
        raise ShineCatError(
            tr("No catalog is known here."),
            do=tr("Start this from JupyterLab, or set SHINECAT_CATALOG_URL (and SHINECAT_TOKEN)."),
        )

    def __enter__(self) -> CatalogClient:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, operation: ops.Operation[T]) -> T:
        """Do one operation.

        Raises
        ------
        CatalogError
            What the catalog refused, or that it doesn't answer.
        """
        try:
            response = self._http.request(**self._request(operation))
        except (httpx.TransportError, httpx.InvalidURL) as cause:
            raise no_answer(self._address(), operation.words, cause) from cause
        return _result(operation, response)

    def _address(self) -> str:
        return tr("your Jupyter server") if self.socket else self.url

    def login(self, username: str, password: Secret | str) -> Login:
        """Sign in and keep the token for the calls that follow."""
        login = self.send(ops.login(username, password if isinstance(password, Secret) else Secret(password)))
        self.token = login.token
        return login

    def whoami(self) -> Identity:
        """Who we are, with our groups."""
        return self.send(ops.whoami())

    def health(self) -> Health:
        """What the server says of itself."""
        return self.send(ops.health())

    def dataset(self, pid: str, *, files: bool = False) -> Dataset:
        """One dataset; with ``files`` its file blocks too."""
        dataset = self.send(ops.get_dataset(pid))
        if not dataset.pid:  # a real SciCat answers 200 with an empty body for some unknown PIDs
            raise error_for(404, b"", operation="read the dataset", subject=pid, headers={})
        if files:
            dataset.doc["origdatablocks"] = self.send(ops.origdatablocks(pid))
        return dataset

    def search(self, query: Query) -> list[Dataset]:
        """One page."""
        return self.send(ops.search(query))

    def iterate(self, query: Query) -> Iterator[Dataset]:
        """All pages, one dataset after another."""
        skip = query.skip
        while True:
            page = self.search(_page(query, skip))
            yield from page
            if len(page) < query.limit:
                return
            skip += len(page)

    def facets(self, query: Query, names: Sequence[str] = ()) -> tuple[int, ops.Facets]:
        """Number of hits, and counts by value for each field in ``names``."""
        return self.send(ops.facets(query, names))

    def find(self, where: Mapping[str, Any], **page: Any) -> list[Dataset]:
        """Datasets by SciCat's ``where``; see `operations.find` for ``limit``, ``skip``, ``order``, ``fields``."""
        return self.send(ops.find(where, **page))

    def create_dataset(self, doc: Mapping[str, Any]) -> Dataset:
        """Store a dataset (v4 form)."""
        return self.send(ops.create_dataset(doc))

    def patch_dataset(self, pid: str, changes: Mapping[str, Any]) -> Dataset:
        """Replace top-level fields of a dataset."""
        return self.send(ops.patch_dataset(pid, changes))

    def origdatablocks(self, pid: str) -> list[dict[str, Any]]:
        """File blocks of a dataset."""
        return self.send(ops.origdatablocks(pid))

    def files(self, pid: str) -> list[Any]:
        """Files of a dataset (`DataFile`)."""
        return list(files_of(self.origdatablocks(pid)))

    def create_origdatablock(self, pid: str, block: Mapping[str, Any]) -> dict[str, Any]:
        """Add a file block to a dataset."""
        return self.send(ops.create_origdatablock(pid, block))

    def patch_origdatablock(self, block_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change a file block."""
        return self.send(ops.patch_origdatablock(block_id, changes))

    def attachments(self, pid: str) -> list[dict[str, Any]]:
        """Attachments of a dataset."""
        return self.send(ops.attachments(pid))

    def create_attachment(self, pid: str, **attachment: Any) -> dict[str, Any]:
        """Attach a figure; see `operations.create_attachment`."""
        return self.send(ops.create_attachment(pid, **attachment))


class AsyncCatalogClient(_Base):
    """The same for event loops: ``await client.send(operations.whoami())``."""

    def __init__(self, url: str, token: Secret | str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__(url, token)
        self._http = httpx.AsyncClient(timeout=timeout_s, trust_env=False)

    async def __aenter__(self) -> AsyncCatalogClient:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, operation: ops.Operation[T]) -> T:
        """Do one operation; errors as `CatalogClient.send`."""
        try:
            response = await self._http.request(**self._request(operation))
        except (httpx.TransportError, httpx.InvalidURL) as cause:
            raise no_answer(self.url, operation.words, cause) from cause
        return _result(operation, response)


def _page(query: Query, skip: int) -> Query:
    fields = {name: getattr(query, name) for name in query.__struct_fields__}
    return Query(**{**fields, "skip": skip})
