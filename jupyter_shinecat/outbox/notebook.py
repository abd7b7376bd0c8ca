"""The notebook that a result came from, as it may be sent: its code and texts, without outputs and secrets."""

from __future__ import annotations

import json
import os
from typing import Any

from .figures import MAX_BYTES
from .scrub import scrub, secrets_of_environment

MIME = "application/x-ipynb+json"
_MAX_FILE_BYTES = 100_000_000
# Of the notebook's metadata: what says how to run it. All else may be anything, and is left out.
_KEPT_METADATA = {
    "kernelspec": ("name", "display_name", "language"),
    "language_info": ("name", "version", "file_extension", "mimetype", "pygments_lexer"),
}


def path_of(found: dict[str, Any]) -> str | None:
    """Where the notebook of a result lies; None for a script, or where nobody knows."""
    name = found.get("notebook")
    if not isinstance(name, str) or not name.endswith(".ipynb"):
        return None
    path = os.path.normpath(os.path.join(str(found.get("cwd") or "/"), name))
    return path if os.path.isfile(path) else None


def without_outputs(path: str) -> bytes:
    """The notebook at ``path`` as it was saved last: sources of its cells only, scrubbed.

    Raises
    ------
    ValueError
        It is no notebook, or too large to be sent; the text says which.
    OSError
        It can't be read.
    """
    if os.path.getsize(path) > _MAX_FILE_BYTES:
        raise ValueError(f"more than {_MAX_FILE_BYTES} bytes")
    try:
        with open(path, "rb") as file:
            told = json.load(file)
        cells = [_cell(cell) for cell in told["cells"]]
        metadata = _metadata(told.get("metadata") or {})
        clean = {"nbformat": 4, "nbformat_minor": int(told["nbformat_minor"]), "metadata": metadata, "cells": cells}
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError, ValueError) as error:
        raise ValueError("not a notebook") from error
    content = json.dumps(clean, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    if len(content) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes also without its outputs")
    return content


def _metadata(told: dict[str, Any]) -> dict[str, Any]:
    kept = {}
    for part, names in _KEPT_METADATA.items():
        said = told.get(part)
        if isinstance(said, dict):
            kept[part] = {name: said[name] for name in names if isinstance(said.get(name), str)}
    return kept


def _cell(cell: dict[str, Any]) -> dict[str, Any]:
    source = cell["source"]
    text = scrub("".join(source) if isinstance(source, list) else str(source), secrets_of_environment())
    kind = cell["cell_type"] if cell["cell_type"] in ("code", "markdown") else "raw"
    kept: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
    if kind == "code":
        kept.update(execution_count=None, outputs=[])
    if isinstance(cell.get("id"), str):
        kept["id"] = cell["id"][:64]
    return kept
