"""How long readers wait while a column is added to their table, and somebody else has it in a long transaction.

The same draw for each way: four readers, 200 reads/s each; a report that reads the table in one transaction for so
long; half a second into it, the migration. What a reader waits for is measured at the reader.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psycopg
from tables import Table

from fairlead.backups.scratch import Ground, cluster, room, started
from fairlead.masking import Secret
from fairlead.operations.db.chosen import Database
from fairlead.operations.db.mend import baseline
from fairlead.operations.db.migrate import migrate
from fairlead.postgres.connection import Address, Settings
from fairlead.postgres.files import Folder
from fairlead.postgres.version import Version
from fairlead.stores import programs
from fairlead.system.pipes import Who

REPORTS = (1.5, 3.0, 4.5)  #: seconds of the long transaction, one draw each
READERS, PAUSE, ROWS = 4, 0.005, 100_000
CHANGE = "ALTER TABLE orders ADD COLUMN note text"
REVISION = f"""
from alembic import op
revision, down_revision = "1", None
def upgrade(): op.execute({CHANGE!r})
"""
ENV = """
import os, sqlalchemy
from alembic import context
with sqlalchemy.create_engine(os.environ["URL"]).connect() as connection:
    context.configure(connection=connection)
    print("ready", flush=True)
    input()
    with context.begin_transaction():
        context.run_migrations()
"""


@dataclass
class Draw:
    """What readers saw from the start of the migration to its end. Seconds."""

    waits: list[float] = field(default_factory=list)
    took: float = 0.0


Server = dict[str, str]
Ready = Callable[[], object]
Way = Callable[[Server, Path], Ready]


def measure() -> list[Table]:
    rows = []
    with server() as reached, tempfile.TemporaryDirectory() as folder:
        for name, way in ways():
            draws = [drawn(reached, Path(folder), way, report) for report in REPORTS]
            worst = [max(draw.waits) * 1000 for draw in draws]
            reads = sum(len(draw.waits) for draw in draws) / sum(draw.took for draw in draws)
            rows.append((name, f"{statistics.median(worst):.0f}", f"{max(worst):.0f}", f"{reads:.0f}",
                         " / ".join(f"{draw.took:.1f}" for draw in draws)))  # fmt: skip
    header = ("migrated by", "longest wait of a reader, ms (median)", "(worst)", "reads/s meanwhile", "done after, s")
    lengths = " / ".join(f"{one:g}" for one in REPORTS)
    note = (
        f"`{CHANGE}` on a table that a transaction has read for half a second, and will for {lengths} s more: three "
        f"draws, the same for each. {READERS} readers, each pausing {PAUSE * 1000:.0f} ms between two reads. What "
        "waits for its lock holds up everybody behind it: for `psql` and Alembic until the transaction ends, for "
        "Fairlead no longer than `lock_timeout`, after which it lets them pass and tries again."
    )
    return [Table("Readers while a column is added", header, rows, note)]


def ways() -> Iterator[tuple[str, Way]]:
    yield "`psql -c`", by_psql
    if importlib.util.find_spec("alembic"):
        yield "Alembic, `upgrade head`", by_alembic
    yield "Fairlead, `lock_timeout: 500ms` (the default)", partial(by_fairlead, lock_timeout=0.5)
    yield "Fairlead, `lock_timeout: 100ms`", partial(by_fairlead, lock_timeout=0.1)


def drawn(reached: Server, folder: Path, way: Way, report: float) -> Draw:
    """One. The table is new in each."""
    with connect(reached) as connection:
        connection.execute("DROP TABLE IF EXISTS orders, alembic_version, flyway_schema_history, "
                           "flyway_schema_history_fairlead")  # fmt: skip
        connection.execute(f"CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, {ROWS}) n")
        connection.execute("ALTER TABLE orders ADD PRIMARY KEY (id)")
    go = way(reached, folder)
    draw, ended = Draw(), threading.Event()
    begun = threading.Event()
    readers = [threading.Thread(target=read, args=(reached, draw, begun, ended, one)) for one in range(READERS)]
    for one in readers:
        one.start()
    reporting = threading.Thread(target=hold, args=(reached, 0.5 + report))
    reporting.start()
    time.sleep(0.5)
    begun.set()
    since = time.monotonic()
    go()
    draw.took = time.monotonic() - since
    ended.set()
    for one in (*readers, reporting):
        one.join()
    return draw


def read(reached: Server, draw: Draw, begun: threading.Event, ended: threading.Event, seed: int) -> None:
    with connect(reached) as connection:
        number = seed
        while not ended.is_set():
            number = number * 48271 % ROWS + 1
            since = time.monotonic()
            connection.execute("SELECT id FROM orders WHERE id = %s", (number,))
            if begun.is_set():
                draw.waits.append(time.monotonic() - since)
            time.sleep(PAUSE)


def hold(reached: Server, seconds: float) -> None:
    with connect(reached) as connection, connection.transaction():
        connection.execute("SELECT count(*) FROM orders")
        time.sleep(seconds)


def by_psql(reached: Server, folder: Path) -> Ready:
    program = str(programs.find("psql"))
    argv = [program, "-X", "-q", "-h", reached["host"], "-U", "postgres", "-d", "bench", "-c", CHANGE]
    return lambda: subprocess.run(argv, check=True, cwd=folder)


def by_alembic(reached: Server, folder: Path) -> Ready:
    """Its start takes a second, and is no part of this: it is connected, and waits for a word."""
    place = folder / "alembic"
    (place / "versions").mkdir(parents=True, exist_ok=True)
    (place / "versions" / "1.py").write_text(REVISION)
    (place / "env.py").write_text(ENV)
    (place / "alembic.ini").write_text(f"[alembic]\nscript_location = {place}\n")
    url = f"postgresql+psycopg://postgres@/bench?host={reached['host']}"
    argv = [sys.executable, "-m", "alembic", "-c", str(place / "alembic.ini"), "upgrade", "head"]
    pipe = subprocess.PIPE
    child = subprocess.Popen(argv, env={**os.environ, "URL": url}, stdin=pipe, stdout=pipe, text=True)
    if not child.stdout or child.stdout.readline() != "ready\n":
        raise RuntimeError("Alembic did not start")

    def go() -> None:
        child.communicate("go\n")
        if child.returncode:
            raise RuntimeError("Alembic failed")

    return go


def by_fairlead(reached: Server, folder: Path, lock_timeout: float) -> Ready:
    files = folder / "db"
    files.mkdir(exist_ok=True)
    (files / "V1__note.sql").write_text(CHANGE)
    settings = Settings(lock_timeout=lock_timeout, attempts=200)
    where = Address(Secret(""), "bench", "bench", {**reached, "dbname": "bench"})
    one = Database("db.bench", where, Folder(files, "db"), settings, False, {}, frozenset(), "bench")
    baseline([one], Version("0"), "what is there")

    def go() -> None:
        (moved,) = migrate([one])
        if moved.error:
            raise moved.error

    return go


def connect(reached: Server) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=reached["host"], port=int(reached["port"]), user="postgres", dbname="bench",
                           autocommit=True)  # fmt: skip


@contextmanager
def server() -> Iterator[Server]:
    """A PostgreSQL for as long as this takes."""
    names = ("initdb", "postgres", "psql")
    found, owner = programs.require(names, "this benchmark"), programs.unprivileged()
    users = (pwd.getpwuid(os.geteuid()).pw_name, *([owner.name] if owner else []))
    with tempfile.TemporaryDirectory(prefix="fl-stall-") as folder:
        Path(folder).chmod(0o711)
        ground = Ground(Path(folder), found, Who(owner.uid, owner.gid) if owner else None, users)
        with room(ground, "server") as path, started(ground, path, cluster(ground, path)) as one:
            with one.session("postgres") as connection:
                connection.execute("CREATE DATABASE bench")
            yield {key: str(value) for key, value in one.parameters.items()}
