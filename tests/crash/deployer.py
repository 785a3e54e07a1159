"""A deployer that is killed, for real, at a named point of its journal. Run as a program by the crash tests.

    deployer.py deploy FOLDER STRATEGY [POINT]   deploy; SIGKILL itself at POINT, or fill the disk at fill:POINT
    deployer.py rotate FOLDER SECRET [POINT]     rotate a secret, the same way
    deployer.py recover FOLDER [POINT]           what every command does first: finish what is unfinished
CLOCK_OFF (seconds) sets the wall clock off, as every layer above `system` sees it.
Prints the name of every point it passed, one per line, so that the tests enumerate them from a real run.
"""

import contextlib
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from fairlead.system import clock

_true = clock.now
clock.now = lambda: _true() + timedelta(seconds=float(os.environ.get("CLOCK_OFF", "0")))  # before others bind it

from fairlead.errors import FairleadError  # noqa: E402
from fairlead.operations.deploy import Options, deploy  # noqa: E402
from fairlead.operations.environment import existing  # noqa: E402
from fairlead.operations.rotation.recovery import prepare  # noqa: E402
from fairlead.operations.rotation.rotate import Options as RotateOptions  # noqa: E402
from fairlead.operations.rotation.rotate import rotate  # noqa: E402
from fairlead.project.loader import load_project  # noqa: E402
from fairlead.system.home import Place  # noqa: E402


def die():
    """End without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def fill():
    """Take every byte that is left on the file system of FILL, of the home where nothing is said."""
    with open(Path(os.environ.get("FILL") or os.environ["FAIRLEAD_HOME"]) / "filler", "ab", buffering=0) as file:
        try:
            while True:
                file.write(b"0" * (1 << 20))
        except OSError:
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"0")


def disaster(wanted):
    """A checkpoint that tells where it is, and at `POINT` dies, or at `fill:POINT` fills the disk."""
    act, point = (fill, wanted.removeprefix("fill:")) if wanted.startswith("fill:") else (die, wanted)

    def checkpoint(name):
        print(name, flush=True)
        if name == point:
            act()

    return checkpoint


def act(what, folder, *rest):
    project = load_project(Path(folder) / "fairlead.yaml")
    if what == "deploy":
        options = Options(strategy=rest[0], wait=90, checkpoint=disaster(rest[1] if len(rest) > 1 else ""))
        deploy(project, "local", options)
        return
    if what == "rotate":
        point = rest[1] if len(rest) > 1 else ""
        rotate(project, "local", rest[0], RotateOptions(wait=90, emergency=True, checkpoint=disaster(point)))
        return
    with existing(Place.of(project.name, "local")) as environment, environment.held("recover", 90):
        environment.world.checkpoint = disaster(rest[0] if rest else "")
        prepare(environment)


def main():
    try:
        act(*sys.argv[1:])
    except FairleadError as error:
        print(f"error: {error.message}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
