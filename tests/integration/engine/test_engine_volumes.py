"""What volumes without a name are called: each service has its own, and what was shared once stays shared."""

import pytest

from fairlead.engine.engine import Engine
from fairlead.engine.owner import Owner
from fairlead.engine.volumes import ensure_volumes, own_volumes
from fairlead.render.container import Mount

pytestmark = pytest.mark.real


def test_each_has_its_own_and_one_that_was_shared_stays(docker_engine, docker_project):
    engine, owner = Engine(), Owner("h", docker_project, "e")
    said = ("/data", "data:/other", "/srv/old")
    assert own_volumes(engine, owner, "web", said) == ("web.data:/data", "data:/other", "web.srv-old:/srv/old")
    names = [owner.name(one) for one in ("data", "srv-old", "web.data")]
    try:
        ensure_volumes(engine, owner, [Mount("volume", names[0], "/other"), Mount("volume", names[2], "/data")])
        engine.create_volume(names[1], owner.labels("volume"))  # as it was made before
        own = own_volumes(engine, owner, "web", said)
        assert own == ("web.data:/data", "data:/other", "/srv/old")
        engine.remove_volume(names[1])
        engine.create_volume(names[1], {})  # somebody else's
        assert own_volumes(engine, owner, "web", said)[2] == "web.srv-old:/srv/old"
    finally:
        for name in names:
            engine.remove_volume(name)
