"""Copies of the data files by PostgreSQL's own programs."""

import pytest
from physical_contract import *  # noqa: F403 — its tests and fixtures
from physical_contract import moment

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def engine():
    return "builtin"


def test_what_waits_while_the_place_is_away_has_a_bound(site):
    """A disk that is full would end the server."""
    site.write(more="physical: {full: weekly, spool: 64M}")
    site.run("stores", "apply", "local", "--yes")
    gone = site.root / "away"
    site.backups.rename(gone)
    site.backups.write_text("no folder")
    try:
        for _ in range(7):
            site.sql("CREATE TABLE IF NOT EXISTS filled AS SELECT 1")
            site.sql("DROP TABLE filled")
            site.sql("SELECT pg_switch_wal()")
        assert wait_until(lambda: "log.stopped" in site.run("ledger", "show", "local"), 60, 0.3, 1.0)
        said = site.run("doctor", "local", code=None)
        assert "nothing more is received" in said and "programs of no instance" not in said
        site.sql("SELECT pg_switch_wal()")
    finally:
        site.backups.unlink()
        gone.rename(site.backups)
    moment(site)
    assert "log.broken" not in site.run("ledger", "show", "local")  # the server had what was not received
    assert site.json("backup", "verify", "local")["ok"]
