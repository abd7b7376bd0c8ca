"""Which git commit a folder is at, read from git's own files: no program of a foreign folder is run for it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_LONGEST = 1_000_000
_LINKS = 5


def commit_of(folder: str) -> tuple[str, str] | None:
    """Name of the repository's folder and the commit that ``folder`` is at; None where there is none.

    Changes that are not committed are not looked for.
    """
    for place in (Path(folder), *Path(folder).parents) if os.path.isabs(folder) else ():
        try:
            git = _git_folder(place / ".git")
            found = _resolve(git) if git is not None else None
        except (OSError, ValueError):
            return None
        if found:
            return place.name, found
    return None


def _git_folder(path: Path) -> Path | None:
    if path.is_dir():
        return path
    if path.is_file():  # a worktree, or a submodule
        kind, _, where = _text(path).partition(":")
        return (path.parent / where.strip()) if kind == "gitdir" else None
    return None


def _resolve(git: Path) -> str | None:
    """The commit that HEAD leads to."""
    common = git / "commondir"
    shared = git / _text(common).strip() if common.is_file() else git
    name = "HEAD"
    for _ in range(_LINKS):
        said = next((_text(base / name).strip() for base in (git, shared) if (base / name).is_file()), "")
        if not said:
            packed = shared / "packed-refs"
            lines = _text(packed).splitlines() if packed.is_file() else []
            said = next((line.split(" ")[0] for line in lines if line.endswith(f" {name}")), "")
        if _SHA.match(said):
            return said
        if not said.startswith("ref: refs/") or ".." in said:
            return None
        name = said[len("ref: ") :]
    return None


def _text(path: Path) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(_LONGEST)
