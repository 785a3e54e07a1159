"""Migrators on two hosts, and a network that is cut between one of them and the database."""

import os
import subprocess
import sys

import pytest
from tests.docker_engine import inside
from tests.hosts import hosts
from tests.postgres_server import MIGRATORS, server

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real

PROJECT = """\
name: shop
services: {{web: {{command: sleep infinity, source: app}}}}
stores: {{db: {{kind: postgres, url: "${{URL}}", databases: {{shop: {{migrations: db}}}}}}}}
secrets: {{URL: {{}}}}
secret_backend: {{kind: environment}}
environments: {{local: {{}}}}
"""
GATED = """\
create table a (x int);
do $$ begin while exists (select from gate.closed) loop perform pg_sleep(0.05); end loop; end $$
"""


@pytest.fixture(scope="module")
def network(need):
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("network namespaces need root")
    for program in ("ip", "nsenter", "unshare", "hostname"):
        need(program)
    with hosts("database", "web-a", "web-b") as made:
        with inside(f"/run/netns/{made[0].namespace}"):
            running = server(made[0].address)
            one = running.__enter__()
        try:
            yield one, made
        finally:
            running.__exit__(None, None, None)


class Shop:
    """A database behind a gate that is closed, and one project folder on each host."""

    def __init__(self, server, hosts, root):
        self.server, self.database, self.root = server, server.new("shop"), root
        self.hosts, self.running = hosts, []
        self.ask("create schema gate; create table gate.closed as select 1 as is_it")
        (root / "db").mkdir()
        (root / "app").mkdir()
        (root / "app" / "note.txt").write_text("what it serves")
        (root / "db" / "V1__a.sql").write_text(GATED)
        (root / "db" / "V2__index.sql").write_text("create index concurrently a_x on a (x)")
        (root / "fairlead.yaml").write_text(PROJECT.format())

    def ask(self, query, *values):
        with self.server.connect(self.database) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def migrate(self, host):
        return self.begin(host, "db", "migrate", "local", "--wait", "240")

    def begin(self, host, *words):
        """A command, begun on a host; what it says is in its file."""
        argv = host.argv(sys.executable, "-m", "fairlead", *words)
        own = {"URL": self.server.url(self.database), "FAIRLEAD_HOME": str(self.root / f"home-{host.name}")}
        with (self.root / f"{host.name}.log").open("wb") as log:
            how = {"cwd": self.root, "stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            self.running.append(subprocess.Popen(argv, env=os.environ | own | {"NO_COLOR": "1"}, **how))
        return self.running[-1]

    def said(self, host):
        return (self.root / f"{host.name}.log").read_text()

    def session(self, host):
        """Of the migrator of that host: what it is called, or nothing."""
        found = self.ask(f"SELECT application_name {MIGRATORS} AND host(client_addr) = %s", host.address)
        return found[0][0] if found else ""

    def history(self):
        return self.ask("select version, success from flyway_schema_history order by installed_rank")


@pytest.fixture
def shop(network, tmp_path):
    server, made = network
    shop = Shop(server, made, tmp_path)
    yield shop
    for one in shop.running:
        one.kill()
        one.wait()
    for one in made[1:]:
        one.mend()
    server.drop_since(0)


def at_the_gate(shop, host, *words):
    """Migrating, and held up there."""
    running = shop.begin(host, *words) if words else shop.migrate(host)
    gate = f"SELECT 1 {MIGRATORS} AND host(client_addr) = %s AND query LIKE 'do %%'"
    assert wait_until(lambda: shop.ask(gate, host.address) or running.poll() is not None, 240, 0.1)
    assert running.poll() is None, shop.said(host)
    return running


def test_of_two_hosts_one_migrates_and_the_other_waits_and_knows_for_whom(shop):
    _, a, b = shop.hosts
    first = at_the_gate(shop, a)
    second = shop.migrate(b)
    assert wait_until(lambda: "waiting for" in shop.said(b), 240, 0.1), shop.said(b)
    assert f'waiting for "fairlead migrate, {first.pid} on web-a", pid ' in shop.said(b)
    assert f"from {a.address}" in shop.said(b)
    assert "on web-b" in shop.session(b)
    shop.ask("delete from gate.closed")
    assert (first.wait(240), second.wait(240)) == (0, 0), shop.said(a) + shop.said(b)
    assert shop.history() == [("1", True), ("2", True)]
    assert shop.ask("select indisvalid from pg_index where indexrelid = 'a_x'::regclass") == [(True,)]


def test_a_network_that_is_cut_ends_the_migrator_and_lets_the_other_go_on(shop):
    """Both sides notice by themselves: the migrator fails, and the server lets go of its lock."""
    _, a, b = shop.hosts
    first = at_the_gate(shop, a)
    second = shop.migrate(b)
    assert wait_until(lambda: "waiting for" in shop.said(b), 240, 0.1), shop.said(b)
    a.cut()
    assert first.wait(240) == 1
    assert "the connection was lost while it ran" in shop.said(a)
    shop.ask("delete from gate.closed")
    assert second.wait(240) == 0, shop.said(b)
    assert shop.history() == [("1", True), ("2", True)]


@pytest.mark.long(seconds=30)
def test_of_two_deployments_on_two_hosts_one_migrates_and_the_other_waits(shop):
    _, a, b = shop.hosts
    try:
        first = at_the_gate(shop, a, "deploy", "local")
        second = shop.begin(b, "deploy", "local")
        assert wait_until(lambda: "waiting for" in shop.said(b), 240, 0.1), shop.said(b)
        assert " on web-a" in shop.said(b)
        shop.ask("delete from gate.closed")
        assert (first.wait(240), second.wait(240)) == (0, 0), shop.said(a) + shop.said(b)
        assert shop.history() == [("1", True), ("2", True)]
    finally:
        assert [shop.begin(host, "stop", "local").wait(240) for host in (a, b)] == [0, 0]
