"""A first start that is killed leaves nothing that a later one takes for whole."""

import pytest
from store_rig import ProcessRig
from tests.initdb import path_of_all

from fairlead.project.stack import Store
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


def test_half_a_cluster_is_made_anew(rig, monkeypatch):
    monkeypatch.setenv("PATH", path_of_all())
    store = Store("first", "postgres", databases=("shop",))
    values = rig.values(store)
    rig.stores.have(rig.fit(store), values)
    data = rig.data(store)
    begun = data.with_name("data.new") if isinstance(rig, ProcessRig) else data / "main"
    assert wait_until((begun / "base" / "1").exists, 30, every=0.001, most=0.002)  # initdb is in the middle
    rig.kill("first")
    rig.have(store, values)
    assert rig.sql(store, values, "SELECT 1") == [(1,)]
    assert rig.sql(store, values, "SELECT count(*) FROM pg_database WHERE datname = 'template1'") == [(1,)]


@pytest.mark.long(seconds=8)
def test_its_address_and_its_data_are_those_it_had(rig):
    store = Store("same", "redis")
    values = rig.values(store)
    rig.have(store, values)
    before = rig.stores.address(store)
    rig.redis(store, values, "SET", "a", "1")
    rig.stores.stop(["same"])
    assert {one.name: one.phase for one in rig.stores.observe()}["same"] == "stopped"
    rig.stores.remove("same")  # forgotten, and declared again later
    rig.have(store, values)
    assert rig.stores.address(store) == before
    assert rig.redis(store, values, "GET", "a") == "1"
