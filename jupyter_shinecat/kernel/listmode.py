"""The header of a list-mode file, by our own reader."""

from __future__ import annotations

from pathlib import Path

from jupyter_shinecat.locale import tr

from .errors import file_problem
from .metadata import Metadata


def header(local: Path, name: str) -> Metadata:
    """Facts of the header; the events are not read.

    Raises
    ------
    FileProblem
        It is no list-mode file, or its header is cut off or contradicts itself.
    """
    from jupyter_shinecat.formats.lmf import extract_lmf
    from jupyter_shinecat.formats.model import Unreadable

    try:
        found = extract_lmf(str(local))
    except (Unreadable, OSError) as cause:
        raise file_problem(
            "format",
            tr("{file} has no list-mode header that can be read: {cause}.", file=name, cause=_words(cause)),
            tr("Its path for other readers: ds.path({name})", name=repr(name)),
        ) from None
    facts = dict(found.metadata)
    if found.start_time:
        facts["start_time"] = found.start_time
    if found.end_time:
        facts["end_time"] = found.end_time
    if found.data:
        facts["shape"] = list(found.data[0].shape)
    if found.warnings:
        facts["warnings"] = list(found.warnings)
    return Metadata(facts, name=name)


def _words(cause: Exception) -> str:
    if isinstance(cause, OSError):
        return cause.strerror or type(cause).__name__
    return ": ".join(str(part) for part in cause.args if part)
