"""Taking a result: checksums, metadata and pictures of its files as they are now. The files stay where they are."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from jupyter_shinecat.formats import Extract, Failure

from . import figures, notebook
from .commit import commit_of
from .doubts import doubts_of, must_ask
from .durable import sync_folder, write_bytes
from .hashing import Digests, Moving
from .rest import Signature, signature

# Metadata of a result with very many files are those of the first ones; all are hashed.
_READ_FILES = 20
_MAX_FIGURES = 20

Taken = dict[str, Any]


class Reader(Protocol):
    """What reads metadata in a child process: `jupyter_shinecat.formats.Sandbox`."""

    def extract(self, path: str) -> Extract | Failure:
        """What the file says of itself, or why it says nothing."""


def collect(
    found: dict[str, Any],
    files: dict[str, Signature],
    digests: Digests,
    pictures: Sequence[str],
    folder: Path,
    reader: Reader,
    *,
    with_notebook: bool = False,
) -> Taken:
    """The second step of an entry.

    Parameters
    ----------
    found
        The first step.
    files
        Its data files with the signatures they had when they were found at rest.
    digests
        Their checksums.
    pictures
        Its figures.
    folder
        The entry's folder; pictures are kept in it.
    reader
        Reads metadata.
    with_notebook
        Whether the notebook goes with it, without its outputs.

    Raises
    ------
    Moving
        A file changed meanwhile.
    """
    taken: list[dict[str, Any]] = []
    trees: dict[str, Any] = {}
    formats: dict[str, None] = {}
    notes: list[str] = []
    failures: dict[str, Failure] = {}
    for index, path in enumerate(sorted(files)):
        if index < _READ_FILES:
            told = reader.extract(path)
            if isinstance(told, Extract):
                trees[os.path.basename(path)] = told.metadata
                formats[told.format] = None
            elif told.kind != "unsupported":
                failures[path] = told
                notes.append(f"{os.path.basename(path)}: {told.text('en')}")
        if signature(path) != files[path]:
            raise Moving(path)
        size, mtime_ns, _ = files[path]
        taken.append({"path": path, "size": size, "mtime_ns": mtime_ns, "sha256": digests[path]["sha256"]})
    doubts = doubts_of(files, failures)
    kept = _pictures(pictures, folder, notes)
    metadata = next(iter(trees.values())) if len(trees) == 1 else {k: v for k, v in trees.items() if v}
    origin = origin_of(found, [file["path"] for file in taken])
    key = content_key(found, taken, kept)  # of the result itself: another text in the notebook is no other result
    if with_notebook and taken:
        kept += _notebook(found, folder, notes)
    return {
        "files": taken,
        "figures": kept,
        "metadata": metadata,
        "format": ",".join(formats) if len(formats) == 1 else "",
        "notes": notes,
        "figures_left": max(0, len(pictures) - _MAX_FIGURES),
        "doubts": doubts,
        "asks": must_ask(found, files, doubts),
        "commit": commit_of(str(found.get("cwd") or "")),
        "origin": origin,
        "key": key,
    }


def _notebook(found: dict[str, Any], folder: Path, notes: list[str]) -> list[dict[str, Any]]:
    path = notebook.path_of(found)
    if path is None:
        return []
    try:
        content = notebook.without_outputs(path)
    except (OSError, ValueError) as error:
        notes.append(f"{os.path.basename(path)} is not attached: {error}")
        return []
    into = folder / "notebook.ipynb"
    write_bytes(into, content)
    digest = hashlib.sha256(content).hexdigest()
    return [{"caption": os.path.basename(path), "file": into.name, "mime": notebook.MIME, "sha256": digest}]


def origin_of(found: dict[str, Any], paths: Sequence[str]) -> str:
    """What makes a later result the same one again: the same notebook writes the same files."""
    maker = found["notebook"] or f"cwd:{found['cwd']}"
    return _digest([found["user"], found["host"] if not found["notebook"] else "", maker, sorted(paths)])


def content_key(found: dict[str, Any], files: Sequence[dict[str, Any]], pictures: Sequence[dict[str, Any]]) -> str:
    """Names the content of a result: who made it where, by which code, from what, and the bytes that came out."""
    return _digest(
        {
            "user": found["user"],
            "notebook": found["notebook"],
            "cell": found["cell"],
            "derived": [found["name"], found["keywords"], found["description"], found["parameters"]],
            "files": sorted([file["path"], file["sha256"]] for file in files),
            "figures": sorted([picture["caption"], picture["sha256"]] for picture in pictures),
            "inputs": sorted(item["pid"] for item in found["inputs"]),
            "paths_in": sorted(item["path"] for item in found["paths_in"]),
            "code": [cell["code"] for cell in found["code"]],
        }
    )


def _digest(value: object) -> str:
    told = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode("ascii")).hexdigest()


def _pictures(paths: Sequence[str], folder: Path, notes: list[str]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    captions: set[str] = set()
    for index, path in enumerate(sorted(paths)):
        if len(kept) >= _MAX_FIGURES:
            notes.append(f"{len(paths) - index} more figures are not attached")
            break
        into = folder / f"figure-{index}"
        told = figures.picture(path, into)
        if "error" in told:
            notes.append(f"{os.path.basename(path)}: {told['error']}")
            continue
        name = os.path.basename(path)
        choices = (name, os.path.join(os.path.basename(os.path.dirname(path)), name), f"{name} ({index})")
        caption = next(choice for choice in choices if choice not in captions)
        captions.add(caption)
        kept.append(
            {
                "caption": caption,
                "file": into.name,
                "mime": told["mime"],
                "sha256": hashlib.sha256(into.read_bytes()).hexdigest(),
            }
        )
    sync_folder(folder)
    # A picture of the first kind is what the catalog shows as thumbnail.
    return sorted(kept, key=lambda picture: picture["mime"] not in ("image/png", "image/jpeg"))
