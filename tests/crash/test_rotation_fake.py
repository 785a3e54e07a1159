"""Killed at any point of a rotation, or of its recovery: every invariant holds, and one value is in use in the end.

The points come from a run that is not killed, never from a list.
"""

import contextlib
import shutil
import tempfile
import time
import zlib
from pathlib import Path

import pytest

from fairlead.errors import FairleadError, RolloutFailed
from fairlead.runtimes.fake import Behaviour
from tests.crash.fake_rotations import SHORT, Killed, RotationWorld, killed_at, rotation
from tests.crash.fake_worlds import memory

KINDS = [(kind, reload) for kind in ("plain", "jwt", "redis", "postgres") for reload in ("restart", "read")]
SAMPLE = 30  #: one of so many points in the normal run


@pytest.fixture(scope="module")
def deployed():
    """`deployed(spec)`: a world to copy, in which the secret was only deployed. Half of a rotation's cost is that."""
    folder = Path(tempfile.mkdtemp(dir=memory()))
    worlds = {}

    def deployed(spec):
        name = f"{spec.rotate.kind}-{spec.rotate.reload}"
        if name not in worlds:
            worlds[name] = RotationWorld(folder / name, spec)
        return worlds[name]

    yield deployed
    shutil.rmtree(folder)


@pytest.fixture
def fresh(deployed):
    """`fresh(spec)`: a world of its own."""
    folder = Path(tempfile.mkdtemp(dir=memory()))
    count = iter(range(10_000))
    yield lambda spec: RotationWorld(folder / str(next(count)), spec, like=deployed(spec))
    shutil.rmtree(folder)


POINTS = {}  #: what `points_of` has seen, by kind and way to reload


def points_of(fresh, spec):
    """Every point of a rotation that nobody disturbs."""
    known = spec.rotate.kind, spec.rotate.reload
    POINTS[known] = POINTS.get(known) or undisturbed(fresh, spec)
    return POINTS[known]


def undisturbed(fresh, spec):
    world = fresh(spec)
    world.points.clear()
    world.rotate()
    world.settle()
    assert world.check() == "new"
    assert len(world.points) > 15
    return world.points


def forever(act):
    while True:
        act()
        time.sleep(SHORT / 4)


@pytest.mark.parametrize(("kind", "reload"), KINDS)
def test_a_rotation_that_is_left_alone(fresh, kind, reload):
    points_of(fresh, rotation(kind, reload))


def kill_and_recover(fresh, spec, point, again=None):
    """Die at a point, perhaps die at a point of the recovery too, and let the next one finish."""
    world = fresh(spec)
    world.points.clear()
    with pytest.raises(Killed):
        world.rotate(killed_at(point))
        forever(lambda: world.recover(killed_at(point - len(world.points))))
    name = world.points[-1]
    if again is not None:
        world.points.clear()
        with contextlib.suppress(Killed):
            world.recover(killed_at(again))
    world.settle()
    return name, world


def published(points, point):
    """Whether services had the new value for good."""
    ends = [place for place, name in enumerate(points) if name.endswith(":publish") and " done " in name]
    return point >= ends[0]


@pytest.mark.parametrize(("kind", "reload"), KINDS)
@pytest.mark.parametrize("everything", [False, pytest.param(True, marks=pytest.mark.long(sampled=False))])
def test_killed_at_any_point(fresh, kind, reload, everything):
    spec = rotation(kind, reload)
    points = points_of(fresh, spec)
    for point in chosen(points, everything):
        name, world = kill_and_recover(fresh, spec, point)
        used = world.check()
        if published(points, point):
            assert used == "new", name


@pytest.mark.parametrize(("kind", "reload"), KINDS)
@pytest.mark.long(sampled=False)
def test_killed_again_while_recovering(fresh, kind, reload):
    spec = rotation(kind, reload)
    for point in range(0, len(points_of(fresh, spec)), 3):
        for again in (0, 2, 5, 9):
            _, world = kill_and_recover(fresh, spec, point, again)
            world.check()


def chosen(points, everything):
    return [place for place, name in enumerate(points) if everything or zlib.crc32(name.encode()) % SAMPLE == 0]


@pytest.mark.parametrize(("kind", "reload"), KINDS)
def test_a_back_end_that_becomes_read_only_is_undone(fresh, kind, reload):
    world = fresh(rotation(kind, reload))
    world.backend.read_only = True
    with contextlib.suppress(RolloutFailed):  # where a time has to pass first, whoever goes on undoes it
        world.rotate()
    world.settle()
    assert world.check() == "old"


@pytest.mark.parametrize("kind", ["plain", "jwt", "redis", "postgres"])
def test_services_that_are_not_well_with_the_new_value_keep_the_old_one(fresh, kind):
    world = fresh(rotation(kind))

    def spoil(point):
        if point.endswith(":publish") and " begun " in point:
            world.machine.runtime.behaviours["web"] = Behaviour(ready=False)
        if "undo" in point:
            world.machine.runtime.behaviours.pop("web", None)

    with contextlib.suppress(RolloutFailed):
        world.rotate(spoil)
    while not world.recover(spoil):
        time.sleep(SHORT / 4)
    assert world.check() == "old"


def filling(folder, step):
    """A checkpoint that takes every byte of the disk when that step begins."""

    def checkpoint(name):
        if name.endswith(f"begun {step}") and "/" not in name and "undo" not in name:
            with contextlib.suppress(OSError), open(folder / "filler", "ab", buffering=0) as file:
                while file.write(b"0" * 4096):
                    pass

    return checkpoint


@pytest.mark.parametrize("step", ["1:stage", "2:announce", "4:publish", "6:spread", "8:withdraw"])
def test_a_disk_that_fills_up_leaves_nothing_half_written(tmpfs, tmp_path, step):
    disk = tmpfs(tmp_path / "disk", "4m")
    world = RotationWorld(disk / "world", rotation("jwt", "read"))
    with contextlib.suppress(FairleadError):
        world.rotate(filling(disk, step))
        while not world.recover(filling(disk, step)):
            time.sleep(SHORT / 4)
    (disk / "filler").unlink()
    world.settle()
    assert world.check() == ("old" if step in ("1:stage", "2:announce", "4:publish") else "new")


def test_an_emergency_waits_for_nobody(fresh):
    world = fresh(rotation("redis"))
    world.server.connections = {world.old.reveal(): 3}
    assert world.rotate(hurry=True) == 0
    assert world.server.connections == {}
    assert world.check() == "new"


def test_connections_that_stay_are_told_of_and_not_cut(fresh):
    world = fresh(rotation("redis"))
    world.server.connections = {world.old.reveal(): 3}
    world.rotate()
    world.settle()
    assert world.server.connections == {world.old.reveal(): 3}
    assert world.check() == "new"
    environment = world.machine.opened()
    [note] = environment.ledger.last("secret.closed").data["notes"]
    environment.ledger.close()
    assert note.startswith("3 connections made with the old KEY are still open")


def test_a_server_that_does_not_answer_is_tried_again(fresh):
    world = fresh(rotation("redis"))

    def pull(point):
        if " before " in point and point.endswith(":refuse"):
            world.server.down = True

    world.rotate(pull)
    with pytest.raises(FairleadError, match="does not answer"):
        forever(lambda: world.recover(pull))
    world.server.down = False
    world.settle()
    assert world.check() == "new"
