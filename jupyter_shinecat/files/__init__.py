"""Where a dataset's bytes are: path maps, and opening beneath a root."""

from __future__ import annotations

from .beneath import Outside, beneath
from .locate import Located, locate, locate_all
from .maps import PathMap, PathMapError, maps_from_environment, parse_maps

__all__ = [
    "Located",
    "Outside",
    "PathMap",
    "PathMapError",
    "beneath",
    "locate",
    "locate_all",
    "maps_from_environment",
    "parse_maps",
]
