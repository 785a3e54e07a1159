"""Jobs run under supervisord too, so that a killed deployer leaves nothing unknown behind."""

import os
import signal
import subprocess
import sys

import pytest
from instances import one, spec
from running import eventually

from fairlead.errors import FairleadError
from fairlead.system import processes

pytestmark = pytest.mark.real


def job(code, **more):
    return spec("seed", argv=(sys.executable, "-S", "-u", "-c", code), job=True, listens=False, **more)


def test_a_job_that_succeeds_runs_once(runtime, tmp_path):
    runtime.run_job(job(f"open({str(tmp_path / 'ran')!r}, 'a').write('x'); print('seeded')"), 30)
    eventually(lambda: one(runtime, "r1.seed.1").phase == "stopped")
    assert (tmp_path / "ran").read_text() == "x"
    assert runtime.log_tail("r1.seed.1", 3) == "seeded"
    assert one(runtime, "r1.seed.1").starts == 1


def test_a_job_may_run_again(runtime, tmp_path):
    twice = job(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')")
    runtime.run_job(twice, 30)
    runtime.run_job(twice, 30)
    assert (tmp_path / "ran").read_text() == "xx"


def test_a_job_that_takes_longer_than_a_second(runtime):
    runtime.run_job(job("import time; time.sleep(1.5); print('done')"), 30)
    assert runtime.log_tail("r1.seed.1", 1) == "done"


def test_a_job_that_fails_shows_the_end_of_its_log(runtime):
    code = "\nfor n in range(40): print('row', n)\nraise SystemExit(4)"
    with pytest.raises(FairleadError) as error:
        runtime.run_job(job(code), 30)
    assert error.value.message.startswith("job seed: ended with 4\n")
    assert "  row 39" in error.value.message
    assert "row 10\n" not in error.value.message
    assert str(runtime.place.instances / "r1.seed.1" / "log") in error.value.hint
    assert one(runtime, "r1.seed.1").starts == 1, "a job is not tried again behind our back"


def test_a_job_that_a_signal_ended_failed(runtime):
    with pytest.raises(FairleadError, match="job seed: ended with"):
        runtime.run_job(job("import os; os.kill(os.getpid(), 9)"), 30)


def test_a_job_that_takes_too_long_is_ended_with_its_group(runtime):
    code = "import subprocess, sys, time; subprocess.Popen(['sleep', '3600']); print('begun'); time.sleep(3600)"
    with pytest.raises(FairleadError, match="job seed: not finished within 1 s") as error:
        runtime.run_job(job(code), 1)
    assert "begun" in error.value.message
    mark = (runtime.place.instances / "r1.seed.1" / "starts").read_text()
    assert processes.group_members(int(mark.splitlines()[-1].split()[0])) == ()


def test_a_program_that_is_not_there(runtime):
    with pytest.raises(FairleadError, match="could not be started in /: No such file"):
        runtime.run_job(spec("seed", argv=("/no/such",), job=True, listens=False), 30)


def test_the_job_of_a_killed_deployer_is_found_and_ended(runtime):
    """The deployer is a process of its own, killed with SIGKILL while it waits for the job."""
    code = (
        "import sys; sys.path[:0] = sys.argv[2].split(':')\n"
        "from pathlib import Path; from instances import spec\n"
        "from fairlead.runtimes.process.runtime import ProcessRuntime; from fairlead.system.home import Place\n"
        "argv = (sys.executable, '-S', '-c', 'import time; time.sleep(3600)')\n"
        "ProcessRuntime(Place(Path(sys.argv[1]))).run_job(spec('seed', argv=argv, job=True, listens=False), 600)\n"
    )
    deployer = subprocess.Popen([sys.executable, "-c", code, str(runtime.place.root), ":".join(sys.path)])
    try:
        running = eventually(lambda: [one for one in runtime.observe() if one.job and one.living and one.pid])
        os.kill(deployer.pid, signal.SIGKILL)
        deployer.wait()
        [left] = runtime.observe()
        assert (left.pid, left.job, left.living) == (running[0].pid, True, True)
        runtime.stop([left.id])
        assert processes.look(left.pid) is None
        runtime.remove([left.id])
        assert runtime.observe() == ()
    finally:
        deployer.kill()
        deployer.wait()


def test_the_job_of_a_killed_deployer_can_be_waited_for_instead(runtime, tmp_path):
    """Started again with the same id while it still runs: it is awaited, not doubled."""
    slow = job(f"import time; time.sleep(1.5); open({str(tmp_path / 'ran')!r}, 'a').write('x')")
    runtime.start([slow])
    runtime.run_job(slow, 30)
    assert (tmp_path / "ran").read_text() == "x"
    assert one(runtime, slow.id).starts == 1
