"""SIGKILL of whoever rotates, for real, under traffic: nothing lost, and services, files and back end are of one mind.

All points of every kind are tried in memory (`test_rotation_fake`); here a sample of them, all with `-m long`.
"""

import sys

import pytest

from fairlead.operations.environment import existing
from fairlead.secrets.rotation.journal import open_rotations
from fairlead.system.clock import wait_until
from tests.crash.arena import APPS, Arena
from tests.crash.test_every_point import chosen
from tests.living import content, files_below

SECRETS = """\
secrets: {{KEY: {{generate: hex}}}}
secret_backend:
  kind: exec
  get: {python} {store} get {{name}}
  set: {python} {store} set {{name}}
"""

STORE = """\
import pathlib, sys
file = pathlib.Path(__file__).parent / sys.argv[2]
if sys.argv[1] == "set":
    file.write_text(sys.stdin.read())
elif file.exists():
    print(file.read_text(), end="")
"""


class SecretArena(Arena):
    """Its web reads a secret."""

    def write(self, **how):
        super().write(**how)
        (self.folder / "store").mkdir(exist_ok=True)
        (self.folder / "store" / "store.py").write_text(STORE)
        (self.folder / "app" / "reader.py").write_text((APPS / "reader.py").read_text())
        file = self.folder / "fairlead.yaml"
        text = file.read_text().replace("    routes:", "    secrets: [KEY]\n    routes:", 1)
        file.write_text(text + SECRETS.format(python=sys.executable, store=self.folder / "store" / "store.py"))

    def kept(self):
        """What the back end has."""
        return (self.folder / "store" / "KEY").read_text()

    def delivered(self):
        """What the files of the live release have."""
        place = self.place.secrets / self.live() / "web"
        return (place / "current" / "KEY").read_text()

    def at_rest(self):
        with existing(self.place) as environment:
            return not open_rotations(environment.ledger)


@pytest.fixture(scope="module")
def arena(tmp_path_factory):
    arena = SecretArena(tmp_path_factory.mktemp("rotation"))
    code, _, said = arena.run("deploy", "blue-green")
    assert code == 0, said
    yield arena
    arena.close()


def kill_and_recover(arena, point, number):
    """Die at the point, and let either the next command or the keeper finish."""
    before = arena.kept()
    code, points, said = arena.run("rotate", "KEY", point)
    assert code == -9, (point, said)
    assert points[-1] == point
    if number % 2:
        code, _, said = arena.run("recover")
        assert code == 0, said
    assert wait_until(arena.at_rest, 240, 0.2), point
    arena.whole()
    after = arena.kept()
    assert arena.delivered() == after, point
    if "done 2:publish" in point or any(f"{step}:" in point.rpartition(" ")[2] for step in (3, 4, 5)):
        assert "/" in point or after != before, point
    files = [path for path in files_below(arena.place.secrets) if path.name == "KEY"]
    assert {content(path).decode() for path in files} <= {after, before, ""}
    assert not list(arena.place.secrets.glob(".rotation/*.json"))


@pytest.mark.parametrize(
    "everything",
    [pytest.param(False, id="a sample"), pytest.param(True, id="all", marks=pytest.mark.long(sampled=False))],
)
def test_a_kill_while_rotating_loses_nothing(arena, everything):
    with arena.traffic() as traffic:
        code, points, said = arena.run("rotate", "KEY")
        assert code == 0, said
        assert len(points) == len(set(points)) > 20
        assert arena.delivered() == arena.kept()
        for number, point in enumerate(chosen(points, everything)):
            kill_and_recover(arena, point, number)
        report = traffic.stop()
    assert report.lost == 0, report.losses
