"""NeXus conventions: which array a file is about, and over what it is drawn.

https://manual.nexusformat.org/classes/base_classes/NXdata.html, both the present form (``@signal`` and ``@axes`` of the
group) and the one before 2014 (``@signal=1`` of the array, its ``@axes`` as ``"x:y"``, or ``@axis=1`` of the axes).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from .tables import DAMAGE, object_paths

_DEPTH = 10


@dataclass(frozen=True)
class Axis:
    """Values along one axis: None where the file gives none."""

    name: str = ""
    unit: str = ""
    values: Any = None

    @property
    def label(self) -> str:
        """``energy (keV)``."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


def text_of(value: Any) -> str:
    """An attribute as text, whatever string type it has."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""


def texts_of(value: Any) -> list[str]:
    """An attribute as a list of texts; ``"x:y"`` and ``"x,y"`` are two."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [text_of(part) for part in value]
    return text_of(value).strip("[]").replace(",", ":").split(":") if value is not None else []


def default_group(file: Any) -> Any:
    """The NXdata group that ``@default`` leads to, else the first one in an entry; None without."""
    import h5py

    here = file["/"]
    for _ in range(_DEPTH):
        if text_of(here.attrs.get("NX_class")) == "NXdata":
            return here
        following = _inside(here, text_of(here.attrs.get("default")))
        if not isinstance(following, h5py.Group):
            break
        here = following
    for group in _groups(file):
        with contextlib.suppress(*DAMAGE):
            if text_of(group.attrs.get("NX_class")) == "NXdata" and signal_of(group) is not None:
                return group
    return None


def signal_of(group: Any) -> Any:
    """The array that an NXdata group shows; None when it names none."""
    import h5py

    named = _inside(group, text_of(group.attrs.get("signal")))
    if isinstance(named, h5py.Dataset):
        return named
    for key in group:
        item = _inside(group, key)
        if isinstance(item, h5py.Dataset) and str(_plain(item.attrs.get("signal"))) == "1":
            return item
    return None


def axes_of(group: Any, signal: Any) -> list[Axis]:
    """One axis for each dimension of the signal."""
    import h5py

    found = []
    for number, name in enumerate(axis_names(group, signal)):
        item = _inside(group, name) if name not in ("", ".") else None
        length = signal.shape[number]
        # Edges of bins are one more than the bins.
        fits = item is not None and isinstance(item, h5py.Dataset) and item.ndim == 1
        if item is not None and fits and item.shape[0] in (length, length + 1) and item.dtype.kind in "iuf":
            unit = text_of(item.attrs.get("units"))
            found.append(Axis(text_of(item.attrs.get("long_name")) or name, unit, item[()]))
        else:
            found.append(Axis(name if name != "." else ""))
    return found


def axis_names(group: Any, signal: Any) -> list[str]:
    """The member that each dimension of the signal is drawn over; empty or ``.`` where none is named."""
    import h5py

    given = group.attrs.get("axes")
    names = texts_of(given if given is not None else signal.attrs.get("axes"))
    names = (names + [""] * signal.ndim)[: signal.ndim]
    if not any(names):  # the oldest form: each axis says itself which dimension it is of, counted from 1
        for key in group:
            item = _inside(group, key)
            said = str(_plain(item.attrs.get("axis"))) if isinstance(item, h5py.Dataset) else ""
            if said.isdigit() and 1 <= int(said) <= len(names) and not names[int(said) - 1]:
                names[int(said) - 1] = key
    return names


def label_of(item: Any) -> str:
    """Name and unit of an array."""
    name = text_of(item.attrs.get("long_name")) or str(item.name).rsplit("/", 1)[-1]
    return Axis(name, text_of(item.attrs.get("units"))).label


def errors_of(group: Any, signal: Any) -> Any:
    """The array of uncertainties beside the signal; None without."""
    import h5py

    name = str(signal.name).rsplit("/", 1)[-1]
    for key in (f"{name}_errors", "errors", f"{name}_error"):
        item = _inside(group, key)
        if isinstance(item, h5py.Dataset) and item.shape == signal.shape:
            return item
    return None


def _plain(value: Any) -> Any:
    value = value.tolist() if hasattr(value, "tolist") else value
    return value[0] if isinstance(value, list) and len(value) == 1 else text_of(value) or value


def _inside(group: Any, key: str) -> Any:
    """A member, unless it lies in another file or its link leads nowhere."""
    import h5py

    if not key or isinstance(group.get(key, getlink=True), h5py.ExternalLink):
        return None
    try:
        return group.get(key)
    except (KeyError, OSError, RuntimeError):
        return None


def _groups(file: Any) -> list[Any]:
    import h5py

    found = []
    for path in object_paths(file):
        with contextlib.suppress(*DAMAGE):
            if path.count("/") <= 4 and file.get(path, getclass=True) is h5py.Group:
                found.append(file[path])
    return found
