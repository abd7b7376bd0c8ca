"""Opening a file beneath a folder so that no link, present or made meanwhile, leads elsewhere."""

from __future__ import annotations

import os
import stat

# O_NONBLOCK: a FIFO must not hold us up; it is refused afterwards.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_DIRECTORY


def open_beneath(root: str, relative: str) -> int:
    """Open a regular file for reading, step by step from ``root``, following no links at all.

    Parameters
    ----------
    root
        Folder to start from, links resolved.
    relative
        Path below it, links resolved too: a link found now was put there since, and is refused.

    Returns
    -------
    int
        The descriptor; the caller closes it.

    Raises
    ------
    OSError
        It is not there, can't be read, is no regular file, or a link is on the way.
    """
    steps = [step for step in relative.split("/") if step not in ("", ".")]
    if not steps or ".." in steps:
        raise FileNotFoundError(relative)
    here = os.open(root, _FOLDER)
    try:
        for step in steps[:-1]:
            following = os.open(step, _FOLDER, dir_fd=here)
            os.close(here)
            here = following
        found = os.open(steps[-1], _FILE, dir_fd=here)
    finally:
        os.close(here)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise FileNotFoundError(relative)
    return found


def etag_of(status: os.stat_result) -> str:
    """A strong validator that costs no reading: another size, time or inode is another file."""
    return f'"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}"'
