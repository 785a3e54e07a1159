"""When an instance counts as ready, and what is said when it never does."""

import os
import signal
import socket
import sys
from dataclasses import replace

import pytest
from instances import QUICK, one, ready, spec
from running import eventually

from fairlead.project.stack import Health
from fairlead.runtimes.base import NotReady

pytestmark = pytest.mark.real


def not_ready(runtime, *specs):
    """The error of waiting for them."""
    runtime.start(specs)
    with pytest.raises(NotReady) as error:
        runtime.await_ready([one.id for one in specs], lambda _: None)
    return error.value


def test_every_one_is_told_and_verified(runtime):
    told = []
    specs = [spec(index=1), spec(index=2), spec("worker", program="talker.py")]
    runtime.start(specs)
    assert not any(one.verified for one in runtime.observe())
    runtime.await_ready([one.id for one in specs], told.append)
    assert sorted(told) == sorted(f"{one.id} is ready" for one in specs)
    assert all(one.verified for one in runtime.observe())


def test_a_tcp_connection_is_the_probe_when_no_path_is_given(runtime):
    [id] = ready(runtime, spec(health=replace(QUICK, ready=None)))
    assert one(runtime, id).verified


def test_the_deadline_says_what_was_answered_last(runtime):
    error = not_ready(runtime, spec(env={"STATUS": "503"}, health=replace(QUICK, deadline=1.5)))
    assert "r1.web.1: not ready within 1.5 s: answered 503" in error.message
    assert "listening" in error.message, "the end of its log is shown"
    assert str(runtime.place.instances / "r1.web.1" / "log") in error.hint


def test_nobody_listening_is_not_ready(runtime):
    error = not_ready(runtime, spec(program="talker.py", listens=True, health=replace(QUICK, deadline=1)))
    assert "connection refused" in error.message


def test_a_program_on_the_wrong_port_is_told_so(runtime, port):
    code = f"import socket, time; server = socket.create_server(('127.0.0.1', {port})); time.sleep(3600)"
    wrong = spec(argv=(sys.executable, "-S", "-c", code), listens=True, health=replace(QUICK, deadline=2))
    error = not_ready(runtime, wrong)
    assert f"it listens on {port}, not on ${{PORT}}={one(runtime, wrong.id).port}" in error.message


def test_a_crash_loop_is_seen_before_the_deadline(runtime):
    error = not_ready(runtime, spec(argv=(sys.executable, "-S", "-c", "print('no database'); raise SystemExit(3)")))
    assert "crash loop" in error.message
    assert "no database" in error.message


def test_a_program_that_is_not_there(runtime):
    error = not_ready(runtime, spec(argv=("/no/such/program",)))
    assert "/no/such/program could not be started in /: No such file or directory" in error.message


def test_successes_of_a_process_that_died_do_not_count_for_the_next(runtime):
    """It answers three times and dies; four in a row are asked for."""
    health = Health(ready="/health", timeout=2, interval=0.02, successes=4, deadline=20)
    error = not_ready(runtime, spec(env={"DIE_ON": "4"}, health=health))
    assert "crash loop" in error.message
    assert not one(runtime, "r1.web.1").verified


def test_a_process_that_restarts_once_is_ready_when_its_successor_is(runtime, tmp_path):
    flag = tmp_path / "died once"
    code = (
        "import os, sys, runpy\n"
        f"flag = {str(flag)!r}\n"
        "if not os.path.exists(flag):\n"
        "    open(flag, 'w').close()\n"
        "    os.environ['DIE_ON'] = '2'\n"
        "runpy.run_path(sys.argv[1])\n"
    )
    program = spec().argv[-1]
    [id] = ready(runtime, spec(argv=(sys.executable, "-S", "-u", "-c", code, program)))
    assert one(runtime, id).starts == 2
    assert one(runtime, id).verified


def test_a_port_answered_by_a_stranger_is_never_ready(runtime):
    """The instance lives but cannot bind: somebody else answers the probes, and must not get users."""
    code = "import os,time,sys; time.sleep(3600)"
    instance = spec(argv=(sys.executable, "-S", "-c", code), health=replace(QUICK, ready=None, deadline=2))
    runtime.start([instance])
    with socket.create_server(("127.0.0.1", one(runtime, instance.id).port)):
        with pytest.raises(NotReady, match="is answered by another program"):
            runtime.await_ready([instance.id], lambda _: None)
    assert not one(runtime, instance.id).verified


def test_a_listener_of_a_grandchild_is_the_instances_own(runtime):
    """As gunicorn's or uvicorn's workers are."""
    code = "import subprocess,sys; subprocess.run([sys.executable, '-S', sys.argv[1]])"
    [id] = ready(runtime, spec(argv=(sys.executable, "-S", "-c", code, spec().argv[-1])))
    assert one(runtime, id).verified


def test_a_worker_that_dies_at_once_is_not_ready(runtime):
    error = not_ready(runtime, spec("worker", argv=(sys.executable, "-S", "-c", "raise SystemExit(1)"), listens=False))
    assert "crash loop" in error.message


def test_one_bad_instance_fails_all_but_the_good_one_stays_known(runtime):
    good, bad = spec(index=1), spec(index=2, env={"STATUS": "500"}, health=replace(QUICK, deadline=2))
    error = not_ready(runtime, good, bad)
    assert error.message.startswith("r1.web.2: ")
    assert one(runtime, good.id).verified
    assert not one(runtime, bad.id).verified


def test_what_was_ready_before_it_died_is_not_verified_any_more(runtime):

    [id] = ready(runtime, spec())
    eventually(lambda: one(runtime, id).phase == "running")
    os.kill(one(runtime, id).pid, signal.SIGKILL)
    eventually(lambda: one(runtime, id).starts == 2)
    assert not one(runtime, id).verified
