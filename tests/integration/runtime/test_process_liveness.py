"""A process that hangs is found by its liveness path and started again."""

import os
import signal
from dataclasses import replace

import pytest
from instances import QUICK, one, ready, spec
from running import eventually

from fairlead.server.liveness import FAILURES, Liveness
from fairlead.system.clock import wait_until

pytestmark = pytest.mark.real
SHARED = True

ASKED = replace(QUICK, live="/health", timeout=0.3)


def ask(runtime, times):
    """What a keeper says that asks so often."""
    said = []
    liveness = Liveness(runtime.place, said.append, every=0.0)
    for _ in range(times):
        liveness.check()
        assert wait_until(lambda: liveness.look() == 0, 60)
    return said


def test_one_that_hangs_is_killed_and_comes_back(runtime):
    patient = replace(ASKED, timeout=30)  # a busy machine must not make it one that hangs
    [hangs, well] = ready(runtime, spec(index=1, health=ASKED), spec(index=2, health=patient))
    before = one(runtime, hangs).pid
    os.kill(before, signal.SIGSTOP)
    assert ask(runtime, FAILURES - 1) == []
    [said] = ask(runtime, FAILURES)
    assert f"{hangs} does not live: GET /health: no answer within 0.3 s" in said
    eventually(lambda: one(runtime, hangs).living and one(runtime, hangs).pid != before)
    assert not one(runtime, hangs).verified, "it gets requests when it was asked whether it is ready"
    assert one(runtime, well).starts == 1
    runtime.recheck()
    eventually(lambda: runtime.recheck() or one(runtime, hangs).verified)


def test_one_without_a_liveness_path_is_not_asked(runtime):
    [id] = ready(runtime, spec())
    before = one(runtime, id).pid
    os.kill(before, signal.SIGSTOP)
    assert ask(runtime, FAILURES + 1) == []
    os.kill(before, signal.SIGCONT)
    assert one(runtime, id).pid == before
