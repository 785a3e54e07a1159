"""pgBackRest of a PostgreSQL in a container: beside the server, and in containers of the same image that read what it
made."""

import os
from dataclasses import replace

import pytest
from docker_site import FILE, DockerSite
from physical_contract import FILES, SEGMENTS, broken, flip
from test_backups_docker_physical import TABLES, moment
from tests.docker_engine import images, why_not

from fairlead.engine.engine import Engine
from fairlead.errors import Refused
from fairlead.operations.backups.archiving import require
from fairlead.project.stack import Container, Security, Store
from fairlead.system.home import Place

pytestmark = pytest.mark.real
PHYSICAL = "physical: {{engine: pgbackrest, full: weekly, differential: daily}}"
WITH = FILE.replace("logical: daily", PHYSICAL)
COUNT = "SELECT count(*) FROM orders"


@pytest.fixture(scope="module", autouse=True)
def docker():
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


@pytest.fixture(scope="module")
def site():
    made = DockerSite(WITH.replace("{postgres}", "{pgbackrest}"))
    try:
        made.run("secrets", "init", "local")
        made.run("stores", "apply", "local", "--yes")
        made.sql(TABLES)
        made.run("backup", "now", "local", "--physical")
        yield made
    finally:
        made.close()


@pytest.mark.long(seconds=40)
def test_what_changed_is_copied_and_any_moment_comes_back(site):
    site.sql("DELETE FROM orders WHERE n > 50")
    at = moment(site)
    site.sql("DELETE FROM orders")
    site.run("backup", "now", "local", "--differential")
    newest, full = site.json("backup", "list", "local")["stores"][0]["backups"]
    assert (full["engine"], newest["engine"], newest["parent"]) == ("pgbackrest", "pgbackrest", full["id"])
    said = site.run("db", "restore", "local", "db", "--to", at, "--database", "shop", "--yes")
    assert "rows public.orders: 50 in the backup, 0 now" in said
    assert site.sql(COUNT) == "50"
    site.run("db", "restore", "local", "db", newest["id"], "--database", "shop", "--yes")
    assert site.sql(COUNT) == "0"
    site.run("backup", "prune", "local", "--old-databases", "--yes")
    assert site.copies() == [] and not list(site.root.rglob("*.copy-*"))


def test_a_drill_brings_it_to_the_end_of_the_log(site):
    site.sql("INSERT INTO orders VALUES (7)")
    moment(site)
    assert site.json("backup", "verify", "local")["ok"]
    (drill,) = site.json("db", "drill", "local")["drills"]
    assert drill["ok"], drill
    assert (drill["kind"], drill["databases"], drill["amcheck"]) == ("physical", ["postgres", "shop"], True)
    assert site.copies() == [] and not list(site.root.rglob("*.copy-*"))


@pytest.mark.long(seconds=20)
def test_a_drill_goes_red(site):
    """By a flipped byte in the log and in the files, and by a missing segment; each is read in another container."""
    site.sql("SELECT pg_switch_wal()")
    moment(site)
    *_, segment = sorted(site.backups.glob(f"{site.name}/local/db/{SEGMENTS['pgbackrest']}"))
    with broken(segment, flip):
        assert "is damaged" in site.run("db", "drill", "local", code=1)
        assert "is damaged" in site.run("backup", "verify", "local", code=1)
    with broken(segment, lambda path, _: path.unlink()):
        assert "is missing" in site.run("backup", "verify", "local", code=1)
    with broken(next(site.backups.glob(f"{site.name}/local/db/{FILES['pgbackrest']}")), flip):
        assert "damaged" in site.run("db", "drill", "local", code=1)
    assert site.copies() == [] and not list(site.root.rglob("*.copy-*"))


@pytest.mark.long(seconds=15)
def test_an_image_without_it_is_refused_before_anything_is_made(docker_engine):
    made = DockerSite(WITH)
    try:
        made.run("secrets", "init", "local")
        said = made.run("stores", "apply", "local", "--yes", code=3)
        assert "pgbackrest is not in the image of store db" in said
        assert "or engine: builtin" in said
        assert docker_engine.found(made.name)["container"] == []
        assert "pgbackrest is not in the image of store db" in made.run("doctor", "local", code=3)
    finally:
        made.close()


def test_an_image_is_asked_whether_it_has_it(docker_engine, docker_project):
    place, store = Place.of(docker_project, "local"), Store("db", "postgres")
    require(Engine(), place, store, images()["pgbackrest"])
    with pytest.raises(Refused, match="pgbackrest is not in the image of store db") as refused:
        require(Engine(), place, store, images()["postgres"])
    assert "engine: builtin" in refused.value.hint
    bare = replace(store, container=Container(security=Security(init=False)))
    with pytest.raises(Refused, match="takes the end of a process of pgBackRest for a crash"):
        require(Engine(), place, bare, images()["pgbackrest"])
    assert docker_engine.found(docker_project)["container"] == []
