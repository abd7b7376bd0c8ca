"""Pictures in files of their own: TIFF, PNG, JPEG."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from jupyter_shinecat.locale import tr

from .errors import FileProblem, file_problem
from .images import Image

_TIFF = (".tif", ".tiff")
_OTHERS = (".png", ".jpg", ".jpeg", ".bmp")


def is_picture(path: str) -> bool:
    """Whether a file's name says so."""
    return path.lower().endswith((*_TIFF, *_OTHERS))


def values(source: Path | bytes, name: str) -> Any:
    """All values as a numpy array: rows, columns, and colours where it has some; pages of a TIFF come first.

    Raises
    ------
    FileProblem
        It is damaged, or the package that reads it is not installed.
    """
    import numpy as np

    given = source if isinstance(source, Path) else io.BytesIO(source)
    package = "tifffile" if name.lower().endswith(_TIFF) else "pillow"
    try:
        if package == "tifffile":
            import tifffile

            return np.asarray(tifffile.imread(given))
        import PIL.Image

        with PIL.Image.open(given) as picture:
            return np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
    except ImportError:
        raise file_problem(
            "format",
            tr("Reading {file} needs {package}, which is not installed here.", file=name, package=package),
            tr("Install it: pip install {package}.", package=package),
        ) from None
    except Exception as cause:  # these packages raise errors of many kinds for damaged files
        raise _damaged(name, cause) from None


def one_picture(source: Path | bytes, name: str, n: int) -> Image:
    """Page ``n`` as an image; of colours their brightness. Of a TIFF of plain pages only that one is read.

    Raises
    ------
    FileProblem
        See `values`; or there is no such page.
    """
    page = _page(source, name, n)
    if page is not None:
        return page
    pages = brightness(values(source, name))
    count = 1
    for length in pages.shape[:-2]:
        count *= length
    if not -count <= n < count:
        raise file_problem(
            "missing",
            tr("{file} has {count} images; there is no image {n}.", file=name, count=count, n=n),
            tr("They are counted from 0."),
        )
    title = f"{name} [{n % count}]" if count > 1 else name
    return Image(pages.reshape((count, *pages.shape[-2:]))[n], title)


def _page(source: Path | bytes, name: str, n: int) -> Image | None:
    """Page ``n`` of a TIFF whose pages are images one behind the other; None where it is made otherwise."""
    if not name.lower().endswith(_TIFF):
        return None
    try:
        import tifffile

        with tifffile.TiffFile(source if isinstance(source, Path) else io.BytesIO(source)) as file:
            stack = file.series[0]
            count = len(stack.pages)
            if stack.ndim != 3 or count != stack.shape[0] or not -count <= n < count:
                return None
            page = stack.pages[n % count]
            return Image(page.asarray(), f"{name} [{n % count}]") if page is not None else None
    except Exception:  # damaged, or no tifffile: reading all of it finds the words
        return None


def brightness(picture: Any) -> Any:
    """Without colours: their mean, the opacity left out."""
    coloured = picture.ndim >= 3 and picture.shape[-1] in (3, 4) and picture.dtype == "u1"
    return picture[..., :3].mean(axis=-1) if coloured else picture


def _damaged(name: str, cause: Exception) -> FileProblem:
    return file_problem(
        "format",
        tr("{file} is no picture that can be read: {cause}", file=name, cause=str(cause)[:300] or type(cause).__name__),
        tr("Its path for other readers: ds.path({name})", name=repr(name)),
    )
