"""From a file to its Extract, by its content. Runs only in a child process of the sandbox."""

from __future__ import annotations

import errno
from collections.abc import Callable

from .model import Extract, Unreadable
from .sniff import sniff


def extract(path: str) -> Extract:
    """Metadata of one file.

    Raises
    ------
    Unreadable
        With the reason; nothing else.
    """
    try:
        kind = sniff(path)
        if kind is None:
            raise Unreadable("unsupported")
        return _reader(kind)(path)
    except PermissionError as error:
        raise Unreadable("permission") from error
    except FileNotFoundError as error:
        raise Unreadable("gone") from error
    except MemoryError as error:
        raise Unreadable("memory") from error
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise Unreadable("not-a-file") from error
        raise Unreadable("io", type(error).__name__) from error
    except RecursionError as error:
        raise Unreadable("corrupt", "nested too deeply") from error


def _reader(kind: str) -> Callable[[str], Extract]:
    """Readers load when their format is first met."""
    if kind in ("hdf5", "nexus", "cxi"):
        from .hdf5 import extract_hdf5

        return extract_hdf5
    if kind == "tiff":
        from .tiff import extract_tiff

        return extract_tiff
    if kind == "lmf":
        from .lmf import extract_lmf

        return extract_lmf
    if kind == "netcdf3":
        from .netcdf3 import extract_netcdf3

        return extract_netcdf3
    from . import tables

    readers: dict[str, Callable[[str], Extract]] = {
        "csv": tables.extract_csv,
        "text": tables.extract_text,
        "npy": tables.extract_npy,
        "npz": tables.extract_npz,
        "png": tables.extract_png,
        "mat5": tables.extract_mat5,
    }
    if kind not in readers:
        raise Unreadable("unsupported", kind)
    return readers[kind]
