"""A real, slow Alembic whose deployer, or whose lock, is gone in the middle of a migration."""

import signal

import migrators
import psycopg
import pytest
from tests.commands import python

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

STORES = """\
secrets: {{SERVER_URL: {{}}}}
secret_backend: environment
stores:
  db: {{kind: postgres, url: "${{SERVER_URL}}", databases: {{shop: {{migrator: {alembic}}}}}}}
"""
GATED = """
create table orphan ();
do $$ begin while exists (select from gate) loop perform pg_sleep(0.05); end loop; end $$
"""
NAME = "fairlead migrator"


@pytest.fixture(scope="module")
def deployed(shared, postgres):
    """Once, with the first migration."""
    site = shared
    file = site.folder / "fairlead.yaml"
    text = file.read_text().replace("    port: 8000\n", "    port: 8000\n    uses: [db]\n")
    file.write_text(text + STORES.format(alembic=python("-m alembic upgrade head")))
    site.env["SERVER_URL"] = site.url = postgres.url(postgres.new("left"))
    app = site.folder / "app"
    migrators.write(app, "alembic.ini", migrators.ALEMBIC_INI)
    migrators.write(app, "alembic/env.py", migrators.ALEMBIC_ENV)
    migrators.revise(app, "0001", None, "create table gate as select 1 as is_it")
    done = site.run("deploy", "local")
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def shop(deployed):
    """The next migration stops at a gate, which is closed. Each test leaves it so, or is the last."""
    migrators.revise(deployed.folder / "app", "0002", "0001", GATED)
    return deployed


def ask(shop, query, *values):
    with psycopg.connect(shop.url, autocommit=True) as connection:
        cursor = connection.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


def at_the_gate(shop):
    """A deployment whose Alembic has begun, and stays at it."""
    running = shop.start("deploy", "local")
    inside = "select 1 from pg_stat_activity where application_name = %s and query ~ 'is_it|pg_sleep'"
    assert wait_until(lambda: ask(shop, inside, NAME) or running.poll() is not None, 240, 0.1)
    assert running.poll() is None
    return running


def test_without_its_lock_a_migrator_is_ended(shop):
    live = shop.live()
    running = at_the_gate(shop)
    ended = "select pg_terminate_backend(pid) from pg_stat_activity where starts_with(application_name, %s)"
    assert ask(shop, ended, "fairlead migrate,") == [(True,)]
    _, said = running.communicate(timeout=240)
    assert running.returncode == 1
    assert "the connection that held the lock was lost while job db-shop-migrator ran, so it was ended" in said
    assert shop.live() == live
    assert ask(shop, "select version_num from alembic_version") == [("0001",)]
    assert not ask(shop, "select 1 from pg_stat_activity where application_name = %s", NAME)
    assert ask(shop, "select to_regclass('orphan') is null") == [(True,)]


def test_a_killed_deployers_alembic_is_ended_before_the_next_one_begins(shop):
    live = shop.live()
    running = at_the_gate(shop)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    migrators.revise(shop.folder / "app", "0002", "0001", "create table next_one ()")
    done = shop.run("deploy", "local", "--wait", "240")
    assert done.returncode == 0, done.stderr
    assert shop.live() != live
    assert ask(shop, "select version_num from alembic_version") == [("0002",)]
    assert ask(shop, "select to_regclass('orphan') is null, to_regclass('next_one') is null") == [(True, False)]
    assert not ask(shop, "select 1 from pg_stat_activity where application_name = %s", NAME)
