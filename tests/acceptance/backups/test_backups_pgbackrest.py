"""Copies of the data files by pgBackRest."""

import pytest
from physical_contract import *  # noqa: F403 — its tests and fixtures

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def engine():
    return "pgbackrest"
