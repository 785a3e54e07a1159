"""The tables of the ledger's file, and the triggers that keep entries from being changed or removed."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, Text
from sqlalchemy.schema import CreateIndex, CreateTable

SCHEMA = 1  #: kept in the file's user_version

metadata = MetaData()

#: `body` is the truth; number, time, kind and rollout are there to search by, and are checked against it
entries = Table(
    "entries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("time", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rollout", Integer),
    Column("body", Text, nullable=False),
    Column("leaf", Text, nullable=False),
    Column("root", Text, nullable=False),
    Index("entries_by_kind", "kind", "number"),
    Index("entries_by_rollout", "rollout", "number"),
)

#: one row: the tree head and the frontier that the next append starts from
head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("root", Text, nullable=False),
    Column("frontier", Text, nullable=False),
)

_TRIGGERS = tuple(
    f"CREATE TRIGGER entries_keep_{act.lower()} BEFORE {act} ON entries "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
    for act in ("UPDATE", "DELETE")
)


def create_tables(connection: Connection) -> None:
    """Make them, inside the caller's transaction; nothing happens when they are there."""
    if connection.exec_driver_sql("PRAGMA user_version").scalar_one() == SCHEMA:
        return  # another process was faster
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            connection.execute(CreateIndex(index))
    for trigger in _TRIGGERS:
        connection.exec_driver_sql(trigger)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")
