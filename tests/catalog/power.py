"""A disk that can lose its power: records what a workload writes and syncs, and rebuilds what a cut may leave.

The workload runs in a process of its own (this file as a script) over a VFS that notes every write, truncation,
deletion and sync of SQLite, and every acknowledgement of the store. What was written after a file's last sync may be on
the disk, or not, or some of it, or torn at the borders of sectors.
"""

from __future__ import annotations

import itertools
import os
import pickle
import random
import sys
import threading
from pathlib import Path

import apsw

SECTOR = 512
DATABASE = "catalog.sqlite"


class RecordedFile(apsw.VFSFile):
    def __init__(self, log, name, flags):
        self._log = log
        self._name = os.path.basename(name.filename() if isinstance(name, apsw.URIFilename) else name) if name else None
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802
        super().xWrite(data, offset)
        if self._name:
            self._log.append(("write", self._name, offset, bytes(data)))

    def xTruncate(self, size):  # noqa: N802
        super().xTruncate(size)
        if self._name:
            self._log.append(("truncate", self._name, size))

    def xSync(self, flags):  # noqa: N802
        # Noted first: a write that comes while the sync runs is not part of it.
        if self._name:
            self._log.append(("sync", self._name))
        super().xSync(flags)


class RecordingDisk(apsw.VFS):
    def __init__(self, log):
        self._log = log
        super().__init__("recording", "unix", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802
        return RecordedFile(self._log, name, flags)

    def xDelete(self, name, syncdir):  # noqa: N802
        super().xDelete(name, syncdir)
        self._log.append(("delete", os.path.basename(name)))


# -- the workload --


def run(folder, seed, rounds, synchronous):
    """Three writers, each with documents of its own; their order is the machine's, their content the seed's."""
    from jupyter_shinecat.catalog.store.store import Store

    log = []
    disk = RecordingDisk(log)
    store = Store(Path(folder))

    def prepare(tx):
        tx._sql.execute("PRAGMA wal_autocheckpoint=25")  # so that checkpoints come between, too

    store.change(prepare)
    if synchronous:
        store._writer._connection.execute(f"PRAGMA synchronous={synchronous}")

    def work(worker):
        luck = random.Random(seed * 10 + worker)
        mine = []
        for number in range(rounds):
            pid = f"{worker}-{number}"
            kind = luck.choice("cccudb")
            if kind == "c" or not mine:
                doc = {"pid": pid, "v": 0, "size": 0, "text": "x" * luck.choice((10, 500, 9000))}
                log.append(("begin", pid, 0))
                store.change(lambda tx, pid=pid, doc=doc: tx.insert("dataset", pid, doc))
                mine.append(pid)
                log.append(("ack", pid, 0))
                continue
            pid = luck.choice(mine)
            if kind == "d":
                mine.remove(pid)
                log.append(("begin", pid, None))
                store.change(lambda tx, pid=pid: tx.delete("dataset", pid))
                log.append(("ack", pid, None))
                continue

            def change(tx, pid=pid, block=kind == "b", id=f"{pid}/{number}"):
                doc = tx.get("dataset", pid)
                if block:  # two documents that have to change together
                    tx.insert("origdatablock", id, {"datasetId": pid, "size": 7})
                    doc["size"] += 7
                doc["v"] += 1
                log.append(("begin", pid, doc["v"]))
                tx.replace("dataset", pid, doc)
                return doc["v"]

            log.append(("ack", pid, store.change(change)))

    workers = [threading.Thread(target=work, args=(worker,)) for worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return log, disk


# -- the disk after a cut --


class Disk:
    """Files as they are for sure, and what was written to each since its last sync."""

    def __init__(self):
        self.sure = {}
        self.pending = {}
        self._known = set()

    def take(self, event):
        what, name = event[0], event[1]
        if what == "sync":
            for late in self.pending.pop(name, []):
                _apply(self.sure, name, late)
            if name not in self._known and name != DATABASE:
                # SQLite syncs the folder at the first sync of a journal or WAL that it made.
                self._known.add(name)
                self._settle_deletions()
        elif what == "delete":
            # Until the folder is synced, the file may be there again after a cut.
            self._known.discard(name)
            self.pending.setdefault(name, []).append(event)
        else:
            self.pending.setdefault(name, []).append(event)

    def _settle_deletions(self):
        for name, events in list(self.pending.items()):
            if any(event[0] == "delete" for event in events):
                for late in self.pending.pop(name):
                    _apply(self.sure, name, late)

    def after_cut(self, luck, how):
        """Bytes of each file; ``how``: lost, kept, some (a subset, in another order), torn."""
        files = {name: bytearray(content) for name, content in self.sure.items()}
        for name, events in self.pending.items():
            if how == "lost":
                continue
            chosen = list(events)
            if how in ("some", "torn"):
                chosen = [event for event in events if luck.random() < 0.5]
                # Only writes to different places can change places: the last write to a place wins.
                if how == "some" and not any(event[0] != "write" for event in chosen):
                    chosen = chosen if _overlap(chosen) else luck.sample(chosen, len(chosen))
            for event in chosen:
                _apply(files, name, _torn(event, luck) if how == "torn" and event[0] == "write" else event)
        return files


def _apply(files, name, event):
    if event[0] == "delete":
        files.pop(name, None)
        return
    content = files.setdefault(name, bytearray())
    if event[0] == "truncate":
        del content[event[2] :]
        return
    _what, _name, offset, data = event
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _torn(event, luck):
    what, name, offset, data = event
    first = -offset % SECTOR
    borders = [0, *range(first, len(data), SECTOR)]
    return what, name, offset, data[: luck.choice(borders[1:] or borders)]


def _overlap(events):
    places = sorted((event[2], event[2] + len(event[3])) for event in events)
    return any(end > start for (_, end), (start, _) in itertools.pairwise(places))


if __name__ == "__main__":
    folder, out, seed, rounds, synchronous = sys.argv[1:]
    recorded, _disk = run(folder, int(seed), int(rounds), synchronous if synchronous != "-" else None)
    with open(out, "wb") as file:
        pickle.dump(recorded, file)
    os._exit(0)  # no clean end: what a close would tidy up is not part of it
