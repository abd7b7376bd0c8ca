"""Roots of the file service: which folders may be served for which owner group, and where they lie here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import Dataset

from .beneath import Outside, beneath

_KEYS = frozenset({"host", "group", "groups", "folder", "path"})
_EXAMPLE = "{catalog_url: https://scicat.example.org, roots: [{host: daq1, group: GET, folder: /data/GET}]}"


class ConfigError(ShineCatError):
    """The file service's configuration can't be understood."""


@dataclass(frozen=True)
class Root:
    """A folder whose files may be served.

    Attributes
    ----------
    groups
        Owner groups of the datasets that it is for.
    host
        ``sourceFolderHost`` of the datasets; empty or ``*`` for any.
    folder
        As the catalog names it.
    path
        The same folder on this machine, with links resolved.
    """

    groups: frozenset[str]
    host: str
    folder: str
    path: str

    def is_for(self, dataset: Dataset) -> bool:
        """Whether a dataset of this group and host may have its folder here."""
        host = dataset.source_folder_host.lower()
        return dataset.owner_group in self.groups and (self.host in ("", "*") or self.host.lower() == host)


class Roots:
    """All roots of a service."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self._roots = tuple(roots)

    def __len__(self) -> int:
        return len(self._roots)

    def place(self, dataset: Dataset, name: str) -> tuple[str, str]:
        """Where a file of a dataset lies: the root's folder here, and the real path below it.

        A name in a catalog gives nobody a right: the dataset's folder must lie in a root of its own owner group, and so
        must the file itself with all links resolved. Where roots lie in one another, the innermost decides.

        Parameters
        ----------
        dataset
            Untrusted: anybody registers datasets with any folder.
        name
            As in its list of files.

        Raises
        ------
        Outside
            The file is in no root of the dataset's owner group.
        """
        folder = dataset.source_folder
        if not folder.startswith("/") or ".." in folder.split("/") or "\0" in folder:
            raise Outside(folder)
        folder = os.path.normpath(folder)
        prefix = folder.rstrip("/") + "/"
        relative = name[len(prefix) :] if name.startswith(prefix) else name
        fitting = [root for root in self._roots if root.is_for(dataset) and _contains(root.folder, folder)]
        if not fitting or relative.startswith("/"):
            raise Outside(name)
        root = max(fitting, key=lambda one: len(one.folder))
        here = os.path.join(root.path, str(PurePosixPath(folder).relative_to(root.folder)))
        real = beneath(os.path.normpath(here), relative, root=root.path)
        owners = self._innermost(real)
        if not any(one.is_for(dataset) for one in owners):
            raise Outside(name)
        return owners[0].path, os.path.relpath(real, owners[0].path)

    def _innermost(self, real: str) -> list[Root]:
        """The roots nearest above a path (several where they name the same folder)."""
        above = [root for root in self._roots if _contains(root.path, real)]
        longest = max((len(root.path) for root in above), default=0)
        return [root for root in above if len(root.path) == longest]


@dataclass(frozen=True)
class ServiceConfig:
    """What a file service runs by."""

    catalog_url: str
    roots: Roots


def load_config(file: Path, *, catalog_url: str = "") -> ServiceConfig:
    """Configuration from YAML or JSON.

    Parameters
    ----------
    file
        ``catalog_url`` and ``roots``: a list of ``{group (or groups), host, folder, path}``. ``folder`` is as the
        catalog names it, ``path`` where it lies here (the same when left out), ``host`` the ``sourceFolderHost`` of the
        datasets (any when left out).
    catalog_url
        Wins over the file's.

    Raises
    ------
    ConfigError
        It can't be read, names no catalog, or a root makes no sense.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        reason = cause.strerror if isinstance(cause, OSError) else str(cause)
        raise ConfigError(tr("{path} can't be read: {cause}.", path=str(file), cause=reason)) from None
    found = _parse(file, text)
    url = catalog_url or found.get("catalog_url") or ""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise _misset(tr("it names no catalog_url"))
    entries = found.get("roots")
    if not isinstance(entries, list) or not entries:
        raise _misset(tr("it names no roots"))
    return ServiceConfig(url, Roots([_root(entry) for entry in entries]))


def _parse(file: Path, text: str) -> Mapping[str, Any]:
    import yaml

    try:
        found = json.loads(text) if file.suffix.lower() == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as cause:
        raise _misset(" ".join(str(cause).split())[:300]) from None
    if not isinstance(found, Mapping):
        raise _misset(tr("it is no list of settings"))
    unknown = sorted(str(key) for key in found if key not in ("catalog_url", "roots"))
    if unknown:
        raise _misset(tr("{names} is unknown", names=", ".join(unknown)))
    return found


def _root(entry: Any) -> Root:
    if not isinstance(entry, Mapping) or not set(entry) <= _KEYS:
        raise _misset(tr("the root {root} can't be understood", root=repr(entry)[:200]))
    groups = entry.get("groups", [entry["group"]] if "group" in entry else [])
    folder = entry.get("folder")
    path, host = entry.get("path", folder), entry.get("host") or ""
    named = isinstance(groups, list) and groups and all(isinstance(group, str) and group for group in groups)
    if not named or not isinstance(folder, str) or not isinstance(path, str) or not isinstance(host, str):
        raise _misset(tr("the root {root} needs a group and a folder", root=repr(dict(entry))[:200]))
    if not folder.startswith("/") or ".." in folder.split("/") or not os.path.isabs(path):
        raise _misset(tr("the folders of the root {root} must be absolute", root=repr(dict(entry))[:200]))
    # Links above the root are the operator's own; those below it are checked for each file.
    return Root(frozenset(groups), host, os.path.normpath(folder), os.path.realpath(path))


def _contains(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _misset(reason: str) -> ConfigError:
    return ConfigError(
        tr("The file service's configuration can't be used: {reason}.", reason=reason),
        do=tr("Write it like this: {example}", example=_EXAMPLE),
    )
