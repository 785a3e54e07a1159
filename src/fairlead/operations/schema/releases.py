"""The databases of an environment, as a rollout moves them: by the files that its release was deployed with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.artifacts.release import Release
from fairlead.errors import FairleadError
from fairlead.system.home import Place

if TYPE_CHECKING:
    from fairlead.operations.db.chosen import Database
    from fairlead.operations.db.opened import Opened
    from fairlead.postgres.events import Event
    from fairlead.postgres.plan import Plan, Step
    from fairlead.project.stack import Migrations, Store
    from fairlead.rollout.databases import Note, Tried
    from fairlead.rollout.specs import Machine

Say = Callable[[str], None]
PATIENCE = 30.0  #: seconds that a database which fell is waited for on the way back: the keeper starts it again


class OfReleases:
    """`migrations` is the folder of all files that releases keep, `machine` what commands of a release need to know."""

    def __init__(self, migrations: Path, say: Say, machine: Callable[[Release], Machine] | None = None) -> None:
        self.migrations, self.say, self.machine = migrations, say, machine

    def snapshot(self, release: Release, store: str, label: str, dump: bool) -> dict[str, Any]:
        """See `rollout.databases.Databases`."""
        from fairlead.operations.schema.snapshot import snapshot  # noqa: PLC0415 — only where a schema moves

        some = [(one, name) for one, name in self._moved(release) if one.name == store]
        return snapshot(release.stack, root_of(release), some, label, dump)

    def rehearse(self, release: Release, database: str) -> Tried:
        """The same."""
        from fairlead.operations.trials.in_rollout import tried  # noqa: PLC0415 — as above

        store, one = self._declared(release, database)
        if one.migrator:
            return self._rehearse_tool(release, store, one)
        return tried(release.stack, root_of(release), self._database(release, database), one, self.say)

    def _rehearse_tool(self, release: Release, store: Store, one: Migrations) -> Tried:
        from fairlead.operations.trials.tool import Tool  # noqa: PLC0415 — as above
        from fairlead.operations.trials.tool_in_rollout import tried  # noqa: PLC0415

        assert self.machine is not None  # noqa: S101 — whoever opens an environment says it
        return tried(Tool(release, store, one, root_of(release), self.machine(release)), self.say)

    def forget_copies(self, release: Release, database: str) -> None:
        """The same."""
        from fairlead.operations.trials.in_rollout import forget_copies  # noqa: PLC0415 — as above

        forget_copies(release.stack, self._database(release, database))

    def migrate(self, release: Release, database: str, note: Note, contract: bool = False) -> None:
        """The same; with `contract` what waited too."""
        from fairlead.operations.db.migrate import refuse_errors  # noqa: PLC0415 — as above
        from fairlead.operations.db.plan import Asked, planned  # noqa: PLC0415

        asked = Asked(contract)
        with self._opened(release, database) as one:
            refuse_errors(planned(one, asked))
            self._run(one, lambda it: planned(it, asked).plan, note)

    @contextmanager
    def locked(self, release: Release, database: str) -> Iterator[Callable[[], bool]]:
        """The same."""
        import psycopg  # noqa: PLC0415 — an extra

        from fairlead.operations.db.opened import WAIT, spoken  # noqa: PLC0415 — as above
        from fairlead.postgres.connection import connect  # noqa: PLC0415
        from fairlead.postgres.history import History  # noqa: PLC0415
        from fairlead.postgres.lock import acquire, end_orphans  # noqa: PLC0415
        from fairlead.project.resolve_migrators import SESSIONS  # noqa: PLC0415

        one = self._database(release, database)
        with closing(connect(one.where, one.settings)) as connection:
            with spoken(one, psycopg.Error):
                history = History(connection, one.settings)
                acquire(connection, history.schema, history.name, WAIT, self.say)
                end_orphans(connection, SESSIONS, WAIT, self.say)

            def held() -> bool:
                try:
                    connection.execute("SELECT 1")
                except psycopg.Error:
                    return False
                return True

            yield held

    def inspect(self, release: Release, database: str) -> tuple[str, ...]:
        """The same."""
        from fairlead.operations.db.isolation_again import MIGRATION, look  # noqa: PLC0415 — as above
        from fairlead.operations.schema.inspect import inspect  # noqa: PLC0415

        store, _ = self._declared(release, database)
        checks = store.checks.get(database.partition(".")[2], ())
        return (
            *inspect(self._database(release, database), checks),
            *look(release.stack, root_of(release), MIGRATION, (database,)),
        )

    def applied(self, release: Release, database: str) -> frozenset[str]:
        """The same."""
        from fairlead.operations.db.opened import WAIT, asking, locked  # noqa: PLC0415 — as above
        from fairlead.postgres.events import silent  # noqa: PLC0415
        from fairlead.postgres.picture import APPLIED, State  # noqa: PLC0415

        some = (*APPLIED, State.FAILED)  # of one that failed in pieces a part is there
        self._awaited(release, database)
        with self._opened(release, database) as one, asking(one):
            locked(one, WAIT, silent)  # what a migrator that was killed sent last may still be under way
            return frozenset(entry.script for entry in one.look(contract=True).entries if entry.state in some)

    def undo(self, release: Release, database: str, scripts: Sequence[str], note: Note) -> None:
        """The same. FairleadError too when somebody migrated, or wrote into what is to go."""
        from fairlead.operations.db.migrate import undo_plan  # noqa: PLC0415 — as above
        from fairlead.postgres.picture import State  # noqa: PLC0415

        wanted = list[str]()

        def make(one: Opened) -> Plan:
            look = one.look(contract=True)
            pending = {entry.script for entry in look.entries if entry.state is State.PENDING}
            for script in reversed(scripts):
                if script in pending:  # somebody was killed between an undo and its note
                    note(script, 0)
                else:
                    wanted.append(script)
            if [entry.script for entry in look.applied()[: len(wanted)]] != wanted:
                raise FairleadError(f"{database}: somebody else migrated meanwhile", "look: fairlead db status")
            return undo_plan(one, None, len(wanted))

        from fairlead.operations.schema.unwritten import unwritten  # noqa: PLC0415 — as above

        self._awaited(release, database)
        with self._opened(release, database) as one:
            self._run(one, make, note, wanted, unwritten(one, Place(self.migrations.parent)))

    def _run(
        self, one: Opened, make: Callable[[Opened], Plan], note: Note, names: Sequence[str] | None = None,
        guard: Callable[[Step], None] | None = None,
    ) -> None:  # fmt: skip
        """Under the lock. `names`: what to call the files in their order; None: as they are called."""
        from fairlead.operations.db.migrate import moved_by  # noqa: PLC0415 — as above
        from fairlead.operations.db.opened import WAIT  # noqa: PLC0415

        called: dict[str, str] = {}

        def plan(it: Opened) -> Plan:
            made = make(it)
            files = [file.script for file in made.files()]
            called.update(zip(files, names or files, strict=True))
            return made

        def listen(event: Event) -> None:
            if event.kind == "done" and event.script in called:
                note(called[event.script], event.ms)
            elif event.kind in ("retry", "note", "wait"):
                self.say(f"{one.name}: {event.text}")

        moved = moved_by(one, plan, WAIT, listen, guard)
        if moved.error:
            raise moved.error

    def _awaited(self, release: Release, database: str) -> None:
        """Return when it can be reached. FairleadError when that takes too long."""
        from fairlead.postgres.connection import NoConnection, connect  # noqa: PLC0415 — as above

        one, end = self._database(release, database), time.monotonic() + PATIENCE
        while True:
            try:
                connect(one.where, one.settings).close()
                return
            except NoConnection:
                if time.monotonic() >= end:
                    raise
            time.sleep(0.2)

    @contextmanager
    def _opened(self, release: Release, database: str) -> Iterator[Opened]:
        from fairlead.operations.db.opened import opened  # noqa: PLC0415 — as above

        with opened([self._database(release, database)]) as (one,):
            yield one

    def _database(self, release: Release, name: str) -> Database:
        from fairlead.operations.db.chosen import database_of, require_known  # noqa: PLC0415 — as above
        from fairlead.operations.schema.kept import base_of  # noqa: PLC0415

        store, one = self._declared(release, name)
        require_known(store)
        root = root_of(release)
        try:
            return database_of(release.stack, root, store, one, base_of(release, self.migrations))
        except (FairleadError, OSError) as error:
            if root.is_dir():
                raise
            raise _rootless(release, root, name, error) from error

    def _declared(self, release: Release, name: str) -> tuple[Store, Migrations]:
        for store, one in self._moved(release):
            if f"{store.name}.{one.database}" == name:
                return store, one
        raise FairleadError(f"{name}: release {release.id} moves no such database", "see its project file")

    def _moved(self, release: Release) -> list[tuple[Store, Migrations]]:
        from fairlead.operations.schema.kept import moved  # noqa: PLC0415 — as above

        return list(moved(release.stack))


def _rootless(release: Release, root: Path, name: str, error: Exception) -> FairleadError:
    """A checkout of CI, say, that is gone by now."""
    why = error.message if isinstance(error, FairleadError) else str(error)
    what = f"{name}: {root}, from which release {release.id} was deployed, is gone, and its secrets with it: {why}"
    hint = (
        "deploy from a folder that stays; what waits runs with the next deployment, or: fairlead db migrate --contract"
    )
    return FairleadError(what, hint)


def root_of(release: Release) -> Path:
    """The project's folder that it was deployed from: its secrets are found there."""
    return Path(str(release.machine.get("root", "/")))
