"""`fairlead db` of the installed program, on a real PostgreSQL: exit codes, JSON, what is said and what never is."""

import json

import psycopg
import pytest
from tests.postgres_server import PHRASE

from fairlead.postgres.lock import OURS
from fairlead.postgres.rows import flyway_lock

pytestmark = pytest.mark.real

STORES = """\
secrets: {DATABASE_URL: {}, OTHER: {}}
secret_backend: environment
stores:
  db:
    kind: postgres
    url: ${DATABASE_URL}
    databases:
      shop: {migrations: db/shop, migrate: {lock_timeout: 100ms}}
  old: {kind: postgres, url: "${OTHER}", databases: {legacy: {migrator: alembic upgrade head}}}
"""


@pytest.fixture
def shop(site, postgres):
    path = site.folder / "fairlead.yaml"
    path.write_text(path.read_text() + STORES)
    folder = site.folder / "db" / "shop"
    folder.mkdir(parents=True)
    (folder / "V1__a.sql").write_text("create table a (x int)")
    (folder / "V2__b.sql").write_text("create table b (x int)")
    (folder / "U2__b.sql").write_text("drop table b")
    site.env["DATABASE_URL"] = postgres.url(postgres.new("cli"))
    site.migrations = folder
    return site


def test_the_life_of_a_schema(shop):
    planned = shop.json("db", "plan", "local", "shop")["databases"][0]
    assert [step["script"] for step in planned["steps"]] == ["", "V1__a.sql", "V2__b.sql"]
    assert shop.json("db", "migrate", "local", "shop", "--plan")["databases"][0]["steps"] == planned["steps"]
    moved = shop.json("db", "migrate", "local", "db.shop", "--target", "1")
    assert moved["ok"]
    assert (moved["databases"][0]["done"], moved["databases"][0]["version"]) == (["V1__a.sql"], "1")
    assert shop.json("db", "migrate", "local", "shop")["databases"][0]["done"] == ["V2__b.sql"]
    dry = shop.json("db", "undo", "local", "shop", "--plan")
    assert [step["script"] for step in dry["databases"][0]["steps"]] == ["U2__b.sql"]
    assert [(one["version"], one["kind"]) for one in dry["undo"]] == [("2", "unproven")]
    refused = shop.run("db", "undo", "local", "shop")
    assert refused.returncode == 3 and "an undo of 2 may lose something" in refused.stderr
    assert "2: unproven" in refused.stderr
    assert shop.json("db", "undo", "local", "shop", "--yes")["databases"][0]["done"] == ["U2__b.sql"]
    found = shop.json("db", "status", "local", "shop")["databases"][0]
    assert (found["version"], found["pending"]) == ("1", 1)
    assert [one["state"] for one in found["migrations"]] == ["applied", "undone", "pending"]
    assert shop.json("db", "validate", "local", "shop")["ok"]


def test_files_are_looked_at_without_a_database(shop):
    shop.env["DATABASE_URL"] = "postgres://nobody@127.0.0.1:1/none"
    (shop.migrations / "V3__c.sql").write_text(
        "-- fairlead: allow drop-table, empty\ndrop table a;\ngrant all on b to public"
    )
    linted = shop.json("db", "lint", "local", "shop", "--sarif", "found.sarif", code=1)
    (one,) = linted["databases"]
    assert (linted["ok"], one["files"]) == (False, 3)
    assert [(it["file"], it["line"], it["rule"]) for it in one["risks"] if it["severity"] == "error"] == [
        ("db/shop/V3__c.sql", 3, "grant-to-public")
    ]
    assert "drop-table" not in {it["rule"] for it in one["risks"]}
    found = json.loads((shop.folder / "found.sarif").read_text())["runs"][0]["results"]
    assert {it["ruleId"] for it in found} == {it["rule"] for it in one["risks"]}
    assert [it["level"] for it in found if it["ruleId"] == "grant-to-public"] == ["error"]
    assert shop.json("db", "lint", "local", "--since", "3")["ok"]
    path = shop.folder / "fairlead.yaml"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "migrator:" not in line))
    said = shop.run("doctor", "local").stdout
    assert "everybody who can connect gets it [grant-to-public], which keeps it from running" in " ".join(said.split())


def test_what_fails_is_said_with_its_place_and_an_exit_code(shop):
    (shop.migrations / "V3__c.sql").write_text("create table c ();\nselect 1/0")
    failed = shop.json("db", "migrate", "local", "shop", code=1)
    assert failed["ok"] is False
    assert failed["databases"][0]["done"] == ["V1__a.sql", "V2__b.sql"]
    assert failed["databases"][0]["error"]["message"] == "db/shop/V3__c.sql:2:1: division by zero"
    (shop.migrations / "V3__c.sql").write_text("grant all on a to public")
    assert "[grant-to-public]" in shop.run("db", "migrate", "local", "shop").stderr
    assert shop.json("db", "validate", "local", "shop", code=1)["databases"][0]["risks"][0]["severity"] == "error"
    (shop.migrations / "V3__c.sql").write_text("select 'x")
    done = shop.run("db", "migrate", "local", "shop")
    assert done.returncode == 2
    assert "db/shop/V3__c.sql:1:8: a string does not end" in done.stderr
    (shop.migrations / "V3__c.sql").unlink()
    (shop.migrations / "V1__a.sql").write_text("create table a (y int)")
    done = shop.run("db", "plan", "local", "shop")
    assert done.returncode == 3
    assert "fairlead db repair" in done.stderr
    assert shop.run("db", "repair", "local", "shop", "--plan").stdout.count("becomes") == 1
    assert shop.run("db", "repair", "local", "shop").returncode == 0
    assert shop.run("db", "validate", "local", "shop").returncode == 0


def test_what_cannot_be_done_is_refused_in_words(shop):
    done = shop.run("db", "migrate", "local")
    assert done.returncode == 3
    assert "old.legacy is migrated by `alembic upgrade head`, which knows what is pending and what ran" in done.stderr
    done = shop.run("db", "status", "local", "shpo")
    assert done.returncode == 2
    assert 'there is no database "shpo" in local' in done.stderr
    done = shop.run("db", "status", "local", "shop", DATABASE_URL="")
    assert done.returncode == 2
    done = shop.run("db", "status", "local", "shop", DATABASE_URL=f"mysql://u:{PHRASE}@h/d")
    assert done.returncode == 2
    assert "is no address of a PostgreSQL database" in done.stderr
    assert PHRASE not in done.stderr
    done = shop.run("db", "status", "local", "shop", DATABASE_URL=f"postgres://u:{PHRASE}@127.0.0.1:1/d")
    assert done.returncode == 1
    assert "127.0.0.1:1/d: no connection" in done.stderr
    assert PHRASE not in done.stderr
    del shop.env["DATABASE_URL"]
    assert "needs DATABASE_URL, which has no value in local" in shop.run("db", "status", "local", "shop").stderr


def test_while_somebody_else_migrates(shop):
    with psycopg.connect(shop.env["DATABASE_URL"], application_name="a colleague", autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", (flyway_lock("public", "flyway_schema_history"),))
        failed = shop.json("db", "migrate", "local", "shop", "--wait", "0", code=4)["databases"][0]["error"]
    assert failed["busy"] is True
    assert '"a colleague", pid ' in failed["message"]


def test_a_database_with_a_past(shop, postgres):
    assert "fairlead db baseline" in shop.run("db", "adopt", "local", "shop").stderr
    assert (
        shop.json("db", "baseline", "local", "shop", "--version", "1", "--plan")["databases"][0]["steps"][1]["act"]
        == "baseline"
    )
    assert shop.json("db", "baseline", "local", "shop", "--version", "1")["ok"]
    assert shop.json("db", "migrate", "local", "shop")["databases"][0]["done"] == ["V2__b.sql"]
    assert shop.json("db", "adopt", "local", "shop", "--plan")["databases"][0]["adopted"] is True
    assert "-- db.shop" in shop.run("db", "dry-run", "local", "shop").stdout


def test_whoever_holds_the_lock_is_shown_and_ended(shop):
    assert shop.json("db", "takeover", "local", "shop")["ended"] is None
    with psycopg.connect(shop.env["DATABASE_URL"], autocommit=True, application_name="a laptop") as other:
        other.execute("select pg_advisory_lock(%s)", (OURS,))
        said = shop.run("db", "migrate", "local", "shop", "--wait", "0.1")
        assert said.returncode == 4 and "fairlead db takeover ENV DATABASE" in said.stderr
        assert other.info.user in shop.run("db", "connections", "local", "db").stdout
        (store,) = shop.json("db", "connections", "local", "db")["stores"]
        mine = next(one for one in store["sessions"] if one["database"] == other.info.dbname)
        assert mine["idle"] >= 1 and mine["total"] <= store["used"] <= store["most"]
        assert '"a laptop", pid' in shop.json("db", "takeover", "local", "shop", "--yes")["ended"]
        with pytest.raises(psycopg.OperationalError):
            other.execute("select 1")
    assert shop.json("db", "migrate", "local", "shop")["ok"]
