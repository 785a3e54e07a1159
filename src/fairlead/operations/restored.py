"""What a restore makes of schemas: what ran after the moment that comes back is gone, and pending once more.

It is looked up before the databases change names, and noted when they have; the plan of the next deployment, what waits
for an old release and the way back all heed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairlead.ledger import Entry, Ledger

if TYPE_CHECKING:
    from fairlead.backups.restoring import Swap
    from fairlead.backups.server import Server
    from fairlead.project.stack import Migrations, Store

RESTORED, PUT = "schema.restored", "restore.begun"
WHERE = "SELECT schemaname FROM pg_tables WHERE tablename = %s ORDER BY schemaname"
"""Whose search path made the history is not known here."""


@dataclass(frozen=True, slots=True)
class Reverted:
    """Of one database, as the project calls it. Files as the history has them."""

    database: str
    scripts: tuple[str, ...]  #: that ran, as what comes back has it
    gone: tuple[str, ...]  #: that ran in what is in use, and are not in that

    def __str__(self) -> str:
        return f"{self.database}: {', '.join(self.gone)} ran since, and will be pending: deploy once more"

    def to_data(self) -> dict[str, object]:
        """For the ledger."""
        return {"database": self.database, "scripts": list(self.scripts), "gone": list(self.gone)}


def reverted(server: Server, store: Store, swaps: Iterable[Swap], there: Iterable[str]) -> tuple[Reverted, ...]:
    """Of each database that is moved by files; `there`: the databases of the server."""
    by_name, names = {one.live: one for one in swaps}, set(there)
    found = []
    for one in store.migrations:
        swap = by_name.get(one.database)
        if swap and one.folder:
            new = _ran(server, one, swap.new)
            had = _ran(server, one, swap.live) if swap.live in names else ()
            gone = tuple(script for script in had if script not in new)
            found.append(Reverted(f"{store.name}.{one.database}", new, gone))
    return tuple(found)


def _ran(server: Server, one: Migrations, database: str) -> tuple[str, ...]:
    from fairlead.postgres.connection import Settings  # noqa: PLC0415 — only where a schema moves
    from fairlead.postgres.history import History  # noqa: PLC0415
    from fairlead.postgres.picture import standing  # noqa: PLC0415

    with server.session(database) as connection:
        found = connection.execute(WHERE, [one.table]).fetchall()
        schema = one.schema or (str(found[0][0]) if found else "public")
        return standing(History(connection, Settings(schema, one.table)).rows())


def note(write: Callable[[str, dict[str, object]], None], some: Iterable[Reverted]) -> None:
    """They have their place."""
    for one in some:
        write(RESTORED, one.to_data())


def since(ledger: Ledger, kind: str, stores: Iterable[str]) -> bool:
    """Whether a restore of one of these came after the last entry of a kind. One that was killed may be done."""
    last, names = ledger.last(kind), set(stores)
    number = last.number if last else 0
    return any(_store(one) in names and one.number > number for one in ledger.entries(kinds=[PUT, RESTORED]))


def _store(entry: Entry) -> str:
    return str(entry.data.get("store") or str(entry.data.get("database", "")).partition(".")[0])
