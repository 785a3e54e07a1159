"""Specs of small programs, and the everyday steps with them."""

import contextlib
import os
import signal
import sys
from pathlib import Path

from running import processes_with

from fairlead.project.stack import Health, Stop
from fairlead.runtimes.base import InstanceSpec
from fairlead.system import processes

PROGRAMS = Path(__file__).with_name("programs")
QUICK = Health(ready="/health", timeout=20, interval=0.02, successes=2, deadline=120)


def spec(name="web", index=1, program="web.py", release="r1", job=False, listens=None, **more):
    """An instance of one of the programs beside this file; `env=` and any other field of InstanceSpec as given."""
    id = f"{release}.{name}.{index}"
    argv = more.pop("argv", (sys.executable, "-S", "-u", str(PROGRAMS / program)))
    env = {"INSTANCE": id, **more.pop("env", {})}
    listens = program == "web.py" and not job if listens is None else listens
    more = {"health": QUICK, "stop": Stop(grace=10), "cwd": "/", **more}
    return InstanceSpec(id, release, name, index, argv, env=env, listens=listens, job=job, **more)


def ready(runtime, *specs):
    """Start them and wait until they are ready; their ids."""
    runtime.start(specs)
    ids = [one.id for one in specs]
    runtime.await_ready(ids, lambda _: None)
    return ids


def one(runtime, id):
    """The instance of that id."""
    return next(one for one in runtime.observe() if one.id == id)


def end_everything(runtime):
    """Whatever a test left: nothing of this place may outlive it."""
    with contextlib.suppress(OSError):
        runtime.down(10)
    runtime.place.socket().unlink(missing_ok=True)  # a supervisord that was killed leaves it
    for pid in processes_with(str(runtime.place.root)):
        processes.signal_group(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
