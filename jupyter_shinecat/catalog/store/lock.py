"""The lock on a data folder: one process writes it at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.locale import tr


class FolderLock:
    """Holds a data folder (made 0700 when missing) until :meth:`release`; the kernel frees it when the process dies.

    Raises
    ------
    CatalogError
        The folder can't be used, or another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CatalogError(
                tr("The data folder {folder} can't be used: {reason}.", folder=folder, reason=error.strerror),
                do=tr("Give another one with --data."),
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise CatalogError(
                tr("Another catalog already serves the data in {folder}.", folder=folder),
                do=tr("Stop it first, or give another folder with --data."),
            ) from None

    def release(self) -> None:
        """Let the folder go; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.release()
