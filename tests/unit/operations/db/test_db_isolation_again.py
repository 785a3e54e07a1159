"""When isolation is looked at again by itself."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from fairlead.ledger import Ledger
from fairlead.operations.db.isolation_again import CHECKED, due


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "ledger.db") as one:
        yield one


def test_once_a_night_and_only_where_somebody_is_to_be_kept_apart(ledger):
    isolated, bare = (SimpleNamespace(stores=(SimpleNamespace(rights=rights),)) for rights in (("shop",), ()))
    assert not due(isolated, ledger, datetime.now().astimezone())  # nothing was ever deployed
    ledger.append("rollout.begun", {})
    first = ledger.last("rollout.begun").when()
    assert not due(isolated, ledger, first - timedelta(hours=1))
    assert due(isolated, ledger, first + timedelta(hours=1))
    assert not due(bare, ledger, first + timedelta(hours=1))
    ledger.append(CHECKED, {"database": "db.shop", "ok": True})
    last = ledger.last(CHECKED).when()
    assert not due(isolated, ledger, last - timedelta(microseconds=1))
    assert due(isolated, ledger, last + timedelta(hours=1))
