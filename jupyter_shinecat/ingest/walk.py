"""All files below a folder, without following links, opening anything or changing anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_shinecat.locale import tr

from .policy import is_temporary
from .report import Outcome


@dataclass(frozen=True, slots=True)
class File:
    """A regular file. ``path`` is relative to the root, as the operating system spells it."""

    path: str
    size_bytes: int
    mtime_ns: int
    inode: int
    device: int

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)

    @property
    def name(self) -> str:
        return os.path.basename(self.path)


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that can't become a dataset (``is_folder``: a folder that can't be read)."""

    outcome: Outcome
    is_folder: bool = False


def shown(path: str) -> str:
    """A path as valid Unicode: bytes that are none become ``\\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def walk(root: str) -> Iterator[File | Refused]:
    """Every entry below ``root`` that is no folder, folder by folder in the order of names.

    Parameters
    ----------
    root
        Absolute, with links resolved.
    """
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            with os.scandir(os.path.join(root, folder) if folder else root) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield Refused(Outcome(shown(folder or "."), "unreadable-folder", _words(error)), is_folder=True)
            continue
        below = []
        for entry in entries:
            path = os.path.join(folder, entry.name) if folder else entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    below.append(path)
                    continue
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield Refused(Outcome(shown(path), "gone", _words(error)))
                continue
            yield _entry(root, path, entry.name, status)
        pending.extend(reversed(below))


def _entry(root: str, path: str, name: str, status: os.stat_result) -> File | Refused:
    if stat.S_ISLNK(status.st_mode):
        return Refused(_link(root, path))
    if not stat.S_ISREG(status.st_mode):
        return Refused(Outcome(shown(path), "special", tr("a pipe, socket or device, not a file")))
    if is_temporary(name):
        return Refused(Outcome(shown(path), "temporary", tr("a temporary file of some program")))
    return File(path, status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)


def _link(root: str, path: str) -> Outcome:
    target = os.path.realpath(os.path.join(root, path))
    if not os.path.exists(target):
        return Outcome(shown(path), "broken-link", tr("a link to a file that is not there"))
    if os.path.commonpath([root, target]) != root:
        return Outcome(shown(path), "outside-link", tr("a link that leads out of the folder"))
    return Outcome(shown(path), "link", tr("a link to something in this folder, which is catalogued itself"))


def _words(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
