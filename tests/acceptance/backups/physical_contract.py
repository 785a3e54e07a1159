"""Copies of the data files and the log between them, as a user has them: made, listed, read, restored to a moment.

Both engines are held to the same: the modules that name one have all of these tests.
"""

import contextlib
import json
import os
import shutil
import signal
from datetime import UTC
from pathlib import Path

import pyrage
import pytest
from backup_site import Site

from fairlead.backups.sealing import unseal
from fairlead.stores.programs import missing
from fairlead.system.clock import wait_until

PHYSICAL = {
    "builtin": "physical: {full: weekly}\n      encryption: aes-256-gcm",
    "pgbackrest": "physical: {engine: pgbackrest, full: weekly, differential: daily}",
}
FILES = {"builtin": "*/base.tar.gz.age", "pgbackrest": "repository/backup/*/*F/bundle/1"}
SEGMENTS = {
    "builtin": f"wal/*/*/{'?' * 24}-*.age",
    "pgbackrest": f"repository/archive/*/*/*/{'?' * 24}-*.gz",
}
COUNT = "SELECT count(*) FROM orders"


@pytest.fixture(scope="module")
def site(engine):
    """One server whose log is received all the time, and one copy of its files."""
    lacking = missing(["postgres", "pg_basebackup", "pg_receivewal", *(["pgbackrest"] if engine != "builtin" else [])])
    if lacking:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{', '.join(lacking)} is missing")
    one = Site()
    try:
        one.write(more=PHYSICAL[engine])
        one.apply()
        one.sql("CREATE TABLE orders AS SELECT n FROM generate_series(1, 100) n")
        one.sql("ALTER TABLE orders OWNER TO shop")
        one.run("backup", "now", "local", "--physical")
        yield one
    finally:
        one.close()


def moment(site):
    """The server's time, once all before it is known to be kept."""
    now = site.sql("SELECT clock_timestamp()")[0][0].astimezone(UTC)

    def kept():
        found = site.json("backup", "list", "local")["stores"][0]["moments"]
        return any(one["to"] >= now.isoformat() for one in found)

    assert wait_until(lambda: catches(receiver(site)), 60)  # not while it starts: the signal would end it
    os.kill(receiver(site), signal.SIGUSR1)  # which else writes a heartbeat every 10 s
    if site.backups.is_dir():  # and not in S3
        assert wait_until(lambda: reached(site, "shop", now), 60, 0.2, 0.5), site.run("backup", "list", "local")
    assert wait_until(kept, 60, 0.2, 0.5), site.run("backup", "list", "local")
    return now.isoformat()


def reached(site, project, moment):
    """Whether it is written down where backups lie that the log goes so far; a command is not asked again and again."""
    files = site.backups.glob(f"{project}/local/db/wal/*/*/*.json")
    return any(json.loads(file.read_text())["time"] >= moment.isoformat() for file in files)


def catches(pid):
    """Whether a process has a handler for SIGUSR1."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        caught = next(
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt")
        )
        return bool(int(caught.split()[1], 16) & 1 << signal.SIGUSR1 - 1)


def test_it_is_listed_and_read(site, engine):
    moment(site)
    listed = site.json("backup", "list", "local")["stores"][0]
    (made,) = listed["backups"]
    assert (made["kind"], made["timeline"], made["databases"]) == ("physical", 1, ["reports", "shop"])
    assert (made["engine"], made["parent"]) == (engine, None)
    assert "every second from" in site.run("backup", "list", "local")
    said = site.json("backup", "verify", "local")
    assert said["ok"], said
    assert said["logs"][0]["segments"] >= 1
    for part in (
        path for path in site.backups.rglob("*") if path.is_file()
    ):  # nothing that can be read as it lies there
        if part.suffix == ".age":
            assert part.read_bytes().startswith(b"fairlead/aes" if engine == "builtin" else b"age-encryption.org")
            unseal([part.read_bytes()], bytearray().extend, [site.identity], None, part.name)
        else:
            assert part.suffix in (".json", ".beat") or part.read_bytes().startswith(b"Salted__"), part


def test_one_database_comes_back_as_it_was_at_a_moment(site):
    site.sql("DELETE FROM orders WHERE n > 50")
    site.sql("CREATE UNLOGGED TABLE spare AS SELECT 1")
    site.sql("CREATE DATABASE late")  # after the files were copied: the log alone has it
    site.sql("CREATE TABLE told AS SELECT 7 AS n", "late")
    at = moment(site)
    site.sql("DROP DATABASE late WITH (FORCE)")
    site.sql("CREATE DATABASE later")
    site.sql("DELETE FROM orders")
    site.sql("CREATE TABLE IF NOT EXISTS kept AS SELECT 1", "reports")
    only = ("--database", "shop", "--database", "late")
    said = site.run("db", "restore", "local", "db", "--to", at, *only, "--yes")
    assert site.sql("SELECT n FROM told", "late") == [(7,)]
    assert "later: not in it, so it stays as it is now" in said
    assert "rows public.orders: 50 in the backup, 0 now" in said
    assert "transactions of the whole server" in said
    assert "unlogged, so empty: public.spare" in said
    assert site.sql(COUNT) == [(50,)]
    assert site.sql("SELECT 1 FROM kept", "reports") == [(1,)]  # the others are as they are
    assert site.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'") == [("shop",)]
    site.run("backup", "prune", "local", "--old-databases", "--yes")
    for name in ("late", "later"):
        site.sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_what_cannot_be_had_is_refused_before_anything_is_done(site):
    assert "after that" in site.run("db", "restore", "local", "db", "--to", "2099-01-01T00:00:00Z", "--yes", code=3)
    said = site.run("db", "restore", "local", "db", "--to", "2001-01-01T00:00:00Z", "--yes", code=3)
    assert "is before the end of the first copy" in said
    assert "is no time" in site.run("db", "restore", "local", "db", "--to", "nonsense", "--yes", code=2)
    assert not list(site.root.rglob("*.copy-*"))


def test_a_drill_says_how_long_it_took_and_how_much_would_be_lost(site):
    moment(site)
    (drill,) = site.json("db", "drill", "local")["drills"]
    assert drill["ok"], drill
    assert (drill["kind"], drill["databases"], drill["amcheck"]) == ("physical", ["postgres", "reports", "shop"], True)
    assert list(drill["phases"]) == ["find", "restore", "verify", "recover", "check"]
    assert drill["without"] == ["shop: unlogged, so empty: public.spare"]
    assert 0 <= drill["rpo"] < 3600
    assert drill["rto"] == round(sum(drill["phases"].values()), 3)
    assert not list(site.root.rglob("*.copy-*"))


def test_a_migration_by_hand_has_a_restore_point_that_is_carried_away(site, engine):
    file, folder = site.root / "fairlead.yaml", site.root / "db"
    file.write_text(file.read_text().replace("checks: [", "migrations: db\n        checks: [", 1))
    folder.mkdir()
    (folder / "V2__less.sql").write_text("delete from orders; create table later (n int)")
    site.run("db", "baseline", "local", "shop", "--version", "1")
    (before,) = site.sql(COUNT)
    assert "restore point fairlead-by-hand-" in site.run("db", "migrate", "local", "shop")
    assert site.sql(COUNT) == [(0,)]
    listed = site.json("backup", "list", "local")["stores"][0]
    assert listed["backups"][0]["why"] == "before the migration fairlead-by-hand"
    (point,) = listed["points"]
    assert point["name"] in site.run("backup", "list", "local")
    to = ("db", "restore", "local", "db", "--database", "shop", "--yes")
    assert "has no restore point" in site.run(*to, "--to-point", "nothing", code=2)
    assert "V2__less.sql ran since" in site.run(*to, "--to-point", point["name"])
    assert site.sql(COUNT) == [before]
    assert site.sql("SELECT to_regclass('later')") == [(None,)]
    assert site.json("db", "status", "local", "shop")["databases"][0]["pending"] == 1
    site.run("backup", "prune", "local", "--old-databases", "--yes")
    made = site.json("backup", "list", "local")["stores"][0]["backups"]
    (dump,) = (one["id"] for one in made if one["kind"] == "logical")  # from before it; the other tests have none
    shutil.rmtree(site.backups / "shop" / "local" / "db" / dump)
    site.write(more=PHYSICAL[engine])


def receiver(site):
    """The process that receives the log."""
    return int(next((site.root / "home").glob("**/backups/db/starts")).read_text().splitlines()[-1].split()[0])


def test_who_receives_the_log_comes_back(site):
    before = receiver(site)
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: receiver(site) != before, 60)
    moment(site)


@contextlib.contextmanager
def broken(path, how):
    data = path.read_bytes()
    how(path, data)
    try:
        yield
    finally:
        path.write_bytes(data)


def flip(path, data):
    path.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])


def test_a_drill_goes_red(site, engine):
    """The negative control: a flipped byte in the files and in the log, a missing segment, a wrong key, a stale log."""
    site.sql("SELECT pg_switch_wal()")
    moment(site)
    site.sql("SELECT pg_switch_wal()")
    moment(site)
    whole = sorted(site.backups.glob(f"shop/local/db/{SEGMENTS[engine]}"))
    segment = whole[-2]  # the newest is on this machine too, which a restore makes use of
    with broken(segment, flip):
        assert "is damaged" in site.run("db", "drill", "local", code=1)
        assert "is damaged" in site.run("backup", "verify", "local", code=1)
    assert "damaged" not in site.run("backup", "list", "local")  # the copy is not what is
    with broken(segment, lambda path, _: path.unlink()):
        assert "is broken" in site.run("db", "drill", "local", code=1)
        assert "is missing" in site.run("db", "restore", "local", "db", "--yes", code=3)
        assert "is missing" in site.run("backup", "verify", "local", code=1)
        assert "is missing" in site.run("backup", "list", "local")
    site.sql("UPDATE pg_collation SET collversion = '1.0' WHERE collname = 'und-x-icu'", "reports")  # another machine's
    moment(site)
    other = {"SOPS_AGE_KEY": str(pyrage.x25519.Identity.generate())}
    assert "none of your keys opens it" in site.run("db", "drill", "local", code=1, **other)
    file = site.root / "fairlead.yaml"
    file.write_text(file.read_text().replace("rpo: 1h", "rpo: 1ms"))
    os.kill(receiver(site), signal.SIGSTOP)  # so that no heartbeat comes while it is tried
    try:
        said = site.run("db", "drill", "local", code=1)
        assert "s is what may be lost" in said
        assert 'reports: collation pg_catalog."und-x-icu" is' in said
    finally:
        os.kill(receiver(site), signal.SIGCONT)
        site.write(more=PHYSICAL[engine])
        site.sql('ALTER COLLATION pg_catalog."und-x-icu" REFRESH VERSION', "reports")
    with broken(next(site.backups.glob(f"shop/local/db/{FILES[engine]}")), flip):
        assert "damaged" in site.run("db", "drill", "local", code=1)
        assert "damaged" in site.run("backup", "list", "local")
    site.run("backup", "verify", "local")


def copies(site):
    """Those of the data files, the newest first: a dump is made before a migration."""
    return [one for one in site.json("backup", "list", "local")["stores"][0]["backups"] if one["kind"] == "physical"]


def test_what_changed_is_copied_and_stays_as_long_as_what_it_depends_on(site, engine):
    """PostgreSQL's own programs know no less than all of it, which is said."""
    (full,) = (one for one in copies(site) if not one["parent"])
    if engine == "builtin":
        assert "all of the data files" in site.run("backup", "now", "local", "--differential")
        made = site.json("backup", "list", "local")["stores"][0]["backups"][0]
        assert made["id"] != full["id"] and not made["parent"]
        return
    site.sql("INSERT INTO orders SELECT 1000")
    site.run("backup", "now", "local", "--differential")
    made = site.json("backup", "list", "local")["stores"][0]["backups"][0]
    assert (made["parent"], made["bytes"] < full["bytes"]) == (full["id"], True)
    count = site.sql(COUNT)
    site.run("db", "restore", "local", "db", made["id"], "--database", "shop", "--yes")
    assert site.sql(COUNT) == count
    site.run("backup", "prune", "local", "--old-databases", "--yes")
    assert f"{made['id']} is of no use without it" in site.run("backup", "prune", "local", "--plan")


def test_what_no_tier_wants_goes_and_the_last_good_one_never_does(site):
    before = copies(site)
    tried = [one["id"] for one in before if one["tried"]][:1]
    site.run("backup", "now", "local", "--physical")
    newest = site.ids()[0]
    file = site.root / "fairlead.yaml"
    file.write_text(file.read_text().replace("daily: 2", "daily: 1"))
    assert "the last that was verified" in site.run("backup", "prune", "local", "--plan")
    site.run("backup", "verify", "local", "db", newest)
    said = site.run("backup", "prune", "local", "--plan")
    assert "a newer one has its place in every tier" in said
    assert "older than that" in said
    site.run("backup", "prune", "local", "--yes")
    assert [one["id"] for one in copies(site)] == [newest, *tried], (before, said)
    (drill,) = site.json("db", "drill", "local")["drills"]  # what is left is whole
    assert drill["ok"], drill
    site.run("backup", "prune", "local", "--yes")
    assert [one["id"] for one in copies(site)] == [newest]
    file.write_text(file.read_text().replace("daily: 1", "daily: 0"))
    site.run("backup", "prune", "local", "--yes")
    assert [one["id"] for one in copies(site)] == [newest]
