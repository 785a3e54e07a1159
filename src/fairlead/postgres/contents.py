"""What is in a database, as far as two looks at it can be compared: tables, columns, and a checksum of every value.

Every row is read, none is sampled: a copy is looked at, never the live database. A checksum is the sum of the hashes of
values (`hashtextextended`), so the order of rows does not matter. A partition counts by itself too: who drops it drops
its rows, though its table stays. What an extension has in tables of its own goes with it, so these count too, and so
do how far sequences are, large objects, and the rows that a materialized view keeps, of which pg_dump says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

_COLUMNS = """
SELECT c.oid::bigint, format('%I.%I', n.nspname, c.relname), a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
a.attgenerated <> '' OR a.attidentity <> '', a.atthasdef OR a.attidentity <> ''
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 2, 3
"""
_SEQUENCES = """
SELECT c.oid::bigint, format('%I.%I', n.nspname, c.relname), s.seqincrement, EXISTS (
SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
WHERE c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 2
"""
_VIEWS = """
SELECT format('%I.%I', n.nspname, c.relname), c.relispopulated
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1
"""
_LARGE = """
SELECT m.oid::bigint, coalesce(sum(hashtextextended(p.pageno || ' ' || encode(p.data, 'hex'), 0)::numeric), 0)
FROM pg_largeobject_metadata m LEFT JOIN pg_largeobject p ON p.loid = m.oid GROUP BY 1
"""
_ALL_OF_IT = "SELECT coalesce(sum(hashtextextended(it::text, 0)::numeric), 0) FROM {} it"


@dataclass(frozen=True, slots=True)
class Column:
    """One. `number` is another one when it was dropped and made anew. `left`: the hash of the value that all have."""

    number: int
    name: str
    type: str
    made: bool = False  #: by the database itself: nobody writes it
    filled: bool = False  #: it has a default
    hash: int = 0
    given: int = 0  #: rows in which it is not NULL
    alike: bool = True  #: all rows have the same
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One. `id` is another one when it was dropped and made anew."""

    id: int
    name: str  #: quoted, with its schema
    rows: int = 0
    hash: int = 0
    columns: tuple[Column, ...] = ()

    def column(self, name: str) -> Column | None:
        """The one of that name."""
        return next((one for one in self.columns if one.name == name), None)

    def numbered(self, number: int) -> Column | None:
        """The one that was made as that one, whatever it is called now."""
        return next((one for one in self.columns if one.number == number), None)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A sequence. `id` is another one when it was dropped and made anew."""

    id: int
    name: str  #: quoted, with its schema
    step: int = 1
    owned: bool = False  #: by a column, with which it goes
    coming: int = 1  #: the number that is drawn next

    def behind(self, other: Numbers) -> bool:
        """Whether it gives numbers again that the other one gave."""
        return (other.coming - self.coming) * self.step > 0


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole database. `schema` are the lines of `pg_dump --schema-only`, those that say nothing left out."""

    tables: Mapping[str, Table] = field(default_factory=dict)
    schema: tuple[str, ...] = field(default=(), repr=False)
    sequences: Mapping[str, Numbers] = field(default_factory=dict)
    views: Mapping[str, int | None] = field(default_factory=dict)  #: hash of what is kept; None: it was never filled
    large: Mapping[int, int] = field(default_factory=dict)  #: hash of each large object

    def by_id(self, id: int) -> Table | None:
        """The table that was made as that one, whatever it is called now."""
        return next((one for one in self.tables.values() if one.id == id), None)


def contents(
    connection: Connection, schema: str = "", without: Iterable[str] = (), only: str | None = None
) -> Contents:
    """Read all of it, or one table or sequence. `schema` is what pg_dump says.

    `without`: tables that do not count, quoted.
    """
    hidden = set(without)
    found: dict[str, Table] = {}
    for id, name, number, column, kind, made, filled in connection.execute(_COLUMNS).fetchall():
        if name not in hidden and only in (None, name):
            table = found.get(name, Table(id, name))
            more = (Column(number, column, kind, made, filled),) if number is not None else ()
            found[name] = Table(id, name, columns=(*table.columns, *more))
    tables = {name: _read(connection, table) for name, table in found.items()}
    sequences = {one.name: one for one in _sequences(connection, only)}
    if only is not None:
        return Contents(tables, schema_lines(schema), sequences)
    large = {int(id): int(hash_) for id, hash_ in connection.execute(_LARGE).fetchall()}
    return Contents(tables, schema_lines(schema), sequences, dict(_views(connection)), large)


def _views(connection: Connection) -> Iterator[tuple[str, int | None]]:
    from psycopg import sql  # noqa: PLC0415 — an extra

    for name, filled in connection.execute(_VIEWS).fetchall():
        row = connection.execute(sql.SQL(_ALL_OF_IT).format(sql.SQL(name))).fetchone() if filled else None
        yield str(name), int(row[0]) if row else None


def _sequences(connection: Connection, only: str | None) -> Iterator[Numbers]:
    from psycopg import sql  # noqa: PLC0415 — an extra

    for id, name, step, owned in connection.execute(_SEQUENCES).fetchall():
        if only in (None, name):
            at = sql.SQL("SELECT last_value, is_called FROM {}").format(sql.SQL(name))
            last, called = connection.execute(at).fetchone() or (1, False)
            yield Numbers(id, name, step, owned, last + step if called else last)


_VALUES = (
    "coalesce(sum(coalesce(hashtextextended({0}::text, 0), 1)::numeric), 0), count({0}), count({0}) IN (0, count(*)) "
    "AND min(hashtextextended({0}::text, 0)) IS NOT DISTINCT FROM max(hashtextextended({0}::text, 0)), "
    "min(hashtextextended({0}::text, 0))"
)


def _read(connection: Connection, table: Table) -> Table:
    """All of one in one pass."""
    from psycopg import sql  # noqa: PLC0415 — an extra

    names = [sql.Identifier(one.name) for one in table.columns]
    row = sql.SQL(", ").join(sql.SQL("{}::text").format(one) for one in names)
    whole = sql.SQL("coalesce(sum(hashtextextended(ROW({})::text, 0)::numeric), 0)").format(row)
    parts = sql.SQL(", ").join([sql.SQL("count(*)"), whole, *(sql.SQL(_VALUES).format(one) for one in names)])
    query = sql.SQL("SELECT {} FROM {}").format(parts, sql.SQL(table.name))
    rows, hash_, *values = connection.execute(query).fetchone() or (0, 0)
    columns = [_seen(one, *values[4 * at : 4 * at + 4]) for at, one in enumerate(table.columns)]
    return replace(table, rows=int(rows), hash=int(hash_), columns=tuple(columns))


def _seen(one: Column, hash_: int, given: int, alike: bool, left: int | None) -> Column:
    return replace(one, hash=int(hash_), given=given, alike=alike, left=left if alike else None)


def schema_lines(text: str) -> tuple[str, ...]:
    """What pg_dump says of the schema, without comments, and without the key that is another one in each dump."""
    lines = (line.rstrip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith(("--", "\\restrict", "\\unrestrict")))
