"""Sending what waits without a server: ``shinecat outbox flush``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jupyter_shinecat.formats import Sandbox
from jupyter_shinecat.scicat import CatalogClient

from .durable import make_folder
from .lease import STALE_S, Lease
from .service import Outbox
from .settings import Settings

_PAUSE_S = 0.2
_PATIENCE_S = 10.0


@dataclass
class Flushed:
    """What a flush came to.

    Attributes
    ----------
    holder
        Who is sending instead of us (``host``, ``pid``), None when we did.
    reason, do
        Why it stopped before everything was sent.
    entries
        All entries, as the panel sees them.
    """

    holder: dict[str, Any] | None = None
    reason: str = ""
    do: str = ""
    entries: list[dict[str, Any]] = field(default_factory=list)


def flush(
    settings: Settings,
    tell: Callable[[dict[str, Any]], None],
    connect: Callable[[], CatalogClient] = CatalogClient.from_environment,
) -> Flushed:
    """Send until nothing waits, or until nothing moves any more.

    Parameters
    ----------
    settings
        The outbox.
    tell
        Called with each change of an entry.
    connect
        Makes the client of the catalog.

    Raises
    ------
    OSError
        The outbox's folder can't be written.
    ShineCatError
        No process can be started to read files.
    """
    make_folder(settings.folder)
    lease = Lease(settings.folder)
    holder = _acquire(lease)
    if holder is not None:
        return Flushed(holder=holder)
    try:
        with Sandbox(workers=1) as reader:
            return _work(settings, lease, Outbox(settings, tell, reader, connect))
    finally:
        lease.release()


def _acquire(lease: Lease) -> dict[str, Any] | None:
    """Take the lease; who holds it when somebody living does."""
    deadline = time.monotonic() + STALE_S + 2
    first = None
    while not lease.try_acquire():
        holder = lease.holder()
        if holder is not None and first is None:
            first = holder
        # Here its process number says that it lives; elsewhere only its beat does.
        if holder is not None and (lease.is_here(holder) or holder != first or time.monotonic() > deadline):
            return holder
        time.sleep(_PAUSE_S)
    return None


def _work(settings: Settings, lease: Lease, outbox: Outbox) -> Flushed:
    outbox.load()
    patience = settings.hold_s + settings.settle_s + _PATIENCE_S
    moved_at = time.monotonic()
    flushed = Flushed()
    try:
        while lease.held:
            if outbox.tick() or outbox.busy:
                moved_at = time.monotonic()
                if outbox.busy:
                    time.sleep(_PAUSE_S)
                continue
            flushed.reason, flushed.do = outbox.trouble
            if outbox.is_settled() or flushed.reason or time.monotonic() - moved_at > patience:
                break
            time.sleep(_PAUSE_S)
    finally:
        outbox.close()
    flushed.entries = [entry.public() for entry in outbox.entries]
    return flushed
