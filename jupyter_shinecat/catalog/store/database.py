"""The database file: pragmas, schema, connections."""

from __future__ import annotations

import os
import threading
import uuid
from pathlib import Path
from typing import Any

import apsw

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.locale import tr

from .lock import FolderLock
from .migrations import FIRST, SCHEMA_VERSION, stored_version, upgrade

KINDS = (
    "dataset", "origdatablock", "datablock", "attachment", "sample", "proposal", "instrument", "job", "publisheddata",
    "policy", "history", "runtimeconfig",
)  # fmt: skip
# Below this, SQLite can lose a write in a race between a checkpoint and a WAL reset.
MINIMUM_SQLITE = (3, 51, 3)

# Each thread has a connection: what is read often stays in the system's cache anyway.
_READER_CACHE_KB = 4_000

_COMMON = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombstone (
    change INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS link (
    kind TEXT NOT NULL, id TEXT NOT NULL, rel TEXT NOT NULL, target TEXT NOT NULL,
    PRIMARY KEY (rel, target, kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_source ON link (kind, id);
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, email TEXT NOT NULL, password TEXT NOT NULL,
    groups TEXT NOT NULL, source TEXT NOT NULL, disabled INTEGER NOT NULL DEFAULT 0, identity TEXT NOT NULL,
    created TEXT NOT NULL, modified TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS account_settings (account TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
_PER_KIND = """
CREATE TABLE IF NOT EXISTS {kind} (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, change INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS {kind}_change ON {kind} (change);
"""


def sqlite_version() -> tuple[int, ...]:
    """Version of the SQLite library in use."""
    return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))


class Database:
    """One folder with the catalog's database; a lock keeps a second server out.

    Parameters
    ----------
    folder
        Made 0700 when missing.

    Raises
    ------
    CatalogError
        SQLite is too old, the folder is in use, can't be written, or holds a newer schema.
    """

    def __init__(self, folder: Path) -> None:
        version = sqlite_version()
        if version < MINIMUM_SQLITE:
            raise CatalogError(
                tr("SQLite {version} can lose writes in WAL mode.", version=".".join(map(str, version))),
                do=tr("Install a newer apsw: pip install -U apsw."),
            )
        self.folder = folder
        self.path = folder / "catalog.sqlite"
        self._local = threading.local()
        self._opened: list[apsw.Connection] = []
        self._guard = threading.Lock()
        self._lock = FolderLock(folder)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        try:
            connection = self.connect()
            os.chmod(self.path, 0o600)
            if stored_version(connection) > SCHEMA_VERSION:
                raise CatalogError(
                    tr("The database {path} was written by a newer version of jupyter-shinecat.", path=self.path),
                    do=tr("Upgrade jupyter-shinecat."),
                )
            with connection:
                for statement in (_COMMON, *(_PER_KIND.format(kind=kind) for kind in KINDS)):
                    connection.execute(statement)
                for key, value in (("schema", str(FIRST)), ("uuid", uuid.uuid4().hex), ("change", "0")):
                    connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))
                upgrade(connection)
            found = dict(connection.execute("SELECT key, value FROM meta"))
        except apsw.FullError:
            raise CatalogError(
                tr("The disk of {folder} is full: the catalog can't start.", folder=self.folder),
                left=tr("What was stored before is intact."),
                do=tr("Free space and start again."),
            ) from None
        except apsw.Error as error:
            raise CatalogError(
                tr("The database {path} can't be opened: {reason}.", path=self.path, reason=error),
                do=tr("Check the disk, or restore a backup."),
            ) from None
        self.uuid = found["uuid"]

    def connect(self, cache_kb: int = 16_000) -> apsw.Connection:
        """A new connection with the catalog's pragmas; closed with the database."""
        connection = apsw.Connection(str(self.path))
        connection.set_busy_timeout(20_000)
        # FULL: an acknowledged commit is on the disk. NORMAL would lose the last ones at a power cut.
        # Documents are about 2 kB: of pages of 4 kB, half would stay empty. The page size counts for a new file only.
        for pragma in (
            "page_size=8192", "journal_mode=WAL", "synchronous=FULL", f"cache_size=-{cache_kb}", "temp_store=MEMORY",
        ):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
        with self._guard:
            self._opened.append(connection)
        return connection

    def reading(self) -> apsw.Connection:
        """This thread's own connection for reading."""
        connection: Any = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self.connect(_READER_CACHE_KB)
            connection.execute("PRAGMA query_only=ON")
        return connection  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close every connection and let the folder go."""
        with self._guard:
            opened, self._opened = self._opened, []
        for connection in opened:
            connection.close(True)
        self._lock.release()
