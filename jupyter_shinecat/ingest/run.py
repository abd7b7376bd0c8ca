"""One scan at work: which groups changed, a few threads that read and write them, what is gone."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from jupyter_shinecat.errors import ShineCatError
from jupyter_shinecat.formats import Extract, Failure, Sandbox
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import CatalogError

from .document import Place, dataset_document, file_block, owner_group_of
from .group import Group, group
from .policy import policy
from .report import Catalogued, Outcome, ScanReport
from .sink import Sink, is_fatal
from .state import Row, State
from .walk import File, shown, walk

Progress = Callable[[int, int, str], None]
# failures that may be over by now; others stay as they are until the file changes
_PASSING = ("permission", "io")


class ScanStopped(ShineCatError):
    """The catalog went away in the middle of a scan. ``report`` says how far it came."""

    report: ScanReport


def stopped(error: CatalogError, report: ScanReport) -> ScanStopped:
    stopped = ScanStopped(
        tr("The scan has stopped. {reason}", reason=error.what),
        left=tr("{count} datasets are in the catalog and stay there.", count=report.catalogued),
        do=error.do or tr("Repeat the scan when the catalog is back: it continues where it stopped."),
    )
    stopped.report = report
    return stopped


class Run:
    """One scan: what its threads share."""

    def __init__(
        self,
        place: Place,
        owner_group: str | Mapping[str, str],
        sandbox: Sandbox,
        progress: Progress | None,
        *,
        dry_run: bool,
    ) -> None:
        self.place = place
        self.owner_group = owner_group
        self.sandbox = sandbox
        self.progress = progress
        self.report = ScanReport(place.root, dry_run=dry_run)
        self._lock = threading.Lock()
        self._done = 0

    def go(self, state: State | None, sink: Sink | None, workers: int) -> None:
        files: list[File] = []
        for entry in walk(self.place.root):
            if isinstance(entry, File):
                files.append(entry)
            elif entry.is_folder:
                self.report.folders_unreadable.append(entry.outcome)
            else:
                self.report.not_catalogued.append(entry.outcome)
        self.report.files = len(files) + len(self.report.not_catalogued)
        self._done = len(self.report.not_catalogued)
        if state is not None and sink is not None and sink.is_new_catalog(state.some(5)):
            state.forget()
        todo = self._changed(group(files), state)
        self._work(todo, sink, workers)
        if state is not None:
            self._note_gone(state)

    def _changed(self, groups: list[Group], state: State | None) -> list[tuple[Group, Row, str | None]]:
        """Groups to be catalogued, each with its row and the path it had if it moved."""
        todo: list[tuple[Group, Row, str | None]] = []
        same: list[str] = []
        for one in groups:
            row, formerly = _row_for(one, state, self.place.root) if state is not None else (Row(_key(one)), None)
            unchanged = row.stage == "done" and formerly is None and row.fingerprint == _fingerprint(one)
            if unchanged and not self._worth_another_try(one, row):
                same.append(row.path)
                self.report.unchanged += len(one.files)
                self.report.datasets.append(Catalogued(row.path, row.pid, row.format, "unchanged", len(one.files)))
                continue
            todo.append((one, row, formerly))
        if state is not None and same:
            state.seen(same)
        self._done += self.report.unchanged
        return todo

    def _worth_another_try(self, one: Group, row: Row) -> bool:
        return row.reason in _PASSING and os.access(_absolute(self.place, one.main), os.R_OK)

    def _work(self, todo: list[tuple[Group, Row, str | None]], sink: Sink | None, workers: int) -> None:
        """All groups through a few threads, never more than a few in hand; the first fatal error ends it."""
        pending: set[Future[None]] = set()
        with ThreadPoolExecutor(max_workers=workers + 1, thread_name_prefix="scan") as pool:
            try:
                for item in todo:
                    if len(pending) >= 2 * workers + 2:
                        finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                        for future in finished:
                            future.result()
                    pending.add(pool.submit(self._one, *item, sink))
                for future in pending:
                    future.result()
            except CatalogError as error:
                for future in pending:
                    future.cancel()
                pool.shutdown(wait=True)
                raise stopped(error, self.report) from error
            except BaseException:
                for future in pending:
                    future.cancel()
                raise

    def _one(self, one: Group, row: Row, formerly: str | None, sink: Sink | None) -> None:
        owner = owner_group_of(one.main.path, self.owner_group)
        if owner is None:
            self._refuse(one, "no-owner-group", tr("no owner group is given for its folder"))
            return
        result, checksums = self._read(one)
        if isinstance(result, Failure) and result.kind == "gone":
            self._refuse(one, "gone", result.reason)
            return
        change = "moved" if formerly is not None else "updated" if row.stage == "done" else "new"
        pid: str | None = None
        if sink is not None:
            doc = dataset_document(self.place, one, owner, result)
            row.format = result.format if isinstance(result, Extract) else (result.format or "")
            row.reason = result.kind if isinstance(result, Failure) else ""
            row.inode, row.files = _inode(one), len(one.files)
            row.fingerprint = _fingerprint(one)
            try:
                row = sink.store(row, doc, file_block(one, checksums), formerly=formerly)
            except CatalogError as error:
                if is_fatal(error):
                    raise
                self._refuse(one, "refused", error.what)
                return
            pid = row.pid
        self._count(one, result, pid, change)

    def _read(self, one: Group) -> tuple[Extract | Failure, dict[str, str]]:
        """Extract of the main file and checksums of all; a file that changes meanwhile is still being written."""
        checksums: dict[str, str] = {}
        result: Extract | Failure = self.sandbox.extract(_absolute(self.place, one.main))
        for file in one.files:
            kind = result.format if file is one.main else None
            if file.size_bytes <= policy(kind).hash_up_to_bytes:
                digest = self.sandbox.digest(_absolute(self.place, file))
                if isinstance(digest, str):
                    checksums[file.path] = digest
        try:
            status = os.stat(_absolute(self.place, one.main), follow_symlinks=False)
        except FileNotFoundError:
            return Failure(kind="gone"), {}
        except OSError:
            return result, checksums
        if (status.st_size, status.st_mtime_ns) != (one.main.size_bytes, one.main.mtime_ns):
            return Failure(kind="being-written", format=result.format), {}
        return result, checksums

    def _refuse(self, one: Group, kind: str, reason: str) -> None:
        with self._lock:
            self.report.not_catalogued.extend(Outcome(_shown(file), kind, reason) for file in one.files)
            self._tick(one)

    def _count(self, one: Group, result: Extract | Failure, pid: str | None, change: str) -> None:
        with self._lock:
            if isinstance(result, Extract):
                self.report.with_metadata[result.format] += 1
            else:
                self.report.without_metadata.append(Outcome(_shown(one.main), result.kind, result.reason, pid))
            self.report.beside += len(one.beside)
            if pid is not None:
                self.report.datasets.append(
                    Catalogued(_shown(one.main), pid, result.format or "", change, len(one.files))
                )
            self._tick(one)

    def _tick(self, one: Group) -> None:
        self._done += len(one.files)
        if self.progress is not None:
            self.progress(self._done, self.report.files, _shown(one.main))

    def _note_gone(self, state: State) -> None:
        """Datasets whose file is there no more stay in the catalog; a folder that couldn't be read tells nothing."""
        blind = [outcome.path for outcome in self.report.folders_unreadable]
        refused = {outcome.path for outcome in self.report.not_catalogued}
        for row in state.unseen():
            if row.path in refused or any(folder == "." or row.path.startswith(folder + "/") for folder in blind):
                continue
            self.report.gone.append(row.path)
            row.stage = "gone"
            state.put(row)


def _row_for(one: Group, state: State, root: str) -> tuple[Row, str | None]:
    """The row of a group: its own, that of the file which moved here, or a new one."""
    key = _key(one)
    row = state.get(key)
    if row is not None:
        if row.stage == "gone":
            if row.fingerprint != _fingerprint(one):
                return Row(key, generation=row.generation + 1), None  # another file at an old path
            row.stage = "done"
        return row, None
    for moved in state.by_inode(_inode(one)):
        if not os.path.lexists(os.path.join(root, moved.path)) and moved.pid:
            formerly = moved.path
            moved.path = key
            moved.stage = "done" if moved.stage == "gone" else moved.stage
            return moved, formerly
    return Row(key), None


def _key(one: Group) -> str:
    return _shown(one.main)


def _shown(file: File) -> str:
    return shown(file.path).replace(os.sep, "/")


def _fingerprint(one: Group) -> str:
    return hashlib.sha256(os.fsencode(one.fingerprint)).hexdigest()


def _inode(one: Group) -> str:
    """The main file on its disk, with what must be the same for it to be the same file."""
    return f"{one.main.device}:{one.main.inode}:{one.main.size_bytes}:{one.main.mtime_ns}"


def _absolute(place: Place, file: File) -> str:
    return str(Path(place.root) / file.path)
