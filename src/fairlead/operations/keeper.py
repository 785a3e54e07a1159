"""The keeper's program: `fairlead serve` under the environment's supervisord."""

from __future__ import annotations

import os
import sys

from fairlead.render.supervisord import Program
from fairlead.supervisor.supervisor import Supervisor, base_environment, launched
from fairlead.system.files import write_json
from fairlead.system.home import Place

PROGRAM = "keeper"


def have_keeper(place: Place) -> None:
    """Have it running. The caller made sure that supervisord does."""
    supervisor = Supervisor(place)
    state = supervisor.programs().get(PROGRAM)
    if state and state.state in ("RUNNING", "STARTING"):
        return
    folder = place.root / "keeper"
    folder.mkdir(mode=0o700, exist_ok=True)
    spec = {
        "argv": [sys.executable, "-I", "-m", "fairlead", "serve", "--project", place.project, place.environment],
        "cwd": "/", "log": str(folder / "log"), "starts": str(folder / "starts"),
        "env": base_environment() | {"FAIRLEAD_HOME": str(place.root.parent.parent), "PYTHONUNBUFFERED": "1"},
    }  # fmt: skip
    write_json(folder / "spec.json", spec, 0o600)
    argv = launched(folder / "spec.json")
    supervisor.add([Program(PROGRAM, argv, "SIGTERM", grace=10, retries=1000, priority=2)])
    supervisor.begin([PROGRAM])


def is_keeper(place: Place) -> bool:
    """Whether this process is the one supervisord looks after."""
    state = Supervisor(place).programs().get(PROGRAM)
    return bool(state and state.pid == os.getpid())
