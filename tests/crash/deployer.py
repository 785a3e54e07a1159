"""A deployer that is killed, for real, at a named point of its journal. Run as a program by the crash tests.

    deployer.py deploy FOLDER STRATEGY [POINT]   deploy; SIGKILL itself at POINT, or fill the disk at fill:POINT,
                                                 end its connections to SERVER at cut:POINT, kill all of the
                                                 PostgreSQL of DATA or CONTAINER at crash:POINT; `7 after undo` is
                                                 a POINT too
    deployer.py rotate FOLDER SECRET [POINT]     rotate a secret, the same way
    deployer.py recover FOLDER [POINT]           what every command does first: finish what is unfinished
Inside of a migration every event is a point, and so is each part of making a copy and of what is tried on it.
WAIT (seconds) is how long it waits for others; a rotation waits for nobody, unless EMERGENCY is empty. CLOCK_OFF
(seconds) sets the wall clock off, as every layer above `system` sees it.
Prints the name of every point it passed, one per line, so that the tests enumerate them from a real run.
"""

import contextlib
import os
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[2]))  # as a program it is started from anywhere

from fairlead.system import clock

_true = clock.now
clock.now = lambda: _true() + timedelta(seconds=float(os.environ.get("CLOCK_OFF", "0")))  # before others bind it

import psycopg  # noqa: E402

from fairlead.backups.server import Server as Copied  # noqa: E402
from fairlead.engine.engine import Engine  # noqa: E402
from fairlead.errors import FairleadError  # noqa: E402
from fairlead.operations.db import migrate as migrations  # noqa: E402
from fairlead.operations.deploy import Options, deploy  # noqa: E402
from fairlead.operations.environment import existing  # noqa: E402
from fairlead.operations.rotation.recovery import prepare  # noqa: E402
from fairlead.operations.rotation.rotate import Options as RotateOptions  # noqa: E402
from fairlead.operations.rotation.rotate import rotate  # noqa: E402
from fairlead.operations.trials import copies, prove  # noqa: E402
from fairlead.postgres.observed import Observed  # noqa: E402
from fairlead.project.loader import load_project  # noqa: E402
from fairlead.system.home import Place  # noqa: E402
from tests.postgres_server import MIGRATORS, kill_all  # noqa: E402


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


def cut():
    """End the sessions of migrators, whosever they are."""
    with psycopg.connect(os.environ["SERVER"], autocommit=True) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) {MIGRATORS}")


def crash():
    """End PostgreSQL, as a machine that stops does."""
    if "CONTAINER" in os.environ:  # all that is in it ends with its first process; `docker kill` is by hand, it says
        os.kill(Engine().container(os.environ["CONTAINER"]).pid, signal.SIGKILL)
    else:
        kill_all(Path(os.environ["DATA"]))


def disaster(wanted):
    """A checkpoint that tells where it is, and at `POINT` dies, or at `fill:POINT` fills the disk, and so on. Once."""
    how, _, rest = wanted.partition(":")
    act, point = (OTHERS[how], rest) if how in OTHERS else (die, wanted)
    places, _, begin = point.rpartition(" after ")  # `7 after undo`: the 7th from the first one on that begins so
    passed, acted = [], []

    def checkpoint(name):
        print(name, flush=True)
        if begin and (passed or name.startswith(begin)):
            passed.append(name)
        if not acted and (name == point or (places and len(passed) == int(places))):
            acted.append(name)
            act()

    return checkpoint


OTHERS = {"fill": fill, "cut": cut, "crash": crash}


def inside(checkpoint):
    """Every event inside of a migration is a point too, before anybody is told of it."""
    moved_by = migrations.moved_by

    def watched(one, make, wait, emit, guard=None):
        def listen(event):
            if event.kind in ("begin", "statement", "commit", "done"):
                script = f"{event.script[:1]}__{event.script.partition('__')[2]}" if event.script else "history"
                checkpoint(f"schema {script} {event.kind} {event.number}")
            emit(event)

        return moved_by(one, make, wait, listen, guard)

    migrations.moved_by = watched
    in_copies(checkpoint)
    return checkpoint


def in_copies(checkpoint):
    """As its server is up, has its roles, is fed, has all of it; after each statement, and each proof of an undo."""
    filled = copies.filled

    @contextlib.contextmanager
    def watched(one, origin, name):
        @contextlib.contextmanager
        def scratch():
            with origin.scratch() as server:
                checkpoint("copy is up")
                yield server

        with filled(one, replace(origin, scratch=scratch), name) as server:
            checkpoint("copy is whole")
            yield server
        checkpoint("copy is gone")

    @contextlib.contextmanager
    def feeding(server, what, *words, fed=Copied.feeding):
        with fed(server, what, *words) as write:
            checkpoint("copy is fed")
            yield lambda piece: (write(piece), checkpoint("copy has some of it"))

    def then(owner, name, told):
        real = getattr(owner, name)

        def both(*given):
            result = real(*given)
            checkpoint(told(*given))
            return result

        setattr(owner, name, both)

    copies.filled, Copied.feeding = watched, feeding
    then(copies, "create", lambda *_: "copy has roles")
    then(Observed, "_statement", lambda _, one, *rest: f"copy {one.script.partition('__')[2]} {rest[-1]}")
    then(prove, "judged", lambda *_: "copy shows what an undo loses")


def act(what, folder, *rest):
    project = load_project(Path(folder) / "fairlead.yaml")
    if what == "deploy":
        wait, point = float(os.environ.get("WAIT", "90")), rest[1] if len(rest) > 1 else ""
        options = Options(strategy=rest[0], wait=wait, checkpoint=inside(disaster(point)))
        deploy(project, "local", options)
        return
    if what == "rotate":
        point = rest[1] if len(rest) > 1 else ""
        emergency = os.environ.get("EMERGENCY", "1") != ""
        options = RotateOptions(wait=90, emergency=emergency, checkpoint=disaster(point))
        rotate(project, "local", rest[0], options)
        return
    with existing(Place.of(project.name, "local")) as environment, environment.held("recover", 90):
        environment.world.checkpoint = inside(disaster(rest[0] if rest else ""))
        prepare(environment)


def main():
    try:
        act(*sys.argv[1:])
    except FairleadError as error:
        print(f"error: {error.message}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
