"""Building a large index anew with several processes: each makes a part, and the parts are put together.

An index of tantivy is a list of segments, files that never change: an index of several parts has the segments of all.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_shinecat.catalog.search import about
from jupyter_shinecat.catalog.search.columns import Columns
from jupyter_shinecat.catalog.search.schema import open_index
from jupyter_shinecat.catalog.store.store import Store

MOST_PARTS = 4
# So large that a million datasets become fewer segments than tantivy begins to merge.
_HEAP_BYTES = 1_200_000_000
_STRIDE = 2_000
_MANY_KEYS = 200_000
_LOOK_S, _END_S = 0.1, 10
# -P: nothing is imported from the folder where the server was started.
_COMMAND = [sys.executable, "-P", "-m", "jupyter_shinecat.catalog.search.part"]


class NotBuilt(Exception):
    """It did not work this way; the folder is as empty as before."""


class Stopped(NotBuilt):
    """Somebody waits for the end."""


def number_of_parts() -> int:
    """How many processes are of use here."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST_PARTS)


class Parts:
    """One building of an index by several processes.

    Parameters
    ----------
    store
        The truth.
    folder
        An empty folder, where the index shall be.
    number
        How many processes.
    stopping
        Says that somebody waits for the end.
    """

    def __init__(self, store: Store, folder: Path, number: int, stopping: Callable[[], bool]) -> None:
        self._store = store
        self._folder = folder
        self._stopping = stopping
        self._number = number
        self._guard = threading.Lock()
        self._columns = Columns()
        self._built: list[int] = []
        self._failed = ""
        self._spans: Iterator[tuple[int, int]] = iter(())
        self._started: list[tuple[subprocess.Popen[bytes], threading.Thread]] = []

    def build(self) -> int:
        """Build; gives the change up to which all are in. Raises :class:`NotBuilt`, and then leaves no process."""
        with self._store.snapshot() as snapshot:
            # What changes from here on is brought in afterwards, over what the parts saw of it.
            change = snapshot.last_change()
            self._spans = _spans(snapshot.last_seq("dataset"))
        try:
            self._run()
            self._put_together(change)
        except (Stopped, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # panics of tantivy are no Exception
            raise NotBuilt(f"{type(error).__name__}: {error}") from error
        finally:
            self._end()
            for part in self._folders():
                shutil.rmtree(part, ignore_errors=True)
        return change

    def _folders(self) -> list[Path]:
        return [self._folder / f"part{number}" for number in range(self._number)]

    def _run(self) -> None:
        for folder in self._folders():
            folder.mkdir(mode=0o700)
            process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            task = threading.Thread(target=self._serve, args=(process, folder), name="catalog-index-part")
            self._started.append((process, task))
            task.start()
        while any(task.is_alive() for _process, task in self._started):
            if self._stopping():
                raise Stopped
            if self._failed:
                break
            time.sleep(_LOOK_S)
        if self._failed:
            raise NotBuilt(self._failed)

    def _serve(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        """Answer what one process asks, until it ends."""
        try:
            heap = _HEAP_BYTES // self._number
            _tell(process, {"database": str(self._store.path), "folder": str(folder), "heap_bytes": heap})
            assert process.stdout is not None
            for line in process.stdout:
                message = json.loads(line)
                if "built" in message:
                    self._built.append(int(message["built"]))
                    return
                if "failed" in message:
                    raise NotBuilt(message["failed"])
                with self._guard:
                    answer = next(self._spans, None) if "more" in message else self._column(*message["column"])
                _tell(process, answer)
            raise NotBuilt(f"process {process.pid} ended early")
        except Exception as error:  # the others are ended because of this one: the first reason counts
            self._failed = self._failed or str(error) or type(error).__name__

    def _column(self, path: str, group: str) -> int | None:
        if len(self._columns.left_out) > _MANY_KEYS:
            self._columns.close()  # who stayed without has to stay so, and no more can be remembered
        field = self._columns.admit(path, group)
        return None if field is None else int(field[1:])

    def _end(self) -> None:
        """Leave no process behind."""
        for process, _task in self._started:
            if len(self._built) != self._number:
                process.kill()
        for process, task in self._started:
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            task.join()
            for end in (process.stdin, process.stdout):
                if end is not None:
                    with suppress(OSError):  # what it did not read any more
                        end.close()

    def _put_together(self, change: int) -> None:
        join(self._folders(), self._folder)
        index = open_index(self._folder)
        index.reload()
        if index.searcher().num_docs != sum(self._built):
            raise NotBuilt("the parts have not what the whole has")
        writer = index.writer(num_threads=1)
        about.write_state(writer, self._store.uuid, change)
        about.write_columns(writer, self._columns)
        writer.commit()
        writer.wait_merging_threads()


def join(parts: list[Path], folder: Path) -> None:
    """Make one index of several that were written once and have the same schema; moves their files to ``folder``."""
    metas = [json.loads((part / "meta.json").read_text()) for part in parts]
    whole = {**metas[0], "segments": [], "opstamp": max(meta["opstamp"] for meta in metas)}
    names: list[str] = []
    for part, meta in zip(parts, metas, strict=True):
        if {**meta, "segments": [], "opstamp": whole["opstamp"]} != {**whole, "segments": []}:
            raise NotBuilt("the parts are of different kinds")
        for segment in meta["segments"]:
            if segment.get("deletes"):
                raise NotBuilt("a part has deletions")
            files = list(part.glob(segment["segment_id"].replace("-", "") + ".*"))
            for file in files:
                file.rename(folder / file.name)
            names += [file.name for file in files]
        whole["segments"] += meta["segments"]
    # Files that are not in this list would never be removed.
    (folder / ".managed.json").write_text(json.dumps([*names, "meta.json"]))
    (folder / "meta.json.new").write_text(json.dumps(whole))
    (folder / "meta.json.new").rename(folder / "meta.json")


def _spans(last: int) -> Iterator[tuple[int, int]]:
    """First and last numbers of so many datasets each."""
    return ((first, first + _STRIDE - 1) for first in range(0, last + 1, _STRIDE))


def _tell(process: subprocess.Popen[bytes], message: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
