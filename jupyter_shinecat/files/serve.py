"""Running the file service until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

from aiohttp import web

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .permission import Permission
from .roots import ServiceConfig
from .service import FileService

_END_S = 5.0


def serve(config: ServiceConfig, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Parameters
    ----------
    config
        Catalog and roots.
    host, port
        Where to listen; port 0 takes a free one.
    say
        Gets ``listening on http://...`` once it does.

    Raises
    ------
    ShineCatError
        The address can't be listened on.
    """
    asyncio.run(_serve(config, host, port, say))


async def _serve(config: ServiceConfig, host: str, port: int, say: Callable[[str], None]) -> None:
    service = FileService(Permission(config.catalog_url), config.roots)
    # aiohttp's own log of requests would be a second one.
    runner = web.AppRunner(service.application(), access_log=None, shutdown_timeout=_END_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as cause:
            raise ShineCatError(
                tr("{host}:{port} can't be listened on: {cause}.", host=host, port=port, cause=cause.strerror),
                do=tr("Choose another --port, or stop the program that uses this one."),
            ) from None
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, ended.set)
        bound = runner.addresses[0]
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        # Programs wait for this line: it is the same in every language.
        say(f"listening on http://{shown}:{bound[1]}")
        await ended.wait()
    finally:
        await runner.cleanup()
