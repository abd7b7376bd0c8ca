"""Files that are there whole or not at all, whatever kills us in between."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from pathlib import Path
from typing import Any


def write_json(path: Path, value: object) -> None:
    """Put ``value`` at ``path`` durably: write a file beside it, fsync, rename, fsync the folder.

    Raises
    ------
    OSError
        The folder can't be written (full, read-only, over quota); nothing is left behind then.
    """
    write_bytes(path, json.dumps(value, ensure_ascii=True).encode("ascii"))


def write_bytes(path: Path, content: bytes) -> None:
    """The same for bytes."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    sync_folder(path.parent)


def read_json(path: Path) -> Any:
    """What `write_json` put there; None when there is no such file, or one that isn't ours."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def make_folder(path: Path) -> Path:
    """``path`` as a private folder (0700), durably."""
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(path.parent)
    return path


def sync_file(descriptor: int) -> None:
    """Have what anybody has written into an open file on the disk, where the file system can; nobody else may have."""
    with contextlib.suppress(OSError):  # some network file systems sync no file that is open for reading
        os.fsync(descriptor)


def sync_folder(path: Path) -> None:
    """Make renames and new names in ``path`` durable, where the file system can."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    except OSError:
        return
    try:
        sync_file(descriptor)  # some network file systems don't sync folders
    finally:
        os.close(descriptor)
