"""Start, stop, restart, remove under a real supervisord; each of them twice, because a step may run twice."""

import os
import signal
import sys

import pytest
from instances import end_everything, one, ready, spec
from running import eventually, processes_with

from fairlead.operations.status import Copy
from fairlead.project.stack import Stop
from fairlead.runtimes.process.runtime import ProcessRuntime
from fairlead.system import processes
from fairlead.system.home import Place

pytestmark = pytest.mark.real
SHARED = True


def pids(runtime):
    return {one.id: one.pid for one in runtime.observe()}


def test_removing_twice_leaves_nothing(runtime, place):
    [id] = ready(runtime, spec())
    port = one(runtime, id).port
    assert port in runtime.ports.taken()
    runtime.stop([id])
    runtime.remove([id])
    runtime.remove([id])
    assert runtime.observe() == ()
    assert runtime.ports.taken() == {}
    assert runtime.supervisor.programs() == {}
    assert list(place.instances.iterdir()) == []
    assert list((place.supervisor / "programs").iterdir()) == []


def test_a_group_ends_together(runtime):
    [id] = ready(runtime, spec(env={"CHILDREN": "3"}))
    group = one(runtime, id).pid
    assert len(processes.group_members(group)) == 4
    runtime.stop([id])
    assert processes.group_members(group) == ()
    assert processes_with(f"INSTANCE={id}\n") & processes_with(str(runtime.place.root)) == set()


def test_who_ignores_sigterm_is_killed_after_the_grace_with_its_group(runtime):
    [id] = ready(runtime, spec(env={"CHILDREN": "2", "IGNORE_TERM": "1"}, stop=Stop(grace=1)))
    group = one(runtime, id).pid
    runtime.end([id])
    runtime.end([id])
    assert processes.look(group), "the signal alone must not end it"
    runtime.stop([id])
    assert processes.group_members(group) == ()
    assert one(runtime, id).phase == "stopped"


def test_a_leader_that_goes_leaves_no_stubborn_grandchild(runtime):
    """The leader obeys, a grandchild that ignores SIGTERM does not."""

    child = "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(3600)"
    leader = f"import subprocess,sys,time; subprocess.Popen([sys.executable,'-S','-c',{child!r}]); time.sleep(3600)"
    [id] = ready(runtime, spec("worker", argv=(sys.executable, "-S", "-c", leader), listens=False, stop=Stop(grace=2)))
    group = one(runtime, id).pid
    eventually(lambda: len(processes.group_members(group)) == 2)
    runtime.stop([id])
    assert processes.group_members(group) == ()


def test_grandchildren_of_a_leader_that_died_do_not_pile_up(runtime):
    """supervisord starts a dead leader again; what it had started itself must not stay behind at the end."""

    [id] = ready(runtime, spec(env={"CHILDREN": "1"}))
    first = one(runtime, id).pid
    eventually(lambda: runtime.supervisor.programs()[id].state == "RUNNING")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: one(runtime, id).starts == 2 and one(runtime, id).pid)
    runtime.await_ready([id], lambda _: None)
    runtime.stop([id])
    assert processes.group_members(first) == ()


def test_two_environments_side_by_side(runtime, place, tmp_path):

    other = ProcessRuntime(Place(place.root.with_name("other")))
    other.place.create()
    try:
        other.up()
        [id] = ready(runtime, spec())
        ready(other, spec())
        assert one(runtime, id).port != one(other, id).port
        before = pids(runtime)
        other.stop([id])
        other.remove([id])
        other.down(10)
        assert pids(runtime) == before
        assert set(runtime.ports.taken()) == {one(runtime, id).port}
    finally:
        end_everything(other)


def test_nothing_is_left_after_down(runtime, place):
    ids = ready(runtime, spec(index=1), spec(index=2, env={"CHILDREN": "2"}), spec("worker", program="talker.py"))
    assert processes_with(str(place.root))
    runtime.down(15)
    runtime.down(15)
    assert processes_with(str(place.root)) == set()
    assert not any(processes_with(f"INSTANCE={id}\n") & processes_with(str(place.root)) for id in ids)
    assert not place.socket().exists()
    assert set(runtime.ports.taken().values()) == {str(place.instances / id) for id in ids if "web" in id}, (
        "what is stopped keeps its port, so that it comes back as it was"
    )
    runtime.remove(ids)
    assert runtime.ports.taken() == {}
    assert list((place.supervisor / "programs").iterdir()) == []
    assert list(place.instances.iterdir()) == []


def test_what_was_taken_down_comes_back_as_it_was(runtime):
    [id] = ready(runtime, spec())
    port = one(runtime, id).port
    runtime.down(15)
    runtime.up()
    runtime.restart([id])
    runtime.await_ready([id], lambda _: None)
    assert one(runtime, id).port == port


def test_to_be_stopped_and_started_again_is_no_crash_loop(runtime):
    """An environment that is stopped each evening was said to be in one in each morning's first minute."""
    [id] = ready(runtime, spec())
    for _ in range(4):
        runtime.stop([id])
        runtime.restart([id])
        runtime.await_ready([id], lambda _: None)
    assert not Copy(one(runtime, id), 1.0).looping
    runtime.stop([id])
    ready(runtime, spec())
    assert not Copy(one(runtime, id), 1.0).looping
