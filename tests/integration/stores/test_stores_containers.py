"""What only a store in a container has: volumes without a name, networks joined one by one, commands that hang."""

from dataclasses import replace

import pytest
from store_rig import DockerRig
from tests.docker_engine import images

from fairlead.engine.failures import EngineError
from fairlead.engine.networks import ensure_named, remove_networks
from fairlead.operations.stores.ensure import revive
from fairlead.project.stack import Container, Health, Resources, Store
from fairlead.render.networks import store_networks
from fairlead.stores.awaiting import NotWell

pytestmark = pytest.mark.real

KEPT = Store("kept", "container", command="sleep 1000", container=Container(user="redis", networks=("backend", "more")))
"""Its image says that /data is kept, and the file names no volume for it."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLEAD_HOME", str(tmp_path_factory.mktemp("home")))
        made = DockerRig.make()
    yield made
    unnamed = mounted(made, "kept") | mounted(made, "stuck")
    made.close()
    for volume in unnamed:
        made.engine.remove_volume(volume)


@pytest.fixture
def kept(rig):
    """A store with something in it."""
    store = replace(KEPT, container=replace(KEPT.container, image=images()["redis"]))
    rig.have(store, {})
    rig.inside("kept", ["sh", "-c", "echo precious > /data/x"], {})
    return store


def facts(rig, name="kept"):
    return rig.engine.container(rig.stores.owner.name(name))


def mounted(rig, name):
    """The volumes of a store, none where it was never made."""
    found = facts(rig, name)
    return {one["Name"] for one in (found.raw["Mounts"] if found else ()) if one["Type"] == "volume"}


def read_back(rig):
    return rig.inside("kept", ["cat", "/data/x"], {})


def test_what_an_image_keeps_outlives_whatever_has_the_store_made_anew(rig, kept):
    before = facts(rig).id
    rig.stores.stop(["kept"])
    remove_networks(rig.engine, rig.stores.owner)  # as when the environment is stopped
    revive("docker", rig.place, lambda *_: None)
    assert facts(rig).id != before and read_back(rig) == "precious"
    less = replace(kept, container=replace(kept.container, resources=Resources(memory=64 << 20)))
    rig.have(less, {})
    assert facts(rig).raw["HostConfig"]["Memory"] == 64 << 20 and read_back(rig) == "precious"
    rig.engine.remove(facts(rig).id, volumes=False)  # as `docker rm` does it
    rig.stores.start(["kept"])
    assert read_back(rig) == "precious" and rig.stores.differences("kept") == ()


def test_one_whose_maker_was_killed_before_it_was_in_all_its_networks_is_made_again(rig, kept):
    rig.stores.stop(["kept"])
    rig.engine.remove(facts(rig).id, volumes=False)
    ensure_named(rig.engine, rig.stores.owner, store_networks(kept))
    spec = rig.stores._spec(kept, rig.engine.image(images()["redis"]).id, {})
    rig.engine.create(replace(spec, networks=spec.networks[:1]))
    empty = mounted(rig, "kept")
    rig.stores.start(["kept"])
    for volume in empty:
        rig.engine.remove_volume(volume)
    assert rig.stores.differences("kept") == () and read_back(rig) == "precious"


def test_one_that_cannot_be_started_keeps_no_other_from_it(rig, kept, tmp_path):
    (folder := tmp_path / "gone").mkdir()
    away = replace(kept, name="away", container=replace(kept.container, volumes=(f"{folder}:/mnt",)))
    rig.have(away, {})
    rig.stores.stop(["away", "kept"])
    folder.rmdir()
    with pytest.raises(EngineError, match="start container"):
        rig.stores.start(["away", "kept"])
    assert {one.name: one.living for one in rig.stores.observe()} == {"away": False, "kept": True}
    unnamed = mounted(rig, "away")
    rig.stores.remove("away")
    for volume in unnamed:
        rig.engine.remove_volume(volume)


def test_one_that_hangs_where_it_is_asked_is_not_well(rig):
    stuck = replace(KEPT, name="stuck", health=Health(command="sleep 2", timeout=0.1, deadline=0.2))
    with pytest.raises(NotWell, match=r"sleep did not end within 0\.1 s"):
        rig.have(replace(stuck, container=replace(stuck.container, image=images()["redis"])), {})
