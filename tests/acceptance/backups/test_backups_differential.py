"""Copies of what changed since the last full one, by PostgreSQL's own programs, as a user has them: from 17 on."""

import os

import pytest
from backup_site import Site
from tests.newer import postgres_17

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=15)]

COUNT = "SELECT count(*) FROM orders"


@pytest.fixture
def site():
    with postgres_17() as bin:
        one = Site()
        one.env["PATH"] = f"{bin}{os.pathsep}{one.env['PATH']}"
        try:
            one.write(more="physical: {full: weekly, differential: daily}\n      encryption: aes-256-gcm")
            one.apply()
            one.sql("CREATE TABLE orders AS SELECT n FROM generate_series(1, 100) n")
            one.sql("ALTER TABLE orders OWNER TO shop")
            yield one
        finally:
            one.close()


def newest(site):
    return site.json("backup", "list", "local")["stores"][0]["backups"][0]


def test_what_changed_is_copied_tried_restored_and_kept_with_its_full_copy(site):
    said = site.run("backup", "now", "local", "--differential")
    assert "all of the data files: there is no full copy of this server yet" in said
    full = newest(site)
    assert site.sql("SHOW server_version_num")[0][0].startswith("17")
    assert site.sql("SHOW summarize_wal") == [("on",)]
    site.sql("DELETE FROM orders WHERE n > 50")
    assert "all of the data files" not in site.run("backup", "now", "local", "--differential")
    made = newest(site)
    assert (made["parent"], made["engine"]) == (full["id"], "builtin")
    site.sql("DELETE FROM orders")
    site.run("db", "restore", "local", "db", made["id"], "--database", "shop", "--yes")
    assert site.sql(COUNT) == [(50,)]
    site.run("backup", "prune", "local", "--old-databases", "--yes")
    (drill,) = site.json("db", "drill", "local")["drills"]
    assert (drill["ok"], drill["id"]) == (True, made["id"]), drill
    assert site.json("backup", "verify", "local")["ok"]
    assert f"{made['id']} is of no use without it" in site.run("backup", "prune", "local", "--plan")
    site.part("base.tar.gz.age", full["id"]).unlink()
    said = site.run("db", "restore", "local", "db", made["id"], "--database", "shop", "--yes", code=1)
    assert f"backup {full['id']} has lost its base.tar.gz.age" in said
    assert site.sql(COUNT) == [(50,)]
