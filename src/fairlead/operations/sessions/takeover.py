"""`db takeover`: who holds the lock of migrators, and an end to that when a person says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fairlead.artifacts.origin import describe_actor
from fairlead.errors import FairleadError, Refused
from fairlead.ledger import Ledger
from fairlead.operations.db.chosen import declared, require_known
from fairlead.operations.sessions.privileged import privileged
from fairlead.postgres.connection import Settings
from fairlead.postgres.history import History
from fairlead.postgres.lock import OURS, Holder, holder
from fairlead.postgres.rows import flyway_lock
from fairlead.project.stack import Migrations, Stack
from fairlead.system.clock import wait_until
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.postgres.connection import Connection

ENDED = "migration.ended"
PATIENCE = 10.0  #: seconds for a session to end: it takes back what it had begun


def takeover(stack: Stack, root: Path, name: str, agree: Callable[[Holder], object]) -> Holder | None:
    """End whoever holds it once `agree` has returned; None where nobody does. What was not committed is taken back.

    UsageError for a database that there is not; Refused for what may not be ended; FairleadError where it does not end.
    """
    ((store, one),) = declared(stack, (name,))
    require_known(store)
    with privileged(stack, root, store, one) as connection:
        keys = _keys(connection, one)
        found = holder(connection, keys)
        if found is None:
            return None
        agree(found)
        _end(connection, keys, found)
    place = Place.of(stack.project, stack.environment)
    if place.exists():
        with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
            data = {"database": f"{store.name}.{one.database}", "holder": found.text, "origin": describe_actor()}
            ledger.append(ENDED, data)
    return found


def _keys(connection: Connection, one: Migrations) -> tuple[int, int]:
    history = History(connection, Settings(one.schema, one.table))
    return OURS, flyway_lock(history.schema, history.name)


def _end(connection: Connection, keys: tuple[int, int], found: Holder) -> None:
    """This one and no other, who may have taken the lock while the person thought."""
    import psycopg  # noqa: PLC0415 — an extra

    now = holder(connection, keys)
    if now is None or now.text.partition(", its last")[0] != found.text.partition(", its last")[0]:
        return
    try:
        connection.execute("SELECT pg_terminate_backend(%s)", (found.pid,))
    except psycopg.errors.InsufficientPrivilege as error:
        raise Refused(f"{found.text} may not be ended by this role", "have its owner, or a superuser, do it") from error
    if not wait_until(lambda: getattr(holder(connection, keys), "pid", 0) != found.pid, PATIENCE, 0.05, 0.5):
        raise FairleadError(f"{found.text} was told to end and has not yet", "look again in a moment")
