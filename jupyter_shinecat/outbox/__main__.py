"""``python -m jupyter_shinecat.outbox``: the outbox's process, started by the user's server.

It prints a line of JSON for each change of an entry, ends after the current step on SIGTERM, and ends when its server
is gone (its standard input closes), so that the next server's outbox finds the lease free.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import sys
import threading
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.formats import Sandbox

from .durable import make_folder
from .lease import Lease
from .service import Outbox, run
from .settings import Settings

_LEASE_POLL_S = 0.5
_log = logging.getLogger("jupyter_shinecat.outbox")


def main() -> int:
    """Run until told to stop."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s")
    stop = threading.Event()
    watch_signals(stop)
    _watch_parent(stop)
    try:
        settings = Settings.from_environment()
    except ShineCatError as error:
        print(error, file=sys.stderr)
        return 2
    while not stop.is_set():
        _work(settings, stop)
    return 0


def _work(settings: Settings, stop: threading.Event) -> None:
    lease = Lease(settings.folder)
    trouble = ""
    while not stop.is_set():
        try:
            make_folder(settings.folder)
            if lease.try_acquire():
                break
        except OSError as error:
            if str(error) != trouble:
                trouble = str(error)
                _log.warning("the outbox can't start yet: %s", error)
        stop.wait(_LEASE_POLL_S)
    else:
        return

    def emit(line: dict[str, Any]) -> None:
        try:
            print(json.dumps(line, ensure_ascii=True), flush=True)
        except BrokenPipeError:
            stop.set()
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    with Sandbox(workers=1) as reader:
        outbox = Outbox(settings, emit, reader)
        try:
            while not stop.is_set():
                try:
                    outbox.load()
                    break
                except OSError as error:
                    _log.warning("the outbox can't be read: %s", error)
                    stop.wait(5.0)
            run(outbox, stop, settings.poll_s, lambda: lease.held)
        finally:
            outbox.close()
            lease.release()


def watch_signals(stop: threading.Event) -> None:
    """Stop on SIGTERM and SIGINT.

    The handler runs in the main thread, maybe in the middle of ``stop.wait``, whose lock ``stop.set`` would then await
    for ever; so another thread sets it.
    """
    reading, writing = os.pipe()

    def wait() -> None:
        os.read(reading, 1)
        stop.set()

    threading.Thread(target=wait, name="outbox-signals", daemon=True).start()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: os.write(writing, b"x") and None)


def _watch_parent(stop: threading.Event) -> None:
    """Stop when standard input, if it is a pipe, comes to its end: the server that started us is gone."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def wait() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        stop.set()

    threading.Thread(target=wait, name="outbox-parent", daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
