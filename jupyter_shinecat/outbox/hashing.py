"""Checksums of a result's files: small ones at once, large ones beside the outbox's own work."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Container, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .durable import sync_file, sync_folder
from .gentle import GentleReader
from .priority import lower_thread, step_back
from .rest import Signature, signature

_log = logging.getLogger(__name__)
# An entry of fewer bytes is done before one could tell of it.
INLINE_BYTES = 64 << 20
_INLINE_FILES = 256
_SLICE_BYTES = 64 << 20
_CHUNK = 4 << 20
_LONGEST_REST_S = 1.0
_AGAIN_S = 0.2

Digests = dict[str, dict[str, Any]]


class Moving(Exception):
    """A file changed while it was being taken."""


class Hashes:
    """SHA-256 of the files of entries.

    One thread of the lowest priority reads large files, a slice of each entry in turn, so that a file of 100 GB keeps
    neither the outbox, nor a smaller result, nor the kernel waiting. What is finished can be kept and given back after
    a restart; a file that was half read is read again.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def of(self, key: str, files: Mapping[str, Signature], kept: Digests) -> Digests | None:
        """Checksums of ``files``, each with the signature it had; None while they are being made.

        Parameters
        ----------
        key
            Names the entry.
        files
            Files at rest, with their signatures.
        kept
            What an earlier process had finished.

        Raises
        ------
        Moving
            A file changed, or can't be read; ask again when it rests.
        """
        job = self._jobs.get(key)
        if job is not None and job.files != files:
            self._drop(key)
            job = None
        if job is None:
            job = _Job(dict(files), kept)
            if job.total <= INLINE_BYTES and len(job.files) <= _INLINE_FILES:
                for _ in job.slices():
                    pass
                return job.result()
            with self._wake:
                self._jobs[key] = job
                self._start()
                self._wake.notify()
            return None
        if not job.ended:
            return None
        self._drop(key)
        return job.result()

    def progress(self, key: str) -> tuple[int, int, Digests]:
        """Bytes read, bytes in all, and the checksums that are finished."""
        job = self._jobs.get(key)
        return (job.done, job.total, dict(job.digests)) if job is not None else (0, 0, {})

    @property
    def busy(self) -> bool:
        """Whether something is being read."""
        return any(not job.ended for job in self._jobs.values())

    def keep(self, keys: Container[str]) -> None:
        """Stop reading for entries that are not in ``keys`` (withdrawn, replaced)."""
        for key in [key for key in self._jobs if key not in keys]:
            self._drop(key)

    def close(self) -> None:
        """Stop reading."""
        with self._wake:
            self._closed = True
            self._jobs.clear()
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _drop(self, key: str) -> None:
        with self._wake:
            self._jobs.pop(key, None)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="outbox-hashes", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        lower_thread()
        aside = False
        reading: dict[str, tuple[_Job, Iterator[None]]] = {}
        while True:
            with self._wake:
                while not self._closed and not self.busy:
                    aside = aside and not step_back(back=False)
                    self._wake.wait(_AGAIN_S if aside else None)
                if self._closed:
                    return
                jobs = {key: job for key, job in self._jobs.items() if not job.ended}
            aside = aside or step_back(back=True)
            for key, job in jobs.items():
                if reading.get(key, (None,))[0] is not job:
                    reading[key] = (job, job.slices())
                began = time.monotonic()
                try:
                    next(reading[key][1], None)
                except Exception:  # whatever it is, it is this entry's trouble, and it may go better the next time
                    _log.exception("%s can't be read", min(job.files))
                    job.moved, job.ended = min(job.files), True
                self._rest(time.monotonic() - began)
            reading = {key: pair for key, pair in reading.items() if pair[0] is jobs.get(key) and not pair[0].ended}

    def _rest(self, worked_s: float) -> None:
        """Rest as long as it has worked: cores share their parts and the memory, whatever priorities say."""
        with self._wake:
            if not self._closed and self.busy:
                self._wake.wait(min(worked_s, _LONGEST_REST_S))


class _Job:
    """The files of one entry."""

    def __init__(self, files: dict[str, Signature], kept: Digests) -> None:
        self.files = files
        self.total = sum(sign[0] for sign in files.values())
        self.digests = {path: told for path, told in kept.items() if told.get("signature") == list(files.get(path, ()))}
        self.done = sum(files[path][0] for path in self.digests)
        self.moved: str | None = None
        self.ended = False

    def result(self) -> Digests:
        """What was found out.

        Raises
        ------
        Moving
            A file changed.
        """
        if self.moved is not None:
            raise Moving(self.moved)
        return self.digests

    def slices(self) -> Iterator[None]:
        """Read all files; stops for a moment after each slice."""
        for path in sorted(self.files):
            if path in self.digests:
                continue
            try:
                yield from self._file(path)
            except OSError:
                self.moved = path
            if self.moved is not None:
                break
        for folder in {os.path.dirname(path) for path in self.files}:
            sync_folder(Path(folder))
        self.ended = True

    def _file(self, path: str) -> Iterator[None]:
        digest, read, sign = hashlib.sha256(), 0, self.files[path]
        with open(path, "rb", buffering=0) as file:
            sync_file(file.fileno())  # a power cut must not take what the catalog has been told of
            read_on = GentleReader(file, _CHUNK).read if sign[0] > _CHUNK else partial(file.read, _CHUNK)
            while chunk := read_on():
                digest.update(chunk)
                read += len(chunk)
                self.done += len(chunk)
                if read % _SLICE_BYTES < _CHUNK:
                    if signature(path) != sign:
                        break
                    yield
        if read != sign[0] or signature(path) != sign:  # also where a look at it failed once, half-way
            self.moved = path
        else:
            self.digests[path] = {"signature": list(sign), "sha256": digest.hexdigest()}
