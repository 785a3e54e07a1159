"""Copies of the data files by pgBackRest."""

import pytest
from physical_contract import *  # noqa: F403 — its tests and fixtures
from physical_contract import PHYSICAL, moment

from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def engine():
    return "pgbackrest"


def test_from_one_engine_to_the_other_and_back_nothing_is_left_of_the_first(site, engine):
    """A slot that nobody receives by would keep the log until the disk is full; so would a command that fails."""
    slots = "SELECT slot_name::text FROM pg_replication_slots"
    for physical, kept, archived in ((PHYSICAL["builtin"], [("fairlead",)], False), (PHYSICAL[engine], [], True)):
        site.write(more=physical)
        site.run("stores", "apply", "local", "--yes")
        assert wait_until(lambda kept=kept: site.sql(slots) == kept, 60)
        command, limit = site.sql(
            "SELECT current_setting('archive_command'), current_setting('max_slot_wal_keep_size')"
        )[0]
        assert (bool("pgbackrest" in command), limit != "-1") == (archived, not archived)
        moment(site)
        site.run("backup", "now", "local", "--physical")
    assert site.json("backup", "verify", "local")["ok"]
