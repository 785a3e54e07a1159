"""What of a server speaks against a migration just now: looked at before it begins, when nothing is held up yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairlead.postgres import indexes, waivers
from fairlead.postgres.files import Migration
from fairlead.postgres.risk_rules import has, table_of
from fairlead.postgres.statements import Statement

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

OLD = 60.0  #: seconds of a transaction, or of a replica that is behind
ROOM = "disk-room"  #: the rule, for waivers
HINT = f"make room first; or, where it needs less, say so above the statement: -- fairlead: allow {ROOM}, WHY"
TIMES = 2  #: what is built anew lies beside what was

_OLD = """
SELECT pid, usename, application_name, extract(epoch FROM now() - xact_start)::float8 FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
AND xact_start < now() - make_interval(secs => %s) AND application_name <> 'pg_dump' ORDER BY xact_start
"""
_PREPARED = "SELECT gid, prepared FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared"
_BEHIND = """
SELECT coalesce(application_name, ''), extract(epoch FROM replay_lag)::float8 FROM pg_stat_replication
WHERE replay_lag > make_interval(secs => %s)
"""
_ARCHIVER = """
SELECT last_failed_wal FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'
AND last_failed_time > coalesce(last_archived_time, '-infinity')
"""
_SIZE = """
SELECT coalesce(max(pg_total_relation_size(oid)), 0)::bigint FROM pg_class WHERE relname = ANY (%s)
AND relkind IN ('r', 'm')
"""
_DUMPS = """
SELECT pid, application_name FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND application_name IN ('pg_dump', 'fairlead backup') AND backend_xmin IS NOT NULL
AND xact_start < now() - interval '1 second'
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One. `stops`: the migration must not begin."""

    text: str
    hint: str = ""
    stops: bool = False


def preflight(connection: Connection, files: Sequence[Migration], free: int | None) -> tuple[Finding, ...]:
    """Of a database, with what is pending; `free`: bytes on the disk of its data, where they are known.

    Who may not see what others do sees less here. An error of the driver.
    """
    return (*_space(connection, _large(files), free), *_sessions(connection), *_server(connection))


def dumps(connection: Connection) -> tuple[str, ...]:
    """Who reads all of it now, in a transaction that anything CONCURRENTLY waits for."""
    return tuple(f"pid {pid} ({name})" for pid, name in _rows(connection, _DUMPS))


def concurrent(files: Sequence[Migration]) -> bool:
    """Whether anything of it is CONCURRENTLY."""
    return any("CONCURRENTLY" in one.words for file in files for one in file.statements)


def _rows(connection: Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), values).fetchall()


def _large(files: Sequence[Migration]) -> tuple[Statement, ...]:
    """What may write a table, or an index of it, anew, unless its author knows that it needs less."""
    return tuple(
        one for file in files for one in file.statements
        if _builds(one) and ROOM not in waivers.of_file(file) | waivers.of_statement(one)
    )  # fmt: skip


def _space(connection: Connection, statements: Sequence[Statement], free: int | None) -> Iterator[Finding]:
    """A table, or its index, is written anew beside the old one."""
    tables = sorted({table_of(one).lower() for one in statements} - {""})
    if free is None or not tables:
        return
    needs = TIMES * int(_rows(connection, _SIZE, tables)[0][0])
    if needs > free:
        what = f"{', '.join(tables)} may be written anew, which takes up to {needs / 1e6:.0f} MB"
        yield Finding(f"{what}, and the disk has {free / 1e6:.0f} MB", HINT, stops=True)


def _builds(statement: Statement) -> bool:
    words = statement.words
    creates = words[:1] == ("CREATE",) and "INDEX" in words[1:3]
    return creates or words[:1] == ("CLUSTER",) or (words[:2] == ("ALTER", "TABLE") and has(statement, "TYPE"))


def _sessions(connection: Connection) -> Iterator[Finding]:
    for pid, user, name, age in _rows(connection, _OLD, OLD):
        who = f'pid {pid} of "{name}" (user {user})'
        yield Finding(f"{who} has a transaction open for {age:.0f} s: what locks its tables waits", "end it, or wait")
    for gid, since in _rows(connection, _PREPARED):
        hint = "COMMIT PREPARED or ROLLBACK PREPARED it"
        yield Finding(f"the transaction {gid} is prepared since {since:%Y-%m-%d %H:%M:%S}, and keeps its locks", hint)
    for index in indexes.invalid(connection):
        yield Finding(f"the index {index} is INVALID", "build it again, or drop it")


def _server(connection: Connection) -> Iterator[Finding]:
    for name, lag in _rows(connection, _BEHIND, OLD):
        yield Finding(f'the replica "{name}" is {lag:.0f} s behind, and a large migration makes it more')
    for (segment,) in _rows(connection, _ARCHIVER):
        text = f"the log is not archived: {segment} failed last, so no restore point is of use"
        yield Finding(text, "see the log of the server")
