import contextlib
import os
import sys
from pathlib import Path

import psycopg
import pytest
from tests.schedule import rotated

sys.path.insert(0, str(Path(__file__).parent))
from backup_site import TABLES, Site

from fairlead.stores.programs import missing

IN_TURN = {  #: for one engine in the ordinary run
    "test_a_drill_goes_red",
    "test_a_migration_by_hand_has_a_restore_point_that_is_carried_away",
    "test_what_no_tier_wants_goes_and_the_last_good_one_never_does",
    "test_who_receives_the_log_comes_back",
}
CONTAINED = "a_drill_brings_it_to_the_end_of_the_log"  #: how its name ends, of both engines in containers


def _turn(item):
    """What takes turns with it; nothing where it is tried in every run."""
    if item.name.endswith(CONTAINED):
        return CONTAINED
    return item.name if item.name in IN_TURN and "physical_contract" in item.function.__module__ else None


@pytest.hookimpl(tryfirst=True)  # before it is said which long tests run
def pytest_collection_modifyitems(items):
    """What costs most is tried for one engine, and for the other one with another commit: each for itself."""
    turns = {item.nodeid: turn for item in items if (turn := _turn(item))}
    left = {id for turn in set(turns.values()) for id in rotated(id for id, one in turns.items() if one == turn)[1:]}
    for item in items:
        if item.nodeid in left:
            item.add_marker(pytest.mark.long(seconds=15))


@pytest.fixture(scope="session")
def _running():
    if missing(["postgres", "pg_dump"]):
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("PostgreSQL is missing")
    site = Site()
    try:
        site.apply()
        for statement in TABLES.split(";\n"):
            site.sql(statement)
        with contextlib.suppress(psycopg.errors.UniqueViolation):  # which leaves an index that is in no dump
            site.sql("CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (n)")
        yield site
    finally:
        site.close()


@pytest.fixture
def site(_running):
    """One server for all; each test has a folder of backups of its own."""
    _running.backups = _running.root / f"backups-{os.urandom(4).hex()}"
    _running.write()
    return _running
