"""The outbox seen from the server: its process is kept running, its entries listed, its news told to the panel."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.outbox import list_entries, request_release, request_retry, request_withdraw

# A message of the outbox is one line of JSON; its inputs may be many.
_LONGEST_LINE = 4 * 1024 * 1024
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_STEADY_S = 60.0
_GRACE_S = 10.0


class OutboxProcess:
    """Runs ``python -m jupyter_shinecat.outbox`` and starts it again, ever more slowly, when it dies.

    Parameters
    ----------
    environ
        Its whole environment; holds no token.
    tell
        Called with each change of an entry.
    log
        Gets what the process writes on stderr.
    """

    argv = (sys.executable, "-m", "jupyter_shinecat.outbox")

    def __init__(self, environ: Mapping[str, str], tell: Callable[[dict[str, Any]], None], log: logging.Logger) -> None:
        self._environ = dict(environ)
        self._tell = tell
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """PID while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Keep it running from now on."""
        self._task = asyncio.get_running_loop().create_task(self._keep_running())

    async def stop(self) -> None:
        """Ask it to end, give it a moment to finish its step, then make it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            # Every step is on disk before it is done, so nothing is lost.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _keep_running(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            started = time.monotonic()
            try:
                code = await self._run()
                self._log.warning("The outbox ended with code %s; it starts again in %.0f s", code, pause)
            except OSError as error:
                self._log.error("The outbox can't be started (%s); next try in %.0f s", error, pause)
            if time.monotonic() - started > _STEADY_S:
                pause = _FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _run(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *self.argv,
            # Kept open: its end tells the outbox that the server is gone, however that came about.
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environ,
            limit=_LONGEST_LINE,
            # Ctrl-C in the terminal is for the server, which then ends the outbox in order.
            start_new_session=True,
        )
        self._process = process
        await asyncio.gather(self._read_news(process), self._read_words(process))
        return await process.wait()

    async def _read_news(self, process: asyncio.subprocess.Process) -> None:
        async for line in _lines(process.stdout, self._log):
            try:
                news = json.loads(line)
            except ValueError:
                news = None
            if isinstance(news, dict) and isinstance(news.get("key"), str):
                self._tell(news)
            elif line.strip():
                self._log.info("outbox: %s", line.decode("utf-8", "replace").rstrip())

    async def _read_words(self, process: asyncio.subprocess.Process) -> None:
        async for line in _lines(process.stderr, self._log):
            if line.strip():
                self._log.warning("outbox: %s", line.decode("utf-8", "replace").rstrip())


async def _lines(stream: asyncio.StreamReader | None, log: logging.Logger) -> Any:
    assert stream is not None
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the limit: the reader has dropped it
            log.warning("outbox: a message was too long and is left out")
            continue
        if not line:
            return
        yield line


class OutboxManager:
    """Entries of this person's outbox and what can be asked of it.

    Parameters
    ----------
    state
        Folder of this person's state.
    """

    def __init__(self, state: Path) -> None:
        self._state = state

    async def entries(self) -> list[dict[str, Any]]:
        """Entries, newest first.

        Raises
        ------
        ShineCatError
            The outbox's folder can't be read.
        """
        try:
            return await asyncio.to_thread(list_entries, self._state)
        except OSError as cause:
            raise ShineCatError(
                tr("The outbox can't be read ({reason}).", reason=cause.strerror),
                left=tr("Its entries are as they were."),
                do=tr("Check the folder {folder}.", folder=self._state),
            ) from cause

    async def counts(self) -> dict[str, int]:
        """How many wait, failed, and were sent; zeros where the outbox can't be read, which its own list tells."""
        counts = {"waiting": 0, "failed": 0, "sent": 0}
        try:
            entries = await self.entries()
        except ShineCatError:
            return counts
        for entry in entries:
            state = "waiting" if entry.get("state") == "sending" else entry.get("state")
            if state in counts:
                counts[state] += 1
        return counts

    async def retry(self, key: str | None) -> None:
        """Try an entry again, or all."""
        await self._request(request_retry, key)

    async def withdraw(self, key: str) -> None:
        """Don't send an entry."""
        await self._request(request_withdraw, key)

    async def release(self, key: str | None, group: str | None = None) -> None:
        """Say yes to an entry, or to all that wait for it; or say which group shall own it."""
        await self._request(partial(request_release, group=group), key)

    async def _request(self, request: Callable[..., None], key: str | None) -> None:
        try:
            await asyncio.to_thread(request, self._state, key)
        except OSError as cause:
            raise ShineCatError(
                tr("The outbox could not be asked ({reason}).", reason=cause.strerror or os.strerror(cause.errno or 0)),
                left=tr("Its entries are as they were."),
                do=tr("Make room in {folder}, then try again.", folder=self._state),
            ) from cause
