"""Who may have which files: the catalog is asked as the caller, and its answer is believed for a few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import AccessDenied, AsyncCatalogClient, Dataset, NotFound, Secret, operations
from jupyter_shinecat.scicat.models import files_of

# How long a yes counts. Whoever loses access gets nothing more after this many seconds, in the middle of a file too.
BELIEVED_S = 5.0
_REMEMBERED = 2000


@dataclass(frozen=True)
class Grant:
    """A yes of the catalog: this caller may read this dataset.

    Attributes
    ----------
    dataset
        As the catalog told it.
    names
        Its files, as it lists them.
    until
        Time (``time.monotonic``) from which on the catalog must be asked again.
    """

    dataset: Dataset
    names: frozenset[str]
    until: float


class Permission:
    """Asks the catalog, and remembers each yes for ``believed_s`` seconds, counted from before it asked.

    Parameters
    ----------
    catalog_url
        Root of the catalog.
    believed_s
        How long a yes counts, in seconds.
    """

    def __init__(self, catalog_url: str, *, believed_s: float = BELIEVED_S) -> None:
        self._url = catalog_url
        self._believed_s = believed_s
        self._grants: OrderedDict[tuple[bytes, str], Grant] = OrderedDict()
        self._asking: dict[tuple[bytes, str], asyncio.Task[Grant]] = {}
        self._salt = secrets.token_bytes(16)

    async def grant(self, token: Secret | None, pid: str) -> Grant:
        """The catalog's yes.

        Raises
        ------
        NotFound
            There is no such dataset, or not for this caller.
        SignInRequired
            The token is not accepted.
        CatalogError
            The catalog does not answer, or not as it should.
        """
        # Tokens themselves are not kept.
        mark = hashlib.blake2b(token.reveal().encode() if token else b"", key=self._salt).digest()
        key = (mark, pid)
        known = self._grants.get(key)
        if known is not None and time.monotonic() < known.until:
            self._grants.move_to_end(key)
            return known
        self._grants.pop(key, None)
        task = self._asking.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(token, pid))
            self._asking[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        # One caller who hangs up must not take the answer away from the others.
        return await asyncio.shield(task)

    def _answered(self, key: tuple[bytes, str], task: asyncio.Task[Grant]) -> None:
        self._asking.pop(key, None)
        if task.cancelled() or task.exception() is not None:
            return
        self._grants[key] = task.result()
        while len(self._grants) > _REMEMBERED:
            self._grants.popitem(last=False)

    async def _ask(self, token: Secret | None, pid: str) -> Grant:
        until = time.monotonic() + self._believed_s
        async with AsyncCatalogClient(self._url, token) as catalog:
            try:
                dataset = await catalog.send(operations.get_dataset(pid))
                if dataset.pid != pid:  # a real SciCat answers 200 with an empty body for some unknown PIDs
                    raise NotFound("")
                blocks = await catalog.send(operations.origdatablocks(pid))
            except (AccessDenied, NotFound):
                if token is not None:  # who has expired is a stranger to some routes; this one says so
                    with contextlib.suppress(AccessDenied, NotFound):
                        await catalog.send(operations.whoami())
                raise NotFound(tr("The catalog has no dataset {pid}, or not for you.", pid=pid)) from None
        return Grant(dataset, frozenset(file.path for file in files_of(blocks)), until)
