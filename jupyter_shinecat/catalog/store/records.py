"""Small records beside the documents: what administration remembers, by kind and id."""

from __future__ import annotations

from typing import Any

import msgspec

from .documents import Snapshot, Transaction
from .store import Store

Record = dict[str, Any]
_TABLE = """CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID"""


def prepare(store: Store) -> None:
    """Make the table where it is missing."""
    store.change(lambda tx: tx._sql.execute(_TABLE) and None)


def get(snapshot: Snapshot, kind: str, id: str) -> Record | None:
    """One record, or None."""
    row = snapshot._sql.execute("SELECT body FROM record WHERE kind = ? AND id = ?", (kind, id)).fetchone()
    return msgspec.json.decode(row[0]) if row else None


def all_of(snapshot: Snapshot, kind: str) -> dict[str, Record]:
    """Every record of a kind, by id."""
    rows = snapshot._sql.execute("SELECT id, body FROM record WHERE kind = ? ORDER BY id", (kind,))
    return {id: msgspec.json.decode(body) for id, body in rows}


def put(tx: Transaction, kind: str, id: str, body: Record | None) -> None:
    """Store a record; None removes it."""
    if body is None:
        tx._sql.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, id))
    else:
        text = msgspec.json.encode(body).decode()
        tx._sql.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", (kind, id, text))


def delete_account(tx: Transaction, id: str) -> None:
    """Remove an account with its settings."""
    tx._sql.execute("DELETE FROM account WHERE id = ?", (id,))
    tx._sql.execute("DELETE FROM account_settings WHERE account = ?", (id,))
