"""What makes the backups of a store, by its kind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fairlead.backups.catalogue import Backup, Catalogue, Kind
from fairlead.backups.engines.base import Engine as FileEngine
from fairlead.backups.logical import Logical, Recipients
from fairlead.backups.redis import Snapshots
from fairlead.backups.server import Server
from fairlead.backups.spot import Spot
from fairlead.backups.tape import Told, packed, passed_on
from fairlead.backups.volumes import Reading, Tapes
from fairlead.errors import Refused
from fairlead.operations.backups import coming
from fairlead.operations.backups.arrangement import Arrangement
from fairlead.operations.backups.migrating import await_migrations
from fairlead.operations.backups.quiet import checked, quiet
from fairlead.operations.backups.spots import Spots, live_redis, spots_of
from fairlead.project.access import databases as declared


class Engine(Protocol):
    """One that makes backups."""

    def make(self, catalogue: Catalogue, recipients: Recipients, why: str) -> Backup:
        """A new one. FairleadError; then there is none."""


@dataclass(frozen=True)
class Files:
    """One of the engines that copy data files, for one server."""

    engine: FileEngine
    server: Server
    databases: tuple[str, ...]
    differential: bool

    def make(self, catalogue: Catalogue, recipients: Recipients, why: str) -> Backup:
        """All of them, or what changed."""
        return self.engine.make(self.server, self.databases, catalogue, recipients, why, self.differential)


@contextlib.contextmanager
def engine_of(
    one: Arrangement, kind: Kind, differential: bool = False, say: Callable[[str], object] = lambda _: None
) -> Iterator[tuple[Engine, list[str]]]:
    """With what is declared and not there. Refused, FairleadError. `say`: what is waited for."""
    if one.store.kind == "postgres":
        with one.server() as server:
            coming.settle(coming.path_of(one.place, one.store.name), server)
            there = one.databases(server)
            missing = [name for name in declared(one.store) if name not in there]
            files = Files(one.files(), server, there, differential)
            if kind == "logical":
                await_migrations(server, there, say)
            yield files if kind == "physical" else Logical(server, there, one.store.checks), missing
    elif one.store.kind == "redis":
        yield Snapshots(live_redis(one.place, one.runtime, one.store)), []
    else:
        with spots_of(one.place, one.runtime, one.store) as spots:
            read = reader_of(spots)
            with quiet(one) as check:
                yield Tapes(spots.spots, checked(read, check)), []


def reader_of(spots: Spots) -> Reading:
    """How their files are read. Refused where there is no such folder."""
    for spot in spots.spots if spots.helper is None else ():
        if not Path(spot.data).is_dir():
            raise Refused(f"there is no folder {spot.data}", "make it, or say another path in the project file")

    def read(spot: Spot, told: Told) -> Iterator[bytes]:
        if spots.helper is None:
            return packed(Path(spot.data), told)
        from fairlead.engine.tapes import read_out  # noqa: PLC0415 — only with an engine

        engine, name = spots.helper
        return passed_on(read_out(engine, name, spot.data), told)

    return read
