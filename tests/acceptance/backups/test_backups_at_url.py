"""A PostgreSQL that somebody else runs: roles, isolation, backup, drill and restore through its url."""

import os

import pytest
from backup_site import Site

from fairlead.ledger import Ledger
from fairlead.stores.programs import missing

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=15)]
FILE = """
name: far
secrets: {{DB_URL: {{}}}}
services:
  web: {{command: sleep infinity, source: ./app, uses: [db.crm]}}
  reports: {{command: sleep infinity, source: ./app, uses: [db.crm]}}
stores:
  db:
    kind: postgres
    url: "${{DB_URL}}"
    databases:
      crm: {{used_by: {{web: rw, reports: ro}}, migrations: db}}
    backup: {{logical: daily, to: {to}}}
    drill: {{every: 7d}}
environments:
  local: {{}}
"""


@pytest.fixture
def site():
    """Its server is that of another project."""
    if missing(["postgres", "pg_dump"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing")
    made = Site()
    whose = made.root / "fairlead.yaml"
    text = whose.read_text()
    try:
        made.apply()
        made.sql("CREATE ROLE boss LOGIN SUPERUSER")
        made.sql("CREATE DATABASE crm")
        yield made
    finally:
        whose.write_text(text)
        made.close()


def test_all_of_it(site):
    phrase = os.urandom(12).hex()
    site.sql(f"ALTER ROLE boss PASSWORD '{phrase}'")
    port = next((site.root / "home").glob("**/data/postmaster.pid")).read_text().splitlines()[3]
    (site.root / "secrets" / "local.yaml").unlink()
    (site.root / "db").mkdir()
    (site.root / "db" / "V1__init.sql").write_text("CREATE TABLE orders (n int);\n")
    (site.root / "fairlead.yaml").write_text(FILE.format(to=site.backups))
    site.run("secrets", "init", "local")
    url = f"postgresql://boss:{phrase}@127.0.0.1:{port}/crm?sslmode=require"
    site.run("secrets", "set", "local", "DB_URL", stdin=url.encode())
    site.run("db", "roles", "local")
    site.run("db", "migrate", "local")
    assert site.json("db", "isolation", "local")["ok"]
    site.sql("INSERT INTO orders VALUES (1), (2)", "crm")
    assert site.json("backup", "now", "local")["stores"][0]["backup"]["databases"] == ["crm"]
    assert site.json("db", "drill", "local")["drills"][0]["ok"]
    site.sql("DELETE FROM orders", "crm")
    site.run("db", "restore", "local", "db", "--yes")
    assert site.sql("SELECT count(*) FROM orders", "crm") == [(2,)]
    assert site.json("db", "isolation", "local")["ok"], "nobody comes into what was put aside either"
    assert "as declared" in site.run("db", "roles", "local", "--plan")
    with Ledger.read(next((site.root / "home").glob("*/local/ledger.db"))) as ledger:
        checked = [(entry.data["why"], entry.data["ok"]) for entry in ledger.entries(kinds=["isolation.checked"])]
    assert checked == [("migration", True), ("restore", True)]
    file = site.root / "fairlead.yaml"
    file.write_text(file.read_text().replace("reports: ro}", "reports: ro}, rls_required: true", 1))
    (site.root / "db" / "V2__open.sql").write_text("CREATE TABLE more (n int);\n")
    assert "isolation of db.crm: public.orders has no row-level security" in site.run("db", "migrate", "local")
