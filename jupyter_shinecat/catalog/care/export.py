"""Export: JSON lines for another catalog of ours, or files that ``mongoimport`` takes into a real SciCat."""

# Table names are our own literals (KINDS).
# ruff: noqa: S608

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import apsw
import msgspec

from jupyter_shinecat.catalog import dates
from jupyter_shinecat.catalog.errors import CatalogError
from jupyter_shinecat.locale import tr

from .extended import COLLECTIONS, Unfit, extended
from .files import disk_errors, refuse_existing, sync
from .reading import kinds_in, meta, reading

FORMAT = 1
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@dataclass
class Exported:
    """How many documents of each kind were written; ``refused`` are (kind, id, reason)."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, str, str]] = field(default_factory=list)


def export_lines(folder: Path, target: Path) -> Exported:
    """Write every document of one moment into a new file, one JSON object a line: ``{kind, id, doc}``.

    The first line says what the file is. Accounts are not exported. A server may be running.

    Raises
    ------
    CatalogError
        There is no catalog, ``target`` exists, or the disk refuses.
    """
    refuse_existing(target)
    partial = target.with_name(target.name + ".partial")
    result = Exported()
    with reading(folder) as connection, disk_errors(target):
        about = meta(connection)
        # Attachments last: they name documents of the other kinds.
        kinds = sorted(kinds_in(connection), key=lambda kind: kind == "attachment")
        result.counts = {kind: _count(connection, kind) for kind in kinds}
        header = {"shinecat-export": FORMAT, "uuid": about["uuid"], "change": int(about["change"])}
        try:
            with _private(partial) as file:
                file.write(_encode({**header, "made": dates.now(), "counts": result.counts}) + b"\n")
                for kind in kinds:
                    for id, body in _bodies(connection, kind):
                        # The body goes out as it lies there: no number is read and written again.
                        file.write(b'{"kind":%b,"id":%b,"doc":%b}\n' % (_encode(kind), _encode(id), body.encode()))
                _to_disk(file)
            os.rename(partial, target)
            sync(target.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    return result


def export_mongo(folder: Path, target: Path) -> Exported:
    """Write a new folder with one ``<Collection>.json`` for each kind, as ``mongoimport`` takes them.

    Dates are dates (``{"$date": ...}``), ``_id`` is what SciCat's server makes it. What MongoDB can't hold is left out
    and named in ``refused.jsonl``.

    Raises
    ------
    CatalogError
        There is no catalog, ``target`` exists, or the disk refuses.
    """
    refuse_existing(target)
    partial = target.with_name(target.name + ".partial")
    result = Exported()
    with reading(folder) as connection, disk_errors(target):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        try:
            for kind in kinds_in(connection):
                if kind in COLLECTIONS:
                    with _private(partial / f"{COLLECTIONS[kind]}.json") as file:
                        result.counts[kind] = _mongo(connection, kind, file, result)
                        _to_disk(file)
            if result.refused:
                with _private(partial / "refused.jsonl") as file:
                    for kind, id, reason in result.refused:
                        file.write(_encode({"kind": kind, "id": id, "reason": reason}) + b"\n")
                    _to_disk(file)
            sync(partial)
            os.rename(partial, target)
            sync(target.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return result


def _mongo(connection: apsw.Connection, kind: str, file: IO[bytes], result: Exported) -> int:
    number = 0
    for id, body in _bodies(connection, kind):
        try:
            file.write(_encode(extended(kind, id, _decode(body))) + b"\n")
            number += 1
        except Unfit as reason:
            result.refused.append((kind, id, str(reason)))
    return number


def _bodies(connection: apsw.Connection, kind: str) -> Iterator[tuple[str, str]]:
    for id, body in connection.execute(f"SELECT id, body FROM {kind} ORDER BY seq"):
        try:
            _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CatalogError(
                tr("The {kind} {id} is damaged: {reason}.", kind=kind, id=id, reason=error),
                left=tr("Nothing was written."),
                do=tr("Run shinecat catalog check."),
            ) from None
        yield id, body


def _count(connection: apsw.Connection, kind: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {kind}").fetchone()
    return int(row[0]) if row else 0


def _private(path: Path) -> IO[bytes]:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
