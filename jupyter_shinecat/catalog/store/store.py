"""The store: snapshots for readers, changes through the one writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from .database import Database
from .documents import Snapshot, Transaction
from .writer import Writer

T = TypeVar("T")


class Store:
    """The catalog's documents and accounts in ``folder``."""

    def __init__(self, folder: Path, on_commit: Callable[[], None] = lambda: None) -> None:
        self._database = Database(folder)
        self._listeners: list[Callable[[], None]] = [on_commit]
        self._writer = Writer(self._database, self._committed)

    @property
    def uuid(self) -> str:
        """Names this database for ever."""
        uuid: str = self._database.uuid
        return uuid

    @property
    def path(self) -> Path:
        """The database's file."""
        path: Path = self._database.path
        return path

    def listen(self, on_commit: Callable[[], None]) -> None:
        """Call ``on_commit`` in the writer's thread after each commit."""
        self._listeners.append(on_commit)

    def _committed(self) -> None:
        for listener in self._listeners:
            listener()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Reads of one moment, on this thread's connection; may be nested, then the outer moment counts."""
        connection = self._database.reading()
        if connection.in_transaction:
            yield Snapshot(connection)
            return
        connection.execute("BEGIN")
        try:
            yield Snapshot(connection)
        finally:
            connection.execute("COMMIT")

    def change(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in the writer; returns when it is durable."""
        return self._writer.change(work)

    @property
    def writing(self) -> bool:
        """Whether changes are taken."""
        return self._writer.alive

    def close(self) -> None:
        """Finish writes and close."""
        self._writer.close()
        self._database.close()
