"""Networks of a real engine."""

import pytest
from tests.docker_engine import images

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
