"""Backups of a PostgreSQL that is run by a command of its own, with a volume and passwords of its image's ways."""

import os

import pytest
from docker_site import DockerSite
from tests.docker_engine import why_not

from fairlead.system.clock import wait_until

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=20)]
FILE = """\
name: {name}
secrets: {{POSTGRES_PASSWORD: {{generate: password}}}}
services:
  web: {{image: "{app}", pull_policy: never, command: sleep infinity, uses: [db]}}
stores:
  db:
    kind: postgres
    image: "{postgres}"
    command: postgres -c max_connections=40
    user: postgres
    env: {{POSTGRES_USER: boss, POSTGRES_DB: shop}}
    secrets: [POSTGRES_PASSWORD]
    volumes: ["db-data:/var/lib/postgresql/data"]
    databases: {{shop: {{used_by: {{web: rw}}, checks: [select count(*) from orders]}}}}
    backup: {{logical: daily, to: {to}}}
    drill: {{every: 7d, rto: 1h}}
environments:
  local: {{runtime: docker}}
"""


@pytest.fixture
def site():
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = DockerSite(FILE)
    try:
        made.run("secrets", "init", "local")
        made.run("stores", "apply", "local", "--yes")
        assert wait_until(lambda: answers(made), 120, 0.2), made.docker("logs", f"{made.name}-local-db").stderr[-3000:]
        yield made
    finally:
        made.close()


def answers(site):
    """The image's own first steps are over: the server for those listens at no address."""
    asked = ("exec", f"{site.name}-local-db", "pg_isready", "-q", "-h", "127.0.0.1", "-U", "boss", "-d", "shop")
    return site.docker(*asked, check=False).returncode == 0


def sql(site, statement):
    asked = ("exec", f"{site.name}-local-db", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "boss", "-d", "shop")
    return site.docker(*asked, "-c", statement).stdout.strip()


def test_made_tried_and_put_back(site):
    sql(site, "CREATE TABLE orders AS SELECT n FROM generate_series(1, 500) n")
    made = site.json("backup", "now", "local")["stores"][0]["backup"]
    assert made["databases"] == ["shop"]
    assert site.json("backup", "verify", "local")["ok"]
    assert site.json("db", "drill", "local")["drills"][0]["ok"]
    roles = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'fairlead')"
    assert sql(site, roles) == ""
    sql(site, "TRUNCATE orders")
    assert "shop is as it was in" in site.run("db", "restore", "local", "db", "--yes")
    assert sql(site, "SELECT count(*) FROM orders") == "500"
    assert sql(site, "SHOW max_connections") == "40"
    assert site.copies() == []
    assert sql(site, roles) == ""
