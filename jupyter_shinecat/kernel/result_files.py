"""Results: where they are saved, and what the user says of them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path, PurePath
from typing import Any

from jupyter_shinecat import record
from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.paths import results_dir

from .errors import warn


class ResultError(ShineCatError):
    """A result can't be placed or described."""


def results_path(name: str | PathLike[str] | None) -> Path:
    """See `jupyter_shinecat.results`."""
    root = results_dir()
    relative = PurePath(os.fspath(name) if name is not None else "")
    if relative.is_absolute() or ".." in relative.parts or "\0" in str(relative):
        raise ResultError(
            tr("“{name}” leads out of the results folder {folder}.", name=str(relative), folder=str(root)),
            do=tr("Give a name without “..”, with folders if you like: “run17/peaks.h5”."),
        )
    path = root / relative
    folder = path.parent if relative.parts else path
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise ResultError(
            tr("The folder {folder} can't be made: {cause}.", folder=str(folder), cause=cause.strerror or str(cause)),
            do=tr("Free some space, or let SHINECAT_RESULTS name a folder that you may write to."),
        ) from cause
    if relative.parts and path.is_file():
        warn(tr("{path} exists already; what you save there replaces it.", path=str(path)))
    return path


def announce(
    paths: Sequence[str | PathLike[str]],
    *,
    name: str | None,
    keywords: Sequence[str],
    description: str | None,
    parameters: dict[str, Any] | None,
) -> None:
    """See `jupyter_shinecat.derived`."""
    if not paths:
        raise ResultError(tr("No file is named."), do=tr("Give the path of the result, or a list of paths."))
    full = [os.path.abspath(os.fspath(path)) for path in paths]
    gone = [path for path in full if not os.path.exists(path)]
    if gone:
        raise ResultError(
            tr("There is no file {path}.", path=gone[0]),
            left=tr("Nothing was sent."),
            do=tr("Save the result first, then say what it is."),
        )
    recorder = record.current()
    words = [keywords] if isinstance(keywords, str) else [str(word) for word in keywords]
    taken = recorder is not None and recorder.derived(
        full, name=name, keywords=words, description=description, parameters=plain(parameters or {})
    )
    if not taken:
        raise ResultError(
            tr("Nothing is recorded here, so the catalog would not learn where {path} comes from.", path=full[0]),
            left=tr("The files are untouched; nothing was sent."),
            do=tr("Call it in a notebook, after %shinecat record on."),
        )


def plain(value: Any) -> Any:
    """A value as JSON takes it: numbers of numpy become numbers, all else that JSON does not know its text."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    return str(value)
