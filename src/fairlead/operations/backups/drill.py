"""`db drill`: a backup restored into a place of its own, looked at and timed. The ledger keeps what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime

from fairlead.backups.catalogue import DAMAGED, TRIED, Backup, chosen
from fairlead.backups.destinations.base import Gone
from fairlead.backups.facts import failing
from fairlead.backups.physical.base import size_of
from fairlead.backups.physical.coverage import Aim
from fairlead.backups.restoring import Reader, compared, globals_of, have_roles, put_back, roles_there
from fairlead.backups.scratch import Ground, cluster, copy_name, room, started
from fairlead.backups.sealing import Damaged
from fairlead.backups.server import Server
from fairlead.errors import FairleadError, UsageError
from fairlead.operations.backups.ages import span
from fairlead.operations.backups.arrangement import BY_HAND, PATIENCE, Arrangement, drill_identities
from fairlead.operations.backups.drill_files import try_files
from fairlead.operations.backups.drill_spots import try_spots
from fairlead.operations.backups.due import SCHEDULE
from fairlead.operations.backups.forecast import forecast
from fairlead.operations.backups.report import Report
from fairlead.operations.backups.sources import selected
from fairlead.operations.backups.space import folder_of, needed_of, require_space
from fairlead.system import clock

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be tried: `which` backup, and as of which moment, where that is said."""

    which: str = "latest"
    moment: datetime | None = None


LATEST = Wanted()
SILENT = 3600.0  #: seconds after a copy in which something of a log that is kept has to come


def drill(one: Arrangement, wanted: Wanted = LATEST, say: Say = lambda _: None, why: str = BY_HAND) -> Report:
    """Try it. What is wrong with the backup is in the report; FairleadError when there could be no drill at all.

    What is still on this machine does not count: it would be lost with it.
    """
    report = Report(one.store.name, targets=_targets(one))
    with one.held("fairlead db drill", 0.0 if why == SCHEDULE else PATIENCE):
        ground = one.ground() if one.store.kind == "postgres" and not one.inside else None
        try:
            _try(one, wanted, ground, report, say)
        except FairleadError as error:
            report.wrong.append(error.message)
            if isinstance(error, Damaged | Gone) and report.id and "recover" not in report.phases:
                report.damaged = _damaged(one, report.id)
        report.forecast = forecast(one, report)
        judge(report)
        if report.ok:
            one.catalogue.mark(report.id, TRIED, clock.stamp())
        one.note("drill.done", report.to_data() | {"why": why})
    return report


def _damaged(one: Arrangement, id: str) -> bool:
    """Read it once more before it is marked, which has it pruned: a trial fails for many reasons that are not its.

    And what it depends on, which may be what is damaged.
    """
    there = one.catalogue.all()
    backup = chosen(there, id)
    found = [it for it in there if it.id in (id, backup.parent) and _wrong(one, it)]
    for it in found:
        one.catalogue.mark(it.id, DAMAGED, clock.stamp())
    return bool(found)


def _wrong(one: Arrangement, backup: Backup) -> list[str]:
    try:
        return one.files(backup).wrong(backup, drill_identities(one, backup.id))
    except FairleadError:  # nobody knows
        return []


def _targets(one: Arrangement) -> dict[str, float]:
    said = one.store.drill
    found = {"rto": said.rto, "rpo": said.rpo} if said else {}
    return {name: value for name, value in found.items() if value is not None}


def _try(one: Arrangement, wanted: Wanted, ground: Ground | None, report: Report, say: Say) -> None:
    with report.phase("find"):
        backup, aim = _selected(one, wanted)
        report.id, report.kind, report.bytes = backup.id, backup.kind, size_of(backup)
        reader = Reader(one.catalogue, drill_identities(one, backup.id))
        one.files(backup).require_whole(backup)
        roles = globals_of(reader, backup)  # small, and says whether the key fits before anything is prepared
    folder = ground.folder if ground else folder_of(one)
    require_space(folder, needed_of(backup), f"a copy of {one.store.name}")
    say(f"{one.store.name}: backup {backup.id} into a copy")
    if wanted.which == "latest" and (aim is None or aim.alone):
        report.rpo = round(max(0.0, (clock.now() - backup.moment).total_seconds()), 3)
        report.alone = True
        report.wrong += _silent(one, aim, report.rpo)
    if one.store.kind != "postgres":
        try_spots(one, reader, backup, report)
        return
    if aim is not None:
        try_files(one, reader, aim, ground or one.ground(), report)
        return
    report.databases = [part.database for part in backup.of("database")]
    with ExitStack() as stack:
        with report.phase("prepare"):
            server = stack.enter_context(_copy(one, ground))
        with report.phase("restore"):
            _restore(server, reader, backup, roles)
        with report.phase("check"):
            report.wrong += _checked(server, backup, report.databases)


def _silent(one: Arrangement, aim: Aim | None, age: float) -> list[str]:
    """A log that is kept and has nothing in it since the copy is none: all since then would be lost."""
    kept = one.said.physical is not None and one.said.physical.wal
    if aim is None or not kept or age <= SILENT:
        return []
    return [f"no log came since the copy {aim.base.id}, which is {span(age)} old: see fairlead backup list"]


def _selected(one: Arrangement, wanted: Wanted) -> tuple[Backup, Aim | None]:
    if one.store.kind == "postgres":
        return selected(one, wanted.which, wanted.moment, lambda id: drill_identities(one, id), here=False)
    if wanted.moment is not None:
        raise UsageError("only a PostgreSQL keeps a log that leads to any time", "name a backup: fairlead backup list")
    return chosen(one.catalogue.all(wanted.which), wanted.which), None


@contextmanager
def _copy(one: Arrangement, ground: Ground | None) -> Iterator[Server]:
    """A new, empty server, gone at the end."""
    if ground is None:
        from fairlead.operations.backups.contained import copy_inside  # noqa: PLC0415 — only with an engine

        with copy_inside(one.place, one.store) as server:
            yield server
        return
    with room(ground, copy_name(one.store.name)) as path, started(ground, path, cluster(ground, path)) as server:
        yield server


def _restore(server: Server, reader: Reader, backup: Backup, roles: str) -> None:
    have_roles(server, roles)
    for number, part in enumerate(backup.of("database")):
        put_back(server, reader, backup, part.database, f"copy_{number}")  # the name of one may be there already


def _checked(server: Server, backup: Backup, databases: Sequence[str]) -> list[str]:
    found = []
    owners = {backup.facts[database]["properties"]["owner"] for database in databases}
    for role in sorted(owners - roles_there(server)):
        found.append(f"role {role} is missing")
    for number, database in enumerate(databases):
        found += [f"{database}: {one}" for one in failing(backup.facts[database])]
        found += [f"{database}: {one}" for one in compared(server, backup.facts[database], f"copy_{number}")]
    return found


def judge(report: Report) -> None:
    """Whether it was as fast, and what it restored as new, as is declared."""
    rto, rpo = report.targets.get("rto"), report.targets.get("rpo")
    if rto is not None and report.ok and report.rto > rto:
        report.wrong.append(f"it took {report.rto:.0f} s, and may take {rto:g} s")
    if rto is not None and report.ok and report.forecast and report.forecast["rto"] > rto:
        later = f"in {report.forecast['days']:.0f} days, as the data grows, it will take {report.forecast['rto']:.0f} s"
        report.wrong.append(f"{later}, and may take {rto:g} s")
    if rpo is not None and report.rpo is not None and report.rpo > rpo:
        what = "the last heartbeat in the log" if report.kind == "physical" and not report.alone else "the last backup"
        report.wrong.append(f"{what} is {report.rpo:.0f} s old, and {rpo:g} s is what may be lost")
