"""Copies of the data files of a PostgreSQL in a container: the files lie in a folder of this machine, and the programs
that look at them are those of the image that the store runs, in a container that has this folder and no network.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.backups.engines.pgbackrest.config import REPOSITORY
from fairlead.backups.scratch import PORT, Ground
from fairlead.backups.server import Said
from fairlead.engine.engine import Engine
from fairlead.engine.owner import Owner
from fairlead.engine.pipes import Inside
from fairlead.errors import FairleadError
from fairlead.operations.backups.contained import LIFE, sweep
from fairlead.operations.backups.receiving import NOBODY, kept_of, user
from fairlead.render.container import ContainerSpec, Mount
from fairlead.render.stores.ground import SOCKET
from fairlead.render.stores.postgres import SUPERUSER
from fairlead.stores.folder import Kept
from fairlead.system.home import Place
from fairlead.system.pipes import Who

ENDING = 30.0  #: seconds
PROGRAMS = (
    "postgres", "pg_amcheck", "pg_combinebackup", "pg_controldata", "pg_dump", "pg_dumpall", "pg_restore",
    "pg_verifybackup", "pgbackrest",
)  # fmt: skip
SAYING = 'log="$1"; shift; echo $$ > "$log.pid"; exec "$@" >> "$log" 2>&1'


def ground_inside(place: Place, store: str, repository: Path | None = None) -> Ground:
    """Where copies of a store are made. `repository`: of pgBackRest, which the copies may read once it is there.

    Refused when it was never made.
    """
    there = repository if repository and repository.is_dir() else None
    who = _reader(there) if os.geteuid() == 0 else None
    mounts = (Mount("bind", str(there), REPOSITORY, read_only=True),) if there else ()
    box = Boxes(place, Engine(), Owner.of(place), kept_of(place, store), who, mounts)
    return Ground(place.root / "copies", {name: name for name in PROGRAMS}, who, box=box)


def _reader(repository: Path | None) -> Who:
    """Whoever the repository belongs to, since nobody else reads it; never root."""
    facts = repository.stat() if repository else None
    return Who(facts.st_uid, facts.st_gid) if facts and facts.st_uid else Who(NOBODY, NOBODY)


def store_inside(place: Place, store: str) -> Inside:
    """The container of a store, for pgBackRest beside its server."""
    return Inside(Engine(), Owner.of(place).name(store))


@dataclass(frozen=True)
class Boxes:
    """Those of one store."""

    place: Place
    engine: Engine
    owner: Owner
    kept: Kept
    who: Who | None = None  #: None: this user
    mounts: tuple[Mount, ...] = ()  #: beside the copy's folder
    socket: str = SOCKET

    @contextlib.contextmanager
    def opened(self, path: Path) -> Iterator[None]:
        """It waits until it is used. What a killed one left goes first."""
        sweep(self.engine, self.owner, self.place, self.kept.store)
        name = self._name(path)
        try:
            self.engine.start(self.engine.create(replace(self._spec(path), name=name)))
            yield
        finally:
            self.engine.remove(name)

    def inside(self, path: Path) -> Inside:
        """By the socket of what runs there."""
        return Inside(self.engine, self._name(path), {"PGHOST": SOCKET, "PGPORT": str(PORT), "PGUSER": SUPERUSER})

    def run(self, path: Path, argv: Sequence[str]) -> Said:
        """As whoever has the folder."""
        ran = self.engine.run(self._name(path), argv, env={"LC_ALL": "C.UTF-8", "TZ": "UTC"})
        return Said(ran.code, ran.output)

    @contextlib.contextmanager
    def running(self, path: Path, argv: Sequence[str], log: Path) -> Iterator[Callable[[], bool]]:
        """Ended at once when the block is left: nothing of it is needed any more."""
        over = threading.Event()

        def work() -> None:
            with contextlib.suppress(FairleadError):  # the engine is away, or the container: it ended too
                self.run(path, ("sh", "-c", SAYING, "sh", str(log), *argv))
            over.set()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield over.is_set
        finally:
            if not over.is_set():
                self.run(path, ("sh", "-c", f'kill -QUIT "$(cat {log.name}.pid)"'))
            thread.join(ENDING)

    def _name(self, path: Path) -> str:
        return self.owner.name(path.name)

    def _spec(self, path: Path) -> ContainerSpec:
        own = self.kept.store.container
        return ContainerSpec(
            name="",
            image=self.kept.image,
            entrypoint=("sleep",),
            argv=(f"{LIFE.total_seconds():.0f}",),  # whoever forgets it
            labels=self.owner.labels("helper", copy=self.kept.store.name),
            user=f"{self.who.uid}:{self.who.gid}" if self.who else user(),
            workdir=str(path),
            mounts=(Mount("bind", str(path), str(path)), Mount("bind", str(path), SOCKET), *self.mounts),
            resources=own.resources,
            security=own.security,
            logs=own.logs,
            stop_signal="SIGKILL",
            restart="no",
        )
