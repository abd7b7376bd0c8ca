"""Python's audit events: files opened, renamed and removed, processes started.

An audit hook can never be taken away, sits inside every ``open`` of the process, and what it raises becomes the user's
error. So there is one hook, one flag test when the record is off, and nothing in it raises, opens or waits.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from .paths import plain

_WRITING = os.O_WRONLY | os.O_RDWR
_FRESH = os.O_TRUNC | os.O_EXCL
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)


class Sink(Protocol):
    """Who wants to know."""

    def opened(self, path: object, *, reads: bool, writes: bool, fresh: bool, how: str) -> None:
        """A file is about to be opened."""

    def connected(self, name: str) -> None:
        """A database (SQLite) is about to be opened, by what its library calls it."""

    def renamed(self, source: object, target: object) -> None:
        """A file is about to get another name."""

    def removed(self, path: object, *, tree: bool = False) -> None:
        """A file, or with ``tree`` a folder with all in it, is about to be removed."""

    def copied(self, source: object, target: object) -> None:
        """A file is about to be copied, and then opened for that."""

    def linked(self, source: object, target: object) -> None:
        """A file is about to get a second name."""

    def started(self, program: object, arguments: object = (), folder: object = None) -> None:
        """Another program is about to start, perhaps in another folder."""


_installed = False
_sink: Sink | None = None
_inside = threading.local()


def watch(sink: Sink | None) -> None:
    """Send what happens to ``sink``; None switches it off. The hook itself is installed once in a process."""
    global _installed, _sink
    _sink = sink
    if sink is not None and not _installed:
        _installed = True
        sys.addaudithook(_hook)


class quiet:  # noqa: N801 - used as `with quiet():`
    """What this thread does inside is ours, not the user's."""

    def __enter__(self) -> None:
        self._before = getattr(_inside, "quiet", False)
        _inside.quiet = True

    def __exit__(self, *_exc: object) -> None:
        _inside.quiet = self._before


def is_quiet() -> bool:
    """Whether this thread is inside `quiet`."""
    return getattr(_inside, "quiet", False)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    sink = _sink
    if sink is None:
        return
    handler = _HANDLERS.get(event)
    if handler is None or getattr(_inside, "quiet", False):
        return
    _inside.quiet = True
    try:
        handler(sink, args)
    except Exception:  # noqa: S110 - a hook that raises breaks the user's own open()
        pass
    finally:
        _inside.quiet = False


def _open(sink: Sink, args: tuple[Any, ...]) -> None:
    path, mode, flags = args[0], args[1], args[2]
    if type(path) is int or flags & _DIRECTORY:
        return
    if isinstance(mode, str):
        writes = not ("r" in mode and "+" not in mode)
        fresh = "w" in mode or "x" in mode
        reads = "r" in mode
    else:
        writes, fresh = bool(flags & _WRITING), bool(flags & _FRESH)
        reads = not flags & os.O_WRONLY and not fresh
    sink.opened(path, reads=reads, writes=writes, fresh=fresh, how="open")


def _connect(sink: Sink, args: tuple[Any, ...]) -> None:
    name = plain(args[0])
    if name and os.path.basename(name) != "history.sqlite":  # IPython's own
        sink.connected(name)


def _rename(sink: Sink, args: tuple[Any, ...]) -> None:
    if all(fd == -1 for fd in args[2:]):  # names relative to an open folder can't be told
        sink.renamed(args[0], args[1])


def _remove(sink: Sink, args: tuple[Any, ...]) -> None:
    if args[1] == -1:
        sink.removed(args[0])


_HANDLERS: dict[str, Callable[[Sink, tuple[Any, ...]], None]] = {
    "open": _open,
    "sqlite3.connect": _connect,
    "os.rename": _rename,
    "os.remove": _remove,
    # Copies and moves open and rename, and are seen so; a removed tree goes by names relative to open folders.
    "shutil.rmtree": lambda sink, args: sink.removed(args[0], tree=True),
    "shutil.copyfile": lambda sink, args: sink.copied(args[0], args[1]),
    "os.link": lambda sink, args: sink.linked(args[0], args[1]),
    "os.symlink": lambda sink, args: sink.linked(args[0], args[1]),
    "subprocess.Popen": lambda sink, args: sink.started(args[0], args[1], args[2]),
    "os.system": lambda sink, args: sink.started(args[0], args[0]),
    "os.posix_spawn": lambda sink, args: sink.started(args[0], args[1]),
    "os.exec": lambda sink, args: sink.started(args[0]),
}
