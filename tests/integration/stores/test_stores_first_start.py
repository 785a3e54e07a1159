"""A first start that is killed leaves nothing that a later one takes for whole."""

import pytest
from store_rig import ProcessRig
from tests.initdb import path_of_all

from fairlead.engine.engine import Engine
from fairlead.project.stack import Store
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real


def test_half_a_cluster_is_made_anew(rig, monkeypatch):
    """Meanwhile a container is asked by no command: to begin one costs the engine more than to wait."""
    monkeypatch.setenv("PATH", path_of_all())
    asked = noted(monkeypatch)
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
    answers = [ran.output for program, ran in asked if program == "pg_isready"]
    assert bool(answers) is not isinstance(rig, ProcessRig), "that it listens is not enough"
    assert len([one for one in answers if "no response" in one]) <= 1, "it may end right after the look"


def noted(monkeypatch):
    """The commands in containers from now on, and what they did."""
    asked, run = [], Engine.run

    def ran(self, name, argv, **how):
        asked.append((argv[0], run(self, name, argv, **how)))
        return asked[-1][1]

    monkeypatch.setattr(Engine, "run", ran)
    return asked


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
