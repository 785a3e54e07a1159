"""From an instance to its container."""

from dataclasses import replace

import pytest

from fairlead.engine.owner import Owner
from fairlead.errors import FairleadError
from fairlead.project.stack import Container
from fairlead.runtimes.base import InstanceSpec
from fairlead.runtimes.docker.spec import Handed, container_spec, has_door

SPEC = InstanceSpec("r1.web.1", "r1", "web", 1, (), "/", {}, values={"SIZE": "64m"}, image="sha256:1")
OWN = Container(networks=("own",))


@pytest.mark.parametrize(
    ("spec", "there"),
    [
        (SPEC, True),
        (replace(SPEC, container=Container(networks=("frontend",))), True),
        (replace(SPEC, container=Container(networks=("database",))), False),
        (replace(SPEC, container=OWN), False),
        (replace(SPEC, container=OWN, port=80), True),
        (replace(SPEC, container=OWN, port=80, job=True), False),
    ],
)
def test_the_door_is_where_somebody_listens(spec, there):
    assert has_door(spec) is there


def test_keys_for_compose_have_their_values_or_say_what_is_wrong():
    def more(size):
        spec = replace(SPEC, container=Container(compose={"shm_size": size}))
        return container_spec(spec, Owner("h", "shop", "local"), Handed({})).more

    assert more("${SIZE}") == {"ShmSize": 64 << 20}
    with pytest.raises(FairleadError, match=r"^web: compose: shm_size is not as Compose has it$"):
        more("lots")
