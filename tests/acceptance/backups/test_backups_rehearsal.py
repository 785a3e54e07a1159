"""Migrations tried on copies of a PostgreSQL that Fairlead runs: of it as it is, of its backup, of the files alone."""

import pytest

pytestmark = pytest.mark.real


@pytest.fixture
def migrating(site):
    """Version 1 is there; version 2 waits. The rows are those of the backup, and more came since."""
    folder = site.root / "db" / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    path = site.root / "fairlead.yaml"
    path.write_text(path.read_text().replace("checks: [", "migrations: db/shop\n        checks: ["))
    (folder / "V1__first.sql").write_text("CREATE TABLE first (n int)")
    (folder / "U1__first.sql").write_text("DROP TABLE first")
    site.run("db", "baseline", "local", "shop", "--version", "1")
    (folder / "V2__note.sql").write_text("ALTER TABLE orders ADD COLUMN note text")
    (folder / "U2__note.sql").write_text("ALTER TABLE orders DROP COLUMN note")
    site.run("backup", "now", "local")
    site.sql("SELECT what FROM orders WHERE id = 1")
    yield site
    site.sql("DROP TABLE flyway_schema_history, flyway_schema_history_fairlead")


def test_it_is_rehearsed_and_proven_without_a_change(migrating):
    (migrating.root / ".fairleadignore").write_text("home\nbackups*\n")
    path = migrating.root / "fairlead.yaml"
    path.write_text(f"{path.read_text()}deploy: {{require: {{rehearsal: 1h}}}}\n")
    before = migrating.sql("SELECT count(*) FROM pg_class")
    refused = migrating.run("deploy", "local", "--plan", code=3)
    assert "db.shop: its pending migrations were not rehearsed" in refused
    assert "fairlead db rehearse local db.shop" in refused
    (live,) = migrating.json("db", "rehearse", "local", "shop")["databases"]
    assert (live["verdict"], live["base"], live["source"]) == ("fit", "1", "the database as it is")
    assert live["seen"][0]["locks"] == [{"table": "public.orders", "mode": "AccessExclusiveLock"}]
    assert (live["tried"] > 0, live["unseen"]) == (True, "")
    assert "V2__note.sql" in migrating.run("deploy", "local", "--plan")
    (proved,) = migrating.json("db", "prove", "local", "shop", "--from", "backup")["databases"]
    assert proved["source"].startswith("backup ")
    (version,) = proved["versions"]
    assert (version["version"], version["kind"], version["while_unwritten"]) == ("2", "lossy", True)
    assert migrating.sql("SELECT count(*) FROM pg_class") == before
    (migrating.root / "db" / "shop" / "V2__note.sql").write_text("ALTER TABLE orders RENAME what TO text")
    (broken,) = migrating.json("db", "rehearse", "local", "shop", code=1)["databases"]
    assert broken["verdict"] == "breaks"
    assert 'column "what" does not exist' in broken["why"]
    refused = migrating.run("deploy", "local", "--plan", code=3)
    assert "db.shop: the rehearsal of its pending migrations says breaks: a query of the release that runs" in refused


def test_the_files_alone_make_a_copy_too(migrating):
    """Without rows: what is made in them cannot lose any."""
    folder = migrating.root / "db" / "shop"
    (folder / "V2__note.sql").write_text("CREATE INDEX first_n ON first (n)")
    (folder / "U2__note.sql").write_text("DROP INDEX first_n")
    (proved,) = migrating.json("db", "prove", "local", "shop", "--from", "files")["databases"]
    assert [(one["version"], one["kind"]) for one in proved["versions"]] == [("1", "lossy"), ("2", "lossless")]
