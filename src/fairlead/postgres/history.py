"""The table of the history in the database, and ours beside it: the same columns, keys and index as Flyway makes.

Ours, `…_fairlead`, has what Flyway's has no place for: a fingerprint of each file that ran (statement 0), and which
statements of a file without a transaction were begun and done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.postgres.rows import SCHEMA, SCHEMA_TEXT, Row, short_description, short_script
from fairlead.postgres.version import Version

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection, Settings

_ROWS = """
SELECT "installed_rank", "version", "description", "type", "script", "checksum", "installed_by", "installed_on",
"execution_time", "success" FROM {table} ORDER BY "installed_rank"
"""
CREATE = """
CREATE TABLE {table} (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
);
ALTER TABLE {table} ADD CONSTRAINT {key} PRIMARY KEY ("installed_rank");
CREATE INDEX {index} ON {table} ("success")
"""
CREATE_OURS = """
CREATE TABLE IF NOT EXISTS {ours} (
    installed_rank integer NOT NULL,
    statement integer NOT NULL,
    sha256 text NOT NULL,
    state text NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (installed_rank, statement)
)
"""
EMPTY = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""


class History:
    """The history of one database, over one connection."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.connection = connection
        self.schema = settings.schema or self._current_schema()
        self.name = settings.table
        self.user = self._one("SELECT current_user")

    def _current_schema(self) -> str:
        return str(self._one("SELECT coalesce(current_schema(), 'public')"))

    def _one(self, query: str, *values: object) -> Any:
        row = self.connection.execute(query, values or None).fetchone()
        return row[0] if row else None

    def sql(self, text: str) -> Any:
        """A statement with the names of the tables filled in, quoted."""
        from psycopg import sql  # noqa: PLC0415 — an extra

        return sql.SQL(text).format(
            table=sql.Identifier(self.schema, self.name),
            ours=sql.Identifier(self.schema, f"{self.name}_fairlead"),
            key=sql.Identifier(f"{self.name}_pk"),
            index=sql.Identifier(f"{self.name}_s_idx"),
            schema=sql.Identifier(self.schema),
        )

    def exists(self) -> bool:
        """Whether there is one."""
        return self._there(self.name)

    def ours_exists(self) -> bool:
        """Whether Fairlead ran, or adopted, anything here."""
        return self._there(f"{self.name}_fairlead")

    def _there(self, table: str) -> bool:
        query = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = %s"
        return self._one(query, self.schema, table) is not None

    def objects(self) -> int:
        """How many tables and views the schema has, those of extensions apart."""
        return int(self._one(EMPTY, self.schema))

    def create(self) -> None:
        """Make both tables, in one transaction; the schema too, where it is missing, and then say so as Flyway does."""
        with self.connection.transaction():
            new = self._one("SELECT 1 FROM pg_namespace WHERE nspname = %s", self.schema) is None
            if new:
                self.connection.execute(self.sql("CREATE SCHEMA {schema}"))
            self.connection.execute(self.sql(CREATE))
            if new:
                self.insert(Row(0, None, SCHEMA_TEXT, SCHEMA, f'"{self.schema}"', None))
            self.connection.execute(self.sql(CREATE_OURS))

    def create_ours(self) -> None:
        """Make ours beside a history that Flyway made."""
        self.connection.execute(self.sql(CREATE_OURS))

    def rows(self) -> tuple[Row, ...]:
        """All of it, in order; empty where there is no table. FairleadError for a row that cannot be read."""
        if not self.exists():
            return ()
        return tuple(_row(values) for values in self.connection.execute(self.sql(_ROWS)).fetchall())

    def insert(self, row: Row) -> None:
        """Add a row; the user and the time are the database's."""
        query = (
            'INSERT INTO {table} ("installed_rank", "version", "description", "type", "script", "checksum",'
            ' "installed_by", "execution_time", "success") VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)'
        )
        version = str(row.version) if row.version else None
        values = (row.rank, version, short_description(row.description), row.type, short_script(row.script),
                  row.checksum, self.user, row.ms, row.success)  # fmt: skip
        self.connection.execute(self.sql(query), values)

    def finish(self, row: Row) -> None:
        """A row that stood there as failed has run to its end."""
        query = (
            'UPDATE {table} SET "success" = true, "execution_time" = %s, "checksum" = %s, "description" = %s,'
            ' "script" = %s WHERE "installed_rank" = %s'
        )
        values = (row.ms, row.checksum, short_description(row.description), short_script(row.script), row.rank)
        self.connection.execute(self.sql(query), values)

    def realign(self, row: Row) -> None:
        """Take over checksum, description and type."""
        query = 'UPDATE {table} SET "checksum" = %s, "description" = %s, "type" = %s WHERE "installed_rank" = %s'
        self.connection.execute(self.sql(query), (row.checksum, short_description(row.description), row.type, row.rank))

    def remove(self, rank: int) -> None:
        """Take a row away, and what we know of it."""
        self.connection.execute(self.sql('DELETE FROM {table} WHERE "installed_rank" = %s'), (rank,))
        self.connection.execute(self.sql("DELETE FROM {ours} WHERE installed_rank = %s"), (rank,))

    def fence(self, rank: int, again: bool) -> None:
        """In a transaction: keep every other writer out, and see that nobody wrote meanwhile.

        FairleadError when somebody did, which another migrator that ignores the lock could.
        """
        self.connection.execute(self.sql("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))
        last = self.connection.execute(self.sql('SELECT coalesce(max("installed_rank"), 0) FROM {table}')).fetchone()
        if last is None or (last[0] >= rank if not again else last[0] < rank):
            what = f"somebody else wrote to {self.schema}.{self.name} while we migrated"
            raise FairleadError(what, "nothing of this file was applied; look at `fairlead db status`, then go on")

    def note(self, rank: int, statement: int, print_: str, state: str) -> None:
        """Keep what was begun, done, or ran (statement 0)."""
        query = (
            "INSERT INTO {ours} (installed_rank, statement, sha256, state) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (installed_rank, statement) DO UPDATE SET sha256 = excluded.sha256,"
            " state = excluded.state, noted_at = now()"
        )
        self.connection.execute(self.sql(query), (rank, statement, print_, state))

    def forget_statements(self, rank: int) -> None:
        """All of them are done, and the file with them."""
        self.connection.execute(self.sql("DELETE FROM {ours} WHERE installed_rank = %s AND statement > 0"), (rank,))

    def forget(self, rank: int, statement: int) -> None:
        """A statement that was begun is known to have failed."""
        self.connection.execute(
            self.sql("DELETE FROM {ours} WHERE installed_rank = %s AND statement = %s"), (rank, statement)
        )

    def notes(self) -> tuple[tuple[int, int, str, str], ...]:
        """All that is kept: rank, statement, fingerprint, state; in order."""
        if not self.ours_exists():
            return ()
        query = "SELECT installed_rank, statement, sha256, state FROM {ours} ORDER BY installed_rank, statement"
        return tuple(self.connection.execute(self.sql(query)).fetchall())


def journal(notes: Sequence[tuple[int, int, str, str]]) -> dict[int, list[tuple[str, bool]]]:
    """Of the notes, the statements: by rank, each with its fingerprint and whether it is known to be done."""
    found: dict[int, list[tuple[str, bool]]] = {}
    for rank, statement, print_, state in notes:
        kept = found.setdefault(rank, []) if state in ("journal", "begun", "done") else []
        if statement > 0:
            kept.append((print_, state == "done"))
    return found


def _row(values: Sequence[Any]) -> Row:
    rank, version, description, kind, script, checksum, by, on, ms, success = values
    try:
        read = Version(version) if version is not None else None
    except ValueError:
        hint = "a row that Flyway wrote looks different; mend it by hand"
        raise FairleadError(f"row {rank} of the history has a version that is none", hint) from None
    return Row(rank, read, description, kind, script, checksum, by, on, ms, success)
