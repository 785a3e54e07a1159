"""A first start that is killed leaves nothing that a later one takes for whole."""

from fairlead.project.stack import Store
from fairlead.stores.process import ProcessStores
from fairlead.system.clock import wait_until
from fairlead.system.processes import group_members


def test_half_a_cluster_is_made_anew(rig):
    store = Store("first", "postgres", databases=("shop",))
    values = rig.values(store)
    rig.stores.have(store, values)
    data = rig.data(store)
    begun = data.with_name("data.new")
    assert wait_until((begun / "base").exists, 30, every=0.001, most=0.002)  # initdb is in the middle
    process = rig.kill("first")
    assert wait_until(lambda: not group_members(process.pid), 10)
    assert not (data / "PG_VERSION").exists()
    rig.have(store, values)
    assert rig.sql(store, values, "SELECT 1") == [(1,)]


def test_its_port_and_its_data_are_those_it_had(rig):
    store = Store("same", "redis")
    values = rig.values(store)
    rig.have(store, values)
    before = rig.stores.address(store)
    rig.redis(store, values).set("a", "1")
    rig.stores.stop(["same"])
    assert {one.name: one.phase for one in ProcessStores(rig.place).observe()}["same"] == "stopped"
    rig.stores.remove("same")  # forgotten, and declared again later
    rig.have(store, values)
    assert rig.stores.address(store) == before
    assert rig.redis(store, values).get("a") == b"1"
