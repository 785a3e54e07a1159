"""The pending migrations run on a copy of the real data: what they lock, rewrite and break, and how long it takes.

The live database is read, and nothing else; the copy is on this machine and safe from nothing, so that it is quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.backups.server import Server
from fairlead.errors import FairleadError
from fairlead.ledger import Ledger
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.opened import Opened, asking, opened
from fairlead.operations.db.plan import Asked
from fairlead.operations.trials.copies import Copy, Source, copied, origin_of, own_tables, server_to_read
from fairlead.operations.trials.prove import Say
from fairlead.postgres.observed import Observed
from fairlead.postgres.picture import Picture
from fairlead.postgres.plan import plan_migrate
from fairlead.postgres.queries import Fit, Query, broken, fit, read_queries
from fairlead.postgres.rehearsal import Rehearsal, prints
from fairlead.postgres.schema_print import schema_print
from fairlead.project.stack import Stack
from fairlead.system import clock
from fairlead.system.home import Place

KEPT = "migration.rehearsed"


@dataclass(frozen=True, slots=True)
class Asking:
    """The queries of a live database, or why there are none."""

    queries: tuple[Query, ...] = ()
    why: str = ""


def note(place: Place, some: Sequence[Rehearsal]) -> None:
    """Keep what came of them."""
    place.create()
    with Ledger.open(place.ledger, room=place.free_reserve) as ledger:
        for one in some:
            ledger.append(KEPT, one.to_data())


def kept(place: Place) -> tuple[Rehearsal, ...]:
    """All that the ledger has, the oldest first."""
    if not place.exists():
        return ()
    with Ledger.read(place.ledger) as ledger:
        return tuple(Rehearsal.from_data(entry.data) for entry in ledger.entries(kinds=(KEPT,)))


class Lacking(FairleadError):
    """It failed as a copy is no live server: that says nothing of the files."""


def rehearse(stack: Stack, root: Path, one: Database, asked: Asked, source: Source, say: Say) -> Rehearsal:
    """Of one database. FairleadError when there can be no copy, or files do not agree."""
    queries, schema = live_queries(stack, root, one), ""
    if source == "live":
        with opened([one]) as (it,), asking(it):
            schema = print_of(it)
    with origin_of(stack, root, one, source) as origin:
        say(f"{one.name}: a copy, from {origin.text}")
        with copied(one, origin) as copy:
            return replace(rehearsed(copy, asked, queries), schema=schema)


def print_of(one: Opened) -> str:
    """What its schema is now, but for the tables of the history."""
    return schema_print(one.connection, (one.history.name, f"{one.history.name}_fairlead"))


def live_queries(stack: Stack, root: Path, one: Database) -> Asking:
    """Those that the live server was asked."""
    try:
        with server_to_read(stack, root, one) as server:
            return queries_of(server, one.where.database)
    except FairleadError as error:
        return Asking((), error.message)


def queries_of(server: Server, database: str) -> Asking:
    """Those that a server was asked in a database. The extension is in it, or where it lets us in first."""
    found = Asking()
    for home in dict.fromkeys((database, server.home)):
        with server.session(home) as connection:
            found = Asking(*read_queries(connection, database))
        if found.queries:
            break
    return found


def rehearsed(copy: Copy, asked: Asked, live: Asking) -> Rehearsal:
    """On a copy that is there. Refused where its files and history do not agree; Lacking."""
    with opened([copy.database]) as (one,), asking(one):
        if not one.history.exists():
            one.history.create()
        picture = one.look(asked.contract, asked.target)
        plan = plan_migrate(one.files, picture, one.journal())
        before = _fit(one, live)
        runner = Observed(one.connection, one.history, one.database.settings, own_tables(one))
        failure = ""
        try:
            runner.run(plan)
        except FairleadError as error:
            if _lacks(error):
                what = f"the copy lacks what the live server may have: {error.message}"
                raise Lacking(what, error.hint) from error
            failure = error.message
        after = before if failure else _fit(one, live)
        return _told(copy, picture, runner, (live, before, after), failure)


def _lacks(error: FairleadError) -> bool:
    """By what PostgreSQL says: room or memory, a file of the system, an extension, a tablespace."""
    state = str(getattr(error.__cause__, "sqlstate", None) or "")
    absent = (state == "0A000" and 'extension "' in error.message) or (
        state == "42704" and 'tablespace "' in error.message
    )
    return absent or state.startswith(("53", "58"))


def _fit(one: Opened, live: Asking) -> Fit:
    """As the superuser of the copy: who may do what is not what is asked."""
    one.connection.execute("SET ROLE none")
    try:
        return fit(one.connection, live.queries)
    finally:
        one.connection.execute("RESET ROLE")


def _told(copy: Copy, picture: Picture, runner: Observed, queries: tuple[Asking, Fit, Fit], failure: str) -> Rehearsal:
    live, before, after = queries
    return Rehearsal(
        database=copy.database.name,
        base=str(picture.current) if picture.current else None,
        prints=prints(picture.pending),
        source=copy.origin,
        at=clock.stamp(),
        patience=copy.database.settings.lock_timeout,
        seen=tuple(runner.seen),
        sizes=runner.sizes(),
        tried=len(live.queries) - len(before.failing),
        broken=broken(live.queries, before, after),
        unseen=live.why,
        failure=failure,
    )
