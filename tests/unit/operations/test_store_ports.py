"""Which ports stores have, against those they should."""

import pytest

from fairlead.operations.ports import store_rows
from fairlead.stores.base import Taken


def test_a_program_of_this_machine_is_on_its_loopback_alone():
    (row,) = store_rows("process", ["db"], [Taken("db", "127.0.0.1", 5001), Taken("db", "::1", 5001)])
    assert (row.who, row.port, row.v4, row.v6, row.problem) == ("store db", 5001, ("127.0.0.1",), ("::1",), "")


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7"])
def test_one_that_others_reach_is_named(address):
    (row,) = store_rows("process", ["db"], [Taken("db", address, 5001)])
    assert row.problem.startswith("reached from other machines at")


def test_one_that_nobody_reaches_is_named():
    (row,) = store_rows("process", ["db"], [])
    assert row.problem == "nobody listens"


def test_a_container_has_no_port_of_the_machine_unless_somebody_published_it():
    assert list(store_rows("docker", ["db"], [])) == []
    (row,) = store_rows("docker", ["db"], [Taken("db", "0.0.0.0", 5432)])
    assert "published, which is not declared" in row.problem
