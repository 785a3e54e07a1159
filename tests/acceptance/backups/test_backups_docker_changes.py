"""Copies of what changed of a PostgreSQL in a container: of an image that has one which makes such."""

import os
import shutil
from pathlib import Path

import pytest
from docker_site import FILE, DockerSite
from tests.docker_engine import DockerEngine, images, unique, why_not
from tests.newer import postgres_17

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=40)]

IMAGE = """\
FROM {base}
RUN rm -rf /usr/lib/postgresql
COPY pginstall /usr/lib/postgresql/17
ENV PG_MAJOR=17 PGHOST=/var/run/postgresql \\
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin
"""
ORDERS = "CREATE TABLE orders AS SELECT n FROM generate_series(1, 100) n; ALTER TABLE orders OWNER TO shop_owner"


@pytest.fixture
def newer(tmp_path):
    """The image of the tests with the programs of a newer one in their place."""
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    docker, name = DockerEngine(), f"fairlead-test/{unique('pg17')}:latest"
    with postgres_17() as bin:
        shutil.copytree(Path(bin).parent, tmp_path / "image" / "pginstall", symlinks=True)
    (tmp_path / "image" / "Dockerfile").write_text(IMAGE.format(base=images()["postgres"]))
    docker("build", "-q", "-t", name, tmp_path / "image")
    shutil.rmtree(tmp_path / "image")
    yield name
    docker("rmi", "-f", name)


@pytest.fixture
def site(newer):
    text = FILE.replace("logical: daily", "physical: {{full: weekly, differential: daily}}")
    made = DockerSite(text.replace("{postgres}", newer))
    try:
        made.run("secrets", "init", "local")
        made.run("stores", "apply", "local", "--yes")
        made.sql(ORDERS)
        yield made
    finally:
        made.close()


def test_what_changed_is_copied_tried_and_restored(site):
    assert site.sql("SHOW server_version").startswith("17.")
    site.run("backup", "now", "local", "--physical")
    (full,) = site.json("backup", "list", "local")["stores"][0]["backups"]
    site.sql("DELETE FROM orders WHERE n > 50")
    assert "all of the data files" not in site.run("backup", "now", "local", "--differential")
    made = site.json("backup", "list", "local")["stores"][0]["backups"][0]
    assert made["parent"] == full["id"]
    listed = site.docker("exec", f"{site.name}-local-db", "ls", "/var/lib/postgresql/data").stdout.split()
    assert listed == ["main"]  # what was lent is taken back
    site.sql("DELETE FROM orders")
    site.run("db", "restore", "local", "db", made["id"], "--database", "shop", "--yes")
    assert site.sql("SELECT count(*) FROM orders") == "50"
    (drill,) = site.json("db", "drill", "local")["drills"]
    assert (drill["ok"], drill["id"]) == (True, made["id"]), drill
    assert site.copies() == [] and not list(site.root.rglob("*.copy-*"))
