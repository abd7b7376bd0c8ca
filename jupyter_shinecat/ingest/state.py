"""What earlier scans did: one SQLite file that survives a kill at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.locale import tr

_SCHEMA = """
CREATE TABLE IF NOT EXISTS dataset (
    scope TEXT NOT NULL, path TEXT NOT NULL, generation INTEGER NOT NULL, pid TEXT NOT NULL, stage TEXT NOT NULL,
    fingerprint TEXT NOT NULL, format TEXT NOT NULL, reason TEXT NOT NULL, block TEXT NOT NULL, sent TEXT NOT NULL,
    inode TEXT NOT NULL, files INTEGER NOT NULL, scan INTEGER NOT NULL,
    PRIMARY KEY (scope, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dataset_inode ON dataset (scope, inode);
CREATE TABLE IF NOT EXISTS scope (scope TEXT PRIMARY KEY, scan INTEGER NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "path, generation, pid, stage, fingerprint, format, reason, block, sent, inode, files, scan"

_PUT = f"INSERT OR REPLACE INTO dataset (scope, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_GET = f"SELECT {_COLUMNS} FROM dataset WHERE scope = ? AND "  # noqa: S608 - names of columns, no values


@dataclass(slots=True)
class Row:
    """One dataset as the last scan left it.

    ``stage``: ``minted`` (asked for, perhaps created), ``created`` (without files yet), ``done``, or ``gone`` (its
    file is).
    """

    path: str
    generation: int = 0
    pid: str = ""
    stage: str = "minted"
    fingerprint: str = ""
    format: str = ""
    reason: str = ""
    block: str = ""
    sent: dict[str, Any] = field(default_factory=dict)
    inode: str = ""
    files: int = 1
    scan: int = 0


class StateError(ShineCatError):
    """The state of earlier scans can't be used."""


class State:
    """Rows of one scope (catalog, facility, host, root); safe to use from several threads.

    Parameters
    ----------
    folder
        Where the file ``ingest.sqlite`` lies; made when missing.
    scope
        What tells this scan's rows from others'.
    """

    def __init__(self, folder: Path, scope: str) -> None:
        self.scope = scope
        self._lock = threading.Lock()
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._db = apsw.Connection(str(folder / "ingest.sqlite"))
            self._db.set_busy_timeout(10_000)
            self._db.pragma("journal_mode", "wal")
            self._db.pragma("synchronous", "normal")  # a row lost with the power is found again in the catalog
            self._db.execute(_SCHEMA)
            self.scan = self._next_scan()
        except (OSError, apsw.Error) as error:
            raise StateError(
                tr("The record of earlier scans in {folder} can't be used: {reason}.", folder=folder, reason=error),
                do=tr("Free space there, or name another folder with SHINECAT_STATE."),
            ) from error

    def _next_scan(self) -> int:
        sql = "INSERT INTO scope VALUES (?, 1) ON CONFLICT (scope) DO UPDATE SET scan = scope.scan + 1 RETURNING scan"
        (number,) = next(self._db.execute(sql, (self.scope,)))
        return int(number)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Refuse a second scan of the same folder at the same time; the lock dies with its process."""
        try:
            import fcntl
        except ImportError:  # Windows: steps are idempotent, two scans only do work twice
            yield
            return
        descriptor = os.open(self._folder / f"{self.scope[:32]}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StateError(
                    tr("Another scan of this folder is running."), do=tr("Wait until it is through.")
                ) from error
            yield
        finally:
            os.close(descriptor)

    def get(self, path: str) -> Row | None:
        """The row of a path."""
        return self._one("path = ?", path)

    def by_inode(self, inode: str) -> list[Row]:
        """Rows whose main file was this file on disk, wherever it lay."""
        return self._many("inode = ?", inode)

    def unseen(self) -> list[Row]:
        """Rows that this scan did not touch."""
        return self._many("scan < ? AND stage != 'gone'", self.scan)

    def put(self, row: Row, *, formerly: str | None = None) -> None:
        """Store a row; ``formerly`` is the path it had before its file moved."""
        row.scan = self.scan
        values = (
            self.scope, row.path, row.generation, row.pid, row.stage, row.fingerprint, row.format, row.reason,
            row.block, json.dumps(row.sent), row.inode, row.files, row.scan,
        )  # fmt: skip
        with self._lock, self._db:
            if formerly is not None:
                self._db.execute("DELETE FROM dataset WHERE scope = ? AND path = ?", (self.scope, formerly))
            self._db.execute(_PUT, values)

    def some(self, count: int) -> list[Row]:
        """A few rows that are in the catalog as far as we know, the latest first."""
        return self._many("stage = 'done' ORDER BY scan DESC LIMIT ?", count)

    def forget(self) -> None:
        """Take all rows back to before they were created: the catalog is a new one. PIDs stay."""
        with self._lock, self._db:
            self._db.execute("UPDATE dataset SET stage = 'minted', block = '' WHERE scope = ?", (self.scope,))

    def seen(self, paths: list[str]) -> None:
        """Mark rows as met by this scan, unchanged."""
        with self._lock, self._db:
            self._db.executemany(
                "UPDATE dataset SET scan = ? WHERE scope = ? AND path = ?",
                ((self.scan, self.scope, path) for path in paths),
            )

    def _one(self, where: str, value: Any) -> Row | None:
        rows = self._many(where, value)
        return rows[0] if rows else None

    def _many(self, where: str, value: Any) -> list[Row]:
        with self._lock:
            found = list(self._db.execute(_GET + where, (self.scope, value)))
        cells: list[list[Any]] = [[*values[:8], json.loads(values[8]), *values[9:]] for values in found]
        return [Row(*row) for row in cells]
