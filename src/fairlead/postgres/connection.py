"""A connection to a database: opened with our name and limits, and never naming more of its address than it may."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError, Refused, UsageError
from fairlead.masking import Secret
from fairlead.postgres.rows import DELETE, TABLE

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

APPLICATION = "fairlead migrate"  #: what the name of our sessions begins with
OLDEST = 120000  #: the server version from which the rules of traits.py hold
CONNECT_TIMEOUT = 10  #: seconds
OURS_GONE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10000}
"""When we take a server for gone that does not answer: after about 10 s. The last one is in milliseconds."""
THEIRS_GONE = {
    "tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 3, "tcp_user_timeout": 25000,
}  # fmt: skip
"""The same of the server, which lets go of our locks then. Later than we do: who had the lock knows it first."""


class NoConnection(FairleadError):
    """Nobody answers at the address, or not to us."""


class Pooled(Refused):
    """Who answers is no server, but somebody before it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How migrations of one database run. Times are seconds."""

    schema: str | None = None  #: of the history; None: the first one of the search path, as Flyway does
    table: str = TABLE
    lock_timeout: float = 0.5  #: the longest that others wait behind a statement that waits for a lock
    statement_timeout: float = 300.0
    attempts: int = 20  #: tries to get a lock, with growing pauses between them
    undo_type: str = DELETE  #: of rows that undo writes


@dataclass(frozen=True, slots=True)
class Address:
    """A database. `shown` is its host and its name, all that is ever said of it."""

    url: Secret
    shown: str
    database: str
    parameters: dict[str, Any] = field(repr=False, default_factory=dict)


def address(url: Secret, database: str, several: bool) -> Address:
    """The database that a URL means. Where the server has `several` of the project's, their names say which.

    UsageError when it is no URL of PostgreSQL; the text of the URL is never part of it.
    """
    driver()
    from psycopg import ProgrammingError  # noqa: PLC0415 — an extra
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    text = url.reveal().strip()
    try:
        if not text.startswith(("postgres://", "postgresql://")):
            raise ValueError
        parts = conninfo_to_dict(text)
    except (ProgrammingError, ValueError):
        hint = "it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE; what is special in a password is %-encoded"
        raise UsageError(f"the url of {database} is no address of a PostgreSQL database", hint) from None
    if parts.get("password"):
        Secret(str(parts["password"]))  # masked from now on
    name = database if several else str(parts.get("dbname") or database)
    host, port = str(parts.get("host") or "local socket"), str(parts.get("port") or "5432")
    return Address(url, f"{host}:{port}/{name}", name, {**parts, "dbname": name})


def driver() -> None:
    """FairleadError, saying what to install, where psycopg is missing."""
    try:
        import psycopg  # noqa: F401, PLC0415 — an extra
    except ImportError as error:
        what = f"PostgreSQL needs what is not installed here ({error})"
        raise FairleadError(what, "pip install 'fairlead[postgres]'") from None


def connect(where: Address, settings: Settings, notice: Callable[[str], None] | None = None) -> Connection:
    """Open it, in autocommit. NoConnection when that fails; Pooled behind a pooler, Refused for a server too old.

    The limits are defaults of the session, so that RESET ALL of a migration comes back to them.
    """
    import psycopg  # noqa: PLC0415 — an extra

    limits = {
        "lock_timeout": milliseconds(settings.lock_timeout),
        "statement_timeout": milliseconds(settings.statement_timeout),
        "idle_in_transaction_session_timeout": milliseconds(max(60.0, settings.statement_timeout)),
        "standard_conforming_strings": "on",
        **THEIRS_GONE,
    }
    own = " ".join(f"-c {name}={value}" for name, value in limits.items())
    given = {**where.parameters, "options": f"{where.parameters.get('options') or ''} {own}".strip()}
    given = {"connect_timeout": CONNECT_TIMEOUT, **OURS_GONE, **given}
    given |= {"application_name": own_name(), "client_encoding": "utf8"}
    try:
        opened = psycopg.connect(**given, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        if "unsupported startup parameter" in str(error):
            raise _behind_a_pooler(where) from None
        hint = "check that the server runs, and the user, password and host in the url"
        raise NoConnection(f"{where.shown}: no connection: {first_line(error)}", hint) from None
    try:
        _fit(opened, where)
    except BaseException:
        opened.close()
        raise
    if notice is not None:
        opened.add_notice_handler(lambda diagnostic: notice(diagnostic.message_primary or ""))
    return opened


def own_name() -> str:
    """What our sessions are called: so that whoever waits for one is told which process of which host it is."""
    return f"{APPLICATION}, {os.getpid()} on {socket.gethostname()}"[:63]


def _fit(opened: Connection, where: Address) -> None:
    if opened.info.server_version < OLDEST:
        what = f"{where.shown} is PostgreSQL {opened.info.server_version // 10000}"
        raise Refused(what, "migrations are run on version 12 and newer")
    row = opened.execute("SELECT pg_backend_pid()").fetchone()
    if pooled(opened.info.backend_pid, row[0] if row else 0):
        raise _behind_a_pooler(where)


def _behind_a_pooler(where: Address) -> Pooled:
    what = f"{where.shown} is a connection pooler, which may give each statement another session"
    return Pooled(what, "a lock is worth nothing there; name the server itself beside the url of the store: direct_url")


def pooled(told: int, real: int) -> bool:
    """Whether somebody stands between us and the server: a pooler tells a process id of its own at the start."""
    return told != real


def milliseconds(seconds: float) -> int:
    """As PostgreSQL takes it; 0 is no limit there, so anything above 0 is at least 1."""
    return max(1, round(seconds * 1000)) if seconds > 0 else 0


def first_line(error: BaseException) -> str:
    """What a driver's error says, in one line, without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
