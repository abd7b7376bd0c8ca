"""Path maps: where the folders that the catalog names lie on this machine."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr


class PathMapError(ShineCatError):
    """A path map can't be understood."""


@dataclass(frozen=True)
class PathMap:
    """One folder of the catalog and its place here.

    Attributes
    ----------
    host
        ``sourceFolderHost`` of the datasets it is for; empty or ``*`` for any.
    source
        Absolute folder as the catalog names it.
    target
        The same folder on this machine.
    """

    host: str
    source: str
    target: str

    def apply(self, host: str, folder: str) -> tuple[str, str] | None:
        """Place of ``folder`` here, and the root it must stay beneath; None when the map is not for it.

        >>> PathMap("daq1", "/data", "/mnt/daq1").apply("daq1", "/data/run 17")
        ('/mnt/daq1/run 17', '/mnt/daq1')
        >>> PathMap("daq1", "/data", "/mnt/daq1").apply("daq1", "/database") is None
        True
        """
        if self.host not in ("", "*") and self.host.lower() != host.lower():
            return None
        try:
            below = PurePosixPath(folder).relative_to(PurePosixPath(self.source))
        except ValueError:
            return None
        if ".." in below.parts:
            return None
        return os.path.join(self.target, str(below)) if below.parts else self.target, self.target


def parse_maps(given: object) -> tuple[PathMap, ...]:
    """Path maps from JSON text or from its list of ``{"host", "from", "to"}``; the first that fits wins.

    Raises
    ------
    PathMapError
        It is not such a list, or a folder is not absolute.
    """
    try:
        entries = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        entries = None
    if not isinstance(entries, Iterable) or isinstance(entries, (str, bytes, Mapping)):
        raise _misread(given)
    return tuple(_parse_one(entry) for entry in entries)


def maps_from_environment(environ: Mapping[str, str] | None = None) -> tuple[PathMap, ...]:
    """Path maps of ``SHINECAT_PATH_MAPS``; none when it is not set."""
    text = (os.environ if environ is None else environ).get("SHINECAT_PATH_MAPS")
    return parse_maps(text) if text else ()


def _parse_one(entry: Any) -> PathMap:
    if not isinstance(entry, Mapping):
        raise _misread(entry)
    source, target = entry.get("from"), entry.get("to")
    host = entry.get("host") or ""
    if not isinstance(source, str) or not isinstance(target, str) or not isinstance(host, str):
        raise _misread(entry)
    if not source.startswith("/") or not os.path.isabs(target):
        raise _misread(entry)
    return PathMap(host, os.path.normpath(source), os.path.normpath(target))


def _misread(given: object) -> PathMapError:
    return PathMapError(
        tr("The path map {given} can't be understood.", given=repr(given)[:200]),
        do=tr("Write it as JSON: {example}", example='[{"host": "daq1", "from": "/data", "to": "/mnt/daq1/data"}]'),
    )


def is_this_host(host: str) -> bool:
    """Whether the catalog's host name means this machine."""
    name = host.strip().lower()
    mine = platform.node().lower()
    return name in ("", "localhost", "127.0.0.1", "::1", mine) or name.partition(".")[0] == mine.partition(".")[0] != ""
