"""One real environment in which deployers are killed again and again, under traffic, and what must hold afterwards."""

import contextlib
import json
import os
import signal
import time
from pathlib import Path

from fairlead.demo.mix import Mix, Options
from fairlead.demo.sandbox import free_port
from fairlead.demo.traffic import Traffic
from fairlead.engine.engine import Engine
from fairlead.engine.owner import Owner, label
from fairlead.ledger import Ledger, verify
from fairlead.operations.environment import existing
from fairlead.operations.up import stop
from fairlead.rollout.journal import open_rollout
from fairlead.system.clock import wait_until
from fairlead.system.files import listed
from fairlead.system.home import Place
from tests.commands import python
from tests.living import files_below
from tests.warm import as_text, deployer

HERE = Path(__file__).parent
LOOK = 0.3  #: seconds between two looks: one costs 20 ms, which what is waited for needs more
APPS = HERE.parent / "apps"

PROJECT = """\
name: {name}
services:
  web:
    {what}
    command: {serve}
    port: 8000
    health: {{ready: /health, interval: 50ms, successes: 2, deadline: 60s}}
    routes: ["/"]
    replicas: 2
    env: {{VERSION: "{version}"{more}}}
    stop: {{drain: 5s, grace: 5s}}
  worker:
    like: web
    {beside}
    command: {work}
    env: {{WORKER_LOG: {worker_log}, NO_WORKER: {no_worker}}}
jobs:
  seed: {{like: web, command: {seed}, when: before-traffic}}
environments:
  local: {{runtime: {runtime}, edge: {{http: {port}, address: 127.0.0.1}}}}
smoke: [{{path: {smoke}, status: 200}}]
rollout:
  strategy: canary
  keep: 2
  rollback_window: 1s
  steps: [{{weight: 20, for: {pause}}}, {{weight: 60, for: 300ms}}]
  judge: {{promote: {{errors_below: 50%}}, probes: {{rate: 10/s}}}}
  shadow: {{percent: 50, for: 300ms}}
  sticky: cookie
"""


REFUSING = """\
import os, sys
if os.path.exists(os.environ["NO_WORKER"]):
    sys.exit("what this worker needs is not there")
"""

COMMANDS = {
    "what": "source: app",
    "beside": "source: app",
    "serve": python("lean.py 127.0.0.1 ${PORT}"),
    "work": python("worker.py"),
    "seed": python("-c \"print('seeded')\""),
}
SEEN = 'workdir: /code\n    volumes: ["./app:/code:ro", "./shared:/shared"]'
CONTAINED = {
    "what": f"image: fairlead-test/app:latest\n    pull_policy: never\n    {SEEN}",
    "beside": SEEN,
    "serve": "python3 lean.py 0.0.0.0 ${PORT}",
    "work": "python3 worker.py",
    "seed": "python3 -c \"print('seeded')\"",
}  # the same from an image; what tests and workers share is a folder of the machine


class Arena:
    """A project folder, a home of its own, and the traffic on it."""

    project = PROJECT
    services = ("web", "web", "worker")  #: of each instance
    stores = frozenset()  #: names of their programs

    def __init__(self, folder: Path, home: Path | None = None, name: str = "arena", runtime: str = "process") -> None:
        self.folder = folder
        self.name, self.runtime = name, runtime
        self.home = home or folder / "home"
        self.port = free_port()
        self.version = 0
        self.environment = dict(os.environ, FAIRLEAD_HOME=str(self.home))
        os.environ["FAIRLEAD_HOME"] = str(self.home)
        self.place = Place(self.home / name / "local")
        (folder / "app").mkdir()
        self.shared = folder / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o777)
        self.no_worker = self.shared / "no worker"  # while this file is there, no worker can start
        (folder / "app" / "lean.py").write_text((APPS / "lean.py").read_text())
        (folder / "app" / "worker.py").write_text(REFUSING + (APPS / "worker.py").read_text())
        self.write()

    def write(self, smoke="/health", more="", pause="300ms"):
        """A project file with the next version; `more` environment for the web, `pause` of the first canary step."""
        self.version += 1
        seen = self.shared if self.runtime == "process" else Path("/shared")
        paths = {"worker_log": json.dumps(f"{seen}/workers"), "no_worker": json.dumps(f"{seen}/no worker")}
        commands = COMMANDS if self.runtime == "process" else CONTAINED
        values = {"port": self.port, "smoke": smoke, "more": more, "pause": pause, **paths, **commands}
        text = self.project.format(version=self.version, name=self.name, runtime=self.runtime, **values)
        (self.folder / "fairlead.yaml").write_text(text)

    def begin(self, *arguments):
        """The deployer as a process that the caller ends or waits for."""
        argv = [HERE / "deployer.py", arguments[0], self.folder, *arguments[1:]]
        return deployer.begin(argv, cwd=self.folder, env=self.environment | {"CLOCK_OFF": "0"})

    def run(self, *arguments, clock="0"):
        """The deployer as a process, its clock off by seconds; returns (exit code, points passed, what it said)."""
        argv = [HERE / "deployer.py", arguments[0], self.folder, *arguments[1:]]
        done = as_text(deployer.run(argv, cwd=self.folder, env=self.environment | {"CLOCK_OFF": clock}))
        return done.returncode, done.stdout.split("\n")[:-1], done.stderr

    def traffic(self):
        """Requests of every kind that must not be lost."""
        mix = Mix(get=2, post=2, fresh=1, idle=0, slow=0, stream=0, websocket=1)
        return Traffic(f"http://127.0.0.1:{self.port}", mix, Options(rate=60))

    def settle(self, seconds=240.0):
        """Wait until nothing is unfinished and only the live release and warm ones have instances."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and (problem := self.unsettled()):
            time.sleep(LOOK)
        assert not problem, problem

    def unsettled(self):
        with existing(self.place) as environment:
            rollout = open_rollout(environment.ledger)
            if rollout:
                return f"rollout {rollout.journal.rollout} is unfinished"
            state = environment.state
            kept = {state.live, *state.warm_now()}
            seen = environment.world.runtime.observe()
            extra = {one.release for one in seen} - kept
            survivors = [one.id for one in seen if one.phase == "survivor"]
            if survivors:
                return f"{survivors} outlived supervisord and are not replaced yet"
            return f"instances of {extra}, only {kept} are kept" if extra else ""

    def check(self):
        """What must hold whenever nothing is unfinished. Returns the live release."""
        with existing(self.place) as environment:
            world, live = environment.world, environment.state.live
            instances = world.runtime.observe()
            self._one_release_has_traffic(world, live)
            mine = [one for one in instances if one.release == live and not one.job]
            assert sorted(one.service for one in mine) == sorted(self.services), mine
            assert all(one.living and one.verified for one in mine), mine
            assert verify(environment.ledger)
        self._no_orphans(instances)
        return live

    def _one_release_has_traffic(self, world, live):
        weights = list(world.edge.table_in_force().values())
        assert weights and all(one == {f"web-{live}": 100} for one in weights), (weights, live)

    def _no_orphans(self, instances):
        ids = {one.id for one in instances}
        kept = {path.name: [file.name for file in listed(path)] for path in listed(self.place.instances)}
        assert kept.keys() == ids, (kept, ids)
        assert not [path for path in files_below(self.place.root) if path.name.endswith(".tmp")]
        if self.runtime == "process":
            self._no_process_orphans(instances, ids)
            return
        owner = Owner.of(self.place)
        found = [each for kind in ("instance", "job") for each in Engine().containers(owner.labels(kind))]
        assert {label(each.labels, "id") for each in found} == ids, "a container that belongs to no instance"

    def _no_process_orphans(self, instances, ids):
        ports = {one.port for one in instances if one.port}
        taken = {int(path.name) for path in (self.home / "ports").iterdir()}
        assert len(taken - ports) == 1 + len(self.stores), "only those of the edge and of stores besides instances'"
        programs = {path.stem for path in (self.place.supervisor / "programs").glob("*.conf")}
        assert programs == ids | self.stores | {"edge", "keeper"}
        known = {one.pid for one in instances if one.living}
        assert self.service_processes() <= known, "a process that belongs to no instance"

    def service_processes(self):
        """Pids of everything that runs with a folder of this arena as its working directory: instances and jobs."""
        found = set()
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "cwd").startswith(
                    str(self.home / self.name / "artifacts")
                ):
                    found.add(int(entry.name))
            except OSError:
                continue
        return found

    def live(self):
        with Ledger.open(self.place.ledger) as ledger:
            return ledger.last("rollout.committed").data["release"]

    def pid(self, program):
        """Of supervisord, or of the edge's or keeper's last start."""
        if program == "supervisord":
            return int((self.place.supervisor / "supervisord.pid").read_text())
        return int((self.place.root / program / "starts").read_text().splitlines()[-1].split()[0])

    def kill(self, *programs):
        """SIGKILL from outside."""
        for program in programs:
            os.kill(self.pid(program), signal.SIGKILL)

    @contextlib.contextmanager
    def keeper_asleep(self):
        """Nobody but the test recovers for the time of the block; the keeper's fork is ended, whatever it does."""
        pid = self.pid("keeper")
        os.kill(pid, signal.SIGSTOP)
        try:
            assert wait_until(lambda: all([state(pid) == "T", *map(ended, children(pid))]), 240)
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def whole(self, seconds=240.0):
        """Wait until everything that must hold does; the last complaint when it never did. Returns the live release."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.settle(1)
                return self.check()
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(LOOK)

    def close(self):
        stop(self.place)
        assert not self.service_processes()


def children(pid):
    """Pids of its children; those that ended and were not reaped too."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if entry.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(entry.parent.name))
    return found


def ended(pid):
    """Whether it is dead; it is told to be."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return state(pid) in ("Z", "")


def state(pid):
    """As `ps` shows it; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
