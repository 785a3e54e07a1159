"""Other tools that move a schema, in a real deployment: Alembic and Django, and a double of Prisma's command."""

import migrators
import psycopg
import pytest
from tests.commands import python

from fairlead.ledger import Ledger

pytestmark = pytest.mark.real

STORES = """\
secrets: {{SERVER_URL: {{}}}}
secret_backend: environment
deploy: {{require: {{rehearsal: 7d}}}}
stores:
  db:
    kind: postgres
    url: ${{SERVER_URL}}
    databases:
      {alembic}:
        migrator: {run_alembic}
        migrate: {{lock_timeout: 700ms, like: web}}
        checks: [select locks from limits]
      {django}: {{migrator: {run_django}, migrate: {{rehearse: never}}}}
      {prisma}: {{migrator: {run_prisma}, migrate: {{rehearse: never}}}}
"""


@pytest.fixture
def shop(site, postgres):
    """A service that uses three databases, each moved by another tool."""
    names = {tool: postgres.new(tool) for tool in ("alembic", "django", "prisma")}
    commands = {
        "run_alembic": python("-m alembic upgrade head"), "run_prisma": python("prisma.py migrate deploy"),
        "run_django": python("-m django migrate --settings settings --pythonpath . --no-color"),
    }  # fmt: skip
    text = (site.folder / "fairlead.yaml").read_text() + STORES.format(**names, **commands)
    uses = ", ".join(f"db.{name}" for name in names.values())
    (site.folder / "fairlead.yaml").write_text(
        text.replace("    port: 8000\n", f"    port: 8000\n    uses: [{uses}]\n")
    )
    site.env["SERVER_URL"] = postgres.url()
    site.home.parent.chmod(0o711)  # where copies lie, whoever runs PostgreSQL has to get into
    site.home.mkdir(mode=0o711, exist_ok=True)
    site.ask = lambda tool, query: _ask(postgres.url(names[tool]), query)
    site.names = names
    migrators.all_of(site.folder / "app")
    return site


def _ask(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def test_they_run_as_jobs_of_the_new_release_and_their_failure_leaves_the_old_one(shop):
    refused = shop.run("deploy", "local")
    assert refused.returncode == 3 and "its pending migrations were not rehearsed" in refused.stderr
    tried = shop.json("db", "rehearse", "local")["databases"]
    assert [(one["verdict"], one["failure"]) for one in tried] == [("fit", "")] * 3
    assert shop.ask("alembic", "select to_regclass('limits')") == [(None,)], "the live database is as it was"
    plan = shop.json("deploy", "local", "--plan")["steps"]
    assert [step["kind"] for step in plan][:8] == ["snapshot", *["migrate", "inspect"] * 3, "start"]
    done = shop.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    assert shop.ask("alembic", "select * from limits") == [("700ms", "5min")]
    assert shop.ask("django", "select app, name from django_migrations") == [("orders", "0001_initial")]
    assert shop.ask("prisma", "select migration_name from _prisma_migrations") == [("20260101000000_init",)]
    first = shop.live()

    migrators.revise(shop.folder / "app", "0002", "0001", "select no_such_function()")
    tried = shop.json("db", "rehearse", "local", shop.names["alembic"], code=1)["databases"]
    assert [one["verdict"] for one in tried] == ["fails"]
    assert "function no_such_function() does not exist" in tried[0]["failure"]
    assert shop.run("deploy", "local").returncode == 3
    path = shop.folder / "fairlead.yaml"
    path.write_text(path.read_text().replace("deploy: {require: {rehearsal: 7d}}\n", ""))
    refused_by_a_rehearsal(shop)
    assert shop.live() == first
    path.write_text(path.read_text().replace("{lock_timeout: 700ms, ", "{lock_timeout: 700ms, rehearse: never, "))
    failed = shop.run("deploy", "local")
    assert failed.returncode == 1
    job = f"db-{shop.names['alembic']}-migrator".replace("_", "-")
    assert f"job {job}: ended with 1" in failed.stderr
    assert "function no_such_function() does not exist" in failed.stderr
    assert f"but db.{shop.names['alembic']} keeps what job {job} did, which only its tool could undo" in failed.stderr
    assert shop.live() == first
    assert shop.ask("alembic", "select version_num from alembic_version") == [("0001",)]
    with Ledger.read(shop.home / "shop" / "local" / "ledger.db") as ledger:
        moved = [entry.data["job"] for entry in ledger.entries(kinds=["schema.moved"])]
    assert moved == [f"db-{name}-migrator".replace("_", "-") for name in shop.names.values()]
    assert shop.env["SERVER_URL"] not in done.stderr + failed.stderr + failed.stdout
    strays(shop)


def refused_by_a_rehearsal(shop):
    """In the deployment itself, before anything is changed."""
    name = f"db.{shop.names['alembic']}"
    steps = shop.json("deploy", "local", "--plan")["steps"]
    assert [step["service"] for step in steps if step["kind"] == "rehearse"] == [name]
    done = shop.run("deploy", "local")
    assert done.returncode == 1 and f"the rehearsal of {name} says fails" in done.stderr, done.stderr
    assert "function no_such_function() does not exist" in done.stderr and "keeps" not in done.stderr
    with Ledger.read(shop.home / "shop" / "local" / "ledger.db") as ledger:
        assert [entry.data["refused"] for entry in ledger.entries(kinds=["schema.rehearsed"])] == [True]


STRAY = """
import psycopg
with psycopg.connect("{url}", autocommit=True) as connection:
    connection.execute("CREATE TABLE stray ()")
"""


def strays(shop):
    """One that knows the live database by itself."""
    name = shop.names["prisma"]
    url = shop.env["SERVER_URL"].rpartition("/")[0]
    (shop.folder / "app" / "prisma.py").write_text(STRAY.format(url=f"{url}/{name}"))
    done = shop.run("db", "rehearse", "local", name)
    assert done.returncode == 1 and f"db.{name}: its schema changed while" in done.stderr, done.stderr
    assert list((shop.home / "shop" / "local").glob("rehearsal-*")) == []
