"""A disk that fills up in the middle of a deployment on Docker: Fairlead's own, the engine's, one of both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.arena import Arena
from tests.crash.test_every_point import STRATEGIES, points_of, rotated
from tests.docker_engine import images, own_engine, unique

SIZE = "1200m"  #: the images of an edge and an application, and what they need to run


class FullArena(Arena):
    """One whose disk is filled at a point of a deployment. `filled`: a folder on that disk."""

    def __init__(self, folder, filled, home=None):
        super().__init__(folder, home, name=unique("full"), runtime="docker")
        self.filler = filled / "filler"
        self.environment |= {"FILL": str(filled)}

    elsewhere = False  #: in a network namespace which is not that of the deployers others have forked

    def run(self, *arguments, clock="0"):
        """In this thread's namespace."""
        if not self.elsewhere:
            return super().run(*arguments, clock=clock)
        argv = [sys.executable, Path(__file__).with_name("deployer.py"), arguments[0], self.folder, *arguments[1:]]
        done = subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.split("\n")[:-1], done.stderr

    def filled_at(self, strategy, point):
        """Deploy, have the disk full from the point on, and free it again. What the deployment said, when it failed."""
        before = self.live()
        self.write()
        code, points, said = self.run("deploy", strategy, f"fill:{point}")
        assert point in points, said
        assert "Traceback" not in said, said
        if code != 0:
            assert "space" in said, (point, said)
        live = self.live()
        assert (live == before) or code == 0 or "commit" in point or "prune" in point, (point, said)
        self.filler.unlink()
        assert self.run("recover")[0] == 0
        assert self.whole() == live, point
        return said if code else ""

    def next_goes_through(self, strategy):
        before = self.live()
        self.write()
        code, _, said = self.run("deploy", strategy)
        assert code == 0, said
        assert self.whole() != before


def filled(arena, strategy, points):
    with arena.traffic() as traffic:
        said = [arena.filled_at(strategy, point) for point in points]
        arena.next_goes_through(strategy)
        report = traffic.stop(wait=5)
    assert report.lost == 0, report.losses
    return [one for one in said if one]


def begun(arena):
    code, points, said = arena.run("deploy", "blue-green")
    assert code == 0, said
    return arena, points


@pytest.fixture
def fairleads(tmpfs, tmp_path, docker_engine):
    home = tmpfs(tmp_path / "home", "300m")
    arena = FullArena(tmp_path, home, home)
    try:
        yield begun(arena)
    finally:
        arena.filler.unlink(missing_ok=True)
        arena.close()
        docker_engine.remove(arena.name)


@pytest.mark.long(seconds=30)  # at a point of a deployment to processes it is full in every run: test_outside
def test_fairleads_own_disk(fairleads):
    arena, points = fairleads
    filled(arena, "blue-green", rotated(point for point in points if " 2:start" in point or " 3:ready" in point)[:1])


@pytest.fixture(params=["the engine's", "shared"])
def engines(request, tmpfs, tmp_path, docker_engine, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root may start an engine")  # CI is root
    disk = tmpfs(tmp_path / "disk", SIZE)
    with own_engine(images=[images()["app"], images()["traefik"]], data=disk / "docker") as engine, engine.inside():
        monkeypatch.setenv("DOCKER_HOST", engine.host)
        arena = FullArena(tmp_path, disk, disk / "home" if request.param == "shared" else None)
        arena.elsewhere = True
        try:
            yield begun(arena)
        finally:
            arena.filler.unlink(missing_ok=True)
            arena.close()


@pytest.mark.long(seconds=120, sampled=False)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_engines_disk(engines, strategy):
    arena, _ = engines
    points = [point for point in points_of(arena, strategy) if not point.startswith("done")]
    said = filled(arena, strategy, points[::4])
    print(f"{len(said)} failed", *said, sep="\n")
    assert said
