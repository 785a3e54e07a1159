"""Copies of the data files of a PostgreSQL in a container, and the log of it: as of a process, by containers."""

import os
import signal
from datetime import UTC, datetime

import pytest
from docker_site import FILE, DockerSite
from physical_contract import catches, reached
from tests.docker_engine import why_not

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
TABLES = """
CREATE TABLE orders AS SELECT n FROM generate_series(1, 100) n;
ALTER TABLE orders OWNER TO shop_owner;
"""


@pytest.fixture(scope="module")
def site():
    if why := why_not():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    made = DockerSite(FILE.replace("logical: daily", "physical: {{full: weekly}}"))
    try:
        made.run("secrets", "init", "local")
        made.run("stores", "apply", "local", "--yes")
        made.sql(TABLES)
        made.run("backup", "now", "local", "--physical")
        yield made
    finally:
        made.close()


def receiver(site):
    return int(next((site.root / "home").glob("**/backups/db/starts")).read_text().splitlines()[-1].split()[0])


def receiving(site):
    names = ("--filter", f"label=dev.fairlead.project={site.name}", "--filter", "label=dev.fairlead.kind=receiver")
    return site.docker.lines("ps", "-aq", *names)


def moment(site):
    """The server's time, once all before it is known to be kept."""
    now = datetime.fromisoformat(site.sql("SELECT clock_timestamp()")).astimezone(UTC)

    def kept():
        found = site.json("backup", "list", "local")["stores"][0]["moments"]
        return any(one["to"] >= now.isoformat() for one in found)

    assert wait_until(lambda: catches(receiver(site)), 60)
    os.kill(receiver(site), signal.SIGUSR1)  # which else writes a heartbeat every 10 s
    assert wait_until(lambda: reached(site, site.name, now), 60, 0.2, 0.5), site.run("backup", "list", "local")
    assert wait_until(kept, 60, 0.2, 0.5), site.run("backup", "list", "local")
    return now.isoformat()


def test_it_is_read_and_a_drill_brings_it_to_the_end_of_the_log(site):
    moment(site)
    assert site.json("backup", "verify", "local")["ok"]
    (drill,) = site.json("db", "drill", "local")["drills"]
    assert drill["ok"], drill
    assert (drill["kind"], drill["databases"], drill["amcheck"]) == ("physical", ["postgres", "shop"], True)
    assert list(drill["phases"]) == ["find", "restore", "verify", "recover", "check"]
    assert site.copies() == [] and not list(site.root.rglob("*.copy-*"))


def test_one_database_comes_back_as_it_was_at_a_moment(site):
    site.sql("DELETE FROM orders WHERE n > 50")
    at = moment(site)
    site.sql("DELETE FROM orders")
    said = site.run("db", "restore", "local", "db", "--to", at, "--database", "shop", "--yes")
    assert "rows public.orders: 50 in the backup, 0 now" in said
    assert site.sql("SELECT count(*) FROM orders") == "50"
    assert site.copies() == [] and not list(site.root.rglob("*.copy-*"))
    site.run("backup", "prune", "local", "--old-databases", "--yes")


@pytest.mark.long(seconds=15)  # to a moment it comes back in every run, and to a restore point in physical_contract
def test_it_comes_back_to_right_before_a_migration_by_hand(site):
    folder, path = site.root / "db", site.root / "fairlead.yaml"
    path.write_text(path.read_text().replace("{shop: {", "{shop: {migrations: db, "))
    folder.mkdir()
    (folder / "V2__less.sql").write_text("DELETE FROM orders; CREATE TABLE later (n int)")
    site.run("db", "roles", "local")
    site.run("db", "baseline", "local", "shop", "--version", "1")
    before = site.sql("SELECT count(*) FROM orders")
    assert "restore point fairlead-by-hand-" in site.run("db", "migrate", "local", "shop")
    assert before != "0" and site.sql("SELECT count(*) FROM orders") == "0"
    (point,) = site.json("backup", "list", "local")["stores"][0]["points"]
    to = ("db", "restore", "local", "db", "--database", "shop", "--yes")
    assert "V2__less.sql ran since" in site.run(*to, "--to-point", point["name"])
    assert site.sql("SELECT count(*), to_regclass('later') IS NULL FROM orders") == f"{before}|t"
    assert site.json("db", "status", "local", "shop")["databases"][0]["pending"] == 1
    assert site.copies() == [] and not list(site.root.rglob("*.copy-*"))
    site.run("backup", "prune", "local", "--old-databases", "--yes")


def test_who_receives_the_log_comes_back_and_its_container_too(site):
    before, container = receiver(site), receiving(site)
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: receiver(site) != before, 60)
    assert wait_until(lambda: receiving(site) and receiving(site) != container, 60)
    moment(site)
    site.docker("rm", "-f", *receiving(site))
    moment(site)
    site.run("stop", "local")
    assert receiving(site) == []
