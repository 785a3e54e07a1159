import contextlib
import os
import sys
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from backup_site import TABLES, Site

from fairlead.stores.programs import missing


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
