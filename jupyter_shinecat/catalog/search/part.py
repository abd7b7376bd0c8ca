"""A process that makes the entries of some datasets, into an index of its own.

Started by :mod:`.parts`, which owns it: it ends when its standard input does, however its parent ended. It asks, in
lines of JSON, which datasets come next and which metadata key has which column, so that all parts say the same.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from pathlib import Path
from typing import Any

import apsw

from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.entry import as_document, build_entry
from jupyter_shinecat.catalog.search.file_names import with_files
from jupyter_shinecat.catalog.search.schema import open_index
from jupyter_shinecat.catalog.search.terms import short
from jupyter_shinecat.catalog.store.documents import Snapshot

# Who asks the server for something meanwhile is served first.
_NICE = 10
_BUSY_MS = 20_000
_MANY_KEYS = 200_000


class Owner:
    """The process that started this one, by the two ends of a pipe."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        rest = b""
        while data := os.read(0, 1 << 16):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._lines.put(line)
        # Whatever is half done here is of no use to anybody.
        os._exit(1)

    def next(self) -> Any:
        """What the owner says next."""
        return json.loads(self._lines.get())

    def tell(self, **message: Any) -> None:
        """Say something to the owner."""
        data = json.dumps(message).encode() + b"\n"
        while data:
            data = data[os.write(1, data) :]

    def ask(self, **message: Any) -> Any:
        """Say something, and take the answer."""
        self.tell(**message)
        return self.next()


class SharedColumns(Columns):
    """Columns of an index that several processes make: who owns them admits new ones."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self._owner = owner
        self._without: set[str] = set()

    def admit(self, path: str, group: str) -> str | None:
        """The column that the owner gives to ``path``, or None."""
        field = self.of(path)
        if field is not None or short(path) in self._without:
            return field
        number = self._owner.ask(column=[path, group])
        if number is not None:
            self._put(short(path), int(number), group)
            return self.of(path)
        if len(self._without) >= _MANY_KEYS:
            self._without.clear()  # they are refused again when they are asked for again
        self._without.add(short(path))
        return None


def build(owner: Owner, database: str, folder: Path, heap_bytes: int) -> int:
    """Make entries of what the owner names until there is no more; gives their number."""
    connection = apsw.Connection(database, flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(_BUSY_MS)
    snapshot, columns, number = Snapshot(connection), SharedColumns(owner), 0
    writer: Any = open_index(folder, new=True).writer(heap_bytes, 1)
    while (span := owner.ask(more=True)) is not None:
        # A short transaction each: a long one would keep the database's log from being emptied.
        with connection:
            for row in snapshot.between("dataset", *span):
                writer.add_document(as_document(build_entry(row.seq, with_files(snapshot, row.doc), columns)))
                number += 1
    writer.commit()
    writer.wait_merging_threads()
    connection.close()
    return number


def main() -> None:
    """Serve one owner, then end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's to answer
    if hasattr(os, "nice"):
        os.nice(_NICE)
    owner = Owner()
    try:
        task = owner.next()
        owner.tell(built=build(owner, task["database"], Path(task["folder"]), task["heap_bytes"]))
    except BaseException as error:  # a panic of tantivy is no Exception
        owner.tell(failed=f"{type(error).__name__}: {error}"[:1000])
        os._exit(1)
    os._exit(0)  # the listening thread waits for ever


if __name__ == "__main__":
    main()
