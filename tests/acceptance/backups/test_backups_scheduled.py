"""The keeper makes backups and tries them by itself."""

import os
import signal

import pytest
from backup_site import Site

from fairlead.stores.programs import missing
from fairlead.supervisor.survivors import last_started
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


@pytest.fixture
def site():
    if missing(["postgres", "pg_dump"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing")
    made = Site()
    try:
        (made.root / "app").mkdir()
        (made.root / "app" / "web.py").write_text("")
        file = made.root / "fairlead.yaml"
        text = file.read_text().replace("source: .}", "source: ./app}").replace("from orders", "from pg_class")
        file.write_text(text)
        del made.env["SOPS_AGE_KEY"]  # the keeper knows the key that `secrets init` made, and no other
        yield made
    finally:
        made.close()


def entries(site, kind):
    return [one for one in site.json("ledger", "show", "local")["entries"] if one["kind"] == kind]


def test_the_first_backup_and_the_first_drill_come_by_themselves_and_once(site):
    site.run("secrets", "init", "local")
    site.run("deploy", "local")
    assert wait_until(lambda: entries(site, "drill.done"), 240, 0.5, 2.0), site.run("ledger", "show", "local")
    keeper = next((site.root / "home").glob("shop/local/keeper/starts"))
    before = keeper.read_text()
    os.kill(last_started(keeper).pid, signal.SIGKILL)
    assert wait_until(lambda: keeper.read_text() != before, 60, 0.1, 0.5), "another keeper, which begins no second one"
    assert entries(site, "drill.done")[0]["data"]["ok"], entries(site, "drill.done")
    backups = site.json("backup", "list", "local")["stores"][0]["backups"]
    assert [one["why"] for one in backups] == ["schedule"]
    assert backups[0]["tried"]
    assert len(entries(site, "schedule.begun")) == 1
    status = site.json("status", "local")["environments"][0]
    assert status["backups"]["db"]["age"] >= 0 and status["backups"]["db"]["drill"] >= 0
    assert "backup" in site.run("status", "local")
