"""HDF5 files that are windows to other files: virtual datasets, external links, external storage."""

from __future__ import annotations

import glob
import logging
import os

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.formats import Extract

from .collect import Reader

_log = logging.getLogger(__name__)
_SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5", ".nxs", ".nx5", ".nx", ".cxi", ".vds", ".nc", ".nc4")
_MOST = 1000
_DEEP = 4


class Windows:
    """Finds the files that an HDF5 file leads to, and those that they lead to; each is read once, in a child process.

    Parameters
    ----------
    reader
        Reads files in a child process.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, int, int], list[str]] = {}

    def __call__(self, path: str) -> list[str]:
        """Absolute paths of the files behind the file at ``path``, without itself; none for other formats."""
        found: dict[str, None] = {}
        layer = [path]
        for _ in range(_DEEP):
            layer = [source for one in layer for source in self._behind(one) if source not in found and source != path]
            found.update(dict.fromkeys(layer))
            if not layer or len(found) > _MOST:
                break
        return list(found)[:_MOST]

    def _behind(self, path: str) -> list[str]:
        if not path.lower().endswith(_SUFFIXES):
            return []
        try:
            status = os.stat(path)
        except OSError:
            return []
        key = (path, status.st_size, status.st_mtime_ns)
        if key not in self._known:
            try:
                told = self._reader.extract(path)
            except ShineCatError as error:
                _log.info("what %s leads to can't be read: %s", path, error)
                return []
            names = told.externals if isinstance(told, Extract) else []
            self._known[key] = [source for name in names for source in _resolved(name, os.path.dirname(path))]
        return self._known[key]


def _resolved(name: str, folder: str) -> list[str]:
    """``file::/path`` of a link, or the file name of a virtual source, as a path; ``%b`` stands for numbers."""
    file = name.partition("::")[0]
    if not file or file == "." or "\0" in file:
        return []
    path = os.path.normpath(os.path.join(folder, file))
    if "%b" in path:
        return sorted(glob.glob(glob.escape(path).replace("%b", "*")))[:_MOST]
    return [path]
