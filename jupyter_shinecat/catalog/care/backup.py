"""Backup while the catalog serves, and its way back."""

from __future__ import annotations

import os
import shutil
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import apsw
import msgspec

from jupyter_shinecat import __version__
from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.catalog.store.lock import FolderLock
from jupyter_shinecat.catalog.store.migrations import SCHEMA_VERSION
from jupyter_shinecat.locale import tr

from .files import copy_private, disk_errors, refuse_existing, sha256, sync, write_private
from .reading import DATABASE, kinds_in, meta, reading

MANIFEST = "manifest.json"
SECRET = "jwt-secret"  # noqa: S105  # the name of a file
_PAGES = 2_000


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself; ``files`` are SHA-256 sums by name."""

    made: str
    version: str
    schema: int
    uuid: str
    change: int
    counts: dict[str, int]
    files: dict[str, str]


def backup(folder: Path, target: Path, *, with_secret: bool = False) -> Manifest:
    """Copy a catalog's database as it is at one moment, whether or not a server is running.

    Parameters
    ----------
    folder
        The catalog's data folder.
    target
        A new folder (0700) that gets the database and a manifest; it appears when it is complete and on the disk.
    with_secret
        Copy the key that signs tokens too: sign-ins then outlive a restore, and whoever has the backup can make them.

    Raises
    ------
    CatalogError
        There is no catalog, ``target`` exists, or the disk refuses.
    """
    refuse_existing(target)
    partial = target.with_name(target.name + ".partial")
    with reading(folder) as source, disk_errors(target):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700, parents=True)
        try:
            manifest = _fill(source, folder, partial, with_secret)
            os.rename(partial, target)
            sync(target.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return manifest


def _fill(source: apsw.Connection, folder: Path, partial: Path, with_secret: bool) -> Manifest:
    about = meta(source)  # begins the read: from here on the source stands still for this connection
    counts = {kind: _count(source, kind) for kind in kinds_in(source)}
    path = partial / DATABASE
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        copy = apsw.Connection(str(path))
        try:
            with copy.backup("main", source, "main") as run:
                while not run.done:
                    run.step(_PAGES)
            # A copy of a WAL database is one too; as a single file it needs no companions.
            copy.execute("PRAGMA journal_mode=DELETE")
        finally:
            copy.close(True)
    except (apsw.FullError, apsw.IOError) as error:
        raise OSError(0, str(error)) from None
    sync(path)
    files = {DATABASE: sha256(path)}
    if with_secret and (folder / SECRET).is_file():
        files[SECRET] = copy_private(folder / SECRET, partial / SECRET)
    manifest = Manifest(
        dates.now(), __version__, int(about["schema"]), about["uuid"], int(about["change"]), counts, files
    )
    write_private(partial / MANIFEST, msgspec.json.format(msgspec.json.encode(asdict(manifest)), indent=1) + b"\n")
    sync(partial)
    return manifest


def _count(connection: apsw.Connection, kind: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {kind}").fetchone()  # noqa: S608  # kind is one of KINDS
    return int(row[0]) if row else 0


def verify(source: Path) -> Manifest:
    """Read a backup's manifest and compare every file with it; the database has to be sound, too.

    Raises
    ------
    CatalogError
        It is no backup, is damaged, or was made by a newer version.
    """
    try:
        manifest = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise CatalogError(
            tr("{path} is no backup of a catalog: {reason}.", path=source, reason=error),
            do=tr("Give the folder that shinecat catalog backup made."),
        ) from None
    if manifest.schema > SCHEMA_VERSION:
        raise CatalogError(
            tr("The backup {path} was made by a newer version of jupyter-shinecat.", path=source),
            do=tr("Upgrade jupyter-shinecat."),
        )
    if DATABASE not in manifest.files or set(manifest.files) - {DATABASE, SECRET}:
        raise _damaged(source, MANIFEST)
    for name, expected in manifest.files.items():
        path = source / name
        if not path.is_file() or sha256(path) != expected:
            raise _damaged(source, name)
    try:
        connection = apsw.Connection(f"file:{_quoted(source / DATABASE)}?immutable=1", flags=_READ)
        try:
            result = connection.execute("PRAGMA integrity_check(1)").fetchone()
        finally:
            connection.close(True)
    except apsw.Error as error:
        raise _damaged(source, f"{DATABASE}: {error}") from None
    if result is None or result[0] != "ok":
        raise _damaged(source, DATABASE)
    return manifest


_READ = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))


def _damaged(source: Path, name: str) -> CatalogError:
    return CatalogError(
        tr("The backup {path} is damaged: {name} is not what its manifest says.", path=source, name=name),
        left=tr("Nothing was changed."),
        do=tr("Use another backup."),
    )


def restore(source: Path, folder: Path) -> Manifest:
    """Bring a backup into a data folder that has no catalog yet.

    The backup is verified first. The restored database gets a name of its own, so that no index made after the backup
    is taken for its own.

    Raises
    ------
    CatalogError
        The backup is damaged, the folder has a catalog or a running server, or the disk refuses.
    """
    manifest = verify(source)
    with FolderLock(folder) as _lock, disk_errors(folder):
        for suffix in ("", "-wal", "-shm", "-journal"):
            path = folder / (DATABASE + suffix)
            if path.exists():
                raise CatalogError(
                    tr(
                        "{folder} has a catalog already ({name}); it is not overwritten.", folder=folder, name=path.name
                    ),
                    do=tr("Give an empty folder, or move the old files away first."),
                )
        if SECRET in manifest.files and (folder / SECRET).exists():
            raise CatalogError(
                tr("{folder} has a token secret already; it is not overwritten.", folder=folder),
                do=tr("Move the file jwt-secret away first."),
            )
        partial = folder / (DATABASE + ".restoring")
        partial.unlink(missing_ok=True)
        try:
            if copy_private(source / DATABASE, partial) != manifest.files[DATABASE]:
                raise _damaged(source, DATABASE)
            _rename_database(partial)
            shutil.rmtree(folder / "index", ignore_errors=True)
            if SECRET in manifest.files:
                copy_private(source / SECRET, folder / SECRET)
            os.rename(partial, folder / DATABASE)
            sync(folder)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return manifest


def _rename_database(path: Path) -> None:
    connection = apsw.Connection(str(path))
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("UPDATE meta SET value = ? WHERE key = 'uuid'", (uuid.uuid4().hex,))
    except apsw.Error as error:
        raise OSError(0, str(error)) from None
    finally:
        connection.close(True)
    sync(path)
