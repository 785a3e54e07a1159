"""What every runtime does: start, stop, restart, remove; each of them twice, because a step may run twice."""

import socket

import asking
import pytest
from instances import one, ready
from rigs import RIGS, kill
from running import eventually

from fairlead.project.stack import Stop

pytestmark = pytest.mark.real


def pids(runtime):
    return {one.id: one.pid for one in runtime.observe()}


def test_each_step_may_be_done_twice(rig):
    [id] = ready(rig.runtime, rig.spec())
    before = pids(rig.runtime)
    rig.runtime.start([rig.spec()])
    rig.runtime.start([rig.spec()])
    rig.runtime.await_ready([id], lambda _: None)
    assert pids(rig.runtime) == before
    first = one(rig.runtime, id)
    assert first.starts == 1
    assert (first.phase, first.verified, first.living) in {("running", True, True), ("starting", True, True)}
    host, port = rig.address(id)
    assert asking.ask(port, host=host).status == 200
    rig.runtime.stop([id])
    rig.runtime.stop([id])
    stopped = one(rig.runtime, id)
    assert (stopped.phase, stopped.pid, stopped.verified) == ("stopped", None, False)
    rig.runtime.restart([id])
    rig.runtime.restart([id])
    rig.runtime.await_ready([id], lambda _: None)
    again = one(rig.runtime, id)
    assert (again.port, again.host) == (first.port, first.host)
    assert again.pid != first.pid
    assert again.verified
    assert again.starts == 2
    rig.runtime.stop([id])
    rig.runtime.remove([id])
    rig.runtime.remove([id])
    assert rig.runtime.observe() == ()
    assert rig.left() == []
    assert list(rig.runtime.place.instances.iterdir()) == []


def test_stopping_and_removing_what_never_was(rig):
    rig.runtime.stop(["r9.web.1"])
    rig.runtime.restart(["r9.web.1"])
    rig.runtime.end(["r9.web.1"])
    rig.runtime.remove(["r9.web.1"])
    assert rig.runtime.open_connections(["r9.web.1"]) == 0
    assert rig.runtime.log_tail("r9.web.1", 5) == ""
    assert rig.runtime.observe() == ()


def test_instances_added_later_and_another_environment_leave_the_running_ones_alone(rig, request, tmp_path):
    ready(rig.runtime, rig.spec(index=1), rig.spec(index=2))
    before = pids(rig.runtime)
    ready(rig.runtime, rig.spec(index=3), rig.spec("worker", program="talker.py"))
    after = pids(rig.runtime)
    assert {id: after[id] for id in before} == before
    for id in ("r1.web.3", "r1.worker.1"):
        rig.runtime.stop([id])
        rig.runtime.remove([id])
    assert pids(rig.runtime) == before
    assert all(one.starts == 1 for one in rig.runtime.observe())
    other = RIGS[request.node.callspec.params["rig"]](tmp_path / "other")
    try:
        other.runtime.up()
        [id] = ready(other.runtime, other.spec())
        assert id in before and pids(other.runtime)[id] != before[id]
        other.runtime.stop([id])
        other.runtime.remove([id])
        other.runtime.down(10)
        assert pids(rig.runtime) == before
    finally:
        other.end()


def test_an_instance_that_dies_is_started_again_and_must_prove_itself(rig):
    [id] = ready(rig.runtime, rig.spec())
    first = one(rig.runtime, id)
    eventually(lambda: one(rig.runtime, id).phase == "running")
    kill(rig, id)
    eventually(lambda: one(rig.runtime, id).starts == 2 and one(rig.runtime, id).pid)
    again = one(rig.runtime, id)
    assert again.pid != first.pid
    assert not again.verified
    assert again.port == first.port
    eventually(lambda: rig.runtime.recheck() or one(rig.runtime, id).verified)


def test_who_ignores_sigterm_is_killed_after_the_grace(rig):
    [id] = ready(rig.runtime, rig.spec(env={"IGNORE_TERM": "1"}, stop=Stop(grace=1)))
    rig.runtime.end([id])
    rig.runtime.end([id])
    assert one(rig.runtime, id).pid, "the signal alone must not end it"
    assert one(rig.runtime, id).phase == "stopping"
    rig.runtime.stop([id])
    assert one(rig.runtime, id).phase == "stopped"


def test_the_signal_is_the_one_that_was_declared(rig):
    code = "import signal, sys, time; signal.signal(signal.SIGUSR1, lambda *_: sys.exit(print('well', flush=True)))"
    code += "\nprint('up', flush=True)\nwhile True: time.sleep(1)"
    one_of = rig.code("worker", code, listens=False, stop=Stop(signal="SIGUSR1", grace=10))
    [id] = ready(rig.runtime, one_of)
    eventually(lambda: "up" in rig.runtime.log_tail(id, 5))
    rig.runtime.stop([id])
    assert rig.runtime.log_tail(id, 1) == "well"


def test_nothing_runs_after_down_and_what_was_there_comes_back(rig):
    ids = ready(rig.runtime, rig.spec(index=1), rig.spec("worker", program="talker.py"))
    before = {one.id: one.port for one in rig.runtime.observe()}
    rig.runtime.down(15)
    rig.runtime.down(15)
    assert [one.phase for one in rig.runtime.observe()] == ["stopped", "stopped"]
    rig.runtime.up()
    rig.runtime.restart(ids)
    rig.runtime.await_ready(ids, lambda _: None)
    assert {one.id: one.port for one in rig.runtime.observe()} == before, "its network may be another one"


def test_what_runs_is_looked_at_and_asked_and_told_to_end(rig):
    """What was never thawed, is gone or was never frozen is no error: all of it goes on."""
    spec = rig.spec(env={"CHILDREN": "1", "TOLD": "a word"}, stop=Stop(grace=5))
    [id] = ready(rig.runtime, spec)
    as_declared(rig, spec)
    where_it_is(rig, id)
    its_connections(rig, id)
    asked_and_frozen(rig, id)
    rig.runtime.end([id])
    eventually(lambda: one(rig.runtime, id).phase == "stopped")


def as_declared(rig, spec):
    """Nothing has drifted; what has would be told."""
    assert rig.runtime.deviations([spec]) == ()
    [found] = rig.runtime.deviations([spec, rig.spec(index=2)])
    assert (found.where, found.what) == ("r1.web.2", "missing")
    [found] = rig.runtime.deviations([])
    assert (found.where, found.what) == ("r1.web.1", "extra")
    assert "environment" in {one.what for one in rig.runtime.deviations([rig.spec(env={"MORE": "1"})])}


def where_it_is(rig, id):
    """What it runs and where it listens."""
    running = rig.runtime.processes_of(id)
    assert one(rig.runtime, id).pid in running and len(running) >= 2
    assert one(rig.runtime, id).port in {each.port for each in rig.runtime.listening() if each.id == id}


def its_connections(rig, id):
    """Seen until they end."""
    eventually(lambda: rig.runtime.open_connections([id]) == 0)
    host, port = rig.address(id)
    with asking.opened(host, port):
        eventually(lambda: rig.runtime.open_connections([id]) == 1)
        assert rig.runtime.open_connections(["r1.web.2"]) == 0
    eventually(lambda: rig.runtime.open_connections([id]) == 0)


def asked_and_frozen(rig, id):
    """It stands still for a while, and answers nobody then."""
    answered = rig.runtime.ask(id, ["sh", "-c", "echo $TOLD; exit 3"], 60)
    assert (answered.code, answered.output, answered.ended) == (3, "a word\n", True)
    assert not rig.runtime.ask(id, ["sleep", "5"], 0.05).ended
    host, port = rig.address(id)
    rig.runtime.freeze([id])
    with pytest.raises(OSError, match="timed out"), socket.create_connection((host, port), timeout=0.5) as link:
        link.sendall(b"GET / HTTP/1.0\r\n\r\n")
        link.recv(1)
    assert one(rig.runtime, id).living
    rig.runtime.thaw([id])
    rig.runtime.thaw([id])
    with socket.create_connection((host, port), timeout=60) as link:
        link.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert link.recv(1)
