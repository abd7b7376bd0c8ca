"""Paths from a catalog are untrusted: they stay beneath their folder, with all links resolved."""

from __future__ import annotations

import os
from pathlib import PurePosixPath


class Outside(ValueError):
    """A path that leads out of its folder."""


def beneath(folder: str, path: str, *, root: str | None = None) -> str:
    """The real path of ``path`` in ``folder``.

    Parameters
    ----------
    folder
        Where relative paths start.
    path
        As a catalog's file list names it. An absolute one must lie in ``folder`` as written.
    root
        Links may lead anywhere below this one (a facility's root); default is ``folder``.

    Raises
    ------
    Outside
        It is empty, climbs with ``..``, is absolute somewhere else, or a link leads out of ``root``.
    """
    if not path or "\0" in path:
        raise Outside(path)
    relative = PurePosixPath(path)
    if relative.is_absolute():
        try:
            relative = relative.relative_to(PurePosixPath(folder))
        except ValueError:
            raise Outside(path) from None
    if ".." in relative.parts or not relative.parts:
        raise Outside(path)
    real = os.path.realpath(os.path.join(folder, str(relative)))
    base = os.path.realpath(root or folder)
    if real != base and not real.startswith(base.rstrip("/") + "/"):
        raise Outside(path)
    return real
