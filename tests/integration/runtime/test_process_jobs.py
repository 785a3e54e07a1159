"""Jobs run under supervisord too, so that a killed deployer leaves nothing unknown behind."""

import os
import signal
import subprocess
import sys

import pytest
from instances import spec
from running import eventually

from fairlead.errors import FairleadError
from fairlead.system import processes

pytestmark = pytest.mark.real
SHARED = True


def job(code, **more):
    return spec("seed", argv=(sys.executable, "-S", "-u", "-c", code), job=True, listens=False, **more)


def test_a_job_that_takes_too_long_is_ended_with_its_group(runtime):
    code = "import subprocess, sys, time; subprocess.Popen(['sleep', '3600']); print('begun'); time.sleep(3600)"
    with pytest.raises(FairleadError, match="job seed: not finished within 1 s") as error:
        runtime.run_job(job(code), 1)
    assert "begun" in error.value.message
    mark = (runtime.place.instances / "r1.seed.1" / "starts").read_text()
    assert processes.group_members(int(mark.splitlines()[-1].split()[0])) == ()


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
