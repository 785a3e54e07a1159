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

IN_TURN = {  #: of `physical_contract`, for one engine in the ordinary run
    "test_a_drill_goes_red",
    "test_a_migration_by_hand_has_a_restore_point_that_is_carried_away",
    "test_what_no_tier_wants_goes_and_the_last_good_one_never_does",
    "test_who_receives_the_log_comes_back",
}


@pytest.hookimpl(tryfirst=True)  # before it is said which long tests run
def pytest_collection_modifyitems(items):
    """What costs most is tried for one engine, and for the other one with another commit: each for itself."""
    of_engines = [item for item in items if item.name in IN_TURN and "physical_contract" in item.function.__module__]
    left = {id for name in IN_TURN for id in rotated({item.nodeid for item in of_engines if item.name == name})[1:]}
    for item in of_engines:
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
