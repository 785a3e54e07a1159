"""How long 500 pending migrations take, and what the safe path costs where a migration does nothing.

The same files for each way, on the same server, each time into a new database.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
from stall import Server, connect, server
from tables import Table

from fairlead.stores import programs

FILES, TIMES = 500, 3
PROJECT = """\
name: bench
services: {{web: {{source: ., command: sleep infinity}}}}
secrets: {{DATABASE_URL: {{}}}}
secret_backend: environment
stores:
  db: {{kind: postgres, url: "${{DATABASE_URL}}", databases: {{shop: {{migrations: {folder}}}}}}}
environments: {{local: {{}}}}
"""
Way = Callable[[Server, Path, str], list[list[str]]]


def measure() -> list[Table]:
    with server() as reached, tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        many, none = written(root, "many", FILES), written(root, "none", 1)
        return [_many(reached, root, many), _empty(reached, root, none)]


def written(root: Path, name: str, number: int) -> str:
    """A folder of so many small files; of one that does nothing."""
    (root / name).mkdir()
    for at in range(1, number + 1):
        table = f"CREATE TABLE t{at} (id bigint PRIMARY KEY, note text);\nCREATE INDEX t{at}_note ON t{at} (note);\n"
        (root / name / f"V{at}__t{at}.sql").write_text(table if number > 1 else "SELECT 1;\n")
    return name


def _many(reached: Server, root: Path, name: str) -> Table:
    rows = list(_rows(reached, root, name, (("`psql -f … -f …`, one process", by_psql), *FAIRLEAD)))
    note = (
        f"{FILES} files, each a table and an index, each in a transaction of its own (psql: each statement). Fairlead "
        "reads and judges all files first, takes the locks, and writes each file's row in the history with it. The "
        "server does not wait for its disk (`fsync = off`), so that the machine's is not what is measured."
    )
    return Table(f"{FILES} pending migrations", HEAD, rows, note)


def _empty(reached: Server, root: Path, name: str) -> Table:
    note = (
        "One file, `SELECT 1`, in a database that has a history. The whole command, from start to end: the project is "
        "read, the server looked at, a restore point made, the history read and written under the lock. No rehearsal."
    )
    return Table(
        "An empty migration", HEAD, list(_rows(reached, root, name, (("`psql -f`", by_psql), *FAIRLEAD))), note
    )


HEAD = ("by", "seconds (median)", "(all)", "times psql")


def _rows(
    reached: Server, root: Path, name: str, ways: tuple[tuple[str, Way], ...]
) -> Iterator[tuple[str, str, str, str]]:
    first = 0.0
    for shown, way in ways:
        took = sorted(_took(reached, root, name, way) for _ in range(TIMES))
        middle = statistics.median(took)
        first = first or middle
        yield shown, f"{middle:.2f}", " / ".join(f"{one:.2f}" for one in took), f"{middle / first:.1f}"


def _took(reached: Server, root: Path, name: str, way: Way) -> float:
    with psycopg.connect(host=reached["host"], port=int(reached["port"]), user="postgres", dbname="postgres",
                         autocommit=True) as connection:  # fmt: skip
        connection.execute("DROP DATABASE IF EXISTS bench WITH (FORCE)")
        connection.execute("CREATE DATABASE bench")
    *before, last = way(reached, root, name)
    url = f"postgresql://postgres@/bench?host={quote(reached['host'], safe='')}&port={reached['port']}"
    env = {**os.environ, "FAIRLEAD_HOME": str(root / "home"), "NO_COLOR": "1",
           "DATABASE_URL": url}  # fmt: skip
    for one in before:
        subprocess.run(one, cwd=root, env=env, check=True, capture_output=True)
    since = time.monotonic()
    subprocess.run(last, cwd=root, env=env, check=True, capture_output=True)
    took = time.monotonic() - since
    with connect(reached) as connection:
        if connection.execute("SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]'").fetchone() != (
            len(list((root / name).glob("*.sql"))) if name == "many" else 0,
        ):
            raise RuntimeError(f"{last[0]} did not make the tables")
    return took


def by_psql(reached: Server, root: Path, name: str) -> list[list[str]]:
    program = str(programs.find("psql"))
    files = sorted((root / name).glob("*.sql"), key=lambda one: int(one.name[1:].partition("__")[0]))
    named = [word for one in files for word in ("-f", str(one))]
    return [
        [program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", reached["host"], "-U", "postgres", "-d", "bench", *named]
    ]


def by_fairlead(reached: Server, root: Path, name: str) -> list[list[str]]:
    (root / "fairlead.yaml").write_text(PROJECT.format(folder=name))
    program = str(Path(sys.executable).with_name("fairlead"))
    begin = [[program, "db", "baseline", "local", "shop", "--version", "0"]] if name == "none" else []
    return [*begin, [program, "db", "migrate", "local", "shop"]]


FAIRLEAD: tuple[tuple[str, Way], ...] = (("`fairlead db migrate`", by_fairlead),)
