"""One table by format: what is a dataset, what goes with another file, what is hashed, what comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Policy:
    """How files of one format are treated.

    Parameters
    ----------
    priority
        Lower goes first: data of a run before tables, pictures and notes.
    hash_up_to_bytes
        Files up to this size get a checksum; larger ones are known by size and time.
    """

    priority: int
    hash_up_to_bytes: int


_DATA = Policy(priority=0, hash_up_to_bytes=256 * _MB)
POLICIES: dict[str, Policy] = {
    "cxi": _DATA,
    "nexus": _DATA,
    "hdf5": _DATA,
    "lmf": Policy(priority=0, hash_up_to_bytes=64 * _MB),
    "netcdf3": _DATA,
    "tiff": Policy(priority=1, hash_up_to_bytes=64 * _MB),
    "npy": Policy(priority=1, hash_up_to_bytes=64 * _MB),
    "npz": Policy(priority=1, hash_up_to_bytes=64 * _MB),
    "csv": Policy(priority=2, hash_up_to_bytes=64 * _MB),
    "png": Policy(priority=3, hash_up_to_bytes=64 * _MB),
}
OTHER = Policy(priority=4, hash_up_to_bytes=64 * _MB)

# Extensions decide grouping and order only, before anything is opened; the content decides the format.
_EXPECTED = {
    ".cxi": "cxi",
    ".nxs": "nexus",
    ".nx5": "nexus",
    ".nexus": "nexus",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".hdf": "hdf5",
    ".nwb": "hdf5",
    ".mat": "hdf5",
    ".nc": "netcdf3",
    ".lmf": "lmf",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".npy": "npy",
    ".npz": "npz",
    ".csv": "csv",
    ".tsv": "csv",
    ".png": "png",
}
MAIN = frozenset(("cxi", "nexus", "hdf5", "lmf", "netcdf3", "tiff", "npy", "npz"))
# what people and stations lay beside a data file, under its name
BESIDE = frozenset((".json", ".yaml", ".yml", ".txt", ".log", ".xml", ".md", ".meta", ".png", ".jpg", ".jpeg", ".ini"))
_TEMPORARY = re.compile(
    r"(^~\$|^\.~lock\.|^\.nfs[0-9a-f]+$|^\.DS_Store$|^Thumbs\.db$|\.(part|tmp|swp|crdownload)$|~$)", re.I
)


def expected_format(name: str) -> str | None:
    """Format that a name promises; None for one that promises nothing."""
    dot = name.rfind(".")
    return _EXPECTED.get(name[dot:].lower()) if dot >= 0 else None


def policy(format_name: str | None) -> Policy:
    """The row of the table for a format."""
    return POLICIES.get(format_name or "", OTHER)


def is_temporary(name: str) -> bool:
    """A file that some program has only for itself, for now."""
    return _TEMPORARY.search(name) is not None
