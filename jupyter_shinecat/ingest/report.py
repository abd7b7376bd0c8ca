"""What a scan did with every file it met; the counts add up to the number of files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """A file or folder with the reason why it is not as one would wish. ``kind`` is a word for programs."""

    path: str
    kind: str
    reason: str
    pid: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogued:
    """One dataset as it stands in the catalog after the scan.

    ``change`` is ``new``, ``updated``, ``moved`` or ``unchanged``.
    """

    path: str
    pid: str
    format: str
    change: str
    files: int


@dataclass(slots=True)
class ScanReport:
    """Counts and lists of one scan.

    Every entry below the folder that is not itself a folder is counted once: as ``with_metadata`` (by format),
    ``without_metadata``, ``beside`` (a file that belongs to another file's dataset), ``unchanged`` or
    ``not_catalogued``.
    """

    folder: str
    dry_run: bool = False
    files: int = 0
    with_metadata: Counter[str] = field(default_factory=Counter)
    without_metadata: list[Outcome] = field(default_factory=list)
    beside: int = 0
    unchanged: int = 0
    not_catalogued: list[Outcome] = field(default_factory=list)
    folders_unreadable: list[Outcome] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    datasets: list[Catalogued] = field(default_factory=list)
    duration_s: float = 0.0

    @property
    def accounted(self) -> int:
        """Files for which the report says what became of them; equals ``files`` after a scan that went through."""
        parts = sum(self.with_metadata.values()) + len(self.without_metadata) + len(self.not_catalogued)
        return parts + self.beside + self.unchanged

    @property
    def catalogued(self) -> int:
        """Datasets that stand in the catalog (none after a dry run)."""
        return len(self.datasets)

    def to_dict(self) -> dict[str, Any]:
        """For ``--json`` and for programs."""

        def listed(outcomes: list[Outcome]) -> list[dict[str, Any]]:
            return [{"path": o.path, "kind": o.kind, "reason": o.reason, "pid": o.pid} for o in outcomes]

        return {
            "folder": self.folder,
            "dry_run": self.dry_run,
            "files": self.files,
            "with_metadata": dict(sorted(self.with_metadata.items())),
            "without_metadata": listed(self.without_metadata),
            "beside": self.beside,
            "unchanged": self.unchanged,
            "not_catalogued": listed(self.not_catalogued),
            "folders_unreadable": listed(self.folders_unreadable),
            "gone": self.gone,
            "datasets": [
                {"path": d.path, "pid": d.pid, "format": d.format, "change": d.change, "files": d.files}
                for d in self.datasets
            ],
            "duration_s": round(self.duration_s, 3),
        }
