"""What is known about a file: the result of an extraction, or why there is none."""

from __future__ import annotations

from typing import Any

import msgspec

from jupyter_shinecat.locale import tr


class Data(msgspec.Struct, kw_only=True):
    """One array in a file.

    Parameters
    ----------
    path
        Name inside the file (HDF5 path, TIFF page series, column).
    shape
        Elements along each axis.
    dtype
        numpy's text of the element type (``<f4``), or a word for what numpy has no type for.
    unit
        Unit as the file spells it.
    signal
        The file itself marks this array as its main data.
    """

    path: str
    shape: list[int]
    dtype: str
    unit: str | None = None
    signal: bool = False


class Extract(msgspec.Struct, kw_only=True):
    """What one file says about itself. Everything in it is JSON-safe and bounded (about 500 keys, 64 kB).

    ``metadata`` is a tree whose physical values are ``{"value": x, "unit": u}``; ``sources`` says for every key at
    its top where it came from. Times are ISO 8601 in UTC. ``externals`` are other files that this one points to
    (never followed).
    ``sha256`` is set only when a digest was asked for.
    """

    format: str
    metadata: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    data: list[Data] = []
    start_time: str | None = None
    end_time: str | None = None
    title: str | None = None
    sample: str | None = None
    instrument: str | None = None
    detector: str | None = None
    proposal: str | None = None
    operator: str | None = None
    sources: dict[str, str] = {}
    externals: list[str] = []
    warnings: list[str] = []
    sha256: str | None = None


class Failure(msgspec.Struct, kw_only=True):
    """Why a file gave no metadata. ``kind`` is a word for programs, ``reason`` a sentence for people.

    ``sha256`` is there when a digest was asked for and the bytes could be read all the same.
    """

    kind: str
    detail: str = ""
    format: str | None = None
    sha256: str | None = None

    @property
    def reason(self) -> str:
        """The sentence in the reader's language."""
        return self.text()

    def text(self, lang: str | None = None) -> str:
        """The sentence in a given language (``en`` for what is stored in a catalog)."""
        sentence = _sentence(self.kind, lang)
        return f"{sentence} ({self.detail})" if self.detail else sentence


def _sentence(kind: str, lang: str | None) -> str:
    match kind:
        case "corrupt":
            return tr("the file is damaged", lang=lang)
        case "truncated":
            return tr("the file is cut off: it is shorter than it says", lang=lang)
        case "being-written":
            return tr("the file is still being written, or its writer was killed", lang=lang)
        case "permission":
            return tr("permission denied", lang=lang)
        case "gone":
            return tr("the file is not there any more", lang=lang)
        case "not-a-file":
            return tr("not a regular file", lang=lang)
        case "crash":
            return tr("reading it made the reader crash, twice", lang=lang)
        case "timeout":
            return tr("reading it takes too long", lang=lang)
        case "memory":
            return tr("reading it takes too much memory", lang=lang)
        case "unsupported":
            return tr("its format is not known", lang=lang)
        case "io":
            return tr("the disk could not read it", lang=lang)
    return tr("it could not be read", lang=lang)


class Unreadable(Exception):
    """Inside the child: this file gives no metadata, for this reason."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
