"""The same questions asked of SQLite alone, in the same database file: what the index is measured against."""

# Values come from the generator of these figures.

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import apsw


class PlainSql:
    """Reads a catalog's database while no server runs or beside it.

    Parameters
    ----------
    folder
        The catalog's data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._sql = apsw.Connection(str(folder / "catalog.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)

    def close(self) -> None:
        """Let the file go."""
        self._sql.close()

    def _ms(self, statement: str) -> float:
        start = time.perf_counter()
        for _row in self._sql.execute(statement):
            pass
        return (time.perf_counter() - start) * 1e3

    def search(self, fields: dict[str, Any], groups: tuple[str, ...] | None) -> tuple[float, float]:
        """Milliseconds of a page of 25, and of the counts of one facet: every other one takes about as long."""
        where = self._where(fields, groups)
        page = self._ms(f"SELECT body FROM dataset WHERE {where} ORDER BY body ->> '$.creationTime' DESC LIMIT 25")
        counts = f"SELECT body ->> '$.creationLocation', count(*) FROM dataset WHERE {where} GROUP BY 1"
        return page, self._ms(counts)

    def newest(self, groups: tuple[str, ...]) -> float:
        """Milliseconds of the newest 25."""
        where = self._where({}, groups)
        return self._ms(f"SELECT body FROM dataset WHERE {where} ORDER BY body ->> '$.creationTime' DESC LIMIT 25")

    def get(self, pid: str) -> float:
        """Milliseconds of one dataset."""
        return self._ms(f"SELECT body FROM dataset WHERE id = '{pid}'")

    @staticmethod
    def _where(fields: dict[str, Any], groups: tuple[str, ...] | None) -> str:
        parts = ["1"]
        if groups is not None:
            listed = ",".join(f"'{group}'" for group in groups)
            parts.append(
                f"(body ->> '$.ownerGroup' IN ({listed}) OR body ->> '$.isPublished' OR EXISTS (SELECT 1 FROM"
                f" json_each(body, '$.accessGroups') a WHERE a.value IN ({listed})))"
            )
        if "type" in fields:
            parts.append(f"body ->> '$.type' = '{fields['type'][0]}'")
        if "text" in fields:
            parts.append(f"body LIKE '%{fields['text']}%'")
        if "keywords" in fields:
            parts.append(
                f"EXISTS (SELECT 1 FROM json_each(body, '$.keywords') k WHERE k.value = '{fields['keywords'][0]}')"
            )
        if "creationTime" in fields:
            span = fields["creationTime"]
            parts.append(f"body ->> '$.creationTime' BETWEEN '{span['begin']}' AND '{span['end']}'")
        for one in fields.get("scientific", []):
            parts.append(f"body ->> '$.scientificMetadata.\"{one['lhs']}\".value' > {one['rhs']}")
        return " AND ".join(parts)


def inserts_per_s(folder: Path, number: int = 200) -> float:
    """Commits of one row of 2 kB each a second, with the same durability, in a file of its own."""
    for rest in folder.glob("bench-inserts*"):
        rest.unlink()
    sql = apsw.Connection(str(folder / "bench-inserts.sqlite"))
    sql.execute("PRAGMA journal_mode=WAL").fetchall()
    sql.execute("PRAGMA synchronous=FULL")
    sql.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)")
    start = time.perf_counter()
    for one in range(number):
        sql.execute("INSERT INTO t VALUES (?, ?)", (one, "x" * 2000))
    took = time.perf_counter() - start
    sql.close()
    for rest in folder.glob("bench-inserts*"):
        rest.unlink()
    return number / took
