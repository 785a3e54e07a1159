"""A drill of a physical backup: the files, the log, the server that comes of them, and what is in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

from fairlead.backups.facts import answer, failing
from fairlead.backups.physical.coverage import Aim
from fairlead.backups.physical.heart import last_beat
from fairlead.backups.physical.recovery import Feed, recovered
from fairlead.backups.physical.unlike import left_out, unsorted
from fairlead.backups.restoring import Reader
from fairlead.backups.scratch import Ground, copy_name, room
from fairlead.backups.server import Server, databases, one
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.report import Report
from fairlead.project.access import databases as declared
from fairlead.system import clock

SAID = 5  #: lines that are shown
AMCHECK = "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"


def try_files(it: Arrangement, reader: Reader, aim: Aim, ground: Ground, report: Report) -> None:
    """Restore to the aim and look. What is wrong is in the report, or a FairleadError that says it."""
    asked = clock.now()
    log = it.archive.log(aim.base.system, reader.identities)
    engine = it.files(aim.base)
    feed = Feed(it.archive, log, reader.identities, aim)
    with room(ground, copy_name(it.store.name)) as path:
        data = path / "data"
        data.mkdir(mode=0o700)
        with report.phase("restore"):
            engine.restore(aim.base, reader.identities, path, data, ground)
        with report.phase("verify"):
            engine.prove(data, ground)
        with contextlib.ExitStack() as stack:
            with report.phase("recover"):
                server = stack.enter_context(recovered(ground, path, data, feed))
            with report.phase("check"):
                report.wrong += _checked(it, server, aim, report, asked)


def _checked(it: Arrangement, server: Server, aim: Aim, report: Report, asked: datetime) -> list[str]:
    with server.session(server.home) as connection:
        there = databases(connection)
        beat = last_beat(connection)
        able = one(connection, AMCHECK) is not None
    report.databases = list(there)
    until = aim.target or (asked if aim.needed else None)
    report.moment = (aim.target or (beat if aim.needed else None) or aim.base.moment).astimezone(UTC).isoformat()
    if until is not None and beat is not None:
        report.rpo = round(max(0.0, (until - beat).total_seconds()), 3)
    found = [f"database {name} is missing" for name in _wanted(it, aim) if name not in there]
    found += [] if beat or until is None else ["there is no heartbeat in it"]
    report.amcheck, report.without = able, list(left_out(server, there))
    return [*found, *unsorted(server, there), *_answers(it, server, there), *(_amcheck(server) if able else ())]


def _wanted(it: Arrangement, aim: Aim) -> Iterator[str]:
    """What the copy had; of what the log may have dropped since on purpose, what is declared still."""
    own = declared(it.store)
    return (name for name in aim.base.facts["databases"] if not aim.needed or name in own)


def _answers(it: Arrangement, server: Server, there: tuple[str, ...]) -> Iterator[str]:
    """What the project file asks of each database is answered at all."""
    for database in there:
        with server.session(database) as connection:
            found = {"checks": {check: answer(connection, check) for check in it.store.checks.get(database, ())}}
        yield from (f"{database}: {wrong}" for wrong in failing(found))


def _amcheck(server: Server) -> list[str]:
    """Every index against its table, every page of every table."""
    said = server.run("pg_amcheck", "--all", "--install-missing", "--heapallindexed", "--no-password")
    if said.code == 0:
        return []
    return [f"amcheck: {line.strip()}" for line in said.output.splitlines() if line.strip()][:SAID]
