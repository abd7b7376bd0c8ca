"""Where the files of a dataset are, and opening them: here, or over the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jupyter_shinecat import record
from jupyter_shinecat.files import Located, locate
from jupyter_shinecat.locale import tr
from jupyter_shinecat.scicat import DataFile
from jupyter_shinecat.scicat import Dataset as Record

from . import archive, remote, session
from .errors import file_problem, warn
from .opening import choose, not_hdf5, read_only


class DatasetPlaces:
    """What the methods of a handle share that need a file."""

    def __init__(self, record_: Record) -> None:
        self._record = record_
        self._listed: list[DataFile] | None = record_.files or None
        self._h5: Any = None
        self._h5_key: tuple[int, str] | None = None

    def _list(self) -> list[DataFile]:
        if self._listed is None:
            self._listed = session.ask(lambda catalog: catalog.files(self._record.pid))
        return self._listed

    def _choose(self, name: str | None, suffixes: Sequence[str], method: str = "h5") -> DataFile:
        return choose(self._record, self._list(), name, suffixes, method)

    def _locate(self, file: DataFile) -> Path:
        return self._here(self._place(file))

    def _place(self, file: DataFile) -> Located:
        place = locate(self._record, file, session.path_maps())
        self._belongs(place)
        return place

    def _here(self, place: Located) -> Path:
        if place.path is None or place.state not in ("ok", "changed"):
            if self._state(place) == "archived":
                raise archive.archived_problem(self._record, place.reason)
            raise file_problem(place.state, place.reason, self._what_to_do(place))
        if place.state == "changed":
            warn(place.reason)
        return place.path

    def _state(self, place: Located) -> str:
        gone = place.state in ("missing", "unmapped")
        return "archived" if gone and archive.is_archived(self._record) else place.state

    @staticmethod
    def _what_to_do(place: Located) -> str:
        if place.state in remote.STATES and remote.service() is not None:
            return tr("ds.h5(), ds[...] and ds.table() read it over the network; ds.fetch() copies it here.")
        return place.do

    def _remote(self, place: Located, open_: Callable[[Any], Any]) -> Any:
        """What ``open_`` makes of the file service, for a file that is not here; None where there is no service.

        Where that does not give the file, the reason why it is not here is the one to tell, with the service's.
        """
        client = remote.service() if place.state in remote.STATES else None
        if client is None:
            return None
        from jupyter_shinecat.files.remote import RemoteError

        try:
            return open_(client)
        except RemoteError as cause:
            if place.state != "unreadable" and archive.is_archived(self._record):
                raise archive.archived_problem(self._record, place.reason) from None
            said = tr("The file service does not give it either: {reason}", reason=cause.what)
            raise file_problem(place.state, f"{place.reason} {said}", place.do) from None

    def _belongs(self, place: Located) -> None:
        recorder = record.current()
        if recorder is not None and place.path is not None:
            recorder.belongs(str(place.path), self._record.pid)

    def _whole(self, file: DataFile, how: str) -> Path | bytes:
        """Path of a file, or all of its content where it is not here."""
        place = self._place(file)
        far: bytes | None = self._remote(place, lambda client: remote.open_range(client, self._record.pid, file).read())
        source = far if far is not None else self._here(place)
        self._note(how, source if isinstance(source, Path) else None)
        return source

    def _open_h5(self, file: DataFile, how: str = "h5") -> Any:
        place = self._place(file)
        far = self._remote(place, lambda client: remote.open_hdf5(client, self._record.pid, file))
        if far is not None:
            self._note(how)
            return far
        local = self._here(place)
        try:
            with record.quiet():
                opened = read_only(local)
        except OSError as cause:
            raise not_hdf5(local, file.path, cause) from None
        self._note(how, local)
        return opened

    def _note(self, how: str, path: Path | None = None) -> None:
        note_read(self._record.pid, how, path)


def note_read(pid: str, how: str, path: Path | None = None) -> None:
    """Tell the record, where one runs, that something of a dataset was read."""
    recorder = record.current()
    if recorder is not None:
        recorder.read(pid, how=how, path=str(path) if path else None)
