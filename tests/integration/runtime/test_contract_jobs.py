"""Jobs, on every runtime: they run once, to their end, and tell how it was."""

import pytest
from instances import one
from running import eventually

from fairlead.errors import FairleadError

pytestmark = pytest.mark.real


def job(rig, code, **more):
    return rig.code("seed", code, job=True, listens=False, **more)


def test_a_job_that_succeeds_runs_once_and_may_run_again(rig):
    seed = job(rig, "print('seeded')")
    rig.runtime.run_job(seed, 30)
    eventually(lambda: one(rig.runtime, "r1.seed.1").phase == "stopped")
    assert rig.runtime.log_tail("r1.seed.1", 3) == "seeded"
    assert one(rig.runtime, "r1.seed.1").starts == 1
    assert one(rig.runtime, "r1.seed.1").job
    assert rig.runtime.deviations([]) == ()
    rig.runtime.run_job(seed, 30)
    assert rig.runtime.log_tail("r1.seed.1", 5) == "seeded\nseeded"


def test_a_job_that_fails_shows_the_end_of_its_log(rig):
    code = "\nfor n in range(40): print('row', n)\nraise SystemExit(4)"
    with pytest.raises(FairleadError) as error:
        rig.runtime.run_job(job(rig, code), 30)
    assert error.value.message.startswith("job seed: ended with 4\n")
    assert "  row 39" in error.value.message
    assert "row 10\n" not in error.value.message
    assert "log" in error.value.hint
    assert one(rig.runtime, "r1.seed.1").starts == 1, "a job is not tried again behind our back"


def test_a_job_that_a_signal_ended_failed(rig):
    with pytest.raises(FairleadError, match="job seed: ended with"):
        rig.runtime.run_job(job(rig, "import os; os.kill(os.getpid(), 9)"), 30)


def test_a_job_that_takes_too_long_is_ended(rig):
    code = "import time; print('begun', flush=True); time.sleep(3600)"
    with pytest.raises(FairleadError, match="job seed: not finished within 1 s") as error:
        rig.runtime.run_job(job(rig, code), 1)
    assert "begun" in error.value.message
    assert one(rig.runtime, "r1.seed.1").phase == "stopped"


def test_a_program_that_is_not_there(rig):
    with pytest.raises(FairleadError) as error:
        rig.runtime.run_job(rig.spec("seed", argv=("/no/such",), job=True, listens=False), 30)
    assert rig.refusal("/no/such") in error.value.message


def test_the_job_of_a_killed_deployer_can_be_waited_for(rig):
    """Started again with the same id while it still runs: it is awaited, not doubled."""
    slow = job(rig, "import time; time.sleep(1.5); print('done')")
    rig.runtime.start([slow])
    assert [(each.where, each.what) for each in rig.runtime.deviations([])] == [(slow.id, "extra")]
    rig.runtime.run_job(slow, 30)
    assert rig.runtime.log_tail(slow.id, 1) == "done"
    assert one(rig.runtime, slow.id).starts == 1
