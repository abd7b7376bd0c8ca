"""Reading an HDF5 file that may be damaged, packed in an unusual way, or larger than the memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

from .errors import file_problem


@contextlib.contextmanager
def reading(name: str) -> Iterator[None]:
    """What h5py raises about the content of a file becomes a sentence that names the file.

    Parameters
    ----------
    name
        Of the file, for messages.

    Raises
    ------
    FileProblem
        In place of h5py's and numpy's own errors, which stay its cause.
    """
    try:
        yield
    except ShineCatError:
        raise
    except MemoryError as cause:
        raise file_problem(
            "format",
            tr("{file} holds more than this machine's memory: {cause}.", file=name, cause=_words(cause)),
            tr("Read a part: ds[path][0:10], or in parts with dask.array.from_array(ds[path])."),
        ) from cause
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as cause:
        said = _words(cause)
        packed = any(word in said for word in ("required filter", "not registered", "plugin", "open directory"))
        raise file_problem(
            "unreadable",
            tr("{file} can't be read: {cause}.", file=name, cause=said),
            unpack_with()
            if packed
            else tr("It may be damaged or still be written; ds.h5() opens it as it is, for a look at the rest of it."),
        ) from cause


def load_filters(array: Any) -> None:
    """Make h5py know the filters that an array is packed with, where hdf5plugin is installed and has them."""
    from h5py import h5z

    plist = array.id.get_create_plist()
    codes = [plist.get_filter(number)[0] for number in range(plist.get_nfilters())]
    # The sources of a virtual dataset are other files, which nobody has opened yet.
    if getattr(array, "is_virtual", False) or not all(h5z.filter_avail(code) for code in codes):
        with contextlib.suppress(ImportError):
            import hdf5plugin  # noqa: F401  registers its filters


def unpack_with() -> str:
    """What to do about data that are packed with a filter that is not here."""
    return tr(
        "Its data are packed with a filter that is not installed here: pip install hdf5plugin, then open it again."
    )


def _words(cause: Exception) -> str:
    said = str(cause.args[0]) if isinstance(cause, KeyError) and cause.args else str(cause)
    return (said or type(cause).__name__)[:300].rstrip(".")
