"""The power is gone under an environment in containers, and the machine starts anew: an engine of our own."""

import os
import subprocess

import pytest

from fairlead.system.clock import wait_until
from tests.booting import boot, end_all
from tests.crash.test_engine_restart import Site
from tests.docker_engine import images, own_engine

pytestmark = [pytest.mark.real, pytest.mark.long(seconds=60)]


@pytest.fixture
def site(docker_engine):
    if os.geteuid() != 0:
        pytest.skip("only root may start an engine")  # CI is root
    with own_engine("--userland-proxy=false", images=[images()["app"], images()["traefik"]]) as engine:
        made = Site(engine)
        try:
            made.run("deploy")
            yield made
        finally:
            made.close()


def test_what_the_machine_runs_when_it_starts_brings_it_back(site):
    with site.engine.inside():
        argv = ["fairlead", "startup", "show", "--unit"]
        unit = subprocess.run(argv, env=site.env, capture_output=True, text=True, check=True).stdout
    site.engine.lose_power()
    end_all(site.folder / "home")
    site.engine.start()
    # Of five boots the engine left Traefik down in one: it was started before the door whose network it is in.
    site.engine("kill", f"{site.name}-local-edge-traefik", check=False)
    with site.engine.inside():
        done = boot(unit)
    assert done.returncode == 0 and f"✓ {site.name}/local" in done.stdout, done
    assert site.version_served() == "1"
    with site.engine.inside():
        assert "its keeper runs" in boot(unit).stdout
    site.engine("kill", f"{site.name}-local-edge")  # which the keeper brings back
    assert wait_until(lambda: site.version_served() == "1", 120)
    site.run("deploy")
    assert site.version_served() == "2"
