"""Networks of a real engine."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.docker_engine import images

from fairlead.engine.engine import Engine
from fairlead.engine.failures import EngineError
from fairlead.engine.networks import ensure_named, ensure_networks, remove_networks
from fairlead.project.stack import Service, Stack, Store


def stack(owner):
    web = Service("web", uses=("db",))
    return Stack(owner.project, owner.environment, "docker", services=(web,), stores=(Store("db", "postgres"),))


def test_all_are_made_once_and_go_together(engine, owner):
    ensure_networks(engine, owner, stack(owner))
    made = {one["Name"]: one["Id"] for one in engine.networks(owner.labels("network"))}
    assert sorted(made) == [owner.name(name) for name in ("backend", "database", "frontend")]
    ensure_networks(engine, owner, stack(owner))
    assert {one["Name"]: one["Id"] for one in engine.networks(owner.labels("network"))} == made
    remove_networks(engine, owner)
    assert engine.networks(owner.labels("network")) == ()


def test_the_keeper_and_a_command_make_one_of_each_name(owner, tmp_path):
    """An engine that is asked twice at one time makes two, and then finds neither by its name."""
    mine = replace(owner, folder=tmp_path)
    with ThreadPoolExecutor(6) as pool:
        for making in [pool.submit(ensure_named, Engine(), mine, ["backend", "special"]) for _ in range(6)]:
            making.result()
    found = [one["Name"] for one in Engine().networks(owner.labels("network"))]
    assert sorted(found) == [owner.name("backend"), owner.name("special")]


def test_two_of_one_name_become_one(engine, owner, docker_engine):
    """As an earlier version could leave them: no command found its networks any more."""
    name = owner.name("backend")
    for _ in range(2):
        engine.api.create_network(name, driver="bridge", internal=True, labels=owner.labels("network"))
    ensure_named(engine, owner, ["backend"])
    assert engine.network(name)["Internal"]


def test_the_machine_has_no_address_where_databases_are(engine, owner):
    ensure_networks(engine, owner, stack(owner))
    sealed = engine.network(owner.name("database"))
    assert sealed["Internal"]
    assert sealed["Options"]["com.docker.network.bridge.inhibit_ipv4"] == "true"


def test_a_foreign_network_on_our_name_is_left_alone(engine, owner):
    name = owner.name("backend")
    engine.create_network(name, {"owner": "somebody"}, internal=True)
    try:
        with pytest.raises(EngineError, match="is not Fairlead's"):
            ensure_named(engine, owner, ["backend"])
        assert engine.network(name)["Labels"] == {"owner": "somebody"}
    finally:
        engine.remove_network(name)


def test_who_joined_one_stays_in_it(engine, owner, docker_engine):
    ensure_named(engine, owner, ["backend", "frontend"])
    name = owner.name("others-own")
    docker_engine("run", "--detach", "--name", name, "--network", owner.name("backend"), images()["debian"],
                  "sleep", "60")  # fmt: skip
    try:
        remove_networks(engine, owner)
        assert list(engine.container(name).addresses) == [owner.name("backend")]
        assert [one["Name"] for one in engine.networks(owner.labels("network"))] == [owner.name("backend")]
    finally:
        docker_engine("rm", "--force", name)


def test_one_that_is_made_otherwise_is_made_anew_while_nobody_is_in_it(engine, owner):
    engine.create_network(owner.name("backend"), owner.labels("network"), internal=False)
    ensure_named(engine, owner, ["backend"])
    assert engine.network(owner.name("backend"))["Internal"]
