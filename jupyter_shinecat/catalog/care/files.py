"""Files that are either there whole, on the disk, or not there at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.locale import tr

_BLOCK = 1 << 20


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Bring a file's bytes, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, data: bytes) -> None:
    """A new file of mode 0600, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def copy_private(source: Path, target: Path) -> str:
    """Copy a file into a new one of mode 0600, on the disk when this returns; gives the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as out, source.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            out.write(block)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Errors of the disk as one sentence."""
    try:
        yield
    except OSError as error:
        raise CatalogError(
            tr("{path} can't be written: {reason}.", path=target, reason=error.strerror or error),
            left=tr("What was begun is removed; the catalog is untouched."),
            do=tr("Check the space and the rights there, then try again."),
        ) from None


def refuse_existing(target: Path) -> None:
    """Raise a CatalogError when something is at ``target``: nothing is ever overwritten."""
    if target.exists() or target.is_symlink():
        raise CatalogError(tr("{path} exists already and is not overwritten.", path=target), do=tr("Give a new name."))
