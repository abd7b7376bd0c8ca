"""Documents in the database: reading in a snapshot, changing in a transaction."""

# Table names are our own literals (KINDS); every value is bound.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import apsw
import msgspec

from jupyter_shinecat.catalog.errors import Refused

Doc = dict[str, Any]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_CHUNK = 500
# What MongoDB takes: larger ones could never go back to a real SciCat, and each would hold up whoever lists it.
LARGEST_BYTES = 16 * 1024 * 1024
# Holds two states of another document.
_OF_ANY_SIZE = "history"


def _stored_form(what: str, doc: Doc) -> str:
    data = _encode(doc)
    if len(data) > LARGEST_BYTES and what != _OF_ANY_SIZE:
        text = f"This {what} would have {len(data) / 2**20:.1f} MB; at most {LARGEST_BYTES // 2**20} MB are stored"
        raise Refused(413, text)
    return data.decode()


@lru_cache(256)
def _decoder_of(names: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Decodes these fields of a document and passes over the others, which is far quicker than to build them all."""
    fields = [(f"field{number}", Any, msgspec.UNSET) for number in range(len(names))]
    rename = {f"field{number}": name for number, name in enumerate(names)}
    return msgspec.json.Decoder(msgspec.defstruct("Part", fields, rename=rename))


class Row:
    """A stored document: ``seq`` grows with creation, ``change`` with every change of anything."""

    __slots__ = ("_body", "_doc", "change", "id", "seq")

    def __init__(self, seq: int, id: str, change: int, body: str) -> None:
        self.seq = seq
        self.id = id
        self.change = change
        self._body = body
        self._doc: Doc | None = None

    @property
    def size(self) -> int:
        """Length of the stored text."""
        return len(self._body)

    @property
    def doc(self) -> Doc:
        """The document itself, decoded at its first use."""
        if self._doc is None:
            self._doc = _decode(self._body)
        return self._doc

    def part(self, *names: str) -> Doc:
        """The document with these fields only."""
        if self._doc is not None:
            return {name: self._doc[name] for name in names if name in self._doc}
        found = msgspec.structs.astuple(_decoder_of(names).decode(self._body))
        return {name: value for name, value in zip(names, found, strict=True) if value is not msgspec.UNSET}


def links_of(kind: str, doc: Doc) -> set[tuple[str, str]]:
    """Pairs (relation, target id) by which ``doc`` is found from what it belongs to."""
    links: set[tuple[str, str]] = set()
    if kind in ("origdatablock", "datablock"):
        links.add(("dataset", str(doc.get("datasetId"))))
    elif kind == "attachment":
        links.update((str(r.get("targetType")), str(r.get("targetId"))) for r in doc.get("relationships", []))
    elif kind == "publisheddata":
        links.update(("dataset", str(pid)) for pid in doc.get("datasetPids") or [])
    elif kind == "history":
        links.add(("document", str(doc.get("documentId"))))
    elif kind == "dataset":
        for rel, field in (("input", "inputDatasets"), ("proposal", "proposalIds"), ("sample", "sampleIds")):
            links.update((rel, str(target)) for target in doc.get(field) or [])
    return links


class Snapshot:
    """Reads that all see the same moment."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._sql = connection

    def get(self, kind: str, id: str) -> Doc | None:
        """The document, or None."""
        row = self._sql.execute(f"SELECT body FROM {kind} WHERE id = ?", (id,)).fetchone()
        return _decode(row[0]) if row else None

    def get_many(self, kind: str, ids: Iterable[str]) -> dict[str, Doc]:
        """Documents by id; missing ones are left out."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Doc] = {}
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            query = f"SELECT id, body FROM {kind} WHERE id IN ({marks})"
            found.update((id, _decode(body)) for id, body in self._sql.execute(query, part))
        return found

    def rows(self, kind: str, seqs: Iterable[int]) -> dict[int, Row]:
        """Rows by ``seq``."""
        wanted = list(seqs)
        found: dict[int, Row] = {}
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            query = f"SELECT seq, id, change, body FROM {kind} WHERE seq IN ({marks})"
            found.update((row[0], Row(*row)) for row in self._sql.execute(query, part))
        return found

    def ids(self, kind: str, seqs: Iterable[int]) -> dict[int, str]:
        """Ids by ``seq``."""
        wanted = list(seqs)
        found: dict[int, str] = {}
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            found.update(self._sql.execute(f"SELECT seq, id FROM {kind} WHERE seq IN ({marks})", part))
        return found

    def between(self, kind: str, first: int, last: int) -> Iterator[Row]:
        """Rows by ``seq``, both ends included."""
        query = f"SELECT seq, id, change, body FROM {kind} WHERE seq BETWEEN ? AND ? ORDER BY seq"
        for row in self._sql.execute(query, (first, last)):
            yield Row(*row)

    def last_seq(self, kind: str) -> int:
        """The highest ``seq``; 0 when there is none."""
        return self._number(f"SELECT coalesce(max(seq), 0) FROM {kind}")

    def scan(self, kind: str, ids: Iterable[str] | None = None) -> Iterator[Row]:
        """Every row in order of creation, or those of ``ids``."""
        if ids is None:
            for row in self._sql.execute(f"SELECT seq, id, change, body FROM {kind} ORDER BY seq"):
                yield Row(*row)
            return
        wanted = list(dict.fromkeys(ids))
        rows: list[Row] = []
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            query = f"SELECT seq, id, change, body FROM {kind} WHERE id IN ({marks})"
            rows.extend(Row(*row) for row in self._sql.execute(query, part))
        yield from sorted(rows, key=lambda row: row.seq)

    def linked(self, kind: str, rel: str, target: str) -> list[str]:
        """Ids of the documents of ``kind`` that point at ``target`` by ``rel``."""
        query = "SELECT id FROM link WHERE rel = ? AND target = ? AND kind = ?"
        return [id for (id,) in self._sql.execute(query, (rel, target, kind))]

    def count(self, kind: str) -> int:
        """How many there are."""
        return self._number(f"SELECT count(*) FROM {kind}")

    def last_change(self) -> int:
        """Number of the last change of anything."""
        return self._number("SELECT value FROM meta WHERE key = 'change'")

    def _number(self, query: str) -> int:
        row = self._sql.execute(query).fetchone()
        return int(row[0]) if row else 0

    def changed_since(self, kind: str, change: int, limit: int = -1) -> list[Row]:
        """Rows changed after ``change``, oldest change first."""
        query = f"SELECT seq, id, change, body FROM {kind} WHERE change > ? ORDER BY change LIMIT ?"
        return [Row(*row) for row in self._sql.execute(query, (change, limit))]

    def seqs_changed_since(self, kind: str, change: int, most: int) -> list[int] | None:
        """``seq`` of the rows changed after ``change``; None when they are more than ``most``."""
        query = f"SELECT seq FROM {kind} WHERE change > ? LIMIT ?"
        found = [seq for (seq,) in self._sql.execute(query, (change, most + 1))]
        return None if len(found) > most else found

    def changes(self, kind: str, change: int) -> Iterator[Row]:
        """Rows changed after ``change``, oldest change first, one at a time."""
        query = f"SELECT seq, id, change, body FROM {kind} WHERE change > ? ORDER BY change"
        for row in self._sql.execute(query, (change,)):
            yield Row(*row)

    def number_of_changes(self, kind: str, change: int, most: int) -> int:
        """How many rows changed after ``change``; counted up to ``most``."""
        row = self._sql.execute(
            f"SELECT count(*) FROM (SELECT 1 FROM {kind} WHERE change > ? LIMIT ?)", (change, most)
        ).fetchone()
        return int(row[0]) if row else 0

    def deleted_since(self, kind: str, change: int) -> list[tuple[int, int]]:
        """Pairs (change, seq) of deletions after ``change``."""
        query = "SELECT change, seq FROM tombstone WHERE change > ? AND kind = ? ORDER BY change"
        return [(number, seq) for number, seq in self._sql.execute(query, (change, kind))]

    def accounts(self, where: str = "1", values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Account rows; ``where`` is a literal of the accounts room, never a caller's text."""
        columns = "id, username, email, password, groups, source, disabled, identity, created, modified"
        return list(self._sql.execute(f"SELECT {columns} FROM account WHERE {where} ORDER BY username", values))

    def account_settings(self, account: str) -> Doc | None:
        """A person's settings."""
        row = self._sql.execute("SELECT body FROM account_settings WHERE account = ?", (account,)).fetchone()
        return _decode(row[0]) if row else None

    def progress(self, source: str) -> Doc | None:
        """How far an import from ``source`` came; None when none is under way."""
        row = self._sql.execute("SELECT body FROM progress WHERE source = ?", (source,)).fetchone()
        return _decode(row[0]) if row else None


class Transaction(Snapshot):
    """Changes that are kept together or not at all."""

    def _next(self) -> int:
        return self._number("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'change' RETURNING value")

    def _link(self, kind: str, id: str, doc: Doc | None) -> None:
        self._sql.execute("DELETE FROM link WHERE kind = ? AND id = ?", (kind, id))
        if doc is not None:
            rows = [(kind, id, rel, target) for rel, target in links_of(kind, doc)]
            self._sql.executemany("INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?)", rows)

    def insert(self, kind: str, id: str, doc: Doc, *, any_size: bool = False) -> bool:
        """Store a new document; False when the id is taken.

        Raises
        ------
        Refused
            413: it is too large (``any_size`` for one that another catalog already holds).
        """
        body = _encode(doc).decode() if any_size else _stored_form(kind, doc)
        change = self._next()
        query = f"INSERT OR IGNORE INTO {kind} (id, change, body) VALUES (?, ?, ?)"
        self._sql.execute(query, (id, change, body))
        if self._sql.changes() == 0:
            return False
        self._link(kind, id, doc)
        return True

    def replace(self, kind: str, id: str, doc: Doc) -> None:
        """Store another state of an existing document; a 413 when it is too large."""
        body = _stored_form(kind, doc)
        query = f"UPDATE {kind} SET change = ?, body = ? WHERE id = ?"
        self._sql.execute(query, (self._next(), body, id))
        self._link(kind, id, doc)

    def delete(self, kind: str, id: str) -> bool:
        """Remove a document; False when there is none."""
        row = self._sql.execute(f"DELETE FROM {kind} WHERE id = ? RETURNING seq", (id,)).fetchone()
        if row is None:
            return False
        self._sql.execute("INSERT INTO tombstone VALUES (?, ?, ?, ?)", (self._next(), kind, id, row[0]))
        self._link(kind, id, None)
        return True

    def put_account(self, row: tuple[Any, ...]) -> None:
        """Store an account row (columns as :meth:`Snapshot.accounts` gives them)."""
        self._sql.execute("INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def put_account_settings(self, account: str, body: Doc | None) -> None:
        """Store a person's settings; None removes them."""
        if body is None:
            self._sql.execute("DELETE FROM account_settings WHERE account = ?", (account,))
        else:
            self._sql.execute(
                "INSERT OR REPLACE INTO account_settings VALUES (?, ?)", (account, _stored_form("settings", body))
            )

    def put_progress(self, source: str, body: Doc | None) -> None:
        """Remember how far an import from ``source`` came; None forgets it."""
        if body is None:
            self._sql.execute("DELETE FROM progress WHERE source = ?", (source,))
        else:
            self._sql.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (source, _encode(body).decode()))
