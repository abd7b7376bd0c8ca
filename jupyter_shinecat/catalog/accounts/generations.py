"""A number for each account that ends its older tokens when it grows."""

from __future__ import annotations

from jupyter_shinecat.catalog.store import records
from jupyter_shinecat.catalog.store.documents import Snapshot, Transaction

_KIND = "generation"
SERVICE_TOKEN = "service-token"  # noqa: S105  # the name of a kind


def generation(snapshot: Snapshot, account_id: str) -> int:
    """0 until sessions of the account were ended for the first time."""
    record = records.get(snapshot, _KIND, account_id)
    return int(record["number"]) if record else 0


def end(tx: Transaction, account_id: str) -> None:
    """From this change on no token of the account holds, and its service tokens are gone."""
    records.put(tx, _KIND, account_id, {"number": generation(tx, account_id) + 1})
    for id, record in records.all_of(tx, SERVICE_TOKEN).items():
        if record["account"] == account_id:
            records.put(tx, SERVICE_TOKEN, id, None)
