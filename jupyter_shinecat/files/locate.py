"""A file of a dataset on this machine: where it is, and whether it is as the catalog says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import DataFile, Dataset

from .beneath import Outside, beneath
from .maps import PathMap, is_this_host

# How many names are looked at for a file that is not in its place any more.
_SEARCH_LIMIT = 20_000


@dataclass(frozen=True)
class Located:
    """What is known of a file's place.

    Attributes
    ----------
    path
        Its real path here; None when it has none.
    state
        ``ok``; ``missing``; ``moved`` (``path`` is where a file of its name and size was found); ``truncated`` (smaller
        than catalogued); ``changed`` (larger: still being written, or another file); ``unreadable``; ``unmapped`` (its
        folder is on another machine and no path map says where it is here).
    reason
        What is wrong, as a sentence; empty when ok.
    do
        What the reader can do about it.
    """

    path: Path | None
    state: str
    reason: str = ""
    do: str = ""


def locate(dataset: Dataset, file: DataFile, maps: Sequence[PathMap] = ()) -> Located:
    """Find one file. Reads no content; costs one ``stat`` when all is well.

    Parameters
    ----------
    dataset
        Gives host and folder.
    file
        Gives path and size; untrusted.
    maps
        Path maps; the first that fits wins. Without a map, a folder of this machine (or of any machine when no maps are
        set up at all: then all share their file systems) is where the catalog says.
    """
    return next(locate_all(dataset, [file], maps))


def locate_all(dataset: Dataset, files: Sequence[DataFile], maps: Sequence[PathMap] = ()) -> Iterator[Located]:
    """Find many files of one dataset, in their order."""
    folder, root, problem = _folder(dataset, maps)
    for file in files:
        if folder is None:
            yield Located(None, "unmapped", problem, _ask_for_map())
        else:
            yield _look(dataset, file, folder, root)


def _folder(dataset: Dataset, maps: Sequence[PathMap]) -> tuple[str | None, str, str]:
    """The dataset's folder here and the root that links must stay beneath; or None and why."""
    folder, host = dataset.source_folder, dataset.source_folder_host
    if not folder.startswith("/") or ".." in folder.split("/") or "\0" in folder:
        return None, "", tr("The catalog gives “{folder}” as the folder of {name}.", folder=folder, name=dataset.name)
    folder = os.path.normpath(folder)
    for one in maps:
        mapped = one.apply(host, folder)
        if mapped is not None:
            return mapped[0], mapped[1], ""
    if is_this_host(host) or not maps:
        return folder, folder, ""
    return None, "", tr("The files of {name} are in {folder} on {host}.", name=dataset.name, folder=folder, host=host)


def _look(dataset: Dataset, file: DataFile, folder: str, root: str) -> Located:
    name = file.path
    if name.startswith("/"):  # some catalogs list absolute paths of the source host
        prefix = os.path.normpath(dataset.source_folder).rstrip("/") + "/"
        name = name[len(prefix) :] if name.startswith(prefix) else name
    try:
        real = beneath(folder, name, root=root)
    except Outside:
        return Located(
            None,
            "unreadable",
            tr("The path {path} leads out of the folder of its dataset.", path=file.path),
            tr("Tell the owner group {group}; the catalog's entry is wrong.", group=dataset.owner_group),
        )
    except OSError as cause:
        return Located(None, "unreadable", _cannot_read(file.path, cause), _ask_owner(dataset))
    try:
        status = os.stat(real)
    except FileNotFoundError:
        return _search(dataset, file, folder, root)
    except OSError as cause:
        return Located(Path(real), "unreadable", _cannot_read(real, cause), _ask_owner(dataset))
    return _judge(dataset, file, real, status)


def _judge(dataset: Dataset, file: DataFile, real: str, status: os.stat_result) -> Located:
    path = Path(real)
    if not stat.S_ISREG(status.st_mode):
        return Located(path, "unreadable", tr("{path} is not a regular file.", path=real), _ask_owner(dataset))
    if not os.access(real, os.R_OK):
        reason = tr("You have no right to read {path} on this machine.", path=real)
        return Located(path, "unreadable", reason, _ask_owner(dataset))
    # Catalogs say 0 for sizes that nobody filled in.
    if file.size_bytes > 0 and status.st_size != file.size_bytes:
        size, expected = status.st_size, file.size_bytes
        if size < expected:
            return Located(
                path,
                "truncated",
                tr(
                    "{path} has {size} bytes; the catalog says {expected}: a part of it is missing.",
                    path=real,
                    size=size,
                    expected=expected,
                ),
                tr("If it is still being copied, wait; else ask the owner group {group}.", group=dataset.owner_group),
            )
        return Located(
            path,
            "changed",
            tr(
                "{path} has {size} bytes; the catalog says {expected}: it has grown since.",
                path=real,
                size=size,
                expected=expected,
            ),
            tr("Scan its folder again to bring the catalog up to date."),
        )
    return Located(path, "ok")


def _search(dataset: Dataset, file: DataFile, folder: str, root: str) -> Located:
    """The file is not in its place: is one of its name and size somewhere below the dataset's folder?"""
    if not os.path.isdir(folder):
        return Located(
            None,
            "missing",
            tr("The folder {folder} of {name} is not there.", folder=folder, name=dataset.name),
            tr(
                "It may be moved, archived, or not mounted on this machine: ask the owner group {group}.",
                group=dataset.owner_group,
            ),
        )
    wanted = os.path.basename(file.path)
    seen = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(names) + len(folders)
        if wanted in names:
            found = os.path.join(parent, wanted)
            try:
                real = beneath(folder, os.path.relpath(found, folder), root=root)
                same = os.stat(real).st_size == file.size_bytes
            except (Outside, OSError):
                same = False
            if same:
                reason = tr("{path} is gone; a file of its name and size is at {found}.", path=file.path, found=real)
                return Located(
                    Path(real), "moved", reason, tr("Look whether that is the file you mean, and open it by its path.")
                )
        if seen > _SEARCH_LIMIT:
            break
    return Located(
        None,
        "missing",
        tr("{path} is no longer in {folder}.", path=file.path, folder=folder),
        tr(
            "It was removed, renamed or archived after it was catalogued: ask the owner group {group}.",
            group=dataset.owner_group,
        ),
    )


def _cannot_read(path: str, cause: OSError) -> str:
    return tr("{path} can't be read: {cause}.", path=path, cause=cause.strerror or type(cause).__name__)


def _ask_owner(dataset: Dataset) -> str:
    return tr("Ask the owner group {group} for access to its folder.", group=dataset.owner_group)


def _ask_for_map() -> str:
    return tr("Ask the operator where that folder is on this machine (setting path_maps, SHINECAT_PATH_MAPS).")
