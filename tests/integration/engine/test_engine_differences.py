"""A real container that is as it was meant, and what people do to one by hand."""

import uuid
from dataclasses import replace

import pytest

from fairlead.engine.differences import differences
from fairlead.engine.engine import Engine
from fairlead.project.stack import Resources
from fairlead.render.container import ContainerSpec, Joined, Mount, Published

pytestmark = pytest.mark.real


@pytest.fixture
def made(docker_engine):
    """A running container with a bit of everything, and the engine."""
    engine, name = Engine(), f"fairlead-test-{uuid.uuid4().hex[:8]}"
    other = f"{name}-other"
    for network in (name, other):
        engine.create_network(network, {}, internal=True)
    engine.create_volume(name, {})
    spec = ContainerSpec(
        name=name, image=engine.image("fairlead-test/tiny").id, argv=("busybox", "sleep", "60"),
        env={"A": "secret-a", "B": "b"},
        user="1000:1000", workdir="/tmp", networks=(Joined(name, ("one",)), Joined(other)),
        mounts=(Mount("volume", name, "/data"), Mount("bind", "/etc/hostname", "/host", read_only=True)),
        resources=Resources(0.5, 64 << 20), publish=(Published(9, 0, "127.0.0.1"),), stop_grace=1,
    )  # fmt: skip
    try:
        engine.create(spec)
        engine.start(name)
        yield engine, spec, other
    finally:
        engine.remove(name)
        engine.remove_network(name)
        engine.remove_network(other)
        engine.remove_volume(name)


def found(engine, spec):
    return {one.what: one for one in differences(spec, engine.container(spec.name))}


def test_it_is_what_was_asked_for(made):
    engine, spec, _ = made
    assert found(engine, spec) == {}


def test_what_people_change_by_hand(made):
    engine, spec, other = made
    engine.leave(spec.name, other)
    engine.api.update_container(spec.name, mem_limit=32 << 20, memswap_limit=32 << 20, cpu_quota=None)
    engine.api.update_container(spec.name, restart_policy={"Name": "no"})
    seen = found(engine, spec)
    assert set(seen) == {"networks", "memory limit", "restart policy"}
    assert seen["memory limit"].wanted == str(64 << 20) and seen["memory limit"].found == str(32 << 20)
    assert other in seen["networks"].wanted and other not in seen["networks"].found


def test_another_one_under_the_name(made):
    engine, spec, _ = made
    meant = replace(
        spec, env={"A": "another", "B": "b"}, argv=("busybox", "sleep", "61"), user="1001", mounts=spec.mounts[:1]
    )
    seen = found(engine, meant)
    assert set(seen) == {"environment", "command", "user", "mounts"}
    assert seen["environment"].found == "A not as declared" and "secret-a" not in str(seen)
