"""Projects of the sample applications, deployed by the engine in this process: as real as the command, but quicker.

No `prepare`: the servers are those of the Python that runs the tests, so that a deployment is nothing but a rollout.
"""

import itertools
import json
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.commands import python
from tests.sandboxes import Sandbox

from fairlead.demo.mix import Options as TrafficOptions
from fairlead.demo.mix import Paths
from fairlead.operations.deploy import Options, deploy
from fairlead.operations.rollback import rollback
from fairlead.operations.up import stop
from fairlead.project.loader import load_project
from fairlead.system.home import Place

APPS = Path(__file__).resolve().parents[2] / "apps"
GUNICORN = "-m gunicorn wsgi:app --bind 127.0.0.1:${PORT} --no-control-socket --log-level warning"
COMMANDS = {
    "uvicorn": python("-m uvicorn asgi:app --host 127.0.0.1 --port ${PORT} --log-level warning"),
    "gunicorn": python(f"{GUNICORN} --threads 32"),
    "gunicorn-sync": python(f"{GUNICORN} --workers 1"),
    "node": "node server.js",
    "lean": python("lean.py 127.0.0.1 ${PORT}"),  # the same application without a server
}
ROLLOUTS = {
    "blue-green": "strategy: blue-green",
    "canary": "strategy: canary, steps: [{weight: 10, for: 1s}, {weight: 50, for: 1s}],"
    " judge: {promote: {errors_below: 10%}}",
    "rolling": "strategy: rolling",
}
FILE = """\
name: shop
services:
  web:
    source: ./app
    command: {command}
    port: 8000
    health: {{ready: /health, interval: 200ms}}
    routes: ["/"]
    replicas: {replicas}
    env: {{VERSION: "{version}"{env}}}
    stop: {{drain: {drain}, grace: {grace}}}
  worker:
    like: web
    command: {work}
    env: {{WORKER_LOG: {worker_log}}}
environments:
  local: {{runtime: process, edge: {{http: {port}, address: 127.0.0.1}}}}
rollout: {{{rollout}, keep: 3, rollback_window: {window}}}
"""


@dataclass
class Shop:
    """One project under test. What is set here is in the project file from the next deployment on."""

    sandbox: Sandbox
    app: str = "uvicorn"
    strategy: str = "blue-green"  # or a whole `rollout`
    env: dict = field(default_factory=dict)
    replicas: int = 2
    drain: str = "25s"  # a 20-second stream may have begun just before
    grace: str = "30s"
    window: str = "2s"
    version: int = 0

    def __post_init__(self):
        shutil.copytree(APPS, self.sandbox.project / "app", ignore=shutil.ignore_patterns("__pycache__"))

    @property
    def worker_log(self):
        return self.sandbox.folder / "worker.log"

    @property
    def place(self):
        return self.sandbox.place

    def deploy(self, **env):
        """The next version; `env` is for this one alone. The Result of the deployment."""
        self.version += 1
        self.write(env)
        return deploy(load_project(self.sandbox.project / "fairlead.yaml"), "local", Options(wait=60))

    def write(self, env):
        pairs = "".join(f', {name}: "{value}"' for name, value in {**self.env, **env}.items())
        text = FILE.format(
            command=COMMANDS[self.app], replicas=self.replicas, version=self.version, env=pairs, drain=self.drain,
            grace=self.grace, work=python("worker.py"), worker_log=json.dumps(str(self.worker_log)),
            port=self.sandbox.port, rollout=ROLLOUTS.get(self.strategy, self.strategy), window=self.window,
        )  # fmt: skip
        (self.sandbox.project / "fairlead.yaml").write_text(text)

    def rollback(self):
        return rollback(self.place, wait=60)

    def stop(self):
        stop(self.place, wait=60)

    def releases(self):
        """The releases that have instances now, jobs too."""
        return instances_by_release(self.place)

    def keeper_log(self):
        return (self.place.root / "keeper" / "log").read_text()


@contextmanager
def opened(folder, kind=Shop, **given):
    """One shop for a whole module; whatever runs for it is ended at the end."""
    sandbox = Sandbox(folder / "sandbox", "shop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLEAD_HOME", str(sandbox.home))
        try:
            yield kind(sandbox, **given)
        finally:
            sandbox.close()


def instances_by_release(place: Place) -> set[str]:
    if not place.instances.exists():
        return set()
    return {path.name.partition(".")[0] for path in place.instances.iterdir()}


def until(condition, seconds, what):
    """Wait until it is true; fail after so many seconds, which are far more than it should take."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.2)


def overlaps(log: Path) -> list[str]:
    """Where two workers were at work at once: beats `TIME VERSION PID` of one between those of another."""
    beats = [line.split() for line in log.read_text().splitlines()]
    spans: dict[str, list[float]] = {}
    for at, _version, pid in beats:
        span = spans.setdefault(pid, [float(at), float(at)])
        span[0], span[1] = min(span[0], float(at)), max(span[1], float(at))
    ordered = sorted(spans.items(), key=lambda item: item[1][0])
    pairs = itertools.pairwise(ordered)
    return [f"{a[0]} {a[1]} and {b[0]} {b[1]}" for a, b in pairs if a[1][1] >= b[1][0]]


def traffic_options(stream: int, **changes) -> TrafficOptions:
    """As the sample applications want it, with streams of so many seconds."""
    paths = Paths(stream=f"/stream?seconds={stream}")
    return TrafficOptions(**{"rate": 80.0, "timeout": 20.0, "paths": paths, "stream_seconds": stream, **changes})
