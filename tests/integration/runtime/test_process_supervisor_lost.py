"""supervisord killed or deaf: what it started lives on, keeps serving and writing, is seen, ended and replaced."""

import os
import signal

import asking
import pytest
from instances import end_everything, one, ready, spec
from running import eventually, processes_with

from fairlead.project.stack import Stop
from fairlead.runtimes.process.runtime import ProcessRuntime
from fairlead.system import processes

pytestmark = pytest.mark.real


def kill_supervisor(runtime):
    process = runtime.supervisor.process()
    os.kill(process.pid, signal.SIGKILL)
    processes.wait_exit(process, 10)


def written(runtime, id):
    return (runtime.place.instances / id / "log").stat().st_size


def test_survivors_serve_and_write_on(runtime):
    web, worker = ready(runtime, spec(), spec("worker", program="talker.py"))
    before = {one.id: one.pid for one in runtime.observe()}
    kill_supervisor(runtime)
    assert {one.id: one.phase for one in runtime.observe()} == {web: "survivor", worker: "survivor"}
    assert {one.id: one.pid for one in runtime.observe()} == before
    assert all(one.living and one.verified for one in runtime.observe())
    assert asking.ask(one(runtime, web).port, "/health").body == str(before[web]).encode()
    size = written(runtime, worker)
    eventually(lambda: written(runtime, worker) > size)
    assert processes.look(before[worker]).alive()


def test_a_new_supervisor_starts_no_second_copy(runtime):
    [web] = ready(runtime, spec())
    before = one(runtime, web).pid
    kill_supervisor(runtime)
    runtime.up()
    runtime.start([spec()])
    runtime.restart([web])
    assert one(runtime, web).pid == before
    assert one(runtime, web).phase == "survivor"
    assert one(runtime, web).starts == 1


@pytest.mark.parametrize("new_supervisor", [False, True], ids=["none", "new"])
def test_survivors_are_ended_with_their_group_and_replaced(runtime, new_supervisor):
    [web] = ready(runtime, spec(env={"CHILDREN": "2"}))
    before = one(runtime, web)
    kill_supervisor(runtime)
    if new_supervisor:
        runtime.up()
    runtime.stop([web])
    runtime.stop([web])
    assert processes.group_members(before.pid) == ()
    assert one(runtime, web).phase == "stopped"
    runtime.restart([web])
    runtime.await_ready([web], lambda _: None)
    after = one(runtime, web)
    assert after.phase in ("starting", "running")
    assert (after.port, after.starts) == (before.port, 2)


def test_a_survivor_that_ignores_sigterm_is_killed(runtime):

    [web] = ready(runtime, spec(env={"IGNORE_TERM": "1", "CHILDREN": "1"}, stop=Stop(grace=1)))
    group = one(runtime, web).pid
    kill_supervisor(runtime)
    runtime.stop([web])
    assert processes.group_members(group) == ()


def test_a_survivor_is_replaced_by_one_beside_it(runtime):
    """As behind the edge: the new one is ready before the old one goes."""
    [old] = ready(runtime, spec())
    kill_supervisor(runtime)
    runtime.up()
    [new] = ready(runtime, spec(release="r2"))
    assert one(runtime, old).phase == "survivor"
    assert one(runtime, old).port != one(runtime, new).port
    runtime.stop([old])
    runtime.remove([old])
    assert [one.id for one in runtime.observe()] == [new]
    assert set(runtime.ports.taken()) == {one(runtime, new).port}


def test_down_ends_survivors_too(runtime, place):
    ready(runtime, spec(), spec("worker", program="talker.py"))
    pids = {one.pid for one in runtime.observe()}
    kill_supervisor(runtime)
    runtime.down(10)
    assert [pid for pid in pids if processes.look(pid)] == []
    assert processes_with(str(place.root)) == set()


def test_a_deaf_supervisor_is_replaced_and_its_programs_are_survivors(place):
    runtime = ProcessRuntime(place)
    runtime.supervisor._rpc.timeout = 2  # the real patience is longer; what happens then is the same
    try:
        runtime.up()
        [web] = ready(runtime, spec())
        deaf = runtime.supervisor.process()
        os.kill(deaf.pid, signal.SIGSTOP)
        assert runtime.supervisor.start() is True
        assert not deaf.alive()
        assert runtime.supervisor.process().pid != deaf.pid
        assert one(runtime, web).phase == "survivor"
        assert asking.ask(one(runtime, web).port, "/health").status == 200
        runtime.stop([web])
        assert one(runtime, web).phase == "stopped"
    finally:
        end_everything(runtime)


def test_starting_twice_keeps_the_one_that_answers(runtime):
    before = runtime.supervisor.process()
    assert runtime.supervisor.start() is False
    assert runtime.supervisor.process() == before


def test_a_stale_socket_and_pid_file_do_not_stop_a_start(runtime, place):
    kill_supervisor(runtime)
    assert place.socket().exists(), "SIGKILL leaves them"
    assert (place.supervisor / "supervisord.pid").exists()
    runtime.up()
    assert runtime.supervisor.alive()
