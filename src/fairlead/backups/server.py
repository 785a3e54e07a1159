"""A PostgreSQL as backups see it: sessions in it, and its own programs at the end of a pipe."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.backups.sealing import Source
from fairlead.errors import FairleadError, Refused
from fairlead.masking import Secret
from fairlead.system.commands import Command, run
from fairlead.system.pipes import Ended, feeding, reading

if TYPE_CHECKING:
    import psycopg

    from fairlead.engine.pipes import Inside

    Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_TIMEOUT = 10  #: seconds
APPLICATION = "fairlead backup"
TRANSIENT = "fairlead_backup_"
"""How the names of roles begin that are there only while somebody works on backups: they are in no restore."""
OWN = """
SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false),
set_config('idle_in_transaction_session_timeout', '0', false), set_config('default_transaction_read_only', 'off', false)
"""
"""What a database or a role sets for its services would end a backup as its data grows. Said in the session and not as
an option of the connection, which a pooler lets nobody give.
"""
QUOTED = re.compile(r'(?:: |\bvalue )".*')
"""As in `invalid input syntax for type integer: "…"` and `value "…" is out of range`: to the end of the line, since a
value may have quotes in it.
"""
HIDDEN = ("template0", "template1")


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a program, wherever it ran."""

    code: int
    output: str = field(repr=False)


def said_by(command: Command) -> Said:
    """Of one of this machine, to its end."""
    outcome = run(command)
    return Said(outcome.code, outcome.output)


@dataclass(frozen=True, slots=True)
class Server:
    """How it is reached. `parameters` are libpq's, without the password."""

    parameters: Mapping[str, str]
    programs: Mapping[str, str]  #: path by name
    password: Secret | None = field(default=None, repr=False)
    passwords: Path | None = None  #: the file in which programs find it
    home: str = "postgres"  #: a database that it lets us into
    inside: Inside | None = None  #: the container that it runs in; its programs are those of the container

    def connect(self, database: str, autocommit: bool = True) -> Connection:
        """A session. FairleadError when there is none to be had."""
        import psycopg  # noqa: PLC0415 — an extra

        own = {"password": self.password.reveal()} if self.password else {}
        given = {**self.parameters, "dbname": database, "application_name": APPLICATION, **own}
        try:
            connection = psycopg.connect(**given, connect_timeout=CONNECT_TIMEOUT, autocommit=True)  # type: ignore[arg-type]
            return _freed(connection, autocommit)
        except psycopg.Error as error:
            raise FairleadError(f"no connection to {database}: {line(error)}", "see whether it runs") from None

    @contextlib.contextmanager
    def session(self, database: str, autocommit: bool = True) -> Iterator[Connection]:
        """The same, closed at the end. What the server says becomes a FairleadError."""
        import psycopg  # noqa: PLC0415 — an extra

        with contextlib.closing(self.connect(database, autocommit)) as connection:
            try:
                yield connection
            except psycopg.Error as error:
                raise FairleadError(f"{database}: {line(error)}", "see the log of the server") from error

    def command(self, program: str, *arguments: str) -> Command:
        """One of its programs, told where it is."""
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "sslmode": "PGSSLMODE",
                 "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip
        env = {names[key]: str(value) for key, value in self.parameters.items() if key in names}
        env |= {"PGPASSFILE": str(self.passwords)} if self.passwords else {}
        env |= {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PGAPPNAME": APPLICATION}
        return Command((self.programs[program], *arguments), cwd=Path("/"), env=env)

    def reading(self, what: str, program: str, *arguments: str) -> contextlib.AbstractContextManager[Source]:
        """What a program writes."""
        if self.inside is not None:
            return self.inside.reading((program, *arguments), what)
        return reading(self.command(program, *arguments), what)

    @contextlib.contextmanager
    def feeding(self, what: str, program: str, *arguments: str) -> Iterator[Callable[[bytes], None]]:
        """Write to a program. Ended, with what it said last, but nothing of the rows that it was fed."""
        fed = (
            feeding(self.command(program, *arguments), what)
            if self.inside is None
            else self.inside.feeding((program, *arguments), what)
        )
        try:
            with fed as write:
                yield write
        except Ended as error:
            raise Ended(f"{what}: {rowless(error.message, what, program)}", error.code) from None

    def run(self, program: str, *arguments: str) -> Said:
        """One of its programs, to its end."""
        if self.inside is not None:
            ran = self.inside.engine.run(self.inside.name, (program, *arguments), env=self.inside.env)
            return Said(ran.code, ran.output)
        return said_by(self.command(program, *arguments))

    def require_programs(self) -> None:
        """Refused when those of this machine are older than the server: pg_dump would not read it."""
        if self.inside is not None:  # they are the server's own
            return
        with self.session(self.home) as connection:
            server = connection.info.server_version // 10000
        outcome = run(self.command("pg_dump", "--version"))
        words = outcome.output.split()
        own = next((int(word.split(".")[0]) for word in words if word[:1].isdigit()), 0)
        if own < server:
            what = f"the server is PostgreSQL {server} and pg_dump here is of {own or 'no version that it says'}"
            raise Refused(what, f"apt install postgresql-client-{server}")


def _freed(connection: Connection, autocommit: bool) -> Connection:
    """Of the limits that are of its services. Closed when that fails; Refused behind a pooler: it would hand a session
    that pg_dump, or we, have set up for ourselves to a service.
    """
    try:
        if one(connection, "SELECT pg_backend_pid()") != connection.info.backend_pid:
            where = f"{connection.info.host}:{connection.info.port}"
            what = f"{where} is a connection pooler, where a session is not ours alone"
            raise Refused(what, "name the server itself beside the url of the store: direct_url")
        connection.execute(OWN)
        connection.autocommit = autocommit
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def at_url(url: Secret, programs: Mapping[str, str], home: str = "postgres") -> Iterator[Server]:
    """One that somebody else runs. Its password is in a file of this user alone while it is used. FairleadError."""
    import psycopg  # noqa: PLC0415 — an extra
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url.reveal().strip()).items() if value is not None}
    except psycopg.ProgrammingError:
        raise FairleadError("the url of the store is no address of a PostgreSQL", "see its secret") from None
    home = parts.pop("dbname", home)
    password = Secret(parts.pop("password")) if "password" in parts else None
    with tempfile.TemporaryDirectory(prefix="fairlead-") as folder:
        file = Path(folder, "pgpass")
        if password:
            escaped = password.reveal().replace("\\", "\\\\").replace(":", "\\:")
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "w") as out:
                out.write(f"*:*:*:*:{escaped}\n")
        yield Server(parts, programs, password, file if password else None, home)


def databases(connection: Connection) -> tuple[str, ...]:
    """All but the templates and, when there is nothing of anybody's in it, the superuser's own."""
    rows = connection.execute("SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1")
    return tuple(str(row[0]) for row in rows.fetchall())


def one(connection: Connection, statement: str, *values: object) -> Any:
    """The first column of the first row; None without any."""
    row = connection.execute(statement, values).fetchone()
    return row[0] if row else None


def rowless(message: str, what: str, program: str) -> str:
    """What a program of PostgreSQL's said, without rows: what the server adds (DETAIL, CONTEXT) has them, and so may
    what an error quotes behind a colon or as a value. Pure.
    """
    said = message.removeprefix(f"{what}: ").splitlines()
    own = [QUOTED.sub("", one.strip()) for one in said if one.strip().startswith(f"{program}:")]
    return "\n  ".join(own) or "it failed, and the log of the server says why"


def line(error: BaseException) -> str:
    """What a driver's error says, in one line, without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def name(text: str) -> str:
    """As an identifier of SQL."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str) -> str:
    """As a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
