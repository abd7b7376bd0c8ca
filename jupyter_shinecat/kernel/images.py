"""One image of a stack, which shows itself without any plotting library."""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

from jupyter_shinecat.errors import printable
from jupyter_shinecat.locale import tr

from .arrays import find_array
from .errors import file_problem

_SHOWN_PX = 1024


class Image:
    """An image: ``.array`` holds its values; in a notebook it shows itself, dark to bright over 98 % of them.

    Parameters
    ----------
    array
        Two dimensions.
    title
        What it is.
    """

    def __init__(self, array: Any, title: str) -> None:
        self.array = array
        self.title = title

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        return tuple(self.array.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy as np

        return np.array(self.array, dtype=dtype) if copy else np.asarray(self.array, dtype=dtype)

    def __repr__(self) -> str:
        return f"{printable(self.title)}: {self.shape[0]} x {self.shape[1]}, {self.array.dtype}"

    def _repr_png_(self) -> bytes:
        return png(self.array)


def one_image(file: Any, path: str | None, n: int, name: str) -> Image:
    """Image ``n`` of an array of two or more dimensions.

    Raises
    ------
    FileProblem
        The array has fewer, or there is no such image.
    """
    array = find_array(file, path, name)
    shape = array.shape or ()  # None: an array that has no shape at all
    count = math.prod(shape[:-2])
    if len(shape) < 2 or not all(shape[-2:]) or array.dtype.kind not in "biuf":
        raise file_problem(
            "format",
            tr("{path} of {name} is no image: its shape is {shape}.", path=array.name, name=name, shape=array.shape),
            tr("Name another array: ds.image(n, path=...)."),
        )
    if not -count <= n < count:
        raise file_problem(
            "missing",
            tr(
                "{path} of {name} has {count} images; there is no image {n}.",
                path=array.name,
                name=name,
                count=count,
                n=n,
            ),
            tr("They are counted from 0."),
        )
    place, rest = [], n % count
    for length in reversed(array.shape[:-2]):
        rest, here = divmod(rest, length)
        place.append(here)
    title = f"{name} {array.name}" + (f" [{', '.join(str(one) for one in reversed(place))}]" if place else "")
    return Image(array[(*reversed(place),)], title)


def png(array: Any) -> bytes:
    """Grey levels as PNG, at most about a thousand pixels wide and high."""
    import numpy as np

    step = max(1, -(-max(array.shape) // _SHOWN_PX))
    values = np.asarray(array[::step, ::step], dtype=float)
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, (1, 99)) if finite.size else (0.0, 1.0)
    if high <= low:
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    grey = (np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    lines = np.zeros((grey.shape[0], grey.shape[1] + 1), dtype=np.uint8)  # each line begins with its filter, 0
    lines[:, 1:] = grey
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
