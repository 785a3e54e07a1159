"""A logical backup put back: always into a new database, compared with what was written down, and only then swapped."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fairlead.backups.catalogue import Backup, Catalogue, Part
from fairlead.backups.destinations.base import Write
from fairlead.backups.facts import creating, differences, facts
from fairlead.backups.sealing import unseal
from fairlead.backups.server import TRANSIENT, Server, name, text
from fairlead.errors import FairleadError
from fairlead.system.clock import wait_until

ROLE = re.compile(r'(?:CREATE|ALTER) ROLE ("(?:[^"]|"")+"|\S+?)(?: |;)')
MEMBER = re.compile(r'GRANT ("(?:[^"]|"")+"|\S+) TO ("(?:[^"]|"")+"|\S+?)(?: |;)')
LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|\\[^\n]*(?:\n|\Z))+")
STATEMENT = re.compile(r"""(?:--[^\n]*\n|'(?:[^']|'')*+'|"(?:[^"]|"")*+"|[^;'"\\])*+;""")
"""As pg_dumpall writes them: quotes are doubled, and so is a backslash in E'…', so one never hides a quote."""
PAUSE = 0.1  #: seconds between two tries to have everybody gone
ENDING = 30.0  #: seconds for a session to end whose connection is gone


@dataclass(frozen=True)
class Reader:
    """Reads parts of backups, with the keys of whoever asks."""

    catalogue: Catalogue
    identities: Sequence[Any] = field(repr=False)

    def write_to(self, backup: Backup, part: Part, write: Write) -> None:
        """Decrypt one. WrongKey, Damaged, Gone, Unreachable."""
        where, what = self.catalogue.path(backup.id, part.name), f"{part.name} of backup {backup.id}"
        with self.catalogue.where.reading(where) as pieces:
            unseal(pieces, write, self.identities, part.sha256, what)

    def text(self, backup: Backup, part: Part) -> str:
        """A small one, whole."""
        found = bytearray()
        self.write_to(backup, part, found.extend)
        return found.decode()


def globals_of(reader: Reader, backup: Backup) -> str:
    """The SQL that makes the roles of a backup; empty when it has none."""
    return "".join(reader.text(backup, part) for part in backup.of("globals"))


def roles_there(server: Server) -> set[str]:
    """Those that a server has."""
    with server.session(server.home) as connection:
        return {str(row[0]) for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}


def databases_there(server: Server) -> set[str]:
    """The databases that it has."""
    with server.session(server.home) as connection:
        return {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database").fetchall()}


def missing_roles(sql: str, there: Collection[str]) -> tuple[str, ...]:
    """Those of a backup that a server has not, of which it has `there`."""
    found = (ROLE.match(one) for one in statements(sql) if _of_missing(one, set(there)))
    return tuple(sorted({_plain(role[1]) for role in found if role}))


def have_roles(server: Server, sql: str) -> None:
    """Make those of a backup that are missing; a group has the members again that it had. Those that are there stay as
    they are, with their passwords.
    """
    there = roles_there(server)
    wanted = [one for one in statements(sql) if _of_missing(one, there)]
    with server.session(server.home) as connection:
        for statement in wanted:
            connection.execute(statement)


def drop_roles(server: Server, names: Iterable[str]) -> None:
    """Of those, each that owns nothing and has no right to anything."""
    for one in names:
        with contextlib.suppress(FairleadError), server.session(server.home) as connection:
            connection.execute(f"DROP ROLE IF EXISTS {name(one)}")


def statements(sql: str) -> Iterator[str]:
    """Those of pg_dumpall, whole, without comments and psql's own commands between them. FairleadError for the rest.

    Never line by line, and never to psql: any role may have a setting with a line in it that is a command of psql.
    """
    at = 0
    while True:
        if leading := LEADING.match(sql, at):
            at = leading.end()
        if at == len(sql):
            return
        found = STATEMENT.match(sql, at)
        if not found:
            raise FairleadError("the roles of the backup are not as pg_dumpall writes them", "restore from another")
        yield found[0]
        at = found.end()


def _of_missing(statement: str, there: set[str]) -> bool:
    role, member = ROLE.match(statement), MEMBER.match(statement)
    some = [_plain(one) for one in ((role[1],) if role else member.groups()[:2] if member else ())]
    return any(one not in there for one in some) and not any(one.startswith(TRANSIENT) for one in some)


def _plain(quoted: str) -> str:
    return quoted[1:-1].replace('""', '"') if quoted.startswith('"') else quoted


def put_back(server: Server, reader: Reader, backup: Backup, database: str, to: str) -> None:
    """One database of a backup as a new one called `to`. FairleadError; then there is none of that name."""
    part = next((one for one in backup.of("database") if one.database == database), None)
    if part is None:
        has = ", ".join(one.database for one in backup.of("database")) or "none"
        raise FairleadError(f"backup {backup.id} has no database {database}", f"it has {has}")
    fill(server, database, to, backup.facts[database]["properties"], lambda write: reader.write_to(backup, part, write))


def fill(server: Server, database: str, to: str, had: Mapping[str, Any], push: Callable[[Write], None]) -> None:
    """A new one called `to`, of what `push` writes, which is as pg_dump does. FairleadError; then there is none."""
    create(server, to, had)
    try:
        with server.feeding(f"pg_restore of {database}", "pg_restore", "--exit-on-error", f"--dbname={to}") as write:
            push(write)
        with server.session(to) as connection:
            connection.execute("ANALYZE")  # statistics are in no dump
    except BaseException:
        drop(server, to)
        raise


def create(server: Server, database: str, had: Mapping[str, Any]) -> None:
    """An empty one with these properties. FairleadError; then there is none."""
    with server.session(server.home) as connection:
        made, *rest = creating(database, had, connection.info.server_version)
        connection.execute(made)
        try:
            for statement in rest:
                connection.execute(statement)
        except BaseException:
            drop(server, database)
            raise


def compared(server: Server, before: Mapping[str, Any], at: str) -> list[str]:
    """In what the database `at` differs from what was written down of it `before`; empty: in nothing."""
    with server.session(at, autocommit=False) as connection:
        connection.execute("SET TRANSACTION READ ONLY")
        after = facts(connection, before.get("checks", {}), before["rows"])
    return differences(before, after)


def drop(server: Server, database: str) -> None:
    """Whoever is connected to it is not asked."""
    with server.session(server.home) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name(database)} WITH (FORCE)")


@dataclass(frozen=True, slots=True)
class Swap:
    """Three names: that of the one in use, of what takes its place, and of what the old one is called from then on."""

    live: str
    new: str
    aside: str


class Unsure(FairleadError):
    """The answer that counts was lost, and nobody says whether all is as it was."""


def swap(server: Server, swaps: Iterable[Swap], patience: float = 60.0) -> None:
    """Have all change names in one transaction, with nobody connected. FairleadError; then all is as it was. Unsure.

    PostgreSQL renames a database when nobody is in it, and lets nobody in while it waits for that. So one session
    renames, and beside it everybody who is still in is told to leave, until it is done.
    """
    wanted = list(swaps)
    server = _elsewhere(server, wanted)
    done = threading.Event()
    beside = threading.Thread(target=_clear, args=(server, [one.live for one in wanted], done))
    beside.start()
    asked: list[int] = []
    try:
        _rename(server, wanted, patience, asked)
    except FairleadError as error:
        if not asked or _said_no(error) or not _renamed(server, wanted, asked[-1], error):
            raise
    finally:
        done.set()
        beside.join()


def _said_no(error: FairleadError) -> bool:
    """Whether the server itself says that it did nothing, and did not end in the middle of its answer."""
    code = getattr(error.__cause__, "sqlstate", None)
    return bool(code) and not str(code).startswith(("08", "57P"))


def _renamed(server: Server, wanted: Sequence[Swap], pid: int, error: FairleadError) -> bool:
    """Whether it was done, although there is no answer: a connection may end between COMMIT and what comes back."""
    try:
        with server.session(server.home) as connection:
            statement = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
            over = wait_until(lambda: connection.execute(statement, (pid,)).fetchone() is None, ENDING, 0.05, 1.0)
        names = databases_there(server) if over else set()
    except FairleadError:
        over, names = False, set()
    if not over:
        moved = ", ".join(one.live for one in wanted)
        what = (
            f"no answer came when {moved} was put in its place, so nobody knows whether it is there ({error.message})"
        )
        hint = f"look once the server is up: it is where there is a database {wanted[0].aside}, and else restore again"
        raise Unsure(what, hint) from error
    return all(one.aside in names and one.new not in names for one in wanted)


def _elsewhere(server: Server, swaps: Sequence[Swap]) -> Server:
    """The same, seen from a database that is not renamed: nobody renames the one that he is in."""
    renamed = {it for one in swaps for it in (one.live, one.new)}
    for home in dict.fromkeys((server.home, "postgres", "template1")):
        if home not in renamed:
            with contextlib.suppress(FairleadError), server.session(home):
                return replace(server, home=home)
    what = f"{', '.join(one.live for one in swaps)} cannot be renamed from within, and no other database lets us in"
    raise FairleadError(what, "let the role of the store's url connect to the database postgres")


def _rename(server: Server, wanted: Sequence[Swap], patience: float, asked: list[int]) -> None:
    """PostgreSQL gives up after 5 s with somebody in it; then it is asked again. `asked` gets who does it there."""
    import psycopg  # noqa: PLC0415 — an extra

    statements = []
    for one in wanted:
        statements.append(f"ALTER DATABASE {name(one.live)} RENAME TO {name(one.aside)}")
        statements.append(f"ALTER DATABASE {name(one.new)} RENAME TO {name(one.live)}")
        statements.append(f"ALTER DATABASE {name(one.aside)} CONNECTION LIMIT 0")  # nobody's but a superuser's
    deadline = time.monotonic() + patience
    while True:
        try:
            with server.session(server.home, autocommit=False) as connection:
                asked.append(connection.info.backend_pid)
                for statement in statements:
                    connection.execute(statement)
                connection.commit()
            return
        except FairleadError as error:
            if not isinstance(error.__cause__, psycopg.errors.ObjectInUse) or time.monotonic() > deadline:
                raise


def _clear(server: Server, names: Sequence[str], done: threading.Event) -> None:
    listed = ", ".join(text(one) for one in names)
    statement = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({listed})"  # noqa: S608
    with contextlib.suppress(FairleadError), server.session(server.home) as connection:
        while not done.is_set():
            connection.execute(statement)
            done.wait(PAUSE)


def restored_names(server: Server, database: str) -> Iterator[str]:
    """Databases that restores of this one left: what was in use before, and what was not finished."""
    mine = re.compile(re.escape(database) + r"_(before|restored)_\d{8}T\d{6}")
    with server.session(server.home) as connection:
        rows = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
    yield from (str(row[0]) for row in rows if mine.fullmatch(str(row[0])))


def existing(id: str, there: tuple[str, ...], wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The databases of a backup that are meant: all, or those. FairleadError for one that it has not."""
    for one in wanted or ():
        if one not in there:
            raise FairleadError(f"backup {id} has no database {one}", f"it has {', '.join(there)}")
    return tuple(wanted) if wanted else there


def since(server: Server, was: Mapping[str, Any], databases: Iterable[str]) -> Mapping[str, list[str]]:
    """What each database has now that differs from what it was: what a restore would take back."""
    found: dict[str, list[str]] = {}
    for database in databases:
        before = {key: was[database].get(key, {}) for key in ("rows", "objects")}
        with server.session(database, autocommit=False) as connection:
            connection.execute("SET TRANSACTION READ ONLY")
            after = facts(connection)
        found[database] = [
            f"{kind[:-1] if kind == 'objects' else kind} {key}: {was} in the backup, {now} now"
            for kind in before for key, was, now in _changed(before[kind], after[kind])
        ]  # fmt: skip
    return found


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield key, str(before.get(key, "none")), str(after.get(key, "none"))
