"""What the history of a database says: the rows of `flyway_schema_history`, as Flyway writes and reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fairlead.postgres.version import Version

TABLE = "flyway_schema_history"
FLYWAY = int.from_bytes(b"Flyway", "big")  #: in the key of the lock that Flyway takes
BASELINE_TEXT = "<< Flyway Baseline >>"
SCHEMA_TEXT = "<< Flyway Schema Creation >>"

SQL, BASELINE, SQL_BASELINE, SCHEMA, DELETE = "SQL", "BASELINE", "SQL_BASELINE", "SCHEMA", "DELETE"
UNDO_SQL = "UNDO_SQL"
UNDO_TYPES = frozenset({UNDO_SQL, "UNDO_SCRIPT", "UNDO_JDBC", "UNDO_SPRING_JDBC", "UNDO_CUSTOM"})
OPAQUE_TYPES = frozenset({"JDBC", "SPRING_JDBC", "SCRIPT", "CUSTOM", "JDBC_BASELINE", "SCRIPT_BASELINE"})
"""What was run by Java or a shell: no file of ours stands for it, and its checksum is mostly none."""
NO_MIGRATION = frozenset({SCHEMA, BASELINE, DELETE, *UNDO_TYPES})
"""Rows that say something about others."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `version` is None for what runs again; `ms` is how long it ran, in milliseconds."""

    rank: int
    version: Version | None
    description: str
    type: str
    script: str
    checksum: int | None
    by: str = ""
    on: datetime | None = None
    ms: int = 0
    success: bool = True


def short_description(text: str) -> str:
    """As it fits into its column of 200 characters."""
    return text if len(text) <= 200 else f"{text[:197]}..."


def short_script(text: str) -> str:
    """As it fits into its column of 1000 characters: the end of it."""
    return text if len(text) <= 1000 else f"...{text[-997:]}"


def java_hash(text: str) -> int:
    """Java's `String.hashCode`: signed, 32 bits, over UTF-16 units."""
    units = text.encode("utf-16-be")
    value = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        value = (value * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def flyway_lock(schema: str, table: str) -> int:
    """The key of the advisory lock that Flyway takes for a history table: "Flyway" as a number, and its name's hash."""
    return FLYWAY + java_hash(f'"{schema}"."{table}"')
