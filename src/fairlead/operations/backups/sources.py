"""What databases come back from: a dump, or a server for a moment that was brought to a point in time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fairlead.backups.catalogue import Backup, chosen
from fairlead.backups.destinations.base import Write
from fairlead.backups.facts import facts, properties
from fairlead.backups.physical import coverage
from fairlead.backups.physical.coverage import Aim
from fairlead.backups.physical.heart import last_beat
from fairlead.backups.physical.points import Point
from fairlead.backups.physical.recovery import Feed, recovered
from fairlead.backups.physical.unlike import left_out
from fairlead.backups.restoring import Reader, globals_of, put_back
from fairlead.backups.restoring import fill as filled
from fairlead.backups.scratch import copy_name, room
from fairlead.backups.server import Server, databases, one
from fairlead.errors import UsageError
from fairlead.operations.backups.arrangement import Arrangement, require_identities
from fairlead.operations.backups.space import needed_of, require_space

Say = Callable[[str], object]
Keys = Callable[[str], tuple[Any, ...]]
"""The keys that open a backup, by its id."""
Target = datetime | Point | None
"""As of when: a moment, a restore point; None: as late as can be had."""
XID = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"


@dataclass(frozen=True)
class Source:
    """One. `facts` are what was in each database, `fill` puts one into a new one of a server."""

    id: str
    moment: datetime  #: what comes back is of then
    roles: str  #: SQL that makes them
    facts: Mapping[str, Any]
    fill: Callable[[Server, str, str], None]
    transactions: int | None = None  #: the number of the first that is not in it
    without: tuple[str, ...] = ()  #: what is not in it though it was there
    system: str = ""  #: PostgreSQL's number of the cluster that it is of

    @property
    def databases(self) -> tuple[str, ...]:
        """Those that can come back."""
        return tuple(self.facts)


def selected(
    it: Arrangement, which: str, target: Target, keys: Keys = require_identities, here: bool = True
) -> tuple[Backup, Aim | None]:  # fmt: skip
    """The backup that is meant, and of a physical one up to where the log is read.

    `latest` is the end of the log where there is one, else the newest backup. A day or an id is that backup as it is.
    With a `target` it is the newest copy of the data files before it, or the one that is said. `here`: what is still on
    this machine counts. UsageError, Refused.
    """
    backups = it.catalogue.all(which)
    physical = coverage.files(backups)
    logs = it.logs(keys(physical[-1].id), here) if physical and (target or which == "latest") else {}
    if target is not None:
        said = chosen(backups, which) if which != "latest" else None
        if said and said.kind != "physical":
            raise UsageError(f"{said.id} is a dump: it is of one moment", "leave out --to, or name another backup")
        if isinstance(target, Point):
            aim = coverage.aim_at(backups, logs, target, said)
        else:
            aim = coverage.aim(backups, logs, target, said)
        return aim.base, aim
    if which == "latest" and physical:
        aim = coverage.aim(backups, logs, None)
        newest = chosen(backups, "latest")
        if aim.needed or newest.kind == "physical":
            return aim.base, aim
    backup = chosen(backups, which)
    return backup, Aim(backup, backup.timeline) if backup.kind == "physical" else None


@contextlib.contextmanager
def source_of(it: Arrangement, which: str, target: Target, say: Say) -> Iterator[Source]:
    """What is meant, ready to be read as long as the block lasts. FairleadError."""
    backup, aim = selected(it, which, target)
    reader = Reader(it.catalogue, require_identities(backup.id))
    it.files(backup).require_whole(backup)
    if aim is None:
        yield _dumped(reader, backup)
        return
    say(f"{it.store.name}: {backup.id} into a copy" + (f", as it was at {_shown(target)}" if target else ""))
    with copied(it, reader, aim) as server:
        yield _copy(it, server, aim)


def _shown(target: datetime | Point) -> str:
    return f"restore point {target.name}" if isinstance(target, Point) else target.isoformat()


def _dumped(reader: Reader, backup: Backup) -> Source:
    there = {one.database: backup.facts[one.database] for one in backup.of("database")}

    def fill(server: Server, database: str, to: str) -> None:
        put_back(server, reader, backup, database, to)

    return Source(backup.id, backup.moment, globals_of(reader, backup), there, fill, system=backup.system)


@contextlib.contextmanager
def copied(it: Arrangement, reader: Reader, aim: Aim, here: bool = True) -> Iterator[Server]:
    """A server for a moment, brought to its aim."""
    ground = it.ground()
    require_space(ground.folder, needed_of(aim.base), f"a copy of {it.store.name}")
    with room(ground, copy_name(it.store.name)) as path:
        data = path / "data"
        data.mkdir(mode=0o700)
        it.files(aim.base).restore(aim.base, reader.identities, path, data, ground)
        log = it.archive.log(aim.base.system, reader.identities, it.spool if here else None)
        with recovered(ground, path, data, Feed(it.archive, log, reader.identities, aim)) as server:
            yield server


def _moment(aim: Aim) -> datetime | None:
    return aim.point.time if aim.point else aim.target


def _copy(it: Arrangement, side: Server, aim: Aim) -> Source:
    """What is in it is asked of the server itself: since its files were copied databases were made, and dropped."""
    with side.session(side.home) as connection:
        there = it.meant(databases(connection))
    found: dict[str, Any] = {}
    for database in there:
        with side.session(database) as connection:
            size = int(one(connection, "SELECT pg_database_size(current_database())"))
            found[database] = facts(connection) | {"properties": properties(connection, database), "size": size}
    with side.session(side.home) as connection:
        moment = _moment(aim) or (last_beat(connection) if aim.needed else None) or aim.base.moment
        upto = int(one(connection, XID))

    def fill(server: Server, database: str, to: str) -> None:
        def push(write: Write) -> None:
            arguments = ("--format=custom", "--compress=0", f"--dbname={database}")
            with side.reading(f"pg_dump of {database}", "pg_dump", *arguments) as dump:
                while piece := dump.read(1 << 20):
                    write(piece)

        filled(server, database, to, found[database]["properties"], push)

    with side.reading("pg_dumpall", "pg_dumpall", "--globals-only", f"--database={side.home}") as roles:
        said = roles.read().decode()
    dropped = (
        f"{name}: was dropped before then, so not in it" for name in aim.base.facts["databases"] if name not in there
    )
    return Source(aim.base.id, moment, said, found, fill, upto, (*dropped, *left_out(side, found)), aim.base.system)
