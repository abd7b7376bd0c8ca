"""From one version of the database's schema to the next.

Version 1 is what :mod:`.database` creates; a new database walks the same steps as an old one, so that both end alike.
A step is never changed once it was released: what it should have done goes into a further one.
"""

from __future__ import annotations

import apsw

# Version reached: the statements that lead there from the version before.
STEPS: dict[int, tuple[str, ...]] = {
    # How far an import came, kept in the transaction that stores what it brought.
    2: ("CREATE TABLE progress (source TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID",),
}
FIRST = 1
SCHEMA_VERSION = max(STEPS)


def stored_version(connection: apsw.Connection) -> int:
    """The version a database is in; 0 for an empty one."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").fetchone()
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() if there else None
    return int(str(row[0])) if row else 0


def upgrade(connection: apsw.Connection) -> None:
    """Take every step that is missing; runs inside the caller's transaction, so all of them or none are kept."""
    for version in range(stored_version(connection) + 1, SCHEMA_VERSION + 1):
        for statement in STEPS[version]:
            connection.execute(statement)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(version),))
