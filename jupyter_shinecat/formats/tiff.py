"""Headers of TIFF files: size, type, tags; pixels are never read. Runs only in a child process."""

from __future__ import annotations

from typing import Any

from .model import Data, Extract, Unreadable
from .safe import Tree, clean, iso_time, pair, text

_MAX_PAGES = 100_000
# tag: name in the metadata
_TAGS = {
    271: "make",
    272: "model",
    305: "software",
    315: "artist",
    316: "host_computer",
    33432: "copyright",
    269: "document_name",
    274: "orientation",
    33434: "exposure_time",
    33437: "f_number",
    37386: "focal_length",
}
_RESOLUTION = {2: "1/inch", 3: "1/cm"}


def extract_tiff(path: str) -> Extract:
    """What the first page of a TIFF says, and how many pages there are.

    Raises
    ------
    Unreadable
        No page can be read.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path, mode="r") as tif:
            return _extract(tif)
    except (
        tifffile.TiffFileError,
        ValueError,
        IndexError,
        KeyError,
        TypeError,
        AttributeError,
        ZeroDivisionError,
    ) as error:
        raise Unreadable("corrupt", text(error, 120)) from error


def _extract(tif: Any) -> Extract:
    page = tif.pages[0]
    tree = Tree()
    extract = Extract(format="tiff")
    extract.start_time = _tag_time(page)
    for code, name in _TAGS.items():
        tag = page.tags.get(code)
        if tag is not None and tag.count < 4096:
            value = tag.value
            unit = "s" if name == "exposure_time" else None
            if isinstance(value, tuple) and len(value) == 2 and name in ("exposure_time", "f_number", "focal_length"):
                value = value[0] / value[1] if value[1] else None
            tree.put([name], pair(value, unit))
    _resolution(page, tree)
    _description(tif, page, tree, extract)
    pages = _count_pages(tif)
    shape = [pages, *page.shape] if pages > 1 else list(page.shape)
    extract.data = [Data(path="pages" if pages > 1 else "image", shape=shape, dtype=_dtype(page), signal=True)]
    extract.facts = {
        "pages": pages,
        "width": int(page.imagewidth),
        "height": int(page.imagelength),
        "bits_per_sample": clean(page.bitspersample),
        "samples_per_pixel": int(page.samplesperpixel),
        "compression": text(getattr(page.compression, "name", page.compression), 40),
        "tiled": bool(page.is_tiled),
    }
    if pages >= _MAX_PAGES:
        extract.warnings.append(f"only the first {_MAX_PAGES} pages were counted")
    extract.metadata = tree.root
    extract.sources = dict.fromkeys(tree.root, "tiff")
    return extract


def _dtype(page: Any) -> str:
    return str(page.dtype.str) if page.dtype is not None else "other"


def _count_pages(tif: Any) -> int:
    count = 0
    for count, _ in enumerate(tif.pages, 1):  # the length property would walk a hostile chain to its end
        if count >= _MAX_PAGES:
            break
    return count


def _tag_time(page: Any) -> str | None:
    for code in (36867, 306):
        tag = page.tags.get(code)
        if tag is not None and isinstance(tag.value, str):
            moment = iso_time(tag.value)
            if moment:
                return moment
    return None


def _resolution(page: Any, tree: Tree) -> None:
    tag, kind = page.tags.get(282), page.tags.get(296)
    if tag is None or not isinstance(tag.value, tuple) or len(tag.value) != 2 or not tag.value[1]:
        return
    unit = _RESOLUTION.get(int(kind.value) if kind is not None else 2)
    if unit and tag.value[0] > 1:
        tree.put(["resolution"], pair(tag.value[0] / tag.value[1], unit))


def _description(tif: Any, page: Any, tree: Tree, extract: Extract) -> None:
    """The description tag: ImageJ's and shaped pairs, or plain text; XML is kept as text, never parsed."""
    words = page.description or ""
    if tif.is_imagej:
        for key, value in list((tif.imagej_metadata or {}).items())[:100]:
            if isinstance(value, str | int | float | bool):
                tree.put(["imagej", str(key)], pair(value, None))
        return
    if not words:
        return
    lines = [line.partition("=") for line in words.splitlines()[:200] if "=" in line]
    if len(lines) > 1 and not words.lstrip().startswith(("<", "{")):
        for key, _, value in lines:
            tree.put(["description", key.strip()], pair(_number(value.strip()), None))
        return
    tree.put(["description"], pair(words, None))
    if len(words) < 200 and not words.lstrip().startswith(("<", "{")):
        extract.title = text(words, 200) or None


def _number(words: str) -> Any:
    for kind in (int, float):
        try:
            return kind(words)
        except ValueError:
            continue
    return words
