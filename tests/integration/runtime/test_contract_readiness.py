"""When an instance counts as ready, on every runtime, and what is said when it never does."""

from dataclasses import replace
from pathlib import Path

import pytest
from instances import QUICK, one, ready
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
    """Without a path a TCP connection is the probe."""
    told, by_connection = [], replace(QUICK, ready=None)
    specs = [rig.spec(index=1), rig.spec(index=2, health=by_connection), rig.spec("worker", program="talker.py")]
    rig.runtime.start(specs)
    assert not any(one.verified for one in rig.runtime.observe())
    rig.runtime.await_ready([one.id for one in specs], told.append)
    assert sorted(told) == sorted(f"{one.id} is ready" for one in specs)
    assert all(one.verified for one in rig.runtime.observe())


def test_one_bad_instance_fails_all_but_the_good_one_stays_known(rig):
    """The deadline says what the bad one answered last."""
    good = rig.spec(index=1)
    bad = rig.spec(index=2, env={"STATUS": "503"}, health=replace(QUICK, deadline=6, interval=0.2))
    ready(rig.runtime, good)
    error = not_ready(rig, good, bad, listening=2)
    assert error.message.startswith("r1.web.2: not ready within 6 s: answered 503")
    assert "listening" in error.message, "the end of its log is shown"
    assert one(rig.runtime, good.id).verified
    assert not one(rig.runtime, bad.id).verified
    rig.clear()  # as the way back does
    assert "listening" in Path(error.hint.removeprefix("more of its log: ")).read_text()


def test_nobody_listening_is_not_ready(rig):
    error = not_ready(rig, rig.spec(program="talker.py", listens=True, health=replace(QUICK, deadline=1)))
    assert "connection refused" in error.message


def test_a_program_on_the_wrong_port_is_told_so(rig, port):
    code = f"import socket, time; server = socket.create_server(('', {port})); time.sleep(3600)"
    error = not_ready(rig, rig.code("web", code, listens=True, health=replace(QUICK, deadline=1)), listening=1)
    assert f"it listens on {port}, not on " in error.message


@pytest.mark.parametrize("rig", ["process", pytest.param("docker", marks=pytest.mark.long)], indirect=True)
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
    ends = ("sh", "-c", "echo no queue; exit 3")
    error = not_ready(rig, rig.spec("worker", argv=ends, listens=False, health=alive))
    assert "crash loop" in error.message
    assert "no queue" in error.message
