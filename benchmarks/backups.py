"""How fast backups are made and restored, how long a recovery takes by its phases, how much is lost with the machine.

The same data for each way, one after the other, so the ratios of one run are what to look at. Asked for by name, since
it writes some gigabytes: `python benchmarks/run.py backups`; SIZE_MB says how much data.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import psycopg.sql
import pyrage
from tables import Table

from fairlead.backups.destinations.table import Target
from fairlead.backups.engines.pgbackrest.config import Cluster, Place, text
from fairlead.backups.restoring import Reader
from fairlead.masking import Secret
from fairlead.operations.backups.arrangement import arranged, require_identities
from fairlead.operations.backups.sources import copied, selected
from fairlead.project.loader import load_project
from fairlead.stores import programs

SIZE = int(os.environ.get("SIZE_MB", "1000"))
SECONDS = 75.0  #: of writing before the machine is lost: longer than pgBackRest waits for a segment to be full
FILE = """
name: shop
services: {{web: {{command: sleep infinity, source: .}}}}
stores:
  db:
    kind: postgres
    databases: {{shop: {{}}}}
    backup: {{logical: daily, physical: {physical}, to: {to}}}
environments: {{local: {{}}}}
"""
WAYS = {
    "builtin": "{full: weekly}",
    "sync": "{full: weekly, sync: true}",
    "pgbackrest": "{engine: pgbackrest, full: weekly}",
}
FILL = (
    "INSERT INTO filled SELECT n, md5(n::text) || md5((n * 7)::text), repeat('x', 400) FROM generate_series({}, {}) n"
)
ROW = 540  #: bytes of one, with its header

NOTE = (
    "{size} MB of data files, to a folder of the same disk, one after the other. Fairlead's are encrypted, and so are "
    "pgBackRest's; `pg_dump` and `pg_basebackup` alone are not. Fairlead's backup is the whole command, its restore a "
    "phase of a drill. pgBackRest uses a quarter of the processors for a backup, and all for a restore."
)
OF_DRILLS = "A copy of the data files is recovered to its own end here, and every index compared with its table."
LOST = (
    "A row every 50 ms for {seconds} s, then the machine is gone at once; what is restored is what lay in the place of "
    "the backups at that moment. With pgBackRest it is at most its `archive_timeout`, 60 s, and the time to carry a "
    "segment away. With `sync: true` nothing is lost with the server's folder alone."
)


class Site:
    """A project with one PostgreSQL, in a home of its own."""

    def __init__(self, way: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="fl-bench-"))
        self.root.chmod(0o711)
        (self.root / "home").mkdir(mode=0o711)
        self.kept = self.root / "kept"
        self.env = os.environ | {
            "FAIRLEAD_HOME": str(self.root / "home"), "HOME": str(self.root), "NO_COLOR": "1",
            "SOPS_AGE_KEY": str(pyrage.x25519.Identity.generate()),
        }  # fmt: skip
        (self.root / "fairlead.yaml").write_text(FILE.format(physical=WAYS[way], to=self.kept))
        self.run("secrets", "init", "local")
        self.run("stores", "apply", "local", "--yes")

    def run(self, *words: str) -> str:
        argv = (str(Path(sys.executable).with_name("fairlead")), *words)
        done = subprocess.run(argv, cwd=self.root, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def data(self) -> Path:
        return next((self.root / "home").glob("**/data/postmaster.pid")).parent

    def port(self) -> str:
        return (self.data() / "postmaster.pid").read_text().splitlines()[3]

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(host=str(self.data()), port=int(self.port()), user="postgres", dbname="shop",
                               autocommit=True)  # fmt: skip

    def fill(self, megabytes: int) -> int:
        """Bytes of the database then."""
        with self.connect() as connection:
            connection.execute("CREATE TABLE filled (n bigint PRIMARY KEY, a text, b text)")
            rows, step = megabytes * 1_000_000 // ROW, 100_000
            for begin in range(0, rows, step):
                connection.execute(FILL.format(begin + 1, min(begin + step, rows)))
            connection.execute("VACUUM ANALYZE filled")
            connection.execute("CHECKPOINT")
            found = connection.execute("SELECT sum(pg_database_size(oid)) FROM pg_database").fetchone()
        return int(found[0]) if found else 0

    def backup(self, kind: str) -> tuple[float, dict[str, Any]]:
        """Seconds of it, and what a drill of it says."""
        took = timed(lambda: self.run("backup", "now", "local", f"--{kind}"))
        listed = json.loads(self.run("backup", "list", "local", "--json"))["stores"][0]["backups"]
        said = self.run("db", "drill", "local", "db", listed[0]["id"], "--json")
        (drill,) = json.loads(said)["drills"]
        return took, drill | {"stored": listed[0]["bytes"]}

    def close(self) -> None:
        argv = (str(Path(sys.executable).with_name("fairlead")), "stop", "local")
        subprocess.run(argv, cwd=self.root, env=self.env, capture_output=True, check=False)
        shutil.rmtree(self.root, ignore_errors=True)


@contextmanager
def site(way: str) -> Iterator[Site]:
    one = Site(way)
    try:
        yield one
    finally:
        one.close()


def timed(act: Callable[[], object]) -> float:
    begun = time.monotonic()
    act()
    return time.monotonic() - begun


def give(path: Path) -> None:
    """To whoever runs PostgreSQL."""
    if owner := programs.unprivileged():
        os.chown(path, owner.uid, owner.gid)


def shell(script: str) -> None:
    """As whoever runs PostgreSQL."""
    owner = programs.unprivileged()
    who: dict[str, Any] = {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner else {}
    subprocess.run(["/bin/bash", "-ec", f"set -o pipefail; {script}"], check=True, cwd="/", capture_output=True, **who)


def bare(one: Site, folder: Path, size: int) -> Iterator[tuple[str, ...]]:
    """What the same programs take when nobody is around them."""
    names = ("pg_dump", "pg_restore", "pg_basebackup", "psql", "pgbackrest")
    found = programs.require(names, "this benchmark")
    there = f"-h {one.data()} -p {one.port()} -U postgres"
    dump = timed(lambda: shell(f"{found['pg_dump']} {there} -Fc -Z0 shop | zstd -q -1 > {folder}/dump"))
    back = timed(lambda: shell(f"{found['psql']} {there} -qc 'CREATE DATABASE other'; zstd -qdc {folder}/dump | "
                               f"{found['pg_restore']} {there} -d other"))  # fmt: skip
    yield row("`pg_dump` into `zstd`, `pg_restore`", size, dump, back, (folder / "dump").stat().st_size)
    shell(f"{found['psql']} {there} -qc 'DROP DATABASE other'; rm {folder}/dump")
    copy = timed(
        lambda: shell(
            f"{found['pg_basebackup']} {there} -Ft -X fetch -c fast --compress=server-zstd:1 -D {folder}/base"
        )
    )
    shell(f"mkdir {folder}/back")
    back = timed(lambda: shell(f"zstd -qdc {folder}/base/base.tar.zst | tar -x -C {folder}/back"))
    yield row(
        "`pg_basebackup`, zstd, `tar`",
        size,
        copy,
        back,
        sum(path.stat().st_size for path in (folder / "base").iterdir()),
    )
    shell(f"rm -r {folder}/base {folder}/back")


def alone(one: Site, folder: Path, size: int) -> tuple[str, ...]:
    """pgBackRest, as it is told everything by hand."""
    with one.connect() as connection:
        found = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchone()
    system = found[0] if found else ""
    where = Place(Target(str(folder)), "alone", Secret("a-phrase-of-some-length"))
    config = folder / "alone.conf"
    config.write_text(text(where, Cluster(system, one.data(), str(one.data()), one.port()), folder / "own"))
    give(config)
    program = f"pgbackrest --config={config} --stanza={system}"
    with one.connect() as connection:  # two repositories take the log for a moment
        before = connection.execute("SHOW archive_command").fetchone()
        connection.execute(f"ALTER SYSTEM SET archive_command = '{program} archive-push %p'")
        connection.execute("SELECT pg_reload_conf()")
        shell(f"{program} stanza-create")
        took = timed(lambda: shell(f"{program} --type=full backup"))
        connection.execute(psycopg.sql.SQL("ALTER SYSTEM SET archive_command = {}").format(before[0] if before else ""))
        connection.execute("SELECT pg_reload_conf()")
    shell(f"mkdir -m 700 {folder}/back")
    back = timed(
        lambda: shell(f"{program} --pg1-path={folder}/back --type=none --process-max={os.cpu_count()} restore")
    )
    stored = sum(path.stat().st_size for path in (folder / "alone" / "backup").rglob("*") if path.is_file())
    shell(f"rm -r {folder}/back {folder}/alone")
    return row("pgBackRest alone", size, took, back, stored)


def row(name: str, size: int, made: float, back: float, stored: float) -> tuple[str, ...]:
    return (
        name,
        f"{made:.1f}",
        f"{size / 1e6 / made:.0f}",
        f"{back:.1f}",
        f"{size / 1e6 / back:.0f}",
        f"{stored / 1e6:.0f}",
    )


def phases(name: str, drill: dict[str, Any]) -> tuple[str, ...]:
    some = drill["phases"]
    return name, *(f"{some[one]:.1f}" if one in some else "" for one in PHASES), f"{drill['rto']:.1f}"


PHASES = ("find", "prepare", "restore", "verify", "recover", "check")


def measure() -> Iterator[Table]:
    """Both engines, and what they are made of."""
    rates: list[tuple[str, ...]] = []
    times: list[tuple[str, ...]] = []
    size = 0
    for way in ("builtin", "pgbackrest"):
        with site(way) as one, tempfile.TemporaryDirectory(prefix="fl-bench-bare-") as name:
            folder = Path(name)
            give(folder)
            size = one.fill(SIZE)
            kinds = ("logical", "physical") if way == "builtin" else ("physical",)
            for kind in kinds:
                made, drill = one.backup(kind)
                title = f"Fairlead, {kind if kind == 'logical' else way}"
                rates.append(row(title, size, made, drill["phases"]["restore"], drill["stored"]))
                times.append(phases(title, drill))
            rates += bare(one, folder, size) if way == "builtin" else [alone(one, folder, size)]
    head = ("way", "backup, s", "MB/s", "restore, s", "MB/s", "kept, MB")
    yield Table("Backups and restores", head, rates, NOTE.format(size=f"{size / 1e6:.0f}"))
    yield Table("A recovery, by its phases", ("way", *(f"{one}, s" for one in PHASES), "together"), times, OF_DRILLS)
    losing = ("way", "seconds of commits that do not come back")
    yield Table("What is lost with the machine", losing, list(lost()), LOST.format(seconds=f"{SECONDS:.0f}"))


def lost() -> Iterator[tuple[str, str]]:
    titles = {
        "builtin": "builtin (the log is received)",
        "sync": "builtin, `sync: true`",
        "pgbackrest": "pgBackRest (whole segments)",
    }
    for way, title in titles.items():
        with site(way) as one:
            yield title, f"{_lost(one):.1f}"


def _lost(one: Site) -> float:
    with one.connect() as connection:
        connection.execute("CREATE TABLE told (at timestamptz)")
        one.run("backup", "now", "local", "--physical")
        begun, last = time.monotonic(), None
        while time.monotonic() - begun < SECONDS:
            last = connection.execute("INSERT INTO told VALUES (clock_timestamp()) RETURNING at").fetchone()
            time.sleep(0.05)
    # at that very moment; what is half-written goes while it is copied
    subprocess.run(("cp", "-a", one.kept, one.root / "elsewhere"), check=False, capture_output=True)
    one.run("stop", "local")
    shutil.rmtree(one.kept)
    (one.root / "elsewhere").rename(one.kept)
    os.environ |= {key: one.env[key] for key in ("FAIRLEAD_HOME", "SOPS_AGE_KEY", "HOME")}
    project = load_project(one.root / "fairlead.yaml")
    (it,) = arranged(project.stack("local"), one.root, ("db",))
    backup, aim = selected(it, "latest", None, here=False)
    if aim is None or last is None:
        sys.exit("there is no copy of the data files")
    with copied(it, Reader(it.catalogue, require_identities(backup.id)), aim, here=False) as server:
        with server.session("shop") as connection:
            had = connection.execute("SELECT max(at) FROM told").fetchone()
    return (last[0] - had[0]).total_seconds() if had and had[0] else SECONDS
