"""Backups of a PostgreSQL in a container: by its own programs, restored into it, tried in a container of its own."""

import json
import os
import signal
import subprocess

import pytest
from docker_site import FAIRLEAD, FILE, DockerSite
from tests.docker_engine import images, why_not

from fairlead.ledger import Ledger
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
TABLES = """
CREATE ROLE clerk; GRANT CONNECT ON DATABASE shop TO clerk;
ALTER DATABASE shop SET statement_timeout = '77s';
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text NOT NULL);
ALTER TABLE orders OWNER TO shop_owner; GRANT SELECT ON orders TO clerk;
INSERT INTO orders (what) SELECT 'order ' || n FROM generate_series(1, 500) n;
"""


@pytest.fixture(scope="module")
def site():
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = DockerSite()
    try:
        made.run("secrets", "init", "local")
        made.run("stores", "apply", "local", "--yes")
        made.sql(TABLES)
        yield made
    finally:
        made.close()


def roles(site):
    return site.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'fairlead\\_backup%'")


def test_made_tried_and_put_back(site):
    made = site.json("backup", "now", "local")["stores"][0]["backup"]
    assert made["databases"] == ["shop"] and made["bytes"] > 1000
    assert site.json("backup", "verify", "local")["ok"]
    assert site.json("db", "drill", "local")["drills"][0]["ok"]
    assert site.copies() == [] and roles(site) == ""
    site.sql("TRUNCATE orders; REVOKE SELECT ON orders FROM clerk")
    said = site.run("db", "restore", "local", "db", "--yes")
    assert "shop is as it was in" in said
    (found,) = site.json("db", "isolation", "local", code=1)["databases"]
    breaches = [one["what"] for one in found["breaches"]]
    said = [one for one in breaches if one.startswith("comes in")]
    assert breaches and not said, "clerk's rights; nobody in what is aside, nor by another password, nor in the clear"
    assert site.sql("SELECT count(*) FROM orders") == "500"
    assert site.sql("SELECT has_table_privilege('clerk', 'orders', 'select')") == "t"
    assert site.sql("SHOW statement_timeout") == "77s"
    site.run("backup", "prune", "local", "--old-databases", "--yes")
    assert roles(site) == ""


def test_roles_come_over_the_network_to_show_who_is_kept_out(site):
    rules = next(site.root.glob("home/*/local/stores/db/conf/pg_hba.conf"))
    had, loaded = rules.read_text(), "SELECT pg_conf_load_time()"

    def have(text):
        before = site.sql(loaded)
        rules.write_text(text)
        site.sql("SELECT pg_reload_conf()")
        assert wait_until(lambda: site.sql(loaded) != before, 30)

    have(f"host all shop_web_a all trust\nhostssl all fairlead_admin all scram-sha-256\n{had}")
    try:
        (found,) = site.json("db", "isolation", "local", code=1)["databases"]
        assert [(one["role"], one["what"]) for one in found["breaches"] if one["what"].startswith("comes in")] == [
            ("shop_web_a", "comes in with a password that is not its own"),
            ("shop_web_a", "comes in without TLS"),
            ("fairlead_admin", "comes in over the network"),
        ]
    finally:
        have(had)
    assert site.copies() == []


@pytest.fixture(scope="module")
def migrating(site):
    """The folder of its migrations: version 1 is there, version 2 waits."""
    folder, path = site.root / "db" / "shop", site.root / "fairlead.yaml"
    folder.mkdir(parents=True)
    path.write_text(path.read_text().replace("{shop: {", "{shop: {migrations: db/shop, "))
    site.run("db", "roles", "local")
    site.run("db", "baseline", "local", "shop", "--version", "1")
    (folder / "V2__note.sql").write_text("CREATE INDEX orders_what ON orders (what)")
    (folder / "U2__note.sql").write_text("DROP INDEX orders_what")
    return folder


@pytest.mark.long(seconds=20)  # a deployment does both in every run, below; these commands: test_backups_rehearsal
@pytest.mark.usefixtures("migrating")
def test_migrations_are_rehearsed_and_proven_in_a_container_of_the_same_image(site):
    (found,) = site.json("db", "rehearse", "local", "shop")["databases"]
    assert (found["verdict"], found["seen"][0]["locks"]) == ("fit", [{"table": "public.orders", "mode": "ShareLock"}])
    (proved,) = site.json("db", "prove", "local", "shop")["databases"]
    assert [(one["version"], one["kind"]) for one in proved["versions"]] == [("2", "lossless")]
    assert site.copies() == [] and roles(site) == ""
    assert site.sql("SELECT count(*) FROM pg_indexes WHERE indexname = 'orders_what'") == "0"


def test_a_deployment_rehearses_and_proves_in_a_container_of_the_same_image(site, migrating):
    folder = migrating
    tuning = site.json("db", "tuning", "local")["stores"][0]
    assert tuning["in_force"], tuning
    (folder / "V3__more.sql").write_text("CREATE INDEX orders_more ON orders (id, what)")
    (folder / "U3__more.sql").write_text("DROP INDEX orders_more")
    site.run("deploy", "local")
    tried = rehearsed(site)
    assert tried["what"].startswith("fit: ") and tried["undoable"] == ["V2__note.sql", "V3__more.sql"]
    assert left(site) == ([], "", []) and "version 3, 0 pending" in site.run("db", "status", "local")
    refuses_what_fails_in_a_copy(site, folder)


def rehearsed(site):
    """What the ledger has of the last one in a deployment."""
    with Ledger.read(next((site.root / "home").glob("*/local/ledger.db"))) as ledger:
        return [entry.data for entry in ledger.entries(kinds=["schema.rehearsed"])][-1]


def live(site):
    """The release that users have."""
    return site.json("status", "local")["environments"][0]["live"]


def left(site):
    """Of copies, and of who was let in for them."""
    return site.copies(), roles(site), [*(site.root / "home").glob("*/local/copies/*")]


def refuses_what_fails_in_a_copy(site, folder):
    """Nothing runs but in the copy, which is gone."""
    schema = "SELECT count(*) FROM pg_class"
    before, lives = site.sql(schema), live(site)
    assert lives
    (folder / "V4__twice.sql").write_text("CREATE UNIQUE INDEX twice ON orders ((id / 2))")
    said = site.run("deploy", "local", code=1)
    assert "the rehearsal of db.shop says fails" in said and "could not create unique index" in said
    assert (site.sql(schema), live(site)) == (before, lives)
    assert left(site) == ([], "", []) and "version 3, 1 pending" in site.run("db", "status", "local")
    (folder / "V4__twice.sql").unlink()


def test_a_drill_goes_red_for_a_flipped_byte(site):
    id = site.json("backup", "now", "local")["stores"][0]["backup"]["id"]
    part = next(site.backups.glob(f"**/{id}/shop.dump.age"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    found = site.json("db", "drill", "local", code=1)["drills"][0]
    assert "damaged" in found["wrong"][0] and site.copies() == []


MOVE = """sh -c 'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -c "$STATEMENT"'"""


@pytest.mark.long(seconds=20)  # another tool of a service, and Fairlead's own in a container, are in every run
def test_another_tool_moves_the_schema_in_a_container_and_is_rehearsed_in_one(site):
    path = site.root / "fairlead.yaml"
    asked = FILE.replace(
        "command: sleep", 'user: postgres, env: {{STATEMENT: "ALTER TABLE orders ADD extra text"}}, command: sleep'
    )
    asked = asked.replace("{{shop: {{", "{{shop: {{migrator: MOVE, migrate: {{like: web}}, ").replace(
        "{app}", "{postgres}"
    )
    before = path.read_text()
    path.write_text(asked.format(name=site.name, to=site.backups, **images()).replace("MOVE", json.dumps(MOVE)))
    (found,) = site.json("db", "rehearse", "local")["databases"]
    assert (found["verdict"], found["failure"]) == ("fit", "")
    assert site.sql("SELECT count(*) FROM pg_attribute WHERE attname = 'extra'") == "0"
    assert site.copies() == []
    path.write_text(path.read_text().replace("ON_ERROR_STOP=1", "ON_ERROR_STOP=on"))  # so it is another command
    site.run("deploy", "local")
    assert site.sql("SELECT count(*) FROM pg_attribute WHERE attname = 'extra'") == "1"
    assert rehearsed(site)["what"].startswith("fit: ") and left(site) == ([], "", [])
    with Ledger.read(next((site.root / "home").glob("*/local/ledger.db"))) as ledger:
        kept = [entry.data for entry in ledger.entries(kinds=["schema.snapshot"])][-1]
    assert kept["restore_point"] and kept["backup"] and not kept["notes"]
    path.write_text(before)


@pytest.mark.long(seconds=12)
def test_what_a_killed_drill_left_goes_with_the_next(site):
    site.run("backup", "now", "local")
    child = subprocess.Popen([FAIRLEAD, "db", "drill", "local"], cwd=site.root, env=site.env,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        assert wait_until(site.copies, 60, 0.1, 0.3)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    before = site.copies()
    assert site.json("db", "drill", "local")["drills"][0]["ok"]
    assert before and site.copies() == []


@pytest.mark.long(seconds=8)
def test_a_dump_that_fails_is_no_backup(site):
    site.sql("CREATE DATABASE wrong", "postgres")
    try:
        site.sql("CREATE SCHEMA s CREATE TABLE t ()", "wrong")
        site.sql("DELETE FROM pg_namespace WHERE nspname = 's'", "wrong")
        before = len(site.json("backup", "list", "local")["stores"][0]["backups"])
        assert "pg_dump of wrong" in site.run("backup", "now", "local", code=1)
        assert len(site.json("backup", "list", "local")["stores"][0]["backups"]) == before
    finally:
        site.sql("DROP DATABASE wrong WITH (FORCE)", "postgres")
