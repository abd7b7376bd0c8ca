"""Small values out of HDF5, by type class: what has made the library crash or run away is never read.

Runs only in a child process of the sandbox. Reading attributes of class REFERENCE, VLEN, COMPOUND, ARRAY or OPAQUE
ended in SIGSEGV on real files; external raw storage reads any file of this machine; a virtual dataset without its
sources gives fill values that look like data.
"""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
from h5py import h5a, h5d, h5o, h5s, h5t

MAX_ELEMENTS = 32
MIN_SUMMARY = 5
MAX_SUMMARY = 65536
_MAX_STORED = 65536
_MAX_CHUNK = 1 << 20
_SAFE = frozenset((h5t.INTEGER, h5t.FLOAT, h5t.STRING, h5t.ENUM))
_NUMERIC = frozenset((h5t.INTEGER, h5t.FLOAT))
_CLASS_NAMES = {
    h5t.STRING: "string",
    h5t.COMPOUND: "compound",
    h5t.VLEN: "variable length",
    h5t.REFERENCE: "reference",
    h5t.OPAQUE: "opaque",
    h5t.ARRAY: "array",
    h5t.TIME: "time",
    h5t.BITFIELD: "bitfield",
}


def attributes(item: Any, limit: int) -> tuple[dict[str, Any], int]:
    """Attributes of an open object that are small and of a safe class, and how many there were at all.

    Bad ones are left out; numbers and texts come as Python values, short arrays as lists.
    """
    count = h5a.get_num_attrs(item)
    if not count:
        return {}, 0
    names: list[bytes] = []

    def note(name: bytes) -> bool | None:
        names.append(name)
        return True if len(names) >= limit else None

    with contextlib.suppress(Exception):  # a damaged table of attributes: those seen so far are good
        h5a.iterate(item, note)
    found: dict[str, Any] = {}
    for name in names:
        try:
            attribute = h5a.open(item, name)
            kind = attribute.get_type()
            if kind.get_class() not in _SAFE or attribute.get_storage_size() > _MAX_STORED:
                continue
            space = attribute.get_space()
            if not 1 <= space.get_simple_extent_npoints() <= MAX_ELEMENTS:
                continue
            array = np.empty(space.get_simple_extent_dims() or (), dtype=kind.dtype)
            attribute.read(array)
            found[name.decode("utf-8", "replace")] = plain(array, kind)
        except Exception:  # noqa: S112 - one bad attribute must not hide the others
            continue
    return found, count


def plain(array: np.ndarray[Any, Any], kind: Any = None) -> Any:
    """Python value of a small array: a scalar for one element, else a flat list. Enumerations give their names."""
    items = array.ravel().tolist()
    if array.dtype.kind == "f" and array.dtype.itemsize <= 4:
        items = [tidy(item) for item in items]  # 0.3 in single precision is 0.3, not 0.30000001192092896
    if kind is not None and kind.get_class() == h5t.ENUM and array.dtype.kind in "iu":
        names = {kind.get_member_value(i): kind.get_member_name(i).decode("utf-8", "replace")
                 for i in range(min(kind.get_nmembers(), 256))}  # fmt: skip
        items = [names.get(item, item) for item in items]
    return items[0] if len(items) == 1 else items


def type_text(kind: Any) -> str:
    """numpy's text of an HDF5 type, or a word for what numpy has none for."""
    if kind.get_class() in _NUMERIC or kind.get_class() == h5t.ENUM:
        try:
            return str(kind.dtype.str)
        except Exception:
            return "number"
    return _CLASS_NAMES.get(kind.get_class(), "other")


def is_numeric(kind: Any) -> bool:
    """Whether elements are plain numbers."""
    return kind.get_class() in _NUMERIC


def small_value(dataset: Any, kind: Any, space: Any) -> Any:
    """The value of a dataset of at most 32 elements; None when it can't be read safely."""
    if kind.get_class() not in _SAFE or kind.get_size() * space.get_simple_extent_npoints() > _MAX_STORED:
        return None
    if not readable_here(dataset):
        return None
    try:
        array = np.empty(space.get_simple_extent_dims() or (), dtype=kind.dtype)
        dataset.read(h5s.ALL, h5s.ALL, array)
        return plain(array, kind)
    except Exception:
        return None


def summary(dataset: Any, kind: Any, shape: tuple[int, ...]) -> dict[str, float | int] | None:
    """Mean, least and greatest of a short list of numbers (one per pulse, a log); None when it can't be read."""
    if kind.get_class() not in _NUMERIC or not readable_here(dataset):
        return None
    try:
        array = np.empty(shape, dtype=kind.dtype)
        dataset.read(h5s.ALL, h5s.ALL, array)
        numbers = array[np.isfinite(array)].astype(float)
    except Exception:
        return None
    if not numbers.size:
        return None
    return {"value": tidy(numbers.mean()), "minimum": tidy(numbers.min()), "maximum": tidy(numbers.max()),
            "count": int(numbers.size)}  # fmt: skip


def tidy(number: Any) -> float:
    """Seven digits: what a mean of single-precision numbers is worth."""
    return float(f"{float(number):.7g}")


def readable_here(dataset: Any) -> bool:
    """Whether the bytes lie in this very file and unpack to something small."""
    plist = dataset.get_create_plist()
    if plist.get_external_count() > 0 or plist.get_layout() == h5d.VIRTUAL:
        return False
    if plist.get_layout() == h5d.CHUNKED:
        item = max(1, dataset.get_type().get_size())
        if math.prod(plist.get_chunk()) * item > _MAX_CHUNK:
            return False
        if plist.get_nfilters():
            _load_filters()
    return True


_filters_loaded = False


def _load_filters() -> None:
    """Compression filters beyond HDF5's own, where the optional package is there."""
    global _filters_loaded
    if not _filters_loaded:
        _filters_loaded = True
        with contextlib.suppress(Exception):  # optional: without it such values are left out
            import hdf5plugin  # noqa: F401 - registers its filters


def outside_files(dataset: Any) -> list[str]:
    """Files that hold this dataset's data: raw external storage or the sources of a virtual dataset."""
    plist = dataset.get_create_plist()
    names: list[bytes | str] = [plist.get_external(i)[0] for i in range(min(plist.get_external_count(), 100))]
    if plist.get_layout() == h5d.VIRTUAL:
        names += [plist.get_virtual_filename(i) for i in range(min(plist.get_virtual_count(), 100))]
    texts = [n.decode("utf-8", "replace") if isinstance(n, bytes) else n for n in names]
    return [t for t in dict.fromkeys(texts) if t != "."]


def is_dataset(item: Any) -> bool:
    """Whether an open object is a dataset."""
    return isinstance(item, h5d.DatasetID)


def open_item(group: Any, name: bytes) -> Any:
    """Open a member of a group by its (hard) link."""
    return h5o.open(group, name)
