"""When an instance counts as ready, on every runtime, and what is said when it never does."""

from dataclasses import replace

import pytest
from instances import QUICK, one, ready
from rigs import kill
from running import eventually

from fairlead.project.stack import Health
from fairlead.runtimes.base import NotReady

pytestmark = pytest.mark.real


def not_ready(rig, *specs, listening=0):
    """The error of waiting for them, which begins when so many of them listen."""
    rig.runtime.start(specs)
    ids = {one.id for one in specs}
    eventually(lambda: len({each.id for each in rig.runtime.listening()} & ids) >= listening)
    with pytest.raises(NotReady) as error:
        rig.runtime.await_ready([one.id for one in specs], lambda _: None)
    return error.value


def test_every_one_is_told_and_verified(rig):
    told = []
    specs = [rig.spec(index=1), rig.spec(index=2), rig.spec("worker", program="talker.py")]
    rig.runtime.start(specs)
    assert not any(one.verified for one in rig.runtime.observe())
    rig.runtime.await_ready([one.id for one in specs], told.append)
    assert sorted(told) == sorted(f"{one.id} is ready" for one in specs)
    assert all(one.verified for one in rig.runtime.observe())


def test_a_tcp_connection_is_the_probe_when_no_path_is_given(rig):
    [id] = ready(rig.runtime, rig.spec(health=replace(QUICK, ready=None)))
    assert one(rig.runtime, id).verified


def test_the_deadline_says_what_was_answered_last(rig):
    error = not_ready(rig, rig.spec(env={"STATUS": "503"}, health=replace(QUICK, deadline=6)), listening=1)
    assert "r1.web.1: not ready within 6 s: answered 503" in error.message
    assert "listening" in error.message, "the end of its log is shown"
    assert "log" in error.hint


def test_nobody_listening_is_not_ready(rig):
    error = not_ready(rig, rig.spec(program="talker.py", listens=True, health=replace(QUICK, deadline=1)))
    assert "connection refused" in error.message


def test_a_program_on_the_wrong_port_is_told_so(rig, port):
    code = f"import socket, time; server = socket.create_server(('', {port})); time.sleep(3600)"
    error = not_ready(rig, rig.code("web", code, listens=True, health=replace(QUICK, deadline=1)), listening=1)
    assert f"it listens on {port}, not on " in error.message


def test_a_crash_loop_is_seen_before_the_deadline(rig):
    error = not_ready(rig, rig.code("web", "print('no database'); raise SystemExit(3)"))
    assert "crash loop" in error.message
    assert "no database" in error.message


def test_a_program_that_is_not_there(rig):
    error = not_ready(rig, rig.spec(argv=("/no/such/program",)))
    assert rig.refusal("/no/such/program") in error.message


def test_successes_of_a_start_that_died_do_not_count_for_the_next(rig):
    """It answers three times and dies; four in a row are asked for."""
    health = Health(ready="/health", timeout=20, interval=0.02, successes=4, deadline=120)
    error = not_ready(rig, rig.spec(env={"DIE_ON": "4"}, health=health))
    assert "crash loop" in error.message
    assert not one(rig.runtime, "r1.web.1").verified


def test_a_worker_that_dies_at_once_is_not_ready(rig):
    alive = replace(QUICK, interval=0.5)  # who lives so long twice is ready: on a busy machine a start takes longer
    error = not_ready(rig, rig.spec("worker", argv=("/bin/false",), listens=False, health=alive))
    assert "crash loop" in error.message


def test_one_bad_instance_fails_all_but_the_good_one_stays_known(rig):
    good, bad = rig.spec(index=1), rig.spec(index=2, env={"STATUS": "500"}, health=replace(QUICK, deadline=2))
    ready(rig.runtime, good)
    error = not_ready(rig, good, bad)
    assert error.message.startswith("r1.web.2: ")
    assert one(rig.runtime, good.id).verified
    assert not one(rig.runtime, bad.id).verified


def test_what_was_ready_before_it_died_is_not_verified_any_more(rig):
    [id] = ready(rig.runtime, rig.spec())
    eventually(lambda: one(rig.runtime, id).phase == "running")
    kill(rig, id)
    eventually(lambda: one(rig.runtime, id).starts == 2)
    assert not one(rig.runtime, id).verified
