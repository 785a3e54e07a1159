"""The keeper's program: `fairlead serve` under the environment's supervisord."""

from __future__ import annotations

import os
import sys

from fairlead import __version__
from fairlead.render.supervisord import Program
from fairlead.supervisor.supervisor import Supervisor, base_environment, launched
from fairlead.supervisor.survivors import end_program, have_starts
from fairlead.system.files import read_json, write_json
from fairlead.system.home import Place

PROGRAM = "keeper"
FAIRLEAD = (sys.executable, "-I", "-m", "fairlead")
GRACE = 10.0  #: seconds; it may be in the middle of a recovery, which can be killed and is taken up again


def engine_environment() -> dict[str, str]:
    """Where the Docker engine is, where that is said."""
    names = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}


def kept(place: Place) -> bool:
    """Whether a keeper looks after it."""
    state = Supervisor(place).programs().get(PROGRAM)
    return state is not None and state.state in ("RUNNING", "STARTING")


def leave_keeper(place: Place) -> None:
    """Have one look after it, whatever else of it does not run."""
    Supervisor(place).start()
    have_keeper(place)


def have_keeper(place: Place) -> None:
    """Have it running. The caller made sure that supervisord does."""
    supervisor = Supervisor(place)
    state = supervisor.programs().get(PROGRAM)
    folder = place.root / "keeper"
    if state and state.state in ("RUNNING", "STARTING"):
        if (read_json(folder / "spec.json") or {}).get("version") == __version__:
            return
        end_program(supervisor, PROGRAM, folder / "starts", GRACE)
    folder.mkdir(mode=0o700, exist_ok=True)
    spec = {
        "version": __version__,  # a keeper of an older Fairlead is replaced
        "argv": [*FAIRLEAD, "serve", "--supervised", "--project", place.project, place.environment],
        "cwd": "/", "log": str(folder / "log"), "starts": str(folder / "starts"),
        "env": base_environment() | engine_environment()
        | {"FAIRLEAD_HOME": str(place.root.parent.parent), "PYTHONUNBUFFERED": "1"},
    }  # fmt: skip
    have_starts(folder / "starts")
    write_json(folder / "spec.json", spec, 0o600)
    argv = launched(folder / "spec.json")
    supervisor.add([Program(PROGRAM, argv, "SIGTERM", GRACE, retries=1000, priority=2)])
    supervisor.begin([PROGRAM])
