"""The one writer: a thread that commits what waits in one group, so that many callers share one fsync."""

from __future__ import annotations

import errno
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import apsw

from jupyter_shinecat.catalog.errors import Refused
from jupyter_shinecat.errors import ShineCatError

from .database import Database
from .documents import Transaction

T = TypeVar("T")
_log = logging.getLogger(__name__)
_Job = tuple[Callable[[Transaction], Any], "Future[Any]"]
_GROUP = 200
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Writer:
    """Runs changes one after the other; each returns only when it is on the disk.

    Parameters
    ----------
    database
        Where to write.
    on_commit
        Called in the writer's thread after each commit (wakes the indexer).
    """

    def __init__(self, database: Database, on_commit: Callable[[], None]) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._connection = database.connect()
        self._on_commit = on_commit
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="catalog-writer", daemon=True)
        self._thread.start()

    def change(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction and return its result once that is durable.

        Whatever ``work`` raises undoes its own changes only, and is raised here.
        """
        if self._closed:
            raise Refused(503, "The catalog is shutting down; nothing was stored.")
        future: Future[Any] = Future()
        self._jobs.put((work, future))
        return future.result()  # type: ignore[no-any-return]

    @property
    def alive(self) -> bool:
        """Whether changes are taken."""
        return self._thread.is_alive() and not self._closed

    def close(self) -> None:
        """Finish what waits, then stop."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            group, last = [job], False
            while len(group) < _GROUP:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    last = True
                    break
                group.append(more)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[_Job]) -> None:
        done: list[tuple[Future[Any], Any, BaseException | None]] = []
        sql = self._connection
        try:
            sql.execute("BEGIN IMMEDIATE")
            for work, future in group:
                sql.execute("SAVEPOINT one")
                try:
                    done.append((future, work(Transaction(sql)), None))
                except (apsw.FullError, apsw.IOError, apsw.CorruptError):
                    raise
                except Exception as error:
                    sql.execute("ROLLBACK TO one")
                    done.append((future, None, error))
                sql.execute("RELEASE one")
            sql.execute("COMMIT")
        except BaseException as error:
            if sql.in_transaction:
                sql.execute("ROLLBACK")
            refusal = _refusal(error, sql.system_errno)
            for _work, future in group:
                future.set_exception(refusal)
            return
        for future, result, failure in done:
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)
        self._on_commit()


def _refusal(error: BaseException, system_error: int) -> BaseException:
    # SQLite knows of a full disk; a quota and a limit on the size of files are only the system's reasons to it.
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and system_error in _NO_SPACE):
        _log.error("there is no space left: nothing was stored")
        return Refused(
            507, "The catalog's disk is full; nothing was stored. Ask its operator to free space, then try again."
        )
    if isinstance(error, ShineCatError):
        return error
    _log.error("a commit failed", exc_info=error)
    return Refused(
        503, "The catalog could not write to its disk; nothing was stored. Ask its operator to look at the log."
    )
