"""When isolation is looked at again by itself."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fairlead.ledger import Ledger
from fairlead.operations.db.isolation_again import CHECKED, due
from fairlead.project.stack import Stack, Store
from fairlead.project.stack_rights import Rights, User

RIGHTS = (Rights("shop", (User("web", "rw"),)),)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "ledger.db") as one:
        yield one


def test_once_a_night_and_only_where_somebody_is_to_be_kept_apart(ledger):
    isolated, bare = (Stack("shop", "live", stores=(Store("db", "postgres", rights=some),)) for some in (RIGHTS, ()))
    as_it_is = replace(isolated, stores=(replace(isolated.stores[0], command="postgres"),))  # which has its own ways
    assert not due(isolated, ledger, datetime.now().astimezone())  # nothing was ever deployed
    ledger.append("rollout.begun", {})
    first = ledger.last("rollout.begun").when()
    assert not due(isolated, ledger, first - timedelta(hours=1))
    assert due(isolated, ledger, first + timedelta(hours=1))
    assert not due(bare, ledger, first + timedelta(hours=1)) and not due(as_it_is, ledger, first + timedelta(hours=1))
    ledger.append(CHECKED, {"database": "db.shop", "ok": True})
    last = ledger.last(CHECKED).when()
    assert not due(isolated, ledger, last - timedelta(microseconds=1))
    assert due(isolated, ledger, last + timedelta(hours=1))
