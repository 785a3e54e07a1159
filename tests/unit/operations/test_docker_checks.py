"""What the doctor says of an engine and of what a stack asks of containers, without asking an engine."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from fairlead.engine.facts import EngineFacts, ImageFacts
from fairlead.errors import Refused
from fairlead.operations.checks.docker import declared, promised, rooted, version
from fairlead.operations.stores.declared import require_users
from fairlead.project.stack import Container, Health, Resources, Route, Security, Service, Stack, Store
from fairlead.system.home import Place


def facts(number):
    return EngineFacts(number, "1.41", "amd64", "/var/lib/docker", live_restore=True, rootless=False)


@pytest.mark.parametrize(
    ("number", "good"),
    [("20.10.24+dfsg1", True), ("29.0.1", True), ("20.9.1", False), ("19.03.15", False), ("", False)],
)
def test_an_engine_has_to_be_new_enough(number, good):
    assert (version(facts(number)).result != "failed") is good


@pytest.mark.parametrize(
    ("number", "good"),
    [("23.0.0", False), ("23.0.6", False), ("23.0.7", True), ("24.0.2", False), ("24.0.3", True), ("26.1.5", True)],
)
def test_an_engine_lets_what_it_stops_end(number, good):
    assert ("kills what is told to end" not in version(facts(number)).text) is good
    assert (version(facts(number)).result != "failed") is good


def said(**service):
    stack = Stack("shop", "production", "docker", services=(Service("web", **service),))
    return [check.text for check in declared(stack)]


def test_a_plain_service_is_fine():
    assert said(port=80, routes=(Route("/"),), container=Container(image="x")) == []


def test_who_is_in_database_alone_needs_a_command_and_has_no_users():
    sealed = Container(networks=("database",))
    assert "health" in " ".join(said(port=80, container=sealed)) or len(said(port=80, container=sealed)) == 1
    assert said(port=80, container=sealed, health=Health(command="x")) == []
    assert len(said(port=80, container=sealed, health=Health(command="x"), routes=(Route("/"),))) == 1


def test_a_port_of_the_machine_is_for_one():
    [text] = said(replicas=2, container=Container(publish=("9000:9000",)))
    assert "port 9000 of the machine can have one container" in text
    assert said(container=Container(publish=("9000:9000",))) == []


def test_root_has_to_be_allowed():
    [text] = said(container=Container(user="0:0"))
    assert "to run as root" in text
    assert said(container=Container(user="0:0", security=Security(root=True))) == []
    for user in ("00", "0:0", "root:root", "+0"):
        assert "to run as root" in said(container=Container(user=user))[0], user
    assert said(container=Container(user="10")) == said(container=Container(user="app:0")) == []
    assert said(container=Container(user="1000")) == []
    named = Service("web", container=Container(user="${WHO}"))
    stacks = [Stack("shop", "production", "docker", services=(named,), variables={"WHO": who}) for who in ("0", "7")]
    assert [[check.result for check in declared(stack)] for stack in stacks] == [["failed"], []]


def test_who_may_do_everything_is_named():
    off = Security(root=True, read_only=False, tmpfs=(), cap_drop=(), no_new_privileges=False, pids=0, init=False)
    [text] = said(container=Container(image="x", security=off))
    assert text == "security is off, so a container may do all that an engine lets it: web"


def test_what_only_compose_would_do_is_said():
    [text] = said(container=Container(compose={"privileged": True, "logging": {}, "shm_size": "64m"}))
    assert text.startswith("web: compose: privileged, logging counts in a rendered Compose file alone")
    [text] = said(container=Container(compose={"shm_size": "lots"}))
    assert text == "web: compose: shm_size is not as Compose has it"
    stack = Stack("shop", "production", "docker", stores=(
        Store("db", "postgres", container=Container(compose={"healthcheck": {}, "tty": True})),
    ))  # fmt: skip
    assert [check.text.partition(" counts")[0] for check in declared(stack)] == ["db: compose: tty"]


def test_what_stands_for_a_value_in_compose_is_put_in_first():
    def checks(**compose):
        service = Service("web", container=Container(compose=compose))
        stack = Stack("shop", "production", "docker", services=(service,), variables={"SIZE": "64m", "ODD": "lots"})
        return [check.text for check in declared(stack)]

    assert checks(shm_size="${SIZE}", dns=["${SIZE}"], cpu_shares="${PORT}") == []
    assert checks(shm_size="${ODD}") == ["web: compose: shm_size is not as Compose has it"]


def test_more_memory_than_there_is_and_no_limit_at_all_are_named():
    service = Service("web", replicas=2, container=Container(resources=Resources(memory=3 << 30)))
    store = Store("db", "postgres", container=Container(resources=Resources(memory=2 << 30)))
    made = Stack("shop", "test", "docker", (service,), stores=(store,))
    [found] = promised(made, 7 << 30)
    assert "together are 8.0G, and the machine has 7.0G" in found.text
    assert list(promised(made, 8 << 30)) == [] == list(promised(made, 0))
    [found] = promised(replace(made, stores=(replace(store, container=Container(resources=Resources(memory=0))),)), 0)
    assert found.text.endswith("takes the whole machine: db")


def test_a_store_does_not_run_as_root_unless_it_is_allowed():
    def of(container):
        stack = Stack("shop", "production", "docker", stores=(Store("box", "container", container=container),))
        return [check.text for check in declared(stack)]

    assert of(Container(image="x", user="root")) == ["store box: it is to run as root"]
    assert of(Container(image="x", user="root", security=Security(root=True))) == []


@pytest.mark.parametrize(
    ("store", "refused"),
    [
        (Store("box", "container", container=Container(image="x")), True),
        (Store("box", "container", container=Container(image="x", user="1000")), False),
        (Store("box", "container", container=Container(image="x", security=Security(root=True))), False),
        (Store("box", "container", preset="clamav"), False),
        (Store("box", "postgres"), False),
        (Store("box", "s3"), False),  # as Fairlead has it: the doctor names it
    ],
)
def test_an_image_of_a_store_that_runs_as_root_is_refused_where_nobody_said_how_it_runs(store, refused):
    require_users([store], ())
    if refused:
        with pytest.raises(Refused, match="store box: the image runs as root"):
            require_users([store], {"box"})
    else:
        require_users([store], {"box"})


def test_the_doctor_names_a_store_whose_image_runs_as_root(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_HOME", str(tmp_path))
    engine = SimpleNamespace(image=lambda name: ImageFacts(name, (), (), "amd64", "linux", "", (), 0))
    stack = Stack("shop", "local", "docker", stores=(Store("files", "s3"), Store("db", "postgres")))
    (check,) = rooted(engine, stack, Place.of("shop", "local"))
    assert check.result == "warning"
    assert "store files: its image runs as root" in check.text
