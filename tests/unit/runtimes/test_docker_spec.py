"""From an instance to its container."""

from dataclasses import replace

import pytest

from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError
from fairlead.project.stack import Container
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.docker.spec import Handed, asking, container_spec

SPEC = InstanceSpec("r1.web.1", "r1", "web", 1, (), "/", {}, values={"SIZE": "64m"}, image="sha256:1")
OWNER = Owner("h", "shop", "local")


def test_names_are_known_where_a_network_is_shared_and_lead_to_the_door_there():
    asks = {"api": ("backend",), "admin": ("own",), "both": ("own", "backend")}
    spec = replace(SPEC, container=Container(networks=("own", "backend", "database")), asks=asks)
    assert asking(spec) == {"api": "backend", "admin": "own", "both": "backend"}
    made = container_spec(spec, OWNER, Handed({}, doors={"backend": "10.0.0.1", "own": "10.1.0.1"}))
    assert {one.network: [name for _, name in one.links] for one in made.networks} == {
        "shop-local-own": ["admin", "both"], "shop-local-backend": ["api", "both"], "shop-local-database": [],
    }  # fmt: skip
    assert made.hosts == (("api", "10.0.0.1"), ("admin", "10.1.0.1"), ("both", "10.0.0.1"))


def test_a_network_without_room_has_names_by_the_engine_alone():
    spec = replace(SPEC, asks={"api": ("backend",)})
    made = container_spec(spec, OWNER, Handed({}, doors={"backend": ""}))
    assert (made.hosts, made.networks[0].links) == ((), (("shop-local-edge", "api"),))


def test_keys_for_compose_have_their_values_or_say_what_is_wrong():
    def more(size):
        spec = replace(SPEC, container=Container(compose={"shm_size": size}))
        return container_spec(spec, OWNER, Handed({})).more

    assert more("${SIZE}") == {"ShmSize": 64 << 20}
    with pytest.raises(FairleadError, match=r"^web: compose: shm_size is not as Compose has it$"):
        more("lots")
