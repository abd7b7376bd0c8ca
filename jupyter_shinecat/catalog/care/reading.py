"""Reading a data folder beside a running server, or without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.catalog.store.migrations import SCHEMA_VERSION, stored_version
from jupyter_shinecat.locale import tr

DATABASE = "catalog.sqlite"


@contextmanager
def reading(folder: Path) -> Iterator[apsw.Connection]:
    """A connection that sees one moment of a folder's database and changes nothing; a server may go on writing.

    Raises
    ------
    CatalogError
        There is no database, it can't be read, or a newer version wrote it.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise CatalogError(
            tr("There is no catalog in {folder}.", folder=folder), do=tr("Give its data folder with --data.")
        )
    connection = None
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(20_000)
        connection.execute("BEGIN")
        version = stored_version(connection)
        if version > SCHEMA_VERSION:
            raise CatalogError(
                tr("The database {path} was written by a newer version of jupyter-shinecat.", path=path),
                do=tr("Upgrade jupyter-shinecat."),
            )
        yield connection
    except apsw.Error as error:
        raise CatalogError(
            tr("The database {path} can't be read: {reason}.", path=path, reason=error),
            left=tr("Nothing was changed."),
            do=tr("Check the disk, or restore a backup."),
        ) from None
    finally:
        if connection is not None:
            connection.close(True)


def kinds_in(connection: apsw.Connection) -> list[str]:
    """Kinds of documents that this database has tables for."""
    from jupyter_shinecat.catalog.store.database import KINDS

    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return [kind for kind in KINDS if kind in tables]


def meta(connection: apsw.Connection) -> dict[str, str]:
    """What the database says of itself: ``uuid``, ``schema``, ``change``."""
    return {str(key): str(value) for key, value in connection.execute("SELECT key, value FROM meta")}
