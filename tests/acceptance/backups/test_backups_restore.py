"""Backups put back into a real PostgreSQL, and tried."""

import contextlib
import os
import shutil
import threading
from dataclasses import replace

import psycopg
import pyrage
import pytest

from fairlead.backups.restoring import Swap, create, swap
from fairlead.backups.server import Server
from fairlead.errors import FairleadError, Refused

pytestmark = pytest.mark.real
COUNT = "SELECT count(*) FROM orders"
SETTINGS = "SELECT rolconfig FROM pg_roles WHERE rolname = 'clerk'"


@pytest.fixture
def backed_up(site):
    site.run("backup", "now", "local")
    yield site
    site.run("backup", "prune", "local", "--old-databases", "--yes")


def state(site):
    """Of what a restore must bring back: rows, owner, grants, policies, rights and settings of the database."""
    return [
        site.sql(statement)
        for statement in (
            COUNT, "SELECT tableowner, rowsecurity FROM pg_tables WHERE tablename = 'orders'",
            "SELECT relacl::text FROM pg_class WHERE relname = 'orders'", "SELECT polname FROM pg_policy",
            "SELECT has_database_privilege('clerk', 'shop', 'CONNECT')",
            "SELECT has_database_privilege('public', 'shop', 'CONNECT')", "SHOW statement_timeout",
            "SELECT last_value FROM orders_id_seq",
        )
    ]  # fmt: skip


def test_all_of_it_comes_back(backed_up):
    before = state(backed_up)
    backed_up.sql("DELETE FROM orders WHERE id > 400")
    backed_up.sql("REVOKE SELECT ON orders FROM clerk")
    backed_up.sql("DROP POLICY even ON orders")
    said = backed_up.run("db", "restore", "local", "db", "latest", "--database", "shop", "--yes")
    assert "rows public.orders: 500 in the backup, 400 now" in said
    assert "what is lost" in said
    assert state(backed_up) == before
    assert backed_up.sql("SELECT lo_get(7001), n FROM latest") == [(b"large", 1)]
    planned = "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'orders'"
    assert backed_up.sql(planned) == [(True,)], "statistics are in no dump"
    aside = backed_up.sql("SELECT datname FROM pg_database WHERE datname LIKE 'shop_before_%'")
    assert len(aside) == 1
    assert backed_up.sql(COUNT, aside[0][0]) == [(400,)]  # nothing is thrown away
    assert backed_up.sql("SELECT datname FROM pg_database WHERE datname LIKE '%restored%'") == []
    backed_up.run("backup", "prune", "local", "--old-databases", "--yes")
    assert backed_up.sql("SELECT datname FROM pg_database WHERE datname LIKE 'shop_before_%'") == []


def test_a_database_and_a_role_that_are_gone_come_back(backed_up):
    site = backed_up
    before, settings = state(site), site.sql(SETTINGS)
    assert "\n" in str(settings[0][0][0])
    site.sql("DROP DATABASE shop", "reports")
    site.sql("DROP ROLE clerk", "reports")
    site.run("db", "restore", "local", "db", "--database", "shop", "--yes")
    assert state(site) == before
    assert site.sql(SETTINGS) == settings
    assert site.sql("SELECT rolcanlogin, rolpassword LIKE 'SCRAM%%' FROM pg_authid WHERE rolname = 'clerk'") == [
        (True, True)
    ]
    assert site.sql("SELECT pg_has_role('clerk', 'keeper', 'member')") == [(True,)]


def test_what_there_is_not_or_fails_leaves_all_as_it_was(backed_up):
    before = backed_up.sql("SELECT datname, oid FROM pg_database ORDER BY 1", "reports")
    assert "no backup is that old" in backed_up.run("db", "restore", "local", "db", "2020-01-01", "--yes", code=2)
    assert "there is no backup" in backed_up.run("db", "restore", "local", "db", "nonsense", "--yes", code=2)
    said = backed_up.run("db", "restore", "local", "db", "--database", "nothing", "--yes", code=1)
    assert "has no database nothing" in said
    part = backed_up.part("shop.dump.age")
    part.write_bytes(part.read_bytes()[:-20])
    assert "is damaged" in backed_up.run("db", "restore", "local", "db", "--yes", code=1)
    assert backed_up.sql("SELECT datname, oid FROM pg_database ORDER BY 1", "reports") == before


def test_connections_in_the_way_are_ended_and_nobody_finds_half(backed_up):
    """Who connects all the time sees the old database or the new one; who waited for it in between is sent away."""
    site, seen, stop, refused = backed_up, set(), threading.Event(), []

    def look():
        while not stop.wait(0.01):  # three of them: hundreds in a second, and a core for what is tried
            try:
                with site.connect() as connection:
                    seen.add(connection.execute(COUNT).fetchone()[0])
            except psycopg.OperationalError as error:
                refused.append(str(error))

    site.sql("DELETE FROM orders WHERE id > 450")
    held = site.connect()
    threads = [threading.Thread(target=look) for _ in range(3)]
    for one in threads:
        one.start()
    try:
        site.run("db", "restore", "local", "db", "--database", "shop", "--yes")
    finally:
        stop.set()
        for one in threads:
            one.join()
    with pytest.raises(psycopg.OperationalError):
        held.execute("SELECT 1")
    assert seen <= {450, 500}
    sent_away = ("just been dropped or renamed", "too many clients", "terminating connection", "server closed")
    assert [one for one in refused if not any(text in one for text in sent_away)] == []
    assert site.sql(COUNT) == [(500,)]


def server(site, home):
    """As a `url:` store has it: its own database is the one that it is let into."""
    with contextlib.closing(site.connect("postgres")) as connection:
        info = connection.info
        return Server({"host": info.host, "port": str(info.port), "user": "postgres"}, {}, home=home)


def test_names_change_from_another_database_than_those(site):
    for name in ("one", "two"):
        site.sql(f"CREATE DATABASE {name}", "postgres")
    try:
        swap(server(site, "one"), [Swap("one", "two", "three")])
        there = site.sql("SELECT datname FROM pg_database WHERE datname IN ('one', 'two', 'three') ORDER BY 1")
        assert there == [("one",), ("three",)]
    finally:
        for name in ("one", "two", "three"):
            site.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "postgres")


def test_a_database_that_cannot_be_as_it_was_is_not_left(site):
    had = {"owner": "shop", "encoding": "UTF8", "collate": "C.UTF-8", "ctype": "C.UTF-8", "limit": -1,
           "rights": [["nobody", "CONNECT", False]], "settings": []}  # fmt: skip
    with pytest.raises(FairleadError, match='"nobody" does not exist'):
        create(server(site, "postgres"), "half", had)
    assert site.sql("SELECT datname FROM pg_database WHERE datname = 'half'") == []


def test_a_drill_is_green_and_leaves_nothing(backed_up):
    before = set(backed_up.root.rglob("*.copy-*"))
    drill = backed_up.json("db", "drill", "local")["drills"][0]
    assert drill["ok"], drill
    assert set(drill["phases"]) == {"find", "prepare", "restore", "check"}
    assert 0 < drill["rpo"] < 3600
    assert drill["rto"] == round(sum(drill["phases"].values()), 3)
    assert set(backed_up.root.rglob("*.copy-*")) == before
    kinds = [one["kind"] for one in backed_up.json("ledger", "show", "local")["entries"]]
    assert "drill.done" in kinds
    assert "restored" in backed_up.run("backup", "list", "local")


def test_a_drill_goes_red(backed_up):
    """The negative control: what nobody would notice else, each thing for itself."""
    site, part = backed_up, backed_up.part("shop.dump.age")
    whole = part.read_bytes()
    middle = len(whole) // 2
    part.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    assert "damaged" in site.run("db", "drill", "local", code=1)
    part.unlink()
    assert "has lost its shop.dump.age" in site.run("db", "drill", "local", code=1)
    part.write_bytes(whole)
    other = {"SOPS_AGE_KEY": str(pyrage.x25519.Identity.generate())}
    hide(site)
    try:
        assert "none of your keys opens it" in site.run("db", "drill", "local", code=1, **other)
    finally:
        hide(site, back=True)
    file = site.root / "fairlead.yaml"
    file.write_text(file.read_text().replace("rpo: 1h", "rpo: 1ms"))
    said = site.run("db", "drill", "local", code=1)
    assert "s is what may be lost" in said
    assert "damaged" not in said and "has lost" not in said and "keys" not in said, "it is whole again"


def hide(site, back=False):
    """Fairlead's own file of keys."""
    own, away = site.root / "home" / "age.txt", site.root / "age.away"
    if back and away.exists():
        away.rename(own)
    elif not back and own.exists():
        own.rename(away)


def test_what_a_restore_lost_is_found(backed_up):
    """Rows are compared with those of the moment of the backup, not with what a dump happens to have."""
    entry = backed_up.part("backup.json")
    entry.write_text(entry.read_text().replace('"public.orders": 500', '"public.orders": 501'))
    assert "rows of public.orders: 500, in the backup 501" in backed_up.run("db", "drill", "local", code=1)


def test_a_deployment_asks_for_a_drill(backed_up):
    site = backed_up
    shutil.rmtree(site.backups)
    site.backups = site.root / f"backups-{os.urandom(4).hex()}"
    site.write(deploy="deploy: {require: {drill: 1ms, backup: 24h}}")
    checks = {one["name"]: one for one in site.json("doctor", "local", code=3)["environments"]["local"]}
    assert checks["drill of db"]["result"] == "failed"
    assert checks["backup of db"]["result"] == "failed"  # those that were made are elsewhere, or nowhere
    site.write(deploy="deploy: {require: {drill: 7d, backup: 24h}}")
    site.run("backup", "now", "local")
    site.run("db", "drill", "local")
    checks = {one["name"]: one for one in site.json("doctor", "local", code=None)["environments"]["local"]}
    assert checks["drill of db"]["result"] == checks["backup of db"]["result"] == "ok"


def test_who_was_removed_comes_back_only_with_what_comes_back(site):
    site.sql("CREATE ROLE leaver LOGIN")
    site.run("backup", "now", "local")
    site.sql("DROP ROLE leaver")
    there = "SELECT rolname FROM pg_roles WHERE rolname = 'leaver'"
    try:
        part = site.part("shop.dump.age")
        whole = part.read_bytes()
        part.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        site.run("db", "restore", "local", "db", "--yes", code=1)
        assert site.sql(there) == []
        said = site.run("db", "restore", "local", "db", "--database", "reports", "--yes")
        assert "as they were then: leaver" in said
        assert site.sql(there) == [("leaver",)]
    finally:
        site.sql("DROP ROLE IF EXISTS leaver")


ROWS = {
    "a row that a COPY fails in": "CREATE TABLE told (w text CHECK (current_database() = 'reports'))",
    "a key that is there twice": """
        CREATE FUNCTION alike(text) RETURNS text IMMUTABLE LANGUAGE sql
        AS $$ SELECT CASE WHEN current_database() = 'reports' THEN $1 ELSE 'marker' END $$;
        CREATE TABLE told (w text); CREATE UNIQUE INDEX ON told (public.alike(w))""",
}


@pytest.mark.parametrize("made", ROWS.values(), ids=ROWS)
def test_no_row_is_shown_of_what_cannot_be_restored(site, made):
    site.sql(made, "reports")
    try:
        site.sql("INSERT INTO told VALUES ('marker-1'), ('marker-2')", "reports")
        site.run("backup", "now", "local")
        said = site.run("db", "restore", "local", "db", "--database", "reports", "--yes", code=1)
    finally:
        site.sql("DROP TABLE told; DROP FUNCTION IF EXISTS alike", "reports")
    assert "pg_restore: error: " in said and "told" in said
    assert "marker" not in said
    assert "marker" not in site.run("ledger", "show", "local", "--json")


def test_programs_that_are_older_than_the_server_are_refused(site, tmp_path):
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    there = replace(server(site, "postgres"), programs={"pg_dump": str(old)})
    with pytest.raises(Refused, match="and pg_dump here is of 9"):
        there.require_programs()


def test_a_role_that_row_security_binds_makes_no_empty_dump(site):
    """It may read the table, and all rows are hidden from it: an error, and never a dump of fewer."""
    there = replace(server(site, "postgres"), programs={"pg_dump": shutil.which("pg_dump")})
    arguments = ("--format=custom", "--role=clerk", "--table=public.bound", "--dbname=shop")
    site.sql("CREATE TABLE bound AS SELECT 1 AS n; GRANT SELECT ON bound TO clerk")
    try:
        with there.reading("the dump", "pg_dump", *arguments) as said:
            assert said.read()
        site.sql("ALTER TABLE bound ENABLE ROW LEVEL SECURITY")
        with pytest.raises(FairleadError, match="row-level security"):
            with there.reading("the dump", "pg_dump", *arguments) as said:
                said.read()
    finally:
        site.sql("DROP TABLE bound")
