"""Logs in as every role, over the network, and tries."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.postgres.connection import Address, connect, first_line
from fairlead.postgres.isolation.attempts import REFUSED, Actor, Attempt, attempts, hidden
from fairlead.postgres.isolation.report import Report
from fairlead.postgres.isolation.sweep import sweep
from fairlead.postgres.roles.facts import Facts, read
from fairlead.postgres.roles.reconcile import SETTINGS, spoken
from fairlead.postgres.roles.wanted import Wanted

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

APPLICATION = "fairlead isolation"
PATIENCE = 10  #: seconds to connect

Reach = Callable[[Actor, str], Mapping[str, Any]]
"""How a role reaches a database: what the driver is told, password included."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A database, who looks into its catalogue, and who uses it."""

    name: str  #: as the project calls it
    where: Address
    wanted: Wanted
    actors: Sequence[Actor]
    reach: Reach
    barred: Sequence[Actor] = ()  #: who is let in from the server's own machine alone


def examine(one: Subject) -> Report:
    """Try everything. FairleadError when nothing can be tried."""
    report = Report(one.name, one.where.shown)
    with spoken(one.where), contextlib.closing(connect(one.where, SETTINGS)) as connection:
        facts = read(connection, one.wanted.owner)
        sweep(connection, one.wanted, facts, report)
    for actor in one.actors:
        _matrix(one, facts, actor, report)
        _within(one, facts, actor, report)
    if one.wanted.alone:
        _entrance(one, report)
    return report


def swept(name: str, where: Address, wanted: Wanted) -> Report:
    """What the catalogue alone says. FairleadError."""
    report = Report(name, where.shown)
    with spoken(where), contextlib.closing(connect(where, SETTINGS)) as connection:
        sweep(connection, wanted, read(connection, wanted.owner), report)
    return report


def _matrix(one: Subject, facts: Facts, actor: Actor, report: Report) -> None:
    """It comes into its own database, and into no other."""
    for database in sorted(facts.databases):
        if database == one.wanted.database:
            continue
        if not one.wanted.alone and _foreign(facts, database):
            report.note([f"{database} lets everybody in; it is not Fairlead's, so it was left as it is"])
            continue
        report.tried += 1
        with contextlib.suppress(_Kept), _connected(one, actor, database):
            report.found(actor.role, f"comes into the database {database}")


def _foreign(facts: Facts, database: str) -> bool:
    return ("PUBLIC", "CONNECT") in facts.databases[database].grants


def _entrance(one: Subject, report: Report) -> None:
    """Nobody comes in with another one's password, or in the clear. Of a server of ours: another one may take whoever
    tries that for an intruder, and bar this machine.
    """
    tries = [(actor, "comes in with a password that is not its own", {"password": _made_up()}) for actor in one.actors]
    tries += [(actor, "comes in without TLS", {"sslmode": "disable"}) for actor in one.actors]
    tries += [(actor, "comes in over the network", {}) for actor in one.barred]
    for actor, what, given in tries:
        report.tried += 1
        with contextlib.suppress(_Kept), _connected(one, actor, one.wanted.database, given):
            report.found(actor.role, what)


def _made_up() -> str:
    return secrets.token_urlsafe(16)


class _Kept(Exception):
    """The server did not let it in."""


@contextlib.contextmanager
def _connected(
    one: Subject, actor: Actor, database: str, other: Mapping[str, str] | None = None
) -> Iterator[Connection]:
    """`other`: what the driver is told in place of what leads there."""
    import psycopg  # noqa: PLC0415 — an extra

    given = {"connect_timeout": PATIENCE, "application_name": APPLICATION, **one.reach(actor, database)}
    given |= other or {}
    try:
        opened = psycopg.connect(**given)
    except psycopg.OperationalError as error:
        if "FATAL" in str(error):
            raise _Kept(first_line(error)) from None
        raise FairleadError(f"{one.where.shown}: {actor.role}: {first_line(error)}", "is the server up?") from None
    with contextlib.closing(opened):
        yield opened


def _within(one: Subject, facts: Facts, actor: Actor, report: Report) -> None:
    report.tried += 1
    try:
        with _connected(one, actor, one.wanted.database) as connection:
            for attempt in attempts(one.wanted, facts, actor):
                report.tried += 1
                _judge(actor, attempt, _try(connection, attempt), report)
            for attempt in hidden(one.wanted, facts, actor):
                report.tried += 1
                if _sees(connection, attempt):
                    report.found(actor.role, f"can {attempt.what} while nothing says who is asking")
    except _Kept as refused:
        report.found(actor.role, f"cannot log in: {refused}")


def _judge(actor: Actor, attempt: Attempt, state: str, report: Report) -> None:
    """`state` is empty for what worked."""
    if attempt.may and state == REFUSED:
        report.found(actor.role, f"cannot {attempt.what}")
    elif not attempt.may and not state:
        report.found(actor.role, f"can {attempt.what}")
    elif not attempt.may and state != REFUSED:
        report.note([f"{actor.role}: whether it can {attempt.what} is not known: the server says {state}"])


def _try(connection: Connection, attempt: Attempt) -> str:
    import psycopg  # noqa: PLC0415 — an extra

    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL lock_timeout = '2s'")
            connection.execute(attempt.sql)
    except psycopg.Error as error:
        return error.sqlstate or "nothing"
    return ""


def _sees(connection: Connection, attempt: Attempt) -> bool:
    """A policy that fails without its setting shows nothing either."""
    import psycopg  # noqa: PLC0415 — an extra

    try:
        with connection.transaction(force_rollback=True):
            return connection.execute(attempt.sql).fetchone() is not None
    except psycopg.Error:
        return False
