"""The tables of the ledger's file, and the triggers that keep entries from being changed or removed."""

from __future__ import annotations

import sqlite3

SCHEMA = 1  #: kept in the file's user_version

#: `body` is the truth; number, time, kind and rollout are there to search by, and are checked against it.
#: `head` has one row: the tree head and the frontier that the next append starts from.
_STATEMENTS = (
    """
    CREATE TABLE entries (
        number INTEGER NOT NULL PRIMARY KEY,
        time TEXT NOT NULL,
        kind TEXT NOT NULL,
        rollout INTEGER,
        body TEXT NOT NULL,
        leaf TEXT NOT NULL,
        root TEXT NOT NULL
    )
    """,
    "CREATE INDEX entries_by_kind ON entries (kind, number)",
    "CREATE INDEX entries_by_rollout ON entries (rollout, number)",
    """
    CREATE TABLE head (
        id INTEGER NOT NULL PRIMARY KEY,
        size INTEGER NOT NULL,
        root TEXT NOT NULL,
        frontier TEXT NOT NULL
    )
    """,
    *(
        f"CREATE TRIGGER entries_keep_{act.lower()} BEFORE {act} ON entries "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        for act in ("UPDATE", "DELETE")
    ),
    f"PRAGMA user_version = {SCHEMA}",
)


def version(connection: sqlite3.Connection) -> int:
    """The file's format; 0 before it has tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def create_tables(connection: sqlite3.Connection) -> None:
    """Make them, inside the caller's transaction; nothing happens when they are there."""
    if version(connection) == SCHEMA:
        return  # another process was faster
    for statement in _STATEMENTS:
        connection.execute(statement)
