"""A connection pooler before a server, as services go through it: only to see whether it lets them in."""

from __future__ import annotations

from fairlead.errors import FairleadError
from fairlead.postgres.connection import CONNECT_TIMEOUT, Address, first_line

ASKS = "have it ask the server who may come in (pgbouncer: auth_query), or name the role there and reload it"


def through(where: Address) -> None:
    """Come in as a service does, without anything that a pooler does not pass on. FairleadError when it does not."""
    import psycopg  # noqa: PLC0415 — an extra

    given = {"connect_timeout": CONNECT_TIMEOUT, **where.parameters}
    try:
        with psycopg.connect(**given, autocommit=True, prepare_threshold=None) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        role = where.parameters.get("user")
        what = f"the pooler {where.shown}, by which services come in, does not let in {role}: {first_line(error)}"
        raise FairleadError(what, ASKS) from None
