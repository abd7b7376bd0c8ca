"""Whether the files of a result may be broken: what is known of how they were written, and what they look like."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from jupyter_shinecat.formats import Failure
from jupyter_shinecat.locale import tr

from .rest import Signature

# What a reader says of a file whose bytes are not all there; everything else may be the reader's own limit.
_BROKEN = ("corrupt", "truncated", "being-written")
_EMPTY = "empty"
_MOST = 20

Doubt = dict[str, str]


def doubts_of(files: Mapping[str, Signature], failures: Mapping[str, Failure]) -> list[Doubt]:
    """Files that are empty, or that their format's reader calls broken; the broken ones first.

    Parameters
    ----------
    files
        The result's files.
    failures
        What the readers said of those that they could not read.
    """
    broken = [_doubt(path, told.kind, told.detail) for path, told in failures.items() if told.kind in _BROKEN]
    empty = [_doubt(path, _EMPTY) for path, sign in files.items() if sign[0] == 0]
    return (broken + empty)[:_MOST]


def must_ask(found: Mapping[str, Any], files: Mapping[str, Signature], doubts: list[Doubt]) -> bool:
    """Whether a person must say that the result shall be sent all the same.

    An empty file may be meant (a mark beside other files), unless the cell that wrote it failed, or there is no other.
    Where the disk refused what the cell wrote, no file of it can be trusted.
    """
    if found.get("refused") or any(doubt["kind"] != _EMPTY for doubt in doubts):
        return True
    return bool(doubts) and (has_failed(found) or not any(sign[0] for sign in files.values()))


def has_failed(found: Mapping[str, Any]) -> bool:
    """Whether the cell that wrote the result came to no good end."""
    return found.get("status") != "ok"


def question(found: Mapping[str, Any], doubts: list[Doubt]) -> tuple[str, str]:
    """Why a result waits for a yes, and what to do."""
    told = [f"{doubt['file']} ({_why(doubt)})" for doubt in doubts[:3]] + ["..."] * (len(doubts) > 3)
    if found.get("refused"):
        told.insert(0, tr("the disk refused what its cell wrote ({cause})", cause=found["refused"]))
    reason = tr("It may be broken: {files}.", files=", ".join(told))
    do = tr("Make it again, or send it as it is, or withdraw it.")
    return " ".join(part for part in (reason, remark(found)) if part), do


def remark(found: Mapping[str, Any]) -> str:
    """What is to be said of a result whose cell failed; empty for others."""
    if not has_failed(found):
        return ""
    if found.get("status") == "error":
        return tr("The code that wrote it ended with an error.")
    return tr("Its cell did not come to its end: the process was killed.")


def for_catalog(found: Mapping[str, Any], doubts: list[Doubt]) -> list[str]:
    """The same for the Derived dataset, in English; empty when there is no doubt."""
    refused = str(found.get("refused") or "")
    return [f"the disk refused what the cell wrote: {refused}"] * bool(refused) + [
        f"{doubt['file']}: {_why(doubt, 'en')}" for doubt in doubts
    ]


def _doubt(path: str, kind: str, detail: str = "") -> Doubt:
    return {"file": os.path.basename(path), "kind": kind, "detail": detail}


def _why(doubt: Doubt, lang: str | None = None) -> str:
    if doubt["kind"] == _EMPTY:
        return tr("it is empty", lang=lang)
    return Failure(kind=doubt["kind"], detail=doubt["detail"]).text(lang)
