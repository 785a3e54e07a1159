"""A PostgreSQL whose log is kept, by either engine, and a model of what was committed in it."""

import contextlib
import os
import random
import shutil
import tempfile
import threading
from datetime import UTC
from pathlib import Path

import psycopg
import pyrage
from tests.postgres_server import server as running_server

from fairlead.backups.catalogue import Catalogue, Owner
from fairlead.backups.destinations.directory import Directory
from fairlead.backups.destinations.table import Target
from fairlead.backups.engines.builtin import Builtin
from fairlead.backups.engines.pgbackrest.engine import PgBackRest
from fairlead.backups.engines.pgbackrest.repository import Repository
from fairlead.backups.engines.pgbackrest.serving import Beside
from fairlead.backups.engines.pgbackrest.watcher import Watcher
from fairlead.backups.logical import PROGRAMS, Recipients
from fairlead.backups.physical import base, coverage
from fairlead.backups.physical.archive import Archive
from fairlead.backups.physical.changes import COMBINE, Manifests
from fairlead.backups.physical.receiver import Receiver
from fairlead.backups.physical.recovery import Feed, recovered
from fairlead.backups.scratch import Ground, copy_name, room
from fairlead.backups.server import Server
from fairlead.stores import programs
from fairlead.system.clock import wait_until
from fairlead.system.pipes import Who

OWNER = Owner("shop", "local", "db")
NAMES = ("initdb", "postgres", "pg_amcheck", "pg_verifybackup", "pg_controldata", *PROGRAMS, *base.PROGRAMS)


class Arena:
    """One. `with arena.receiving():` carries the log away meanwhile."""

    settings = (
        "max_prepared_transactions=5", "max_worker_processes=9", "max_wal_senders=11", "max_locks_per_transaction=70",
        "track_commit_timestamp=on",
    )  # fmt: skip
    """Of its server, which a copy knows nothing of."""

    def __init__(self, folder, postgres, sync=False, bin=None):
        self.folder, self.postgres, self.sync = folder, postgres, sync
        names = (*NAMES, COMBINE) if bin else NAMES
        self.found = {name: str(bin / name) if bin else programs.find(name) for name in names}
        self.server = Server({"host": str(postgres.folder), "port": str(postgres.port), "user": "postgres"}, self.found)
        self.identity = pyrage.x25519.Identity.generate()
        self.recipients = Recipients((str(self.identity.to_public()),), [self.identity.to_public()])
        self.catalogue = Catalogue(Directory(folder / "kept"), OWNER)
        self.who = Who(*(shutil._get_uid("postgres"), shutil._get_gid("postgres"))) if os.geteuid() == 0 else None
        users = ("root", "postgres", os.environ.get("USER", "x"))
        self.ground = Ground(self.folder / "copies", self.found, self.who, users)
        self.spool = folder / "spool"
        self.said, self.noted = [], []
        self.most = None  #: bytes that may wait in the spool
        self.sql("ALTER SYSTEM SET archive_mode = 'on'")  # in its files, so that a copy has it too
        self.sql("ALTER SYSTEM SET archive_command = 'true'")
        self.begin()

    def begin(self):
        """What copies its files, and where its log is kept."""
        self.archive = Archive(self.catalogue.where, OWNER)
        self.engine = Builtin(self.catalogue, self.archive, Manifests(self.folder / "manifests"), changes=True)

    @property
    def keys(self):
        return [self.identity]

    @property
    def wal(self):
        """The folder in which the newest cluster's log is kept."""
        return self.folder / "kept" / OWNER.prefix / "wal" / self.system

    @property
    def system(self):
        return self.sql("SELECT system_identifier::text FROM pg_control_system()")[0][0]

    def receiver(self, ended):
        return Receiver(
            lambda: contextlib.nullcontext(self.server),
            self.archive,
            self.recipients.keys,
            self.spool,
            ended,
            self.said.append,
            self.sync,
            most=self.most,
            note=lambda kind, _: self.noted.append(kind),
        )

    @contextlib.contextmanager
    def receiving(self):
        stop = threading.Event()
        one = self.receiver(stop.is_set)
        thread = threading.Thread(target=one.run, daemon=True)
        thread.start()
        try:
            yield one
        finally:
            stop.set()
            thread.join()

    def keep_branch(self, timeline, folder, name):
        """What a server that was restored wrote, as if its log were kept too. `folder`: that of its log."""
        history = (folder / f"{timeline:08X}.history").read_bytes()
        self.archive.keep_history(self.system, timeline, history, self.recipients.keys)
        place = (timeline, int(name[16:], 16))
        self.archive.keep_partial(self.system, place, (folder / name).read_bytes(), self.recipients.keys)

    def drop_branch(self, timeline):
        """None of it."""
        shutil.rmtree(self.wal / f"{timeline:08X}")

    def sql(self, statement, *values):
        with contextlib.closing(self.server.connect("postgres")) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def now(self):
        return self.sql("SELECT clock_timestamp()")[0][0].astimezone(UTC)

    def base(self, differential=False):
        return self.engine.make(self.server, ("postgres",), self.catalogue, self.recipients, "test", differential)

    def switch(self):
        """Have the segment end, and wait until it was carried away."""
        name = self.sql("SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0]
        self.sql("SELECT pg_switch_wal()")
        assert wait_until(lambda: any(self.wal.rglob(f"{name}-*")), 60), self.said

    def carried(self, moment):
        """Wait until all that was committed before is known to be carried away."""

        def there():
            reached = self.log().reached
            return any(one.time >= moment for one in reached.values())

        assert wait_until(there, 60), self.said

    def log(self, spool=None):
        return self.archive.log(self.system, self.keys, spool)

    def aim(self, target=None, said=None, spool=None):
        logs = {system: self.archive.log(system, self.keys, spool) for system in self.archive.systems()}
        return coverage.aim(self.catalogue.all(), logs, target, said)

    @contextlib.contextmanager
    def at(self, aim, spool=None):
        """A server that is what this one was."""
        log = self.archive.log(aim.base.system, self.keys, spool)
        with room(self.ground, copy_name("db")) as path:
            data = path / "data"
            data.mkdir(mode=0o700)
            self.engine.restore(aim.base, self.keys, path, data, self.ground)
            self.engine.prove(data, self.ground)
            with recovered(self.ground, path, data, Feed(self.archive, log, self.keys, aim)) as server:
                yield server


class PgBackRestArena(Arena):
    """One whose server hands its log to pgBackRest."""

    settings = (*Arena.settings, "archive_mode=on")

    def begin(self):
        self.found["pgbackrest"] = programs.find("pgbackrest")
        target = Target(str(self.folder / "kept"))
        self.repository = Repository(self.catalogue.where, target, OWNER, lambda: self.ground)
        self.beside = Beside(self.repository, self.folder / "pgbackrest", self.folder / "own", self.who)
        self.archive = Archive(self.catalogue.where, OWNER, self.repository)
        self.engine = PgBackRest(self.catalogue, self.repository, self.beside.tool)
        self.beside.have(self.server, self.recipients, lambda: self.keys)

    @property
    def wal(self):
        return self.folder / "kept" / self.repository.prefix / "archive" / self.system

    def receiver(self, ended):
        return Watcher(lambda: contextlib.nullcontext(self.server), self.archive, ended, self.said.append)

    def keep_branch(self, timeline, folder, name):
        for one in (f"{timeline:08X}.history", name):
            self.beside.tool(self.system).run("pgbackrest archive-push", "archive-push", str(folder / one))

    def drop_branch(self, timeline):
        for path in sorted(self.wal.rglob(f"{timeline:08X}*"), reverse=True):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


ARENAS = {"builtin": Arena, "pgbackrest": PgBackRestArena}


@contextlib.contextmanager
def arena(engine="builtin", sync=False, bin=None):
    folder = Path(tempfile.mkdtemp(prefix="fl-wal-"))
    folder.chmod(0o711)
    try:
        with running_server(more=ARENAS[engine].settings, bin=bin) as postgres:
            yield ARENAS[engine](folder, postgres, sync, bin)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Workload:
    """Writers that commit and roll back at random; of each, what is committed is known at every moment it stands still.

    Whoever wants a moment has them all wait between two transactions.
    """

    def __init__(self, arena, seed, writers=3):
        self.arena, self.random, self.writers = arena, random.Random(seed), writers
        self.committed = {}
        self.gate = threading.Lock()
        self.turns = [threading.Lock() for _ in range(writers)]
        self.stop = threading.Event()
        self.failed = []
        arena.sql("CREATE TABLE IF NOT EXISTS facts (writer int, key int, value int, PRIMARY KEY (writer, key))")
        arena.sql("TRUNCATE facts")

    def __enter__(self):
        seeds = [self.random.random() for _ in range(self.writers)]
        self.threads = [
            threading.Thread(target=self._write, args=(n, seed), daemon=True) for n, seed in enumerate(seeds)
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert self.failed == []

    def moment(self):
        """The server's time, and what is committed then."""
        with contextlib.ExitStack() as stack:
            for turn in self.turns:
                stack.enter_context(turn)
            return self.arena.now(), dict(self.committed)

    def _write(self, number, seed):
        mine = random.Random(seed)
        try:
            with contextlib.closing(self.arena.server.connect("postgres", autocommit=False)) as connection:
                while not self.stop.is_set():
                    with self.turns[number]:
                        self._transaction(connection, number, mine)
                    self.stop.wait(mine.random() * 0.01)
        except psycopg.Error as error:
            self.failed.append(str(error))

    def _transaction(self, connection, number, mine):
        done = {}
        for _ in range(mine.randint(1, 5)):
            key, value = mine.randint(1, 40), mine.randint(1, 10**6)
            if mine.random() < 0.3:
                connection.execute("DELETE FROM facts WHERE writer = %s AND key = %s", [number, key])
                done[number, key] = None
            else:
                connection.execute(
                    "INSERT INTO facts VALUES (%s, %s, %s) ON CONFLICT (writer, key) "
                    "DO UPDATE SET value = excluded.value",
                    [number, key, value],
                )
                done[number, key] = value
        if mine.random() < 0.2:
            connection.rollback()
            return
        connection.commit()
        for place, value in done.items():
            if value is None:
                self.committed.pop(place, None)
            else:
                self.committed[place] = value


def rows(server):
    """What a server has of it."""
    with server.session("postgres") as connection:
        return {(one[0], one[1]): one[2] for one in connection.execute("SELECT * FROM facts").fetchall()}
