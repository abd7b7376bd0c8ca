"""Whether the files of a dataset are to be had on this machine: looked for here, as the person whose server this is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from jupyter_shinecat.files import PathMap, locate_all, parse_maps
from jupyter_shinecat.scicat import Dataset
from jupyter_shinecat.scicat.models import files_of

from .answers import Answer
from .proxy import CatalogProxy

_log = logging.getLogger(__name__)
_AT_MOST = 1000
# A network mount that is away can hold a look at it for minutes.
_PATIENCE_S = 10.0
_LOOKS_AT_ONCE = 4


class Places:
    """Looks for files.

    Parameters
    ----------
    proxy
        Asks the catalog, which decides who may see a dataset.
    path_maps
        Where its folders lie here.
    elsewhere
        Whether a file service gives what is not here.
    """

    def __init__(self, proxy: CatalogProxy, path_maps: Sequence[Mapping[str, Any]], *, elsewhere: bool) -> None:
        self._proxy = proxy
        self._maps: tuple[PathMap, ...] = tuple(parse_maps(list(path_maps)))
        self._elsewhere = elsewhere
        self._free = threading.Semaphore(_LOOKS_AT_ONCE)

    async def look(self, pid: str) -> Answer:
        """``{"files": {path: state}}`` with states of `jupyter_shinecat.files.Located` and ``remote``; or a refusal.

        At most the first thousand files are looked for; a state is missing where the disk does not answer in time, or
        has not answered earlier looks yet.
        """
        address = f"api/v3/datasets/{quote(pid, safe='')}"
        answers = [await self._proxy.forward("GET", address + part, {}, b"") for part in ("", "/origdatablocks")]
        for answer in answers:
            if answer.status != 200:
                return answer
        dataset, blocks = (json.loads(answer.body) for answer in answers)
        found: dict[str, str] = {}
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._beside(lambda: self._look(Dataset(dataset), blocks, found)), _PATIENCE_S)
        return Answer(200, json.dumps({"files": dict(found)}).encode())

    async def _beside(self, look: Callable[[], None]) -> None:
        """Run ``look`` in a thread of its own: one that hangs must take none of the event loop's."""
        if not self._free.acquire(blocking=False):
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def run() -> None:
            try:
                look()
            except Exception:
                _log.exception("files of a dataset can't be looked for")
            finally:
                self._free.release()
                with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
                    loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=run, name="shinecat-places", daemon=True).start()
        await ended.wait()

    def _look(self, dataset: Dataset, blocks: Any, found: dict[str, str]) -> None:
        files = files_of(blocks if isinstance(blocks, list) else [])[:_AT_MOST]
        until = time.monotonic() + _PATIENCE_S
        for file, place in zip(files, locate_all(dataset, files, self._maps), strict=False):
            away = place.state in ("missing", "unmapped", "unreadable")
            found[file.path] = "remote" if away and self._elsewhere else place.state
            if time.monotonic() > until:  # nobody waits any more; each missing file is searched for in all its folder
                return
